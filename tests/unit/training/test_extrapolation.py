"""Sounds that a flow makes for the words of others, and what two runs on them differ in."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from soundlet.request import MAX_SEED
from soundlet.training.bundle import join_runs
from soundlet.training.extrapolation import extrapolate
from soundlet.training.latents import LatentStore, read_statistics
from soundlet.training.loop import TrainingError
from soundlet.training.making import Making, make_sounds, noise_seed
from tests.unit.training.test_stages import LOOP, run_command, weights, work

__all__ = ["work"]  # a fixture: the stages, run one after the other

FLOW = 'run = "{run}"\nmodel = "model"\nlatents = "{latents}"\nstart_from = "flow"\n'


@pytest.fixture(scope="module")
def runs(work: Path) -> Path:
    """The folder with sounds that its flow makes, and a run on them beside one on real ones."""
    made = run_command("dataset", "make", work / "latents", "--model", work / "flow", "--out",
                       work / "made", "--steps", 4, "--seed", 3)  # fmt: skip
    assert made.exit_code == 0, made.output
    assert made.stdout == f"{work / 'made'}  20 sounds\n"
    for run, latents in (("real", "latents"), ("own", "made")):
        config = FLOW.format(run=run, latents=latents) + LOOP.format(steps=8)
        config += "[flow]\nbatch_frames = 128\ntrain_text = false\ncfg_dropout = 0.0\n"
        (work / f"{run}.toml").write_text(config)
        trained = run_command("train", "flow", work / f"{run}.toml")
        assert trained.exit_code == 0, trained.output
    return work


def test_a_sound_is_made_for_the_words_and_the_length_of_each(runs: Path) -> None:
    real, made = LatentStore(runs / "latents"), LatentStore(runs / "made")
    place = 0
    for theirs, ours in zip(real.entries, made.entries, strict=True):
        assert (ours.frames, ours.seconds, ours.tags) == (
            theirs.frames,
            theirs.seconds,
            theirs.tags,
        )
        assert len(ours.captions) == 1
        assert ours.captions[0] in theirs.captions
        assert ours.start == place
        place += ours.frames
    assert made.values.shape == (place, real.channels)
    assert np.isfinite(made.values).all()
    np.testing.assert_array_equal(made.silence, real.silence)
    assert made.statistics == real.statistics


def test_the_same_seed_makes_the_same_sounds(runs: Path, tmp_path: Path) -> None:
    store = LatentStore(runs / "latents")
    again = make_sounds(runs / "flow", store, tmp_path / "again", Making(steps=4, seed=3))
    other = make_sounds(runs / "flow", store, tmp_path / "other", Making(steps=4, seed=4))
    first = LatentStore(runs / "made")
    np.testing.assert_array_equal(again.values, first.values)
    assert again.entries == first.entries
    assert not np.allclose(other.values, first.values, atol=0.1)


def test_seeds_far_apart_make_other_sounds_for_the_same_captions(
    runs: Path, tmp_path: Path
) -> None:
    captioned = LatentStore(runs / "made")  # each sound has one caption
    one, other = (
        make_sounds(runs / "flow", captioned, tmp_path / f"{seed}", Making(steps=4, seed=seed))
        for seed in (3, 3 + 4096)
    )
    assert one.entries == other.entries
    assert not np.allclose(one.values, other.values, atol=0.1)


def test_no_two_seeds_share_the_noise_of_a_batch() -> None:
    seeds = [0, 1, 2, 4095, *range(4096, 2**20, 4096), 4097, 2**31, MAX_SEED - 4096, MAX_SEED]
    drawn = {noise_seed(seed, batch) for seed in seeds for batch in range(1000)}
    assert len(drawn) == 1000 * len(seeds)
    assert 0 <= min(drawn) <= max(drawn) <= MAX_SEED
    assert [noise_seed(seed, 7) for seed in (0, 1, 4095)] == [7, 2**20 + 7, 4095 * 2**20 + 7]


def test_a_trained_flow_makes_sounds_that_are_nearer_to_their_own_than_to_others(
    runs: Path,
) -> None:
    real, made = LatentStore(runs / "latents"), LatentStore(runs / "made")
    means = [
        np.stack([store.latents(i, 8).mean(axis=1) for i in range(20)]) for store in (real, made)
    ]
    own = np.linalg.norm(means[0] - means[1], axis=1).mean()
    others = np.linalg.norm(means[0][:, None] - means[1][None], axis=2).mean()
    assert own < others


def test_a_flow_is_moved_along_the_difference(runs: Path, tmp_path: Path) -> None:
    moved = run_command("train", "extrapolate", tmp_path / "moved", "--flow", runs / "flow",
                        "--towards", runs / "real", "--away-from", runs / "own", "--weight",
                        0.25)  # fmt: skip
    assert moved.exit_code == 0, moved.output
    assert moved.stdout == f"{tmp_path / 'moved'}\n"
    base, real, own, found = (
        weights(run) for run in (runs / "flow", runs / "real", runs / "own", tmp_path / "moved")
    )
    n_moved = 0
    for name, tensor in found.items():
        place = name.replace("module.", "average.", 1)
        expected = base[place] + 0.25 * (real[place] - own[place])
        torch.testing.assert_close(tensor, expected, msg=name)
        n_moved += not torch.equal(tensor, base[place])
    assert n_moved > 20
    assert read_statistics(tmp_path / "moved") == read_statistics(runs / "flow")
    joined = join_runs(runs / "ae", tmp_path / "moved").model.state_dict()
    torch.testing.assert_close(
        joined["dit.project_in.weight"], found["average.dit.project_in.weight"]
    )


def test_the_two_runs_draw_the_same_sounds(runs: Path) -> None:
    """Run on the very same latents they would not differ at all."""
    shutil.copytree(runs / "latents", runs / "copied", dirs_exist_ok=True)
    config = (runs / "real.toml").read_text().replace('"real"', '"twin"')
    (runs / "twin.toml").write_text(config.replace('"latents"', '"copied"'))
    assert run_command("train", "flow", runs / "twin.toml").exit_code == 0
    one, other = weights(runs / "real"), weights(runs / "twin")
    assert all(torch.equal(tensor, other[name]) for name, tensor in one.items())


def test_runs_that_do_not_belong_together_are_refused(runs: Path, tmp_path: Path) -> None:
    flow, real, own = runs / "flow", runs / "real", runs / "own"
    with pytest.raises(TrainingError, match="holds a run already: name a new folder"):
        extrapolate(flow, real, own, real)
    with pytest.raises(TrainingError, match=r"larger has other weights than .*: it did not begin"):
        extrapolate(flow, real, of_another_size(own, tmp_path / "larger"), tmp_path / "out")
    other = tmp_path / "other"
    shutil.copytree(own, other)
    statistics = read_statistics(own)
    doubled = statistics.model_copy(update={"std": tuple(2 * s for s in statistics.std)})
    (other / "statistics.json").write_bytes(doubled.as_json())
    with pytest.raises(TrainingError, match=r"of latents that differ in statistics\.json"):
        extrapolate(flow, real, other, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def of_another_size(run: Path, folder: Path) -> Path:
    """A run with a layer more."""
    shutil.copytree(run, folder)
    state = torch.load(folder / "checkpoint.pt", weights_only=True)
    state["average"]["dit.another.weight"] = torch.zeros(2, 2)
    torch.save(state, folder / "checkpoint.pt")
    return folder


@pytest.mark.parametrize("stage", ["agreement", "ae", "text"])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_run_of_another_stage_is_named(
    runs: Path, tmp_path: Path, stage: str, place: int
) -> None:
    """Whatever else it lacks."""
    given = [runs / "flow", runs / "real", runs / "own"]
    given[place] = runs / stage
    done = run_command("train", "extrapolate", tmp_path / "out", "--flow", given[0], "--towards",
                       given[1], "--away-from", given[2])  # fmt: skip
    assert done.exit_code == 1
    (line,) = done.stderr.splitlines()
    assert line == f"error: {runs / stage} is a run of another stage than `soundlet train flow`"
    assert not (tmp_path / "out").exists()


def test_sounds_are_made_only_for_latents_of_the_model(runs: Path, tmp_path: Path) -> None:
    store = LatentStore(runs / "latents")
    with pytest.raises(TrainingError, match="is the store to make sounds for: name another"):
        make_sounds(runs / "flow", store, runs / "latents", Making())
    run = tmp_path / "run"
    shutil.copytree(runs / "flow", run)
    statistics = read_statistics(run)
    other = statistics.model_copy(update={"std": tuple(2 * s for s in statistics.std)})
    (run / "statistics.json").write_bytes(other.as_json())
    with pytest.raises(TrainingError, match="is normalised otherwise than what"):
        make_sounds(run, store, tmp_path / "made", Making())
    refused = run_command("dataset", "make", runs / "latents", "--model", tmp_path, "--out",
                          tmp_path / "made")  # fmt: skip
    assert refused.exit_code == 1
    assert f"{tmp_path} is no run of `soundlet train`" in refused.stderr
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize("command", ["make", "choose"])
def test_a_seed_below_0_is_refused(runs: Path, tmp_path: Path, command: str) -> None:
    model = ("--model", runs / "flow") if command == "make" else ("--keep", 1)
    refused = run_command("dataset", command, runs / "latents", *model, "--out", tmp_path / "out",
                          "--seed", -1)  # fmt: skip
    assert refused.exit_code != 0
    assert "--seed" in refused.stderr
    assert not (tmp_path / "out").exists()
