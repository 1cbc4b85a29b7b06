"""Where the pieces of a sound go while the rest of it is decoded: the loudspeaker, a pipe."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from soundlet.cli.destination import Destination

if TYPE_CHECKING:
    from soundlet.audio import Audio
    from soundlet.clip import Clip
    from soundlet.finish import Finish
    from soundlet.pipeline import Model
    from soundlet.request import GenerationRequest
    from soundlet.wav_stream import WavStream


@dataclass
class Outlet:
    """What takes the pieces of one clip.

    Attributes:
        listeners: each is given every piece.
        open_stream: begins the WAV file on stdout that is written piece by piece. None: it is not.
        stream: that file, from its first piece on: after a failure before it there is none.
    """

    listeners: list[Callable[[Audio], None]]
    open_stream: Callable[[], WavStream] | None = None
    stream: WavStream | None = None

    @property
    def on_piece(self) -> Callable[[Audio], None] | None:
        """For `Model.generate`. None: nobody listens, and the clip is decoded as a whole."""
        if not self.listeners and self.open_stream is None:
            return None

        def tell(piece: Audio) -> None:
            if self.open_stream is not None:
                self.stream = self.stream or self.open_stream()
                self.stream.write(piece)
            for listener in self.listeners:
                listener(piece)

        return tell

    @property
    def is_written(self) -> bool:
        """Whether the file is on stdout already."""
        return self.stream is not None

    def finished(self, clip: Clip) -> Clip:
        """Write what comes after the samples; the clip as it was written."""
        if self.stream is None:
            return clip
        written = replace(clip, gain_db=0.0)  # its pieces went out before its peak was known
        self.stream.close(written.settings())
        return written


@contextmanager
def outlets(
    model: Model,
    request: GenerationRequest,
    destination: Destination,
    finish: Finish,
    *,
    play: bool,
) -> Iterator[Outlet]:
    """What the pieces of a clip are sent to.

    A file on stdout is written piece by piece where its samples do not depend on the whole: as
    32-bit float WAV, whose level is the model's own, without last touches.
    """
    rate, channels = model.config.sample_rate, model.config.audio_channels

    def open_stream() -> WavStream:
        from soundlet.wav_stream import WavStream, comment_bytes

        seconds = model.resolve(request).seconds
        assert seconds is not None
        n_samples = max(1, round(seconds * rate))
        return WavStream(
            sys.stdout.buffer,
            sample_rate=rate,
            channels=channels,
            n_samples=n_samples,
            room=comment_bytes(request.prompt, request.negative_prompt),
        )

    with ExitStack() as stack:
        listeners: list[Callable[[Audio], None]] = []
        if play:
            from soundlet.playback import Player

            listeners.append(stack.enter_context(Player(rate, channels)).write)
        yield Outlet(listeners, open_stream if is_streamed(destination, finish) else None)


def is_streamed(destination: Destination, finish: Finish) -> bool:
    """Whether a file is written while its sound is decoded."""
    is_float = destination.format == "wav" and destination.bits == "32f"
    return destination.is_stdout and is_float and finish.changes_nothing
