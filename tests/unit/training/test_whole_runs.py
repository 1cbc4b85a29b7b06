"""Folders of runs that lack something, or hold a damaged file, and settings at odds: one line."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from soundlet.bundle import open_bundle
from soundlet.errors import BundleError, CheckpointError
from soundlet.training.bundle import join_runs
from soundlet.training.extrapolation import extrapolate
from soundlet.training.text import kept_tags
from soundlet.training.trained_flow import open_flow
from tests.unit.training.test_stages import LOOP, run_command, work

__all__ = ["work"]  # a fixture: the stages, run one after the other


def copied(run: Path, folder: Path, *, without: str) -> Path:
    """A run of which a file was left behind."""
    shutil.copytree(run, folder)
    (folder / without).unlink()
    return folder


def refused(says: str, *arguments: object) -> None:
    done = run_command(*arguments)
    assert done.exit_code == 1
    assert done.stderr == f"error: {says}\n"


@pytest.mark.parametrize("name", ["spiece.model", "t5_config.json"])
def test_a_flow_that_lacks_a_file_is_refused_before_anything_is_written(
    work: Path, tmp_path: Path, name: str
) -> None:
    cut, out = copied(work / "flow", tmp_path / "cut", without=name), tmp_path / "out"
    says = f"{cut} lacks {name}, which its run keeps beside checkpoint.pt: copy all of the run"
    refused(says, "train", "bundle", out, "--autoencoder", work / "ae", "--flow", cut)
    runs = ("--towards", work / "flow", "--away-from", work / "guidance")
    refused(says, "train", "extrapolate", out, "--flow", cut, *runs)
    refused(says, "dataset", "make", work / "latents", "--model", cut, "--out", out)
    assert not out.exists()


def test_a_flow_that_lacks_its_statistics_is_neither_bundled_nor_moved_towards(
    work: Path, tmp_path: Path
) -> None:
    cut = copied(work / "guidance", tmp_path / "cut", without="statistics.json")
    with pytest.raises(CheckpointError, match=r"lacks statistics\.json"):
        join_runs(work / "ae", cut)
    for towards, away_from in ((cut, work / "flow"), (work / "flow", cut)):
        with pytest.raises(CheckpointError, match=r"lacks statistics\.json"):
            extrapolate(work / "flow", towards, away_from, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_vocabulary_that_was_cut_is_named(work: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(work / "flow", run)
    vocabulary = run / "spiece.model"
    vocabulary.write_bytes(vocabulary.read_bytes()[:100])
    with pytest.raises(BundleError, match=f"{vocabulary}: not a SentencePiece model"):
        open_flow(run)


def test_a_config_that_says_nothing_is_named_before_a_run_is_begun(
    work: Path, tmp_path: Path
) -> None:
    shutil.copytree(work / "flow", tmp_path / "flow")
    config = tmp_path / "flow" / "model_config.json"
    config.write_text("{}")
    path = tmp_path / "arc.toml"
    path.write_text(f'run = "arc"\nstart_from = "flow"\nlatents = "{work / "latents"}"\n')
    done = run_command("train", "arc", path)
    assert done.exit_code == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"error: {config}: ")
    assert not (tmp_path / "arc").exists()


@pytest.mark.parametrize("content", ['["kind: hum", "ki', '{"kind": "hum"}', '["hum", 3]', b"\xff"])
def test_tags_that_are_damaged_are_named(work: Path, tmp_path: Path, content: str | bytes) -> None:
    shutil.copy(work / "text" / "checkpoint.pt", tmp_path)
    path = tmp_path / "tags.json"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(CheckpointError, match=r"tags\.json is damaged") as told:
        kept_tags(tmp_path, ["kind: hum"])
    assert "\n" not in str(told.value)


def test_a_run_that_lacks_its_tags_is_not_given_others(work: Path, tmp_path: Path) -> None:
    run = copied(work / "text", tmp_path / "text", without="tags.json")
    with pytest.raises(CheckpointError, match=r"text lacks tags\.json"):
        kept_tags(run, ["kind: hum"])
    assert not (run / "tags.json").exists()


def test_a_run_of_extrapolate_is_not_gone_on_with(work: Path, tmp_path: Path) -> None:
    moved = tmp_path / "moved"
    extrapolate(work / "flow", work / "flow", work / "guidance", moved)
    before = {path.name: path.read_bytes() for path in moved.iterdir()}
    path = tmp_path / "flow.toml"
    text = f'run = "moved"\nmodel = "{work / "model"}"\nlatents = "{work / "latents"}"\n'
    path.write_text(text + LOOP.format(steps=2))
    says = f"{moved / 'checkpoint.pt'} has no optimiser's state to go on with, as those of"
    says += f" `soundlet train extrapolate` have none: name a new run, and start_from = '{moved}'"
    refused(says, "train", "flow", path)
    assert {path.name: path.read_bytes() for path in moved.iterdir()} == before


@pytest.mark.parametrize("weight", ["nan", "inf", "-inf"])
def test_a_weight_that_is_not_finite_moves_nothing(work: Path, tmp_path: Path, weight: str) -> None:
    runs = ("--flow", work / "flow", "--towards", work / "flow", "--away-from", work / "guidance")
    says = f"the weight of what two runs differ in must be a finite number, not {weight}"
    refused(says, "train", "extrapolate", tmp_path / "out", *runs, f"--weight={weight}")
    assert not (tmp_path / "out").exists()


LONGEST = 64 * 256 / 44100  # seconds that the tiny model's window holds


@pytest.mark.parametrize(
    ("said", "margin", "longest"), [(100, 0, 0.371), (LONGEST, 4, 0.348), (1e-6, 0, 0.371)]
)
def test_default_seconds_that_the_bundle_would_refuse_are_refused(
    work: Path, tmp_path: Path, said: float, margin: int, longest: float
) -> None:
    dest = tmp_path / "bundle"
    runs = ("--autoencoder", work / "ae", "--flow", work / "flow")
    done = run_command("train", "bundle", dest, *runs, "--seconds", said, "--margin-frames", margin)
    assert done.exit_code == 2
    (line,) = done.stderr.splitlines()
    range_said = f"must be from 2.27e-05 to {longest} with this model and its margin"
    assert f" --seconds: {range_said}, not {said:.8g} (" in line
    assert not dest.exists()


@pytest.mark.slow
def test_the_longest_is_the_default_and_leaves_room_for_the_margin(
    work: Path, tmp_path: Path
) -> None:
    runs = ("--autoencoder", work / "ae", "--flow", work / "flow", "--margin-frames", 4)
    made = run_command("train", "bundle", tmp_path / "bundle", *runs)
    assert made.exit_code == 0, made.output
    seconds = open_bundle(tmp_path / "bundle").manifest.defaults.seconds
    assert seconds == pytest.approx(60 * 256 / 44100)


def test_seconds_of_another_bundle_that_are_too_long_are_refused(
    work: Path, tiny_bundle: Path, tmp_path: Path
) -> None:
    runs = ("--autoencoder", work / "ae", "--flow", work / "flow", "--like", tiny_bundle)
    done = run_command("train", "bundle", tmp_path / "bundle", *runs, "--margin-frames", 63)
    assert done.exit_code == 2
    (line,) = done.stderr.splitlines()
    assert " --seconds: must be from 2.27e-05 to 0.005 with this model and its margin, not" in line
    assert not (tmp_path / "bundle").exists()


def test_a_text_encoder_and_a_flow_to_start_from_are_not_named_both(
    work: Path, tmp_path: Path
) -> None:
    path = work / "both.toml"
    text = (work / "flow.toml").read_text().replace('run = "flow"', f'run = "{tmp_path / "run"}"')
    path.write_text(f'start_from = "guidance"\n{text}')
    says = "text_from has no effect with start_from, which has a text encoder: name one of the two"
    refused(says, "train", "flow", path)
    assert not (tmp_path / "run").exists()
