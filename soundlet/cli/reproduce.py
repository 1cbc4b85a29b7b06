"""`soundlet reproduce`: the sound of a file once more, from the settings inside it."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from soundlet.cli.destination import choose_destination
from soundlet.cli.making import load_model
from soundlet.cli.options import ENGINE_NAMES, JsonOption, ModelOption, ThreadsOption
from soundlet.cli.progress import progress_line

if TYPE_CHECKING:
    from soundlet.reproduce import Reproduction


def reproduce(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A sound that soundlet made.")],
    out: Annotated[
        str | None,
        typer.Option("--out", "-o", metavar="FILE", help="Where to write it.  [default: nowhere]"),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that exists.")] = False,
    init_audio: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="The sound that it was started from.  [default: that name, beside FILE]",
        ),
    ] = None,
    model: ModelOption = None,
    engine: Annotated[
        str | None,
        typer.Option(metavar="NAME", help=f"{ENGINE_NAMES}  [default: the one that made it]"),
    ] = None,
    threads: ThreadsOption = None,
    as_json: JsonOption = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")] = False,
) -> None:
    """Make the sound of FILE again, and say whether it is the same, or what differs and how much.

    Exit code 0 says that it was made and compared, not that it is the same.
    """
    from soundlet.audio import SUBTYPES
    from soundlet.engines import ENGINES_FOR
    from soundlet.metadata import read_sound_file, require_settings

    source = read_sound_file(file)
    made_by = require_settings(source).get("engine")
    destination = None
    if out is not None:
        widths = SUBTYPES.get(Path(out).suffix.lower().removeprefix("."), SUBTYPES["wav"])
        bits = source.bits if source.bits in widths else None
        destination = choose_destination(out, None, bits, force=force, n_clips=1)
    engine = engine or (made_by if made_by in ENGINES_FOR["onnx"] else None)
    with progress_line(quiet=quiet) as show:
        loaded = load_model(show, model=model, engine=engine, threads=threads)
        from soundlet.reproduce import reproduce as make_again

        step = partial(show, "generating")
        made = make_again(file, loaded, init_audio=init_audio, on_step=step)
    path = None
    if destination is not None:
        path = destination.save(made.clip, made.clip.request.prompt)
    is_stdout = destination is not None and destination.is_stdout
    if as_json:
        facts = {"file": str(file), "path": None if path is None else str(path), **made.as_json()}
        typer.echo(json.dumps(facts, ensure_ascii=False), err=is_stdout)
        return
    for line in lines(made, file):
        typer.echo(line, err=is_stdout)
    if path is not None:
        typer.echo(f"{path}", err=is_stdout)


def lines(made: Reproduction, file: Path) -> list[str]:
    """The comparison for a reader."""
    if made.same_file:
        verdict = "the same, byte for byte"
    elif made.same_samples:
        verdict = "the same samples; the tags differ"
    elif made.largest_difference is None:
        verdict = "differs in length"
    else:
        verdict = (
            f"differs by {made.largest_difference:.2g} of full scale at most,"
            f" {round(made.difference_db or 0)} dB of its power"
        )
    text = [f"{file}  {verdict}"]
    text.append(f"  {'latents':<9}{'the same' if made.same_latents else 'differ'}")
    return text + [f"  differs  {difference}" for difference in made.differences]
