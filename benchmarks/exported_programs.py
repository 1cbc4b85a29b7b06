"""Tables of exported programs: size, time and error of each part, and how near their clips are.

Each format is verified in the environment that runs it, on this machine, and all reports are read
here:

    soundlet verify mini-executorch --json > mini-executorch.json
    python -m benchmarks.exported_programs mini-executorch.json [REPORT ...]
        [--busy REPORT ...] [--into docs/devices.md]

Clips of a full-size model take minutes. Where the machine is quiet for less, `verify --parts` takes
the times, and the report of the whole is made when it is busy.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from benchmarks.compare import machine
from benchmarks.render import existing_page, row, show

Row = tuple[str, ...]

PARTS_HEAD: Row = ("model", "format", "part", "precision", "MB", "error", "SNR dB", "window s")
PARTS_HEAD += ("s", "s on ONNX Runtime", "s to load")
NOT_TIMED = " Where times are missing, the machine was busy."
TIMES = ("run_seconds", "reference_seconds", "load_seconds")
CLIPS_HEAD = ("model", "format", "int8 or float16", "s long", "latents", "spectra", "verified")


def part_rows(report: dict[str, Any], *, with_times: bool) -> list[Row]:
    """One row a part.

    Args:
        report: what `soundlet verify --json` printed.
        with_times: give the times of one run, of one on ONNX Runtime, and of loading.
    """
    rows = []
    for name, part in report["parts"].items():
        cells: Row = (report["model"], report["format"], name, part["precision"])
        cells += (f"{part['bytes'] / 1e6:.1f}", f"{part['relative_error']:.1e}")
        cells += (_db(part["snr_db"]), f"{report['window_seconds']:.1f}")
        rows.append(cells + tuple(f"{part[key]:.3g}" if with_times else "" for key in TIMES))
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


def table(head: Row, rows: Iterable[Row]) -> list[str]:
    """Markdown, without the rows that say the same of the same part as one above."""
    kept: dict[Row, Row] = {}
    for cells in rows:
        kept.setdefault(cells[:4], cells)
    return [row(list(cells)) for cells in (head, ("---",) * len(head), *kept.values())]


def tables(timed: Sequence[dict[str, Any]], busy: Sequence[dict[str, Any]]) -> list[str]:
    """What was measured on, the parts, and the clips.

    Args:
        timed: reports.
        busy: further ones, whose times are left out, unless those of the same parts are in `timed`.
    """
    rows = [cells for report in timed for cells in part_rows(report, with_times=True)]
    rows += [cells for report in busy for cells in part_rows(report, with_times=False)]
    parts = table(PARTS_HEAD, rows)
    threads = sorted({"all" if r["threads"] is None else str(r["threads"]) for r in timed})
    return [
        f"{', '.join(machine().values())}; threads: {' or '.join(threads)}. The time of the dit is"
        f" of one step; loading takes a first run in.{NOT_TIMED if _lacks_times(parts) else ''}",
        "",
        *parts,
        "",
        "The farthest of three clips, as a share of the way to the nearest of other seeds:",
        "",
        *table(CLIPS_HEAD, (clip_row(report) for report in (*timed, *busy) if report["clips"])),
    ]


def read_reports(paths: Sequence[Path]) -> list[dict[str, Any]]:
    """The reports of `soundlet verify --json`.

    Raises:
        SystemExit: a file that is not one.
    """
    reports = []
    for path in paths:
        try:
            report = json.loads(path.read_text(encoding="utf-8"))
            report["parts"], report["clips"], report["threads"], report["window_seconds"]
        except (OSError, ValueError, KeyError, TypeError) as e:
            raise SystemExit(f"error: {path} is no report of soundlet verify --json: {e!r}") from e
        reports.append(report)
    return reports


def main() -> None:
    """Reads the arguments, and prints both tables or writes them into a page."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("reports", type=Path, nargs="+", help="of soundlet verify --json")
    parser.add_argument(
        "--busy",
        type=Path,
        nargs="+",
        default=[],
        metavar="REPORT",
        help="further ones, whose times are left out, since the machine was busy; parts that are in"
        " the others too keep theirs",
    )
    parser.add_argument("--into", type=existing_page, help="the page to write the tables into")
    given = parser.parse_args()
    found = tables(read_reports(given.reports), read_reports(given.busy))
    show({"exported programs": found}, given.into)


def _lacks_times(parts: Sequence[str]) -> bool:
    return any(line.endswith("|  |  |  |") for line in parts)


def _db(ratio: float | None) -> str:
    return "equal" if ratio is None else f"{ratio:.0f}"


if __name__ == "__main__":
    main()
