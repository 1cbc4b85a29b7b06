"""`soundlet convert`: a published checkpoint becomes a bundle."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from soundlet.cli.options import JsonOption
from soundlet.cli.progress import progress_line

if TYPE_CHECKING:
    from soundlet.bundle import Bundle


def convert(
    source: Annotated[
        str,
        typer.Argument(
            metavar="SOURCE",
            help="A folder with model_config.json and model.ckpt or model.safetensors,"
            " or hf://owner/name.",
        ),
    ],
    dest: Annotated[Path, typer.Argument(metavar="DEST", help="The bundle to make: a new folder.")],
    t5: Annotated[
        str | None,
        typer.Option(
            "--t5",
            metavar="DIR",
            help="The text encoder in the layout of google-t5/t5-base, or hf://owner/name."
            "  [default: t5 in SOURCE]",
        ),
    ] = None,
    precision: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="Of the weights: float32, float16, int8, int8-weights, int4-weights, or auto for"
            " the fastest here; or by part, such as conditioners=int8,dit=int8.",
        ),
    ] = "auto",
    force: Annotated[bool, typer.Option("--force", help="Replace a bundle that exists.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Make a bundle of a checkpoint in the official format. Needs the torch extra."""
    from soundlet.convert import convert_checkpoint
    from soundlet.precision import fastest_precision

    with progress_line(quiet=as_json) as show:
        bundle = convert_checkpoint(
            source, dest, t5=t5, precision=precision, overwrite=force, on_progress=show
        )
    facts = as_object(bundle)
    if as_json:
        typer.echo(json.dumps(facts, ensure_ascii=False))
        return
    typer.echo(f"{facts['folder']}  {facts['bytes'] / 1e6:.1f} MB")
    if precision == "auto":
        typer.echo(f"auto took {fastest_precision()[1]}")
    if facts["description"]:
        typer.echo(facts["description"])


def as_object(bundle: Bundle) -> dict[str, Any]:
    """What `--json` prints."""
    manifest = bundle.manifest
    return {
        "folder": str(bundle.folder),
        "bytes": sum(record.size for record in manifest.files.values()),
        "precision": manifest.precision,
        "description": manifest.description,
    }
