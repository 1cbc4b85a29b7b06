"""A table of exported programs: size, time and error of each part, as `soundlet verify` finds them.

python benchmarks/exported_programs.py FOLDER BUNDLE [FOLDER BUNDLE ...]
"""

from __future__ import annotations

import argparse
import math
from itertools import starmap
from pathlib import Path

from soundlet.bundle import open_bundle
from soundlet.verify import verify


def rows(folder: Path, bundle: Path) -> list[str]:
    """One row of the table a part."""
    format = open_bundle(folder).manifest.format
    name = open_bundle(bundle).manifest.name
    found = verify(folder, against=bundle)
    return [
        f"| {name} | {part} | {format} | {report.precision} | {report.bytes / 1e6:.1f} |"
        f" {report.run_seconds:.3f} | {report.reference_seconds:.3f} |"
        f" {report.relative_error:.1e} |"
        f" {'equal' if math.isinf(report.snr_db) else f'{report.snr_db:.0f}'} |"
        for part, report in found.parts.items()
    ]


def main() -> None:
    """Reads the arguments and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folders", type=Path, nargs="+", help="FOLDER BUNDLE, again and again")
    given = parser.parse_args().folders
    if len(given) % 2:
        parser.error("each folder of programs is followed by the bundle that it was made of")
    print("| model | part | format | precision | MB | s | s on ONNX Runtime | error | SNR dB |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    for lines in starmap(rows, zip(given[::2], given[1::2], strict=True)):
        print("\n".join(lines), flush=True)


if __name__ == "__main__":
    main()
