"""`soundlet export`: a model becomes programs, or graphs of one length, for a device."""

from __future__ import annotations

import json
import logging
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from soundlet.cli import group
from soundlet.cli.options import JsonOption
from soundlet.cli.progress import progress_line
from soundlet.errors import EngineError

if TYPE_CHECKING:
    from soundlet.bundle import Bundle

export = group("Make programs for a device of a model.")

Source = Annotated[
    str,
    typer.Argument(
        metavar="SOURCE",
        help="A bundle, or default for the one inside soundlet, or a checkpoint as published.",
    ),
]
Dest = Annotated[Path, typer.Argument(metavar="DEST", help="The folder to make.")]
FloatPrecision = Annotated[
    str | None, typer.Option(metavar="NAME", help="float32 (default) or float16.")
]
Seconds = Annotated[
    float | None,
    typer.Option(help="The longest clip the programs can make.  [default: the model's window]"),
]
T5 = Annotated[
    str | None,
    typer.Option(
        "--t5",
        metavar="DIR",
        help="For a checkpoint as published: its text encoder.  [default: t5 in SOURCE]",
    ),
]
Force = Annotated[bool, typer.Option("--force", help="Replace a bundle that exists.")]


@export.command()
def executorch(
    source: Source,
    dest: Dest,
    dit: Annotated[str, typer.Option(metavar="NAME", help="int8 or float32.")] = "int8",
    decoder: Annotated[str, typer.Option(metavar="NAME", help="float32 or float16.")] = "float32",
    encoder: Annotated[str, typer.Option(metavar="NAME", help="float32 or float16.")] = "float32",
    seconds: Seconds = None,
    t5: T5 = None,
    force: Force = False,
    as_json: JsonOption = False,
) -> None:
    """ExecuTorch programs (.pte) for XNNPACK. Needs the executorch extra."""
    with _needs("executorch"):
        from soundlet.export.executorch import export_executorch
    with progress_line(quiet=as_json) as show, _bundle(source, t5) as bundle:
        found = export_executorch(
            bundle,
            dest,
            precision={"dit": dit, "decoder": decoder, "encoder": encoder},
            seconds=seconds,
            overwrite=force,
            on_file=lambda name: show(f"exporting {name}", 0, 0),
        )
    facts = _facts(dest)
    for part, delegation in found.items():
        facts["parts"][part] |= {
            "delegated": delegation.delegated,
            "delegated_share": round(delegation.share, 4),
            "not_delegated": delegation.remaining,
        }
    _show(facts, as_json=as_json)


@export.command()
def litert(
    source: Source,
    dest: Dest,
    dit: Annotated[str, typer.Option(metavar="NAME", help="int8 or float32.")] = "int8",
    seconds: Seconds = None,
    t5: T5 = None,
    force: Force = False,
    as_json: JsonOption = False,
) -> None:
    """LiteRT programs (.tflite) of one fixed length. Needs the litert extra."""
    with _needs("litert"):
        from soundlet.export.litert import export_litert
    with progress_line(quiet=as_json) as show, _bundle(source, t5) as bundle:
        export_litert(
            bundle,
            dest,
            precision={"dit": dit},
            seconds=seconds,
            overwrite=force,
            on_file=lambda name: show(f"exporting {name}", 0, 0),
        )
    _show(_facts(dest), as_json=as_json)


@export.command()
def onnx(
    source: Source,
    dest: Dest,
    conditioners: FloatPrecision = None,
    dit: FloatPrecision = None,
    decoder: FloatPrecision = None,
    encoder: FloatPrecision = None,
    seconds: Seconds = None,
    t5: T5 = None,
    force: Force = False,
    as_json: JsonOption = False,
) -> None:
    """ONNX graphs of one fixed length, weights inside, for the web and phones.

    Needs the torch extra. Parts that soundlet quantize has put in whole numbers stay so.
    """
    asked = {"conditioners": conditioners, "dit": dit, "decoder": decoder, "encoder": encoder}
    with _needs("torch"):
        from soundlet.export.onnx_fixed import export_onnx_fixed
    with progress_line(quiet=as_json) as show, _bundle(source, t5) as bundle:
        found = export_onnx_fixed(
            bundle,
            dest,
            precision={part: name for part, name in asked.items() if name is not None},
            seconds=seconds,
            overwrite=force,
            on_file=lambda name: show(f"exporting {name}", 0, 0),
        )
    facts = _facts(dest)
    for part, needed in found.items():
        facts["parts"][part] |= {"opset": needed.opset, "operators": needed.counts}
    _show(facts, as_json=as_json)


@contextmanager
def _needs(extra: str) -> Iterator[None]:
    """Imports of an extra, without what its libraries log of themselves."""
    disabled = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    except ModuleNotFoundError as e:
        raise EngineError(
            f"exporting needs {e.name}, which is not installed:"
            f" run `pip install 'soundlet[{extra}]'`"
        ) from e
    finally:
        logging.disable(disabled)


@contextmanager
def _bundle(source: str, t5: str | None) -> Iterator[Bundle]:
    """The bundle that `source` is or, for a checkpoint, is converted to for the time being."""
    from soundlet import hub
    from soundlet.bundle import MANIFEST, open_bundle
    from soundlet.convert import convert_checkpoint

    path = Path(source)
    if source == "default" and not path.exists():
        yield open_bundle()
    elif hub.is_address(source) or (path.exists() and not (path / MANIFEST).is_file()):
        with tempfile.TemporaryDirectory(prefix="soundlet-") as room:
            yield convert_checkpoint(source, Path(room) / "bundle", t5=t5, precision="float32")
    else:
        yield open_bundle(path)


def _facts(dest: Path) -> dict[str, Any]:
    """What was made, for `--json`."""
    from soundlet.bundle import PART_FILES, PARTS, open_bundle

    bundle = open_bundle(dest)
    manifest, names = bundle.manifest, PART_FILES[bundle.manifest.format]
    return {
        "folder": str(dest),
        "format": manifest.format,
        "max_seconds": bundle.config.sample_size / bundle.config.sample_rate,
        "parts": {
            part: {
                "file": names[part],
                "precision": manifest.precision[part],
                "bytes": manifest.files[names[part]].size,
            }
            for part in PARTS
        },
    }


def _show(facts: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(facts, indent=2))
        return
    typer.echo(f"{facts['folder']}  {facts['format']}, clips up to {facts['max_seconds']:.3g} s")
    for part in facts["parts"].values():
        line = f"  {part['file']:<28}{part['bytes'] / 1e6:8.1f} MB  {part['precision']}"
        if "delegated_share" in part:
            rest = ", ".join(f"{n} {_plain(op)}" for op, n in part["not_delegated"].items())
            line += f"  {part['delegated_share']:.0%} of operators delegated"
            line += f"; not: {rest}" if rest else ""
        if "operators" in part:
            line += f"  opset {part['opset']}, {len(part['operators'])} operators"
        typer.echo(line)


def _plain(operator: str) -> str:
    """An operator's name without what every name has."""
    for ending in ("_default", "_tensor"):
        operator = operator.removesuffix(ending)
    return operator.removeprefix("aten_")
