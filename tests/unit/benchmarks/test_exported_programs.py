from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from soundlet.verify import ClipReport, PartReport, Verification

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def script() -> ModuleType:
    path = ROOT / "benchmarks" / "exported_programs.py"
    spec = importlib.util.spec_from_file_location("exported_programs", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def report(*, decoder: str = "float32", passed: bool = True) -> dict[str, Any]:
    """As `soundlet verify --json` prints it."""

    def part(precision: Any, snr_db: float) -> PartReport:
        return PartReport(
            "file", precision, 2_500_000, 1.23e-6, snr_db, 0.5, 0.25, 0.125, None, passed
        )

    return Verification(
        model="mini",
        format="executorch",
        folder="programs",
        against="bundle",
        seconds=6.0,
        parts={"dit": part("int8", 37.6), "decoder": part(decoder, float("inf"))},
        drift_db=[],
        clips=[ClipReport(1, 40.0, 30.0, 0.01, 0.2, True), ClipReport(2, 40, 30, 0.02, 0.1, True)],
    ).as_object()


def written(folder: Path, name: str, content: object) -> str:
    path = folder / name
    path.write_text(json.dumps(content), encoding="utf-8")
    return str(path)


def printed(
    script: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    *arguments: str,
) -> list[str]:
    monkeypatch.setattr("sys.argv", ["exported_programs.py", *arguments])
    script.main()
    return capsys.readouterr().out.splitlines()


def test_a_row_for_each_part_and_one_for_the_clips(
    script: ModuleType,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = written(tmp_path, "report.json", report())
    lines = printed(script, monkeypatch, capsys, path)
    assert (
        "| mini | executorch | dit | int8 | 2.5 | 1.2e-06 | 38 | 0.250 | 0.125 | 0.500 |" in lines
    )
    assert lines[3].startswith("| mini | executorch | decoder | float32 | 2.5 | 1.2e-06 | equal |")
    assert lines[-1] == "| mini | executorch | dit int8 | 6.00 | 0.02 | 0.2 | passed |"
    assert len({line.count("|") for line in lines[:4]}) == 1
    without = printed(script, monkeypatch, capsys, path, "--no-times")
    assert without[2] == "| mini | executorch | dit | int8 | 2.5 | 1.2e-06 | 38 |"


def test_a_part_in_two_reports_has_one_row_a_precision(
    script: ModuleType,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    whole = written(tmp_path, "whole.json", report())
    half = written(tmp_path, "half.json", report(decoder="float16", passed=False))
    lines = printed(script, monkeypatch, capsys, whole, half)
    assert [line.split(" | ")[2:4] for line in lines[2:5]] == [
        ["dit", "int8"],
        ["decoder", "float32"],
        ["decoder", "float16"],
    ]
    assert lines[5] == ""
    assert [line.split(" | ")[-1] for line in lines[-2:]] == ["passed |", "FAILED |"]


def test_what_is_no_report_is_named(
    script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["x", written(tmp_path, "other.json", {"parts": {}})])
    with pytest.raises(SystemExit, match=r"error: .*other\.json is no report of soundlet verify"):
        script.main()
