"""What each precision costs a model: `soundlet quantize` for all of them, and a table of it.

    python -m benchmarks.quantization soundlet/default --out quantization.json
    python -m benchmarks.quantization --show quantization.json [--into docs/performance.md]

For a bundle of the official shape, `--precisions int8 --seconds 3` takes minutes, not an hour.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.render import row, show

PRECISIONS = ("dit=int8", "int8", "int8-weights", "int4-weights")


def reports(bundle: Path, precisions: list[str], seconds: float | None) -> dict[str, Any]:
    """The name of the model, and the report of each precision by its name."""
    found: dict[str, Any] = {}
    with TemporaryDirectory() as room:
        for precision in precisions:
            dest = Path(room) / "quantized"
            command = [sys.executable, "-m", "soundlet", "quantize", str(bundle), str(dest)]
            command += ["--precision", precision, "--force"]
            command += [] if seconds is None else ["--seconds", str(seconds)]
            subprocess.run(command, check=True)
            path = Path(f"{dest}.quantization.json")
            found[precision] = json.loads(path.read_text(encoding="utf-8"))
    name = json.loads((bundle / "manifest.json").read_text(encoding="utf-8"))["name"]
    return {"model": name, "reports": found}


def table(measured: dict[str, Any]) -> list[str]:
    """A row a precision."""
    head = ["precision", "dit, MB on disk", "ms a step", "peak MB"]
    head += ["velocity, dB", "share of the spread", "the report says"]
    lines = [f"{measured['model']}, after of before:", "", row(head), row(["---"] * len(head))]
    for precision, report in measured["reports"].items():
        dit = report["parts"]["dit"]
        cells = [
            f"{dit['disk_bytes'][1] / 1e6:.1f} of {dit['disk_bytes'][0] / 1e6:.1f}",
            *(_pair(dit[name], scale) for name, scale in (("seconds", 1e3), ("peak_bytes", 1e-6))),
            f"{report['velocity']['snr_db']:.1f}",
            f"{report['share']:.2f}",
            report["verdict"],
        ]
        lines.append(row([precision, *cells]))
    return lines


def _pair(values: list[float] | None, scale: float) -> str:
    return "" if not values else f"{values[1] * scale:.3g} of {values[0] * scale:.3g}"


def main() -> None:
    """Measure, or show what was measured."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("bundle", type=Path, nargs="?")
    parser.add_argument("--out", type=Path, default=Path("quantization.json"))
    parser.add_argument("--precisions", nargs="+", default=list(PRECISIONS))
    parser.add_argument("--seconds", type=float, help="length of the clips compared")
    parser.add_argument("--show", type=Path, metavar="JSON", help="measure nothing")
    parser.add_argument("--place", default="quantization", help="name of the place in the page")
    parser.add_argument("--into", type=Path, help="the page to write the table into")
    given = parser.parse_args()
    if given.show is None:
        if given.bundle is None:
            raise SystemExit("name a bundle, or --show what was measured")
        found = reports(given.bundle, given.precisions, given.seconds)
        part = given.out.with_suffix(".part")
        part.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
        part.replace(given.out)
    else:
        found = json.loads(given.show.read_text(encoding="utf-8"))
    show({given.place: table(found)}, given.into)


if __name__ == "__main__":
    main()
