"""What commands that make clips have in common: a model, a seed, and what is printed of a clip."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import typer

from soundlet.cli.destination import Destination
from soundlet.cli.progress import Show
from soundlet.request import MAX_SEED

if TYPE_CHECKING:
    from pathlib import Path

    from soundlet.clip import Clip
    from soundlet.finish import Level
    from soundlet.pipeline import Model

MAX_VARIATIONS = 1000


def load_model(show: Show, **options: Any) -> Model:  # noqa: ANN401 - of `soundlet.load`
    """The model that a command's options name; those that are None are left to the default."""
    show("loading the model", 0, 0)
    import soundlet

    return soundlet.load(**{name: value for name, value in options.items() if value is not None})


def drawn_seed(variations: int) -> int:
    """A seed at random that can be counted up to so many."""
    import secrets  # loads slowly

    return secrets.randbelow(MAX_SEED + 2 - variations)


def tell(
    clip: Clip,
    path: Path | None,
    destination: Destination,
    elapsed: float,
    level: Level | None,
    *,
    as_json: bool,
    quiet: bool,
    **facts: object,
) -> None:
    """Print what became of a clip: an object, a line, or its path alone.

    Args:
        clip: as it was saved.
        path: where; None for stdout.
        destination: what was asked for.
        elapsed: seconds that it took.
        level: what it was brought to. None: to none.
        as_json: print an object.
        quiet: print the path alone.
        facts: what an object says first.
    """
    told = None if path is None else str(path)
    if as_json:
        found = {**facts, **as_object(clip, told, destination, elapsed, level)}
        typer.echo(json.dumps(found, ensure_ascii=False), err=destination.is_stdout)
    elif not quiet:
        typer.echo(as_line(clip, told or "stdout", elapsed, level), err=destination.is_stdout)
    elif told is not None:
        typer.echo(told)


def as_line(clip: Clip, place: str, elapsed: float, level: Level | None) -> str:
    """What is printed of a clip."""
    length = clip.audio.shape[1] / clip.sample_rate
    turned_down = f"  turned down {-clip.gain_db:.1f} dB" if clip.gain_db else ""
    if level is not None:
        turned_down += f"  {level.loudness:.1f} LUFS  {level.true_peak:.1f} dBTP"
    return f"{place}  {length:.3g} s  seed {clip.seed}{turned_down}  made in {elapsed:.1f} s"


def as_object(
    clip: Clip, path: str | None, destination: Destination, elapsed: float, level: Level | None
) -> dict[str, Any]:
    """What `--json` prints of a clip: all that made it, and what it is."""
    return {
        "path": path,
        **clip.settings(),
        "sample_rate": clip.sample_rate,
        "channels": clip.audio.shape[0],
        "samples": clip.audio.shape[1],
        "format": destination.format,
        "level": None if level is None else level.as_json(),
        "elapsed_seconds": round(elapsed, 3),
    }
