"""`soundlet verify`: exported programs against the model that they were made of."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from soundlet.cli.options import JsonOption, ThreadsOption
from soundlet.cli.progress import progress_line

if TYPE_CHECKING:
    from soundlet.verify import Verification


def verify(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="Programs made by soundlet export.")
    ],
    against: Annotated[
        Path | None,
        typer.Option(
            metavar="BUNDLE",
            help="The model that they were made of.  [default: the one inside soundlet]",
        ),
    ] = None,
    seconds: Annotated[
        float | None, typer.Option(help="Length of the clips made.  [default: the model's]")
    ] = None,
    parts_only: Annotated[
        bool, typer.Option("--parts", help="Compare the parts alone: no steps, no clips.")
    ] = False,
    threads: ThreadsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compare exported programs with their model: every part, every step, whole clips.

    The exit code is 1 if anything is beyond its bounds.
    """
    with progress_line(quiet=as_json) as show:
        show("loading the models", 0, 0)
        from soundlet.verify import verify as verify_programs

        found = verify_programs(
            folder,
            against=against,
            threads=threads,
            seconds=seconds,
            parts_only=parts_only,
            on_part=lambda what: show(what, 0, 0),
        )
    if as_json:
        typer.echo(json.dumps(found.as_object(), indent=2))
    else:
        for line in lines(found):
            typer.echo(line)
    raise typer.Exit(0 if found.passed else 1)


def lines(found: Verification) -> list[str]:
    """What was found, for a reader."""
    text = [f"{found.folder} against {found.against}"]
    text.append(
        f"{'part':<14}{'precision':<10}{'MB':>8}{'rel. error':>12}{'SNR dB':>8}{'load s':>8}"
        f"{'run s':>8}{'ref. s':>8}{'MB used':>9}"
    )
    for name, part in found.parts.items():
        used = "?" if part.memory_bytes is None else f"{part.memory_bytes / 1e6:.0f}"
        text.append(
            f"{name:<14}{part.precision:<10}{part.bytes / 1e6:8.1f}{part.relative_error:12.1e}"
            f"{_db(part.snr_db):>8}{part.load_seconds:8.2f}{part.run_seconds:8.3f}"
            f"{part.reference_seconds:8.3f}{used:>9}{'' if part.passed else '  BEYOND ITS BOUND'}"
        )
    if found.drift_db:
        steps = "  ".join(_db(value) for value in found.drift_db)
        text.append(f"after each step  {steps}  dB")
    for clip in found.clips:
        text.append(
            f"clip of seed {clip.seed}   latents {_db(clip.latents_snr_db)} dB, audio"
            f" {_db(clip.audio_snr_db)} dB; of the way to another seed: latents"
            f" {clip.of_nearest:.2g}, spectra {clip.audio_of_nearest:.2g}"
            f"{'' if clip.passed else '  BEYOND ITS BOUND'}"
        )
    text.append("passed" if found.passed else "FAILED")
    return text


def _db(value: float) -> str:
    return "equal" if math.isinf(value) else f"{value:.1f}"
