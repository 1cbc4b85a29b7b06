"""What each precision costs a model: the report of `soundlet quantize` for all, and a table of it.

    python -m benchmarks.quantization soundlet/default --out quantization.json
    python -m benchmarks.quantization --show quantization.json [--into docs/performance.md]

The sounds of full precision are made once for all. A bundle of the official shape takes some
minutes for each precision, most of them for the window that it always samples; `--seconds 3` leaves
less to decode.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from benchmarks.compare import machine
from benchmarks.render import existing_page, row, show
from soundlet.bundle import open_bundle
from soundlet.export.loss import quantization_report, reference_sounds
from soundlet.export.quantize import quantize_bundle
from soundlet.precision import parse_precision

PRECISIONS = ("float16", "dit=int8", "int8", "int8-weights", "int4-weights")


def measured(
    folder: Path, precisions: list[str], *, seconds: float | None, threads: int | None
) -> Iterator[dict[str, Any]]:
    """What is known after each precision: the model, the machine, and a report a precision.

    Those that the model is in already are left out.
    """
    before = open_bundle(folder)
    sounds = reference_sounds(before, seconds=seconds, threads=threads, on_progress=_say)
    found: dict[str, Any] = {
        "model": before.manifest.name,
        "machine": machine(),
        "threads": threads,
        "seconds": before.manifest.defaults.seconds if seconds is None else seconds,
        "reports": {},
    }
    for name in precisions:
        precision = parse_precision(name)
        if precision.items() <= before.manifest.precision.items():
            continue
        with TemporaryDirectory() as room:
            after = quantize_bundle(folder, Path(room) / "quantized", precision, on_progress=_say)
            report = quantization_report(
                before, after, sounds=sounds, threads=threads, on_progress=_say
            )
        found["reports"][name] = asdict(report) | {
            "share": report.share,
            "verdict": report.verdict,
        }
        print(f"{name}: {report.share:.3f} of the spread, {report.verdict}", flush=True)
        yield found


def table(found: dict[str, Any], *, with_times: bool = True) -> list[str]:
    """What was measured on, and a row a precision."""
    costs = {"ms a step": ("seconds", 1e3)} if with_times else {}
    costs["peak MB"] = ("peak_bytes", 1e-6)
    head = ["precision", "dit, MB on disk", *costs]
    head += ["velocity, dB", "share of the spread", "the report says"]
    threads = "all cores" if found["threads"] is None else f"threads: {found['threads']}"
    lines = [
        f"{found['model']}, clips of {found['seconds']:.3g} s, after of before;"
        f" {', '.join(found['machine'].values())}; {threads}:",
        "",
        row(head),
        row(["---"] * len(head)),
    ]
    for precision, report in found["reports"].items():
        dit = report["parts"]["dit"]
        cells = [
            f"{dit['disk_bytes'][1] / 1e6:.1f} of {dit['disk_bytes'][0] / 1e6:.1f}",
            *(_pair(dit[name], scale) for name, scale in costs.values()),
            f"{report['velocity']['snr_db']:.1f}",
            f"{report['share']:.3f}",
            report["verdict"],
        ]
        lines.append(row([precision, *cells]))
    return lines


def _say(what: str, done: int, total: int) -> None:
    print(f"{what}, {done} of {total}", file=sys.stderr, flush=True)


def _pair(values: list[float] | None, scale: float) -> str:
    if not values:
        return ""
    before, after = (f"{v:.0f}" if v >= 1000 else f"{v:.3g}" for v in np.multiply(values, scale))
    return f"{after} of {before}"


def main() -> None:
    """Measure, or show what was measured."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("bundle", type=Path, nargs="?")
    parser.add_argument("--out", type=Path, default=Path("quantization.json"))
    parser.add_argument("--precisions", nargs="+", default=list(PRECISIONS))
    parser.add_argument("--seconds", type=float, help="length of the clips compared")
    parser.add_argument("--threads", type=int, help="cores to use; all where it is not given")
    parser.add_argument("--show", type=Path, metavar="JSON", help="measure nothing")
    parser.add_argument(
        "--no-times", action="store_true", help="leave them out: the machine was busy"
    )
    parser.add_argument("--place", default="quantization", help="name of the place in the page")
    parser.add_argument("--into", type=existing_page, help="the page to write the table into")
    given = parser.parse_args()
    if given.show is None:
        if given.bundle is None:
            raise SystemExit("name a bundle, or --show what was measured")
        if not given.out.absolute().parent.is_dir():
            parser.error(f"there is no folder {given.out.parent} for --out")
        found = {}
        for found in measured(
            given.bundle, given.precisions, seconds=given.seconds, threads=given.threads
        ):
            part = given.out.with_suffix(".part")
            part.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
            part.replace(given.out)
        if not found:
            raise SystemExit(f"{given.bundle} is in {', '.join(given.precisions)} already")
    else:
        found = json.loads(given.show.read_text(encoding="utf-8"))
    show({given.place: table(found, with_times=not given.no_times)}, given.into)


if __name__ == "__main__":
    main()
