"""Which stretches of a span of frames the model is shown, one after the other."""

from __future__ import annotations

from dataclasses import dataclass

CONTEXT_SHARE = 3  # a window hears at least this part of its length of what was there before it
TAIL = 8  # frames at a window's end that the next one makes anew: models let a sound end there


@dataclass(frozen=True)
class Window:
    """A stretch of frames; frame 0 is the first one that is missing.

    Attributes:
        start: its first frame.
        stop: the frame after its last one.
        first: the first frame that is taken from it.
        last: the frame after the last one that is taken.
    """

    start: int
    stop: int
    first: int
    last: int


def windows_over(
    n_missing: int,
    n_left: int,
    n_right: int,
    longest: int,
    *,
    bar: float | None = None,
    origin: float = 0.0,
) -> list[Window]:
    """Windows that fill a span of missing frames, in the order in which they are made.

    Args:
        n_missing: frames of the span, 1 or more.
        n_left: known frames before it.
        n_right: known frames after it.
        longest: frames of the model's window.
        bar: frames of a bar, on whose first beat windows begin where they can. None: anywhere.
        origin: frames from the start of the first bar to frame 0.

    Returns:
        Windows that hear what was made before, from the start on; from the end on where there is
        sound after the span only.
    """
    if not n_left and n_right:
        return [
            Window(n_missing - w.stop, n_missing - w.start, n_missing - w.last, n_missing - w.first)
            for w in windows_over(n_missing, n_right, 0, longest)
        ]
    context = longest // CONTEXT_SHARE
    windows: list[Window] = []
    first = 0
    while True:
        earliest = max(-n_left, first - 2 * context)
        start = _on_bar(max(-n_left, first - context), bar, origin, earliest)
        after = min(n_right, context)
        if n_missing + after - start <= longest:
            stop = min(n_missing + max(after, min(n_right, longest // 2)), start + longest)
            if not windows:  # all in one: as much before as after
                start = max(-n_left, stop - longest, -(longest // 2))
            windows.append(Window(start, stop, first, n_missing))
            return windows
        stop = start + longest
        last = min(stop - min(TAIL, longest // 4), max(first + 1, n_missing - context))
        windows.append(Window(start, stop, first, last))
        first = last


def _on_bar(frame: int, bar: float | None, origin: float, earliest: int) -> int:
    """The last first beat up to `frame`, or `frame` where that is too far back."""
    if bar is None:
        return frame
    on_bar = round((frame + origin) // bar * bar - origin)
    return on_bar if on_bar >= earliest else frame
