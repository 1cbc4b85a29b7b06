"""`soundlet reproduce`: the sound of a file once more, from the settings inside it."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from soundlet.cli.destination import choose_destination
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
    model: Annotated[
        str | None,
        typer.Option(metavar="FOLDER", help="A model.  [default: the one inside soundlet]"),
    ] = None,
    engine: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="onnx or torch.  [default: the one that made it]"),
    ] = None,
    threads: Annotated[
        int | None, typer.Option(min=1, help="Cores to use.  [default: all]")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON object.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")] = False,
) -> None:
    """Make the sound of FILE again, and say whether it is the same, or what differs and how much.

    Exit code 0 says that it was made and compared, not that it is the same.
    """
    from soundlet.metadata import read_sound_file, require_settings

    source = read_sound_file(file)
    made_by = require_settings(source).get("engine")
    destination = None
    if out is not None:
        destination = choose_destination(out, None, source.bits, force=force, n_clips=1)
    chosen: dict[str, Any] = {
        "model": model,
        "engine": engine or (made_by if made_by in ("onnx", "torch") else None),
        "threads": threads,
    }
    with progress_line(quiet=quiet) as show:
        show("loading the model", 0, 0)
        import soundlet
        from soundlet.reproduce import reproduce as make_again

        loaded = soundlet.load(**{name: v for name, v in chosen.items() if v is not None})
        step = partial(show, "generating")
        made = make_again(file, loaded, init_audio=init_audio, on_step=step)
    path = None
    if destination is not None:
        path = destination.path_for(made.clip.request.prompt, made.clip.seed)
        target = typer.get_binary_stream("stdout") if path is None else path
        made.clip.save(target, format=destination.format, bits=destination.bits)
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
