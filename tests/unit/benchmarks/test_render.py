"""Tables of what was measured, in their places of a page."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from benchmarks.quantization import main, measured, table
from benchmarks.render import show, tables

MODEL = {
    "loaded_seconds": 1.0,
    "peak_bytes": 4_000_000_000,
    "seconds": {"conditioners": [1.0], "dit": [2.0], "decoder": [24.0], "whole": [36.0]},
}
RESULT: dict[str, Any] = {
    "machine": {"processor": "a processor"},
    "threads": 2,
    "window_seconds": 11.9,
    "models": {
        "reference": MODEL,
        "ours": {
            "loaded_seconds": 1.0,
            "peak_bytes": 1_000_000_000,
            "seconds": {
                "conditioners": [0.5],
                "dit": [1.0],
                "decoder": [9.0, 8.0, 7.0],
                "whole": [12.0],
                "whole 3 s": [4.0],
            },
        },
    },
    "lengths": [
        {"job": {"seconds": seconds}, "warm_times": [0.5 + 0.1 * seconds], "cold_time": 2.0}
        for seconds in (1.0, 3.0, 11.0)
    ],
    "starts": {"import": [0.1, 0.3, 0.2]},
}


def test_tables_hold_medians_ratios_and_the_line_through_the_lengths() -> None:
    found = {name: "\n".join(lines) for name, lines in tables(RESULT).items()}
    assert "| ours | 0.5 | 1 | 8 | 12 | 4 | 1000 |" in found["compared"]
    assert "| ours | 2.00 | 2.00 | 3.00 | 3.00 | 0.25 |" in found["compared"]
    assert "0.50 s + 0.100 s a second" in found["lengths"]
    assert "3 s take 0.50 of what 11 s take" in found["lengths"]
    assert "| import | 0.20 |" in found["starts"]


def test_a_page_has_each_table_in_its_place_however_often(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    places = "".join(f"<!-- {name} -->\n<!-- end of {name} -->\n\n" for name in tables(RESULT))
    page.write_text(f"# Before\n\n{places}after\n")
    show(tables(RESULT), page)
    once = page.read_text()
    assert once.startswith("# Before\n\n<!-- compared -->\na processor; 2 threads")
    assert once.endswith("<!-- end of starts -->\n\nafter\n")
    changed = copy.deepcopy(RESULT)
    changed["starts"] = {"import": [9.0]}
    show(tables(changed), page)
    assert "| import | 9.00 |" in page.read_text()
    show(tables(RESULT), page)
    assert page.read_text() == once


def test_a_page_without_the_place_is_left_as_it_is(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("nothing\n")
    with pytest.raises(SystemExit, match="must have one line <!-- compared -->"):
        show(tables(RESULT), page)
    assert page.read_text() == "nothing\n"


def test_the_page_on_performance_has_all_the_places() -> None:
    text = (Path(__file__).parents[3] / "docs" / "performance.md").read_text(encoding="utf-8")
    for name in (*tables(RESULT), "quantization", "quantization of the official shape"):
        assert text.count(f"<!-- {name} -->") == text.count(f"<!-- end of {name} -->") == 1


def test_a_precision_is_a_row() -> None:
    report = {
        "velocity": {"snr_db": 38.28},
        "share": 0.16,
        "verdict": "a nuance",
        "parts": {
            "dit": {"disk_bytes": [35.3e6, 18.8e6], "seconds": [1.0312, 0.014], "peak_bytes": None}
        },
    }
    found = {"model": "mini", "seconds": 6.0, "machine": {"processor": "a processor"}}
    (first, *_, line) = table({**found, "threads": 1, "reports": {"int8": report}})
    assert first == "mini, clips of 6 s, after of before; a processor; threads: 1:"
    assert line == "| int8 | 18.8 of 35.3 | 14 of 1031 |  | 38.3 | 0.160 | a nuance |"
    without = table({**found, "threads": None, "reports": {"int8": report}}, with_times=False)
    assert without[0].endswith("; all cores:")
    assert without[-1] == "| int8 | 18.8 of 35.3 |  | 38.3 | 0.160 | a nuance |"


def test_a_model_that_has_every_precision_already_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("benchmarks.quantization.measured", lambda *_, **__: iter(()))
    out = ("--out", str(tmp_path / "found.json"))
    monkeypatch.setattr("sys.argv", ["quantization", "bundle", "--precisions", "float16", *out])
    with pytest.raises(SystemExit, match="bundle is in float16 already"):
        main()


@pytest.mark.slow
def test_every_precision_is_measured_but_the_one_that_the_model_is_in(tiny_bundle: Path) -> None:
    counts = []
    for found in measured(tiny_bundle, ["float32", "dit=int8", "float16"], seconds=0.02, threads=1):
        counts.append(len(found["reports"]))
    assert counts == [1, 2]
    assert list(found["reports"]) == ["dit=int8", "float16"]
    assert found["reports"]["dit=int8"]["parts"].keys() == {"dit"}
    assert (found["seconds"], found["threads"]) == (0.02, 1)
    assert len(table(found)) == 6
