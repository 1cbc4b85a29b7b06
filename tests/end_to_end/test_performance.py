"""Quantising, measuring, and options for speed and memory, as a person would call them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from soundlet.bundle import PARTS
from soundlet.cli.bench import numbers, row, table
from soundlet.precision import fastest_precision
from soundlet.timing import Job, Measurement
from tests.end_to_end.commands import TINY_SECONDS, TINY_SOURCE, run, tree


def test_quantize_writes_a_bundle_that_makes_a_sound_and_a_report(tiny: Path, here: Path) -> None:
    result = run("quantize", tiny, "small", "--precision", "dit=int8", "--seconds", TINY_SECONDS)
    assert result.exit_code == 0, result.output
    assert "| dit | float32 to int8 |" in result.stdout
    report = json.loads((here / "small.quantization.json").read_text())
    assert report["parts"]["dit"]["seconds"][0] > 0
    assert f"**{report['verdict']}**" in (here / "small.quantization.md").read_text()
    assert "dit           " in run("info", "small").stdout
    made = run("generate", "rain", "--model", "small", "--seconds", TINY_SECONDS, "--seed", 1)
    assert made.exit_code == 0, made.output


@pytest.mark.slow  # it exports the four graphs
def test_convert_takes_a_precision_for_each_part(here: Path) -> None:
    result = run("convert", TINY_SOURCE, "mixed", "--precision", "dit=int8,decoder=float16")
    assert result.exit_code == 0, result.output
    precision = json.loads((here / "mixed" / "manifest.json").read_text())["precision"]
    assert precision == {
        "conditioners": "float32",
        "dit": "int8",
        "decoder": "float16",
        "encoder": "float32",
    }
    assert {path.split("/")[0] for path in tree(here)} == {"mixed"}


@pytest.mark.slow  # it exports the four graphs
def test_convert_takes_what_is_fastest_here_and_says_so(here: Path) -> None:
    result = run("convert", TINY_SOURCE, "fast")
    assert result.exit_code == 0, result.output
    chosen, why = fastest_precision()
    assert result.stdout.splitlines()[1] == f"auto took {why}"
    precision = json.loads((here / "fast" / "manifest.json").read_text())["precision"]
    assert precision == {**dict.fromkeys(PARTS, "float32"), **chosen}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--precision", "decoder=int8"), "the decoder can be in float32 or float16, not int8"),
        (("--precision", "int2"), "precision must be auto or one of"),
        (("--seconds", "900"), "seconds must be from"),
    ],
)
def test_quantize_refuses_what_it_cannot_do_in_a_line(
    tiny: Path, here: Path, arguments: tuple[str, ...], message: str
) -> None:
    result = run("quantize", tiny, "small", "--precision", "dit=int8", *arguments)
    assert result.exit_code == 1
    assert result.stderr.startswith("error: ")
    assert message in result.stderr
    assert result.stderr.count("\n") == 1
    assert not tree(here)


def test_quantize_without_a_report_prints_what_was_made_as_json(tiny: Path) -> None:
    how = ("--precision", "dit=int8", "--no-report", "--json")
    result = run("quantize", tiny, "small", *how)
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert found["folder"] == "small"
    assert found["precision"]["dit"] == "int8"


def test_bench_measures_every_part_in_a_process_of_its_own(tiny: Path) -> None:
    result = run("bench", tiny, "--seconds", TINY_SECONDS, "--threads", 1, "--repeats", 1, "--json")
    assert result.exit_code == 0, result.output
    (found,) = json.loads(result.stdout)["measurements"]
    assert found["part_times"].keys() == {"conditioners", "dit", "decoder", "encoder"}
    assert found["cold_time"] > 0
    assert len(found["warm_times"]) == 1
    assert found["peak_bytes"] > 10**7


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--seconds", "3,x"), "seconds must be numbers above 0, such as 3,6.5, not 'x'"),
        (("--threads", "0"), "threads must be numbers above 0, such as 1,2, not '0'"),
        (("--steps", "2.5"), "steps must be numbers above 0, such as 1,2, not '2.5'"),
        (("--engine", "gpu"), "engine must be one of"),
        (("--seconds", "900"), "seconds must be from"),
    ],
)
def test_bench_refuses_what_it_cannot_measure_in_a_line(
    tiny: Path, arguments: tuple[str, ...], message: str
) -> None:
    result = run("bench", tiny, *arguments)
    assert result.exit_code == 1
    assert message in result.stderr
    assert result.stderr.startswith("error: ")
    assert result.stderr.count("\n") == 1


def test_the_table_of_bench_has_a_line_for_each_measurement() -> None:
    found = Measurement(
        job=Job(seconds=6.0, steps=8),
        import_time=0.3,
        load_time=0.1,
        cold_time=2.0,
        warm_times=(1.0, 3.0, 1.5),
        part_times={"dit": (0.25, 0.5, 0.125)},
        peak_bytes=None,
    )
    cells = row(found)
    assert (cells["warm"], cells["x realtime"], cells["dit"]) == ("1.50", "4.0", "0.2500")
    assert len({len(line) for line in table([cells, {**cells, "steps": "1000"}])}) == 1
    assert numbers("threads", None, int) == []


def test_low_memory_makes_the_same_sound(tiny: Path, here: Path) -> None:
    for name, options in (("a.wav", ()), ("b.wav", ("--low-memory",))):
        result = run(
            "generate", "rain", "--model", tiny, "--seconds", TINY_SECONDS, "--seed", 1,
            "--out", name, *options,
        )  # fmt: skip
        assert result.exit_code == 0, result.output
    assert (here / "a.wav").read_bytes() == (here / "b.wav").read_bytes()


def test_a_short_window_is_another_sound_and_says_so(tiny: Path, here: Path) -> None:
    for name, options in (("a.wav", ()), ("b.wav", ("--short-window",))):
        result = run(
            "generate", "rain", "--model", tiny, "--seconds", 0.005, "--seed", 1,
            "--out", name, *options,
        )  # fmt: skip
        assert result.exit_code == 0, result.output
        assert ("a shorter one sounds different" in result.stderr) == bool(options)
    assert (here / "a.wav").read_bytes() != (here / "b.wav").read_bytes()
