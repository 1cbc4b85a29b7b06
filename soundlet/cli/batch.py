"""`soundlet batch`: many sounds from a list, resumable; the work is in `soundlet.batch`."""

from __future__ import annotations

import json
import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from soundlet.cli.options import BitsOption, EngineOption, JsonOption, ModelOption
from soundlet.cli.progress import progress_line
from soundlet.errors import GenerationError, RequestError
from soundlet.request import MAX_THREADS

if TYPE_CHECKING:
    from soundlet.audio import Bits, Format
    from soundlet.batch import Outcome


def batch(
    prompts: Annotated[
        Path, typer.Argument(metavar="PROMPTS", help="A file with a JSON object on each line.")
    ],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="Where the sounds go.")],
    format: Annotated[str, typer.Option(metavar="FORMAT", help="wav, flac, ogg or mp3.")] = "wav",
    bits: BitsOption = None,
    workers: Annotated[
        int, typer.Option(min=1, metavar="N", help="Processes, or actors of a cluster.")
    ] = 1,
    threads: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=MAX_THREADS,
            metavar="N",
            help="Cores of each worker.  [default: all, shared out]",
        ),
    ] = None,
    ray: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="A Ray cluster to run on; local for one here."),
    ] = None,
    pack: Annotated[
        bool,
        typer.Option("--pack", help="Lay out a sample pack, with contact sheet and a page."),
    ] = False,
    title: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Of the pack.  [default: the folder's name]")
    ] = None,
    model: ModelOption = None,
    engine: EngineOption = None,
    as_json: JsonOption = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Print nothing, and no progress.")
    ] = False,
) -> None:
    """Make every sound of a list that is not in the folder yet.

    However it ends, start it again with the same list and it makes what is missing.
    """
    from soundlet.audio import subtype_of

    if title is not None and not pack:
        raise typer.BadParameter("needs --pack", param_hint="--title")
    subtype_of(format, bits)
    with progress_line(quiet=quiet) as show:
        show("loading the model", 0, 0)
        import soundlet
        from soundlet.batch import read_lines, run_batch
        from soundlet.batch.making import Maker
        from soundlet.engines.onnx import usable_cores

        lines = read_lines(prompts, format=cast("Format", format), pack=pack)
        if pack:
            require_matplotlib()
        each = threads or max(1, usable_cores() // workers)
        folder = None if model is None else str(Path(model).resolve())
        maker = Maker(folder, engine, each, cast("Bits | None", bits))
        here = engine if ray is None else None  # a cluster's machines may have what this has not
        loaded = soundlet.load(folder, engine=here, threads=each)
        with redirect_stdout(sys.stderr):  # Ray tells of lost workers where the answer goes
            outcome = run_batch(
                loaded,
                lines,
                out,
                maker,
                workers=workers,
                ray=ray,
                on_line=lambda done, total: show("making", done, total),
            )
        pages: list[Path] = []
        if pack and outcome.records:
            from soundlet.batch.pack import write_pack

            show("laying out the pack", 0, 0)
            pages = write_pack(out, outcome.records, title or out.resolve().name)
    if as_json:
        typer.echo(json.dumps(as_object(outcome, out, pages), ensure_ascii=False))
    elif not quiet:
        typer.echo(
            f"{out}  {len(outcome.records)} of {len(lines)} sounds:"
            f" {len(outcome.made)} made, {len(outcome.kept)} were there"
        )
        for page in pages:
            typer.echo(str(page))
    if outcome.failed:
        first, reason = next(iter(outcome.failed.items()))
        raise GenerationError(
            f"{len(outcome.failed)} of {len(lines)} sounds could not be made; {first}: {reason}"
        )


def require_matplotlib() -> None:
    """Refuse a pack before an hour of work, not after it.

    Raises:
        RequestError: Matplotlib is not installed.
    """
    from importlib.util import find_spec

    if find_spec("matplotlib") is None:
        raise RequestError(
            "--pack draws with Matplotlib, which is not installed: pip install 'soundlet[pack]'"
        )


def as_object(outcome: Outcome, folder: Path, pages: list[Path]) -> dict[str, Any]:
    """What `--json` prints."""
    return {
        "folder": str(folder),
        "made": len(outcome.made),
        "kept": len(outcome.kept),
        "failed": [{"file": file, "error": error} for file, error in outcome.failed.items()],
        "pages": [str(page) for page in pages],
        "sounds": [dict(record) for record in outcome.records],
    }
