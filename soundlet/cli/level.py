"""The options that trim, fade and bring a sound to a level."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

if TYPE_CHECKING:
    from soundlet.clip import Clip
    from soundlet.finish import Finish, Level, Normalize

TrimOption = Annotated[
    bool, typer.Option("--trim", help="Cut to the onset and to the end of the decay.")
]
FadeInOption = Annotated[float, typer.Option(metavar="SECONDS", help="Fade at the start.")]
FadeOutOption = Annotated[float, typer.Option(metavar="SECONDS", help="Fade at the end.")]
NormalizeOption = Annotated[
    str, typer.Option(metavar="TO", help="Bring the level to: peak, loudness, none.")
]
LoudnessOption = Annotated[
    float | None,
    typer.Option(metavar="LUFS", help="For --normalize loudness.  [default: -14]"),
]
TruePeakOption = Annotated[
    float | None,
    typer.Option(metavar="DBTP", help="Ceiling of the true peak.  [default: -1]"),
]


def read_finish(
    *,
    trim: bool = False,
    fade_in: float = 0.0,
    fade_out: float = 0.0,
    normalize: str,
    loudness: float | None,
    true_peak: float | None,
) -> Finish:
    """What the options say together.

    Raises:
        RequestError: a value out of range, or one that has no effect.
    """
    from soundlet.errors import RequestError
    from soundlet.finish import Finish

    if loudness is not None and normalize != "loudness":
        raise RequestError("--loudness needs --normalize loudness")
    if true_peak is not None and normalize == "none":
        raise RequestError("--true-peak needs --normalize peak or --normalize loudness")
    given: dict[str, Any] = {"loudness": loudness, "true_peak": true_peak}
    given = {name: value for name, value in given.items() if value is not None}
    return Finish(
        trim=trim,
        fade_in=fade_in,
        fade_out=fade_out,
        normalize=cast("Normalize", normalize),  # or Finish refuses it
        **given,
    )


def finished_level(clip: Clip, finish: Finish) -> Level | None:
    """The level of a clip that was brought to one; says so where the target was out of reach."""
    from soundlet.finish import level_of

    if finish.normalize == "none":
        return None
    level = level_of(clip.audio, clip.sample_rate)
    if finish.normalize == "loudness" and level.loudness < finish.loudness - 0.05:
        typer.echo(
            f"note: {level.loudness:.1f} LUFS, not {finish.loudness:g}: the true peak is at its"
            f" ceiling of {finish.true_peak:g} dBTP",
            err=True,
        )
    return level
