"""`soundlet evaluate`: what to measure and where the report goes; see `soundlet.evaluation`."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from soundlet.cli.options import EngineOption, JsonOption, ThreadsOption
from soundlet.cli.progress import progress_line
from soundlet.errors import SoundletError

if TYPE_CHECKING:
    from collections.abc import Callable

Number = TypeVar("Number", int, float)

MAX_PROMPTS = 5000
NEEDED = ("scipy", "matplotlib")


def evaluate(
    bundle: Annotated[
        Path | None,
        typer.Argument(
            metavar="BUNDLE", help="A model's folder.  [default: the one inside soundlet]"
        ),
    ] = None,
    out: Annotated[
        Path,
        typer.Option(
            "--out", "-o", metavar="DIR", help="A folder for the report, made if need be."
        ),
    ] = Path("evaluation"),
    prompts: Annotated[
        int | None,
        typer.Option(min=1, max=MAX_PROMPTS, help="Held-out prompts.  [default: 300, quick: 20]"),
    ] = None,
    steps: Annotated[
        str | None,
        typer.Option(metavar="LIST", help="Step counts such as 8,50.  [default: the model's own]"),
    ] = None,
    cfg_scale: Annotated[
        str | None,
        typer.Option(
            metavar="LIST", help="Strengths of guidance such as 1,4.  [default: the model's own]"
        ),
    ] = None,
    candidates: Annotated[
        str | None,
        typer.Option(
            metavar="LIST",
            help="Sounds that the best is chosen from, such as 1,4.  [default: the model's own]",
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, max=99999, help="Other prompts and other noise.")] = 0,
    loops: Annotated[
        str | None,
        typer.Option(metavar="PLACE", help="A folder or pattern of sounds to try the codec on."),
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="A glance: fewer prompts and coarser rulers.")
    ] = False,
    engine: EngineOption = None,
    threads: ThreadsOption = None,
    as_json: JsonOption = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Print only the path of the page.")
    ] = False,
) -> None:
    """Measure a model on held-out prompts and write a report, as JSON and as a page to read."""
    step_counts = numbers("--steps", steps, int)
    scales = numbers("--cfg-scale", cfg_scale, float)
    numbers_of_candidates = numbers("--candidates", candidates, int)
    _require_extras()
    from soundlet.evaluation.findings import Asked
    from soundlet.evaluation.report import PAGE_NAME, write_report
    from soundlet.evaluation.run import evaluate as measured
    from soundlet.whole_files import make_folder

    make_folder(out)
    asked = Asked(
        n_prompts=prompts or (20 if quick else 300),
        steps=step_counts,
        cfg_scales=scales,
        candidates=numbers_of_candidates,
        seed=seed,
        quick=quick,
        loops=loops,
        n_reference=600 if quick else 2200,
    )
    chosen: dict[str, Any] = {"engine": engine, "threads": threads}
    with progress_line(quiet=quiet or as_json) as show:
        show("loading the model", 0, 0)
        from soundlet.pipeline import load

        model = load(bundle, **{name: v for name, v in chosen.items() if v is not None})
        findings = measured(model, asked, show)
        show("writing the report", 0, 0)
        report = write_report(out, findings, asked, model.bundle)
    if as_json:
        typer.echo(json.dumps(report, ensure_ascii=False))
        return
    if not quiet:
        for line in summary(report):
            typer.echo(line)
    typer.echo(str(out / PAGE_NAME))


def numbers(
    option: str, text: str | None, kind: Callable[[str], Number]
) -> tuple[Number | None, ...]:
    """The numbers of "8,50"; None alone where nothing was given.

    Raises:
        typer.BadParameter: not a list of numbers.
    """
    if text is None:
        return (None,)
    try:
        return tuple(kind(part) for part in text.split(","))
    except ValueError as e:
        raise typer.BadParameter(
            f"{text!r} is not a list of numbers such as 8,50", param_hint=option
        ) from e


def summary(report: dict[str, Any]) -> list[str]:
    """The main figures, a line each: real renders first, then each setting."""
    names = ("tempo.beats", "tempo.beats.octave_free", "kind", "family", "source", "key")
    columns = [("real", report["real"]["scores"])]
    columns += [
        (
            f"{entry['steps']} steps, cfg {entry['cfg_scale']:g}"
            + (f", best of {entry['candidates']}" if entry["candidates"] > 1 else ""),
            entry["scores"],
        )
        for entry in report["settings"]
    ]
    widths = [max(18, len(title) + 2) for title, _ in columns]
    titles = zip(columns, widths, strict=True)
    lines = [f"{'':<26}" + "".join(f"{title:>{width}}" for (title, _), width in titles)]
    for name in names:
        cells = [scores.get(name) for _, scores in columns]
        values = "".join(
            f"{'' if c is None else format(c['value'], '.1%'):>{width}}"
            for c, width in zip(cells, widths, strict=True)
        )
        lines.append(f"{name:<26}{values}")
    return lines


def _require_extras() -> None:
    """Raises SoundletError where what the evaluation needs is not installed."""
    from soundlet.training.dataset.soundfont import load_fluidsynth

    try:
        for name in NEEDED:
            importlib.import_module(name)
        load_fluidsynth()
    except (ImportError, SoundletError) as e:
        raise SoundletError(
            f"the evaluation lacks something ({e}): install it with"
            " `pip install 'soundlet[eval]'`, and FluidSynth itself with"
            " `apt-get install libfluidsynth3 fluid-soundfont-gm`"
        ) from e
