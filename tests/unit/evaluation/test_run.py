"""A whole evaluation of the tiny model, which makes noise of a few milliseconds."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import soundlet.pipeline
from soundlet.audio import read_audio, write_audio
from soundlet.cli import app
from soundlet.cli.evaluate import summary
from soundlet.evaluation.findings import Asked
from soundlet.evaluation.prompts import KIND_ORDER
from soundlet.evaluation.reference import ReferenceClip
from soundlet.evaluation.report import write_report
from soundlet.evaluation.run import evaluate
from soundlet.evaluation.scores import METRICS
from tests.unit.evaluation.conftest import N_REFERENCE
from tests.unit.evaluation.sounds import RATE, noise

N_PROMPTS = len(KIND_ORDER)


@pytest.fixture(scope="module")
def folder(
    choosing_bundle: Path,
    reference: list[ReferenceClip],
    cache: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """The folder of a report."""
    del reference  # is in the cache now
    out = tmp_path_factory.mktemp("report")
    loops = tmp_path_factory.mktemp("loops")
    write_audio(loops / "loop.wav", noise(0.5), RATE)
    asked = Asked(
        n_prompts=N_PROMPTS,
        steps=(1, 2),
        cfg_scales=(1.0,),
        candidates=(2,),
        quick=True,
        loops=str(loops),
        n_reference=N_REFERENCE,
    )
    told: list[tuple[str, int, int]] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(cache))
        model = soundlet.pipeline.load(choosing_bundle)
        findings = evaluate(model, asked, lambda *step: told.append(step))
    report = write_report(out, findings, asked, model.bundle)
    assert {label for label, _, _ in told} >= {"prompts", "prompts with several seeds"}
    assert all(done <= total for _, done, total in told)
    assert json.loads((out / "report.json").read_text()) == report
    return out


@pytest.fixture(scope="module")
def report(folder: Path) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads((folder / "report.json").read_text())
    return parsed


def test_every_setting_has_every_figure(report: dict[str, Any]) -> None:
    assert [entry["steps"] for entry in report["settings"]] == [1, 2]
    assert [entry["candidates"] for entry in report["settings"]] == [2, 2]
    assert set(report["metrics"]) == set(METRICS)
    real = report["real"]["scores"]
    for entry in report["settings"]:
        assert set(entry["scores"]) == set(real)
        assert entry["scores"]["kind"]["n"] == N_PROMPTS
        assert set(entry["by_kind"]) == set(KIND_ORDER)
        assert set(entry["by_wording"]) == {
            "reworded",
            "paraphrased",
            "unfamiliar",
            "caption",
        }
        assert entry["times_real_time"] > 0
        assert entry["frechet"] > 0
        n_others = sum(entry["by_wording"][w]["kind"]["n"] for w in ("unfamiliar", "caption"))
        assert len(entry["clips"]) == N_PROMPTS + n_others
    assert set(report["real"]["by_wording"]) == {"reworded", "paraphrased"}


def test_noise_follows_no_prompt(report: dict[str, Any]) -> None:
    assert report["settings"][0]["scores"]["source"]["value"] < 0.5


def test_codec_ends_and_seeds_are_measured(report: dict[str, Any]) -> None:
    assert report["codec"]["renders"]["n"] == 6
    assert report["codec"]["loops"]["n"] == 1
    assert report["codec"]["loops"]["sounds"][0]["name"] == "loop.wav"
    assert report["codec"]["loops"]["opus_distance"] > 0
    assert report["codec"]["loops"]["distance"] > 0
    diversity = report["diversity"]
    assert diversity["generated"]["within"] > 0
    assert diversity["real"]["between"] > diversity["real"]["within"] > 0


def test_the_page_stands_alone_but_for_its_sounds(folder: Path) -> None:
    page = (folder / "report.html").read_text()
    assert page.count("data:image/png;base64,") == 4
    assert "<th class=n>1 steps, best of 2" in page
    assert "Fréchet distance, 2 steps, best of 2" in page
    assert not re.search(r"https?://", page)
    sounds = re.findall(r'src="(sounds/[^"]+)"', page)
    assert len(sounds) == 20
    for name in sounds:
        audio, rate = read_audio(folder / name)
        assert rate == RATE
        assert len(audio) == 2


def test_nothing_else_is_in_the_folder(folder: Path) -> None:
    assert {path.name for path in folder.iterdir()} == {"report.json", "report.html", "sounds"}


def test_the_summary_has_a_column_for_each_setting(report: dict[str, Any]) -> None:
    lines = summary(report)
    assert "real" in lines[0]
    assert "2 steps, cfg 1, best of 2" in lines[0]
    assert len({len(line) for line in lines}) == 1
    of_one = [{**entry, "candidates": 1} for entry in report["settings"]]
    assert "best of" not in summary({**report, "settings": of_one})[0]
    assert any(line.startswith("kind ") and "%" in line for line in lines)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--steps", "8,many"], "'8,many' is not a list of numbers"),
        (["--cfg-scale", ""], "'' is not a list of numbers"),
        (["--candidates", "1,all"], "'1,all' is not a list of numbers"),
        (["--prompts", "0"], "--prompts"),
        (["no-such-bundle"], "no-such-bundle: no such folder"),
    ],
)
def test_what_cannot_be_done_is_said_at_once(
    arguments: list[str], said: str, tmp_path: Path
) -> None:
    done = CliRunner().invoke(app, ["evaluate", "--out", str(tmp_path / "out"), *arguments])
    assert done.exit_code in (1, 2)
    assert said in done.stderr


def test_a_report_needs_a_folder(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    done = CliRunner().invoke(app, ["evaluate", "--out", str(tmp_path / "taken")])
    assert done.exit_code == 1
    assert "cannot be made a folder" in done.stderr
