"""`soundlet quantize`: a bundle becomes a smaller, faster one, with a report of what that costs."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from soundlet.cli.convert import as_object
from soundlet.cli.progress import progress_line
from soundlet.request import MAX_THREADS, GenerationRequest


def quantize(
    bundle: Annotated[Path, typer.Argument(metavar="BUNDLE", help="A model's folder.")],
    dest: Annotated[Path, typer.Argument(metavar="DEST", help="The bundle to make: a new folder.")],
    precision: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="auto, float16, int8, int8-weights or int4-weights; or by part, such as"
            " conditioners=int8-weights,dit=int8.",
        ),
    ] = "auto",
    seconds: Annotated[
        float | None,
        typer.Option(help="Length of the sounds compared.  [default: the model's own]"),
    ] = None,
    report: Annotated[
        bool, typer.Option("--report/--no-report", help="Measure what was lost and won.")
    ] = True,
    threads: Annotated[
        int | None,
        typer.Option(min=1, max=MAX_THREADS, help="Cores to measure with.  [default: all]"),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a bundle that exists.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the report as JSON, or without one what was made.")
    ] = False,
) -> None:
    """Make a bundle of another one with smaller weights. Needs the torch extra."""
    from soundlet.bundle import open_bundle, require_free
    from soundlet.errors import EngineError
    from soundlet.plan import plan_for
    from soundlet.precision import fastest_precision, parse_precision

    before = open_bundle(bundle)
    require_free(dest, overwrite=force, source=before.folder)
    if report:
        asked = GenerationRequest(prompt="any", seconds=seconds)
        plan_for(before, asked)  # refused before anything is made
    chosen = parse_precision(precision)
    if precision == "auto":
        typer.echo(f"auto took {fastest_precision()[1]}", err=as_json)
    try:
        from soundlet.export.loss import as_markdown, quantization_report, write_report
        from soundlet.export.quantize import quantize_bundle
    except ModuleNotFoundError as e:
        raise EngineError(
            f"quantising needs {e.name}, which is not installed:"
            " run `pip install 'soundlet[torch]'`"
        ) from e
    with progress_line() as show:
        made = quantize_bundle(bundle, dest, chosen, overwrite=force, on_progress=show)
    size = sum(record.size for record in made.manifest.files.values())
    typer.echo(f"{made.folder}  {size / 1e6:.1f} MB", err=as_json)
    if not report:
        if as_json:
            typer.echo(json.dumps(as_object(made), ensure_ascii=False))
        return
    with progress_line() as show:
        found = quantization_report(
            before, made, seconds=seconds, threads=threads, on_progress=show
        )
        paths = write_report(found, made)
    if as_json:
        facts = {**asdict(found), "share": found.share, "verdict": found.verdict}
        typer.echo(json.dumps(facts, indent=2))
        return
    for line in as_markdown(found, made)[2:]:
        typer.echo(line)
    typer.echo(f"\nThe report is in {paths[1]} and, as JSON, {paths[0].name}.")
    if found.verdict == "clearly another sound":
        typer.echo(
            "warning: the sounds are far from those of full precision: try a precision that loses"
            " less, such as int8-weights",
            err=True,
        )
