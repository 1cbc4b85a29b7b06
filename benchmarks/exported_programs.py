"""Tables of exported programs: size, time and error of each part, and how near their clips are.

Each format is verified in the environment that runs it, and all reports are read here:

    soundlet verify mini-executorch --json > mini-executorch.json
    python benchmarks/exported_programs.py mini-executorch.json [REPORT ...]
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

Row = tuple[str, ...]

PARTS_HEAD = ("model", "format", "part", "precision", "MB", "error", "SNR dB")
TIMES_HEAD = ("s", "s on ONNX Runtime", "load s")
CLIPS_HEAD = ("model", "format", "int8 or float16", "s long", "latents", "spectra", "verified")


def part_rows(report: dict[str, Any], *, with_times: bool) -> list[Row]:
    """One row a part.

    Args:
        report: what `soundlet verify --json` printed.
        with_times: give the times of one run, of one on ONNX Runtime, and of loading.
    """
    rows = []
    for name, part in report["parts"].items():
        row: Row = (report["model"], report["format"], name, part["precision"])
        row += (f"{part['bytes'] / 1e6:.1f}", f"{part['relative_error']:.1e}", _db(part["snr_db"]))
        if with_times:
            row += tuple(
                f"{part[key]:.3f}" for key in ("run_seconds", "reference_seconds", "load_seconds")
            )
        rows.append(row)
    return rows


def clip_row(report: dict[str, Any]) -> Row:
    """How far the farthest of a report's clips is on the way to another seed's."""
    reduced = [
        f"{name} {part['precision']}"
        for name, part in report["parts"].items()
        if part["precision"] != "float32"
    ]
    latents = max(clip["of_nearest"] for clip in report["clips"])
    spectra = max(clip["audio_of_nearest"] for clip in report["clips"])
    return (
        report["model"],
        report["format"],
        ", ".join(reduced) or "none",
        f"{report['seconds']:.2f}",
        f"{latents:.2g}",
        f"{spectra:.2g}",
        "passed" if report["passed"] else "FAILED",
    )


def table(head: Row, rows: Iterable[Row]) -> str:
    """Markdown, without the rows that say the same of the same part as one above."""
    kept: dict[Row, Row] = {}
    for row in rows:
        kept.setdefault(row[:4], row)
    return "\n".join(
        f"| {' | '.join(row)} |" for row in (head, ("---",) * len(head), *kept.values())
    )


def read_reports(paths: Sequence[Path]) -> list[dict[str, Any]]:
    """The reports of `soundlet verify --json`.

    Raises:
        SystemExit: a file that is not one.
    """
    reports = []
    for path in paths:
        try:
            report = json.loads(path.read_text(encoding="utf-8"))
            report["parts"], report["clips"]
        except (OSError, ValueError, KeyError, TypeError) as e:
            raise SystemExit(f"error: {path} is no report of soundlet verify --json: {e!r}") from e
        reports.append(report)
    return reports


def main() -> None:
    """Reads the arguments and prints both tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("reports", type=Path, nargs="+", help="of soundlet verify --json")
    parser.add_argument(
        "--no-times", action="store_true", help="leave them out: the machine was busy"
    )
    given = parser.parse_args()
    reports = read_reports(given.reports)
    with_times = not given.no_times
    parts = [row for report in reports for row in part_rows(report, with_times=with_times)]
    print(table(PARTS_HEAD + TIMES_HEAD if with_times else PARTS_HEAD, parts))
    print()
    print(table(CLIPS_HEAD, map(clip_row, reports)))


def _db(ratio: float | None) -> str:
    return "equal" if ratio is None else f"{ratio:.0f}"


if __name__ == "__main__":
    main()
