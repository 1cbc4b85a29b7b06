from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from benchmarks import exported_programs
from soundlet.verify import ClipReport, PartReport, Verification

DEVICES = Path(__file__).parents[3] / "docs" / "devices.md"


CLIPS = [ClipReport(1, 40.0, 30.0, 0.01, 0.2, True), ClipReport(2, 40, 30, 0.02, 0.1, True)]


def report(
    *,
    decoder: str = "float32",
    passed: bool = True,
    took: float = 0.25,
    clips: Sequence[ClipReport] = CLIPS,
) -> dict[str, Any]:
    """As `soundlet verify --json` prints it."""

    def part(precision: Any, snr_db: float) -> PartReport:
        return PartReport(
            "file", precision, 2_500_000, 1.23e-6, snr_db, 0.5, took, 0.125, None, passed
        )

    return Verification(
        model="mini",
        format="executorch",
        folder="programs",
        against="bundle",
        seconds=6.0,
        window_seconds=11.89,
        threads=1,
        parts={"dit": part("int8", 37.6), "decoder": part(decoder, float("inf"))},
        drift_db=[],
        clips=list(clips),
    ).as_object()


def written(folder: Path, name: str, content: object) -> str:
    path = folder / name
    path.write_text(json.dumps(content), encoding="utf-8")
    return str(path)


def printed(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    *arguments: str,
) -> list[str]:
    monkeypatch.setattr("sys.argv", ["exported_programs", *arguments])
    exported_programs.main()
    return capsys.readouterr().out.splitlines()


def test_a_row_for_each_part_and_one_for_the_clips(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = written(tmp_path, "report.json", report())
    lines = printed(monkeypatch, capsys, path)
    assert "threads: 1. The time of the dit is of one step" in lines[0]
    head, _, *parts = lines[2 : lines.index("", 2)]
    assert {line.count("|") for line in parts} == {head.count("|")}
    dit = "| mini | executorch | dit | int8 | 2.5 | 1.2e-06 | 38 | 11.9 |"
    assert parts[0] == f"{dit} 0.25 | 0.125 | 0.5 |"
    assert parts[1].startswith("| mini | executorch | decoder | float32 | 2.5 | 1.2e-06 | equal |")
    assert "| mini | executorch | dit int8 | 6.00 | 0.02 | 0.2 | passed |" in lines
    other = written(tmp_path, "busy.json", {**report(), "model": "other"})
    both = printed(monkeypatch, capsys, path, "--busy", other)
    assert both[0] == f"{lines[0]} Where times are missing, the machine was busy."
    assert f"{dit} 0.25 | 0.125 | 0.5 |" in both
    assert f"{dit.replace('mini', 'other')}  |  |  |" in both


def test_quiet_times_of_the_parts_stand_beside_clips_made_when_busy(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    quiet = written(tmp_path, "quiet.json", report(clips=[]))
    busy = written(tmp_path, "busy.json", report(took=9.0))
    lines = printed(monkeypatch, capsys, quiet, "--busy", busy)
    assert lines[0].endswith("loading takes a first run in.")
    dit, decoder = lines[4 : lines.index("", 2)]
    assert dit.endswith("| 11.9 | 0.25 | 0.125 | 0.5 |")
    assert decoder.endswith("| 11.9 | 0.25 | 0.125 | 0.5 |")
    clips = lines[lines.index("", 2) :]
    assert [line for line in clips if line.startswith("| mini")] == [
        "| mini | executorch | dit int8 | 6.00 | 0.02 | 0.2 | passed |"
    ]


def test_a_part_in_two_reports_has_one_row_a_precision(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    whole = written(tmp_path, "whole.json", report())
    half = written(tmp_path, "half.json", report(decoder="float16", passed=False))
    lines = printed(monkeypatch, capsys, whole, half)
    assert [line.split(" | ")[2:4] for line in lines[4 : lines.index("", 2)]] == [
        ["dit", "int8"],
        ["decoder", "float32"],
        ["decoder", "float16"],
    ]
    assert [line.split(" | ")[-1] for line in lines if line.startswith("| mini")][-2:] == [
        "passed |",
        "FAILED |",
    ]


def test_what_is_no_report_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["x", written(tmp_path, "other.json", {"parts": {}})])
    with pytest.raises(SystemExit, match=r"error: .*other\.json is no report of soundlet verify"):
        exported_programs.main()


def test_the_page_on_devices_takes_the_tables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "devices.md"
    page.write_text(DEVICES.read_text(encoding="utf-8"), encoding="utf-8")
    path = written(tmp_path, "report.json", report())
    assert printed(monkeypatch, capsys, path, "--into", str(page)) == []
    text = page.read_text(encoding="utf-8")
    place = text.split("<!-- exported programs -->")[1].split("<!-- end of exported programs -->")[
        0
    ]
    assert "| mini | executorch | dit int8 | 6.00 | 0.02 | 0.2 | passed |" in place
    outside = DEVICES.read_text(encoding="utf-8").split("<!-- exported programs -->")[0]
    assert text.startswith(outside)
