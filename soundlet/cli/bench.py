"""`soundlet bench`: how fast a model is on this machine, and how much memory it takes."""

from __future__ import annotations

import json
from dataclasses import asdict
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from soundlet.cli.options import JsonOption
from soundlet.cli.progress import progress_line
from soundlet.errors import RequestError

if TYPE_CHECKING:
    from soundlet.timing import Measurement


def bench(
    model: Annotated[
        Path | None,
        typer.Argument(
            metavar="MODEL", help="A model's folder.  [default: the one inside soundlet]"
        ),
    ] = None,
    seconds: Annotated[
        str | None,
        typer.Option(metavar="LIST", help="Lengths, such as 3,6,11.  [default: the model's own]"),
    ] = None,
    steps: Annotated[
        str | None,
        typer.Option(metavar="LIST", help="Sampler steps, such as 4,8.  [default: the model's]"),
    ] = None,
    threads: Annotated[
        str | None, typer.Option(metavar="LIST", help="Cores, such as 1,2.  [default: all]")
    ] = None,
    repeats: Annotated[int, typer.Option(min=1, help="Clips after the first.")] = 3,
    engine: Annotated[str, typer.Option(metavar="NAME", help="onnx, torch, openvino.")] = "onnx",
    low_memory: Annotated[
        bool, typer.Option("--low-memory", help="Keep one part in memory at a time.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Measure a model: cold and warm clips, each part, peak memory. Times are in seconds."""
    from soundlet.bundle import open_bundle
    from soundlet.cli.doctor import machine_facts
    from soundlet.plan import plan_for
    from soundlet.timing import Job, measure, request_of

    bundle = open_bundle(model)
    defaults = bundle.manifest.defaults
    lengths = numbers("seconds", seconds, float) or [defaults.seconds]
    counts = numbers("steps", steps, int) or [defaults.steps]
    cores = numbers("threads", threads, int) or [None]
    jobs = [
        Job(
            model=None if model is None else str(model),
            engine=engine,
            threads=n_threads,
            seconds=length,
            steps=count,
            repeats=repeats,
            low_memory=low_memory,
        )
        for length, count, n_threads in product(lengths, counts, cores)
    ]
    for job in jobs:
        plan_for(bundle, request_of(job))  # all are checked before any is measured
    found: list[Measurement] = []
    with progress_line(quiet=as_json) as show:
        for i, job in enumerate(jobs):
            show("measuring", i, len(jobs))
            found.append(measure(job))
    if as_json:
        rows = [asdict(measurement) for measurement in found]
        report = {"machine": machine_facts(), "measurements": rows}
        typer.echo(json.dumps(report, ensure_ascii=False, indent=2))
        return
    for line in table([row(measurement) for measurement in found]):
        typer.echo(line)


def numbers(name: str, text: str | None, kind: type[Any]) -> list[Any]:
    """The numbers of a list such as "1,2"; none for None.

    Raises:
        RequestError: something in it is no number above 0.
    """
    found = []
    for entry in [] if text is None else text.split(","):
        try:
            number = kind(entry)
        except ValueError:
            number = 0
        if not 0 < number < 1e6:
            example = "1,2" if kind is int else "3,6.5"
            raise RequestError(f"{name} must be numbers above 0, such as {example}, not {entry!r}")
        found.append(number)
    return found


def row(found: Measurement) -> dict[str, str]:
    """A line of the table; parts and warm clips by their medians."""
    from statistics import median

    warm = median(found.warm_times)
    cells = {
        "seconds": f"{found.job.seconds:g}",
        "steps": str(found.job.steps),
        "threads": "all" if found.job.threads is None else str(found.job.threads),
        "import": f"{found.import_time:.2f}",
        "load": f"{found.load_time:.2f}",
        "cold": f"{found.cold_time:.2f}",
        "warm": f"{warm:.2f}",
        "x realtime": f"{found.job.seconds / warm:.1f}",
    }
    cells |= {part: f"{median(times):.4f}" for part, times in found.part_times.items()}
    peak = found.peak_bytes
    return cells | {"peak MB": "?" if peak is None else f"{peak / 1e6:.0f}"}


def table(rows: list[dict[str, str]]) -> list[str]:
    """Columns as wide as their widest cell."""
    names = list(rows[0])
    widths = {name: max(len(name), *(len(cells[name]) for cells in rows)) for name in names}
    lines = [names, *([cells[name] for name in names] for cells in rows)]
    return [
        "  ".join(cell.rjust(widths[name]) for name, cell in zip(names, line, strict=True))
        for line in lines
    ]
