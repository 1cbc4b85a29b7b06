"""A flow that learns from what its own sounds are heard as."""

from __future__ import annotations

import copy
import math
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from soundlet.config import load_config, load_t5_config
from soundlet.errors import ConfigError
from soundlet.hearing import N_HEARD
from soundlet.sampling import sample
from soundlet.tokenizer import Tokenizer
from soundlet.training import reward
from soundlet.training.codec import Codec, open_codec
from soundlet.training.flow import Flow, build_flow
from soundlet.training.latents import LatentStore
from soundlet.training.listening import synthesised
from soundlet.training.loop import TrainingError
from soundlet.training.reward import (
    AskedBatch,
    RewardSettings,
    RewardTrainee,
    energy_score,
    off_level,
    sampled,
    walked,
)
from soundlet.training.settings import RewardStage, read_stage
from soundlet.training.stages import hear_sounds, train_reward
from soundlet.training.weights import average_weights, load_weights
from soundlet.training.words import HeardWords
from tests.unit.training.test_agreement import read_lines, write_lines
from tests.unit.training.test_stages import halted, run_command, work

__all__ = ["work"]  # a fixture: the stages, run one after the other

Array = NDArray[np.float32]

STEPS = 5


@pytest.fixture(scope="module")
def words(work: Path) -> HeardWords:
    return HeardWords(hear_sounds(read_stage(RewardStage, work / "reward.toml")))


def flow_of(run: Path) -> Flow:
    config, t5_config = (
        load_config(run / "model_config.json"),
        load_t5_config(run / "t5_config.json"),
    )
    flow = build_flow(config, t5_config, run / "spiece.model")
    load_weights(flow, average_weights(run), run)
    return flow


def trainee(work: Path, words: HeardWords, run: str = "flow", **settings: Any) -> RewardTrainee:
    """What trains the flow of a run, all of whose sounds are asked for the same way."""
    store = LatentStore(work / "latents")
    return RewardTrainee(
        flow_of(work / run),
        store,
        Tokenizer(work / run / "spiece.model", 16),
        torch.from_numpy(store.silence),
        RewardSettings(batch_frames=256, steps=STEPS, **settings),
        codec=open_codec(work / "ae"),
        words=words,
    )


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_a_flow_makes_sounds_that_are_heard_more_plainly_as_what_was_asked(
    work: Path, words: HeardWords
) -> None:
    losses = {
        run: [
            judge.loss(judge.batch(seeded(i)), seeded(100 + i))[0].item()
            for judge in [trainee(work, words, run, disturbance=0.0)]
            for i in range(12)
        ]
        for run in ("flow", "reward")
    }
    assert np.mean(losses["reward"]) < np.mean(losses["flow"]) - 0.2


def test_the_loss_is_what_its_sounds_are_rated(work: Path, words: HeardWords) -> None:
    judge = trainee(work, words, disturbance=0.0)
    batch = judge.batch(seeded(0))
    loss, figures = judge.loss(batch, seeded(1))
    assert loss.item() > 0
    assert figures == {"lost": 0}
    loss.backward()  # type: ignore[no-untyped-call]
    told = {n for n, p in judge.flow.named_parameters() if p.grad is not None}
    assert told
    assert all(name.startswith("dit.") for name in told)


def test_a_small_step_along_the_gradient_raises_the_reward(work: Path, words: HeardWords) -> None:
    judge = trainee(work, words, disturbance=0.0)
    batch = judge.batch(seeded(0))
    loss, _ = judge.loss(batch, seeded(1))
    loss.backward()  # type: ignore[no-untyped-call]
    step(judge.flow, 0.02)
    after, _ = judge.loss(batch, seeded(1))
    assert after.item() < loss.item()


def test_what_is_asked_is_what_is_known_of_a_sound_and_said_in_its_caption(
    work: Path, words: HeardWords
) -> None:
    batch = trainee(work, words).batch(seeded(0))
    assert isinstance(batch, AskedBatch)
    count, _, n_frames = batch.latents.shape
    assert len(batch.asked) == len(batch.sounding) == count
    assert all(1 <= each <= n_frames for each in batch.sounding)
    assert {asked["kind"] for asked in batch.asked} <= {"hum", "tone", "bleep", "drone"}


def drawn(middle: float, spread: float, seed: int) -> Tensor:
    """Pairs of sounds, as numbers: (pairs, 2, numbers)."""
    return middle + spread * torch.randn(400, 2, 6, generator=seeded(seed))


def test_the_energy_score_is_least_for_sounds_that_are_spread_as_real_ones() -> None:
    real = drawn(0.0, 1.0, 0)[:, 0]
    scores = {
        (middle, spread): float(
            np.mean(
                [
                    energy_score(pair, each).item()
                    for pair, each in zip(drawn(middle, spread, 1), real, strict=True)
                ]
            )
        )
        for middle in (0.0, 0.5)
        for spread in (0.3, 0.7, 1.0, 1.5)
    }
    assert min(scores, key=lambda each: scores[each]) == (0.0, 1.0)


def test_the_energy_score_of_a_sound_heard_twice_as_the_real_one_is_nothing() -> None:
    same = torch.ones(2, 6)
    assert energy_score(same, same[0]).item() == pytest.approx(0, abs=1e-5)
    assert energy_score(same, same[0] + 2).item() == pytest.approx(2)


def test_two_sounds_of_a_caption_draw_near_to_the_real_one_and_not_to_each_other(
    work: Path, words: HeardWords, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A small step with `likeness` lowers their score more than one without.

    What is heard are the frames themselves, since phases of a codec that has hardly learnt
    anything jump with every step.
    """

    def flattened(frames: Tensor, _form: object, _rounds: int) -> Tensor:
        return frames.flatten().repeat(N_HEARD)[None, :N_HEARD]

    scores: list[float] = []

    def scored(made: Tensor, real: Tensor) -> Tensor:
        found = energy_score(made, real)
        scores.append(found.item())
        return found

    monkeypatch.setattr(reward, "synthesised", flattened)
    monkeypatch.setattr(reward, "heard", lambda audio, _rate: audio[0])
    monkeypatch.setattr(reward, "energy_score", scored)
    left = {}
    for likeness in (0.001, 30.0):
        judge = trainee(work, words, disturbance=0.0, likeness=likeness)
        batch = judge.batch(seeded(0))
        assert isinstance(batch, AskedBatch)
        half = len(batch.asked) // 2
        assert half >= 1
        assert batch.asked[:half] == batch.asked[half:]
        assert torch.equal(batch.prompt_tokens[:half], batch.prompt_tokens[half:])
        scores.clear()
        loss = judge.loss(batch, seeded(1))[0]
        assert len(scores) == half
        first = float(np.mean(scores))
        loss.backward()  # type: ignore[no-untyped-call]
        step(judge.flow, 0.002)
        scores.clear()
        judge.loss(batch, seeded(1))
        left[likeness] = float(np.mean(scores)) / first
    assert left[30.0] < min(1.0, left[0.001])


Judged = list[tuple[Tensor, Sequence[Mapping[str, str]]]]
"""Of each caption, what was heard of its sounds, a row each, and what they were asked for as."""


def judged_by(judge: RewardTrainee) -> Judged:
    """What is judged from now on."""
    judged: Judged = []
    plainness = judge.words.plainness

    def listening(heard: Tensor, asked: Sequence[Mapping[str, str]]) -> Tensor:
        judged.append((heard.detach(), asked))
        return plainness(heard, asked)

    judge.words = copy.copy(judge.words)
    judge.words.plainness = listening  # type: ignore[method-assign]
    return judged


def step(flow: Flow, size: float) -> None:
    """Go along the gradient."""
    parameters = [p for p in flow.parameters() if p.grad is not None]
    norm = torch.cat([p.grad.flatten() for p in parameters if p.grad is not None]).norm()
    with torch.no_grad():
        for parameter in parameters:
            assert parameter.grad is not None
            parameter.sub_(size * parameter.grad / norm)


@torch.no_grad()
def move(flow: Flow) -> None:
    """Change all weights of the DiT a little."""
    for parameter in flow.dit.parameters():
        parameter.mul_(1.02)


def test_a_level_is_off_by_its_e_folds_above_and_by_a_quarter_of_them_below() -> None:
    real = torch.full((1, 2, 3), -0.5)
    made = real * torch.tensor([math.e, 1.0, math.exp(-2)])[:, None, None]
    assert off_level(made, real).tolist() == pytest.approx([1.0, 0.0, 0.5], abs=1e-6)
    assert bool(torch.isfinite(off_level(torch.zeros(1, 2, 3), real)).all())


@pytest.mark.parametrize("gain", [50.0, 0.02])
def test_a_small_step_brings_sounds_nearer_to_the_level_of_real_ones(
    work: Path, words: HeardWords, monkeypatch: pytest.MonkeyPatch, gain: float
) -> None:
    off: list[float] = []

    def moved(frames: Tensor, form: Any, rounds: int) -> Tensor:
        sound = synthesised(frames, form, rounds)
        return gain * sound if frames.requires_grad else sound

    def measured(made: Tensor, real: Tensor) -> Tensor:
        found = off_level(made, real)
        off.extend(found.tolist())
        return found

    monkeypatch.setattr(reward, "synthesised", moved)
    monkeypatch.setattr(reward, "off_level", measured)
    losses = {}
    for level in (0.0, 30.0):
        off.clear()
        judge = trainee(work, words, disturbance=0.0, level=level, likeness=0.001)
        batch = judge.batch(seeded(0))
        loss = judge.loss(batch, seeded(1))[0]
        losses[level] = loss.item()
    before = float(np.mean(off))
    assert before > 0
    assert losses[30.0] - losses[0.0] == pytest.approx(30 * before, rel=1e-3)
    loss.backward()  # type: ignore[no-untyped-call]
    step(judge.flow, 0.02)
    off.clear()
    judge.loss(batch, seeded(1))
    assert float(np.mean(off)) < before


def test_disturbance_changes_what_is_heard(work: Path, words: HeardWords) -> None:
    losses = []
    for disturbance in (0.0, 1.0):
        judge = trainee(work, words, disturbance=disturbance)
        losses.append(judge.loss(judge.batch(seeded(0)), seeded(1))[0].item())
    assert losses[0] != losses[1]


def test_a_sound_of_no_numbers_is_lost_and_spoils_no_other(
    work: Path, words: HeardWords, monkeypatch: pytest.MonkeyPatch
) -> None:
    judge = trainee(work, words)
    batch = judge.batch(seeded(0))
    decode, calls = type(judge.codec.decoder).forward, []

    def spoilt(self: Any, latents: Tensor) -> Tensor:
        calls.append(1)
        frames: Tensor = decode(self, latents)
        return frames * float("nan") if len(calls) == 1 else frames

    monkeypatch.setattr(type(judge.codec.decoder), "forward", spoilt)
    loss, figures = judge.loss(batch, seeded(1))
    assert len(calls) == len(batch.latents) > 1
    assert figures["lost"] == pytest.approx(1 / len(calls))
    loss.backward()  # type: ignore[no-untyped-call]
    assert all(
        bool(torch.isfinite(p.grad).all()) for p in judge.flow.parameters() if p.grad is not None
    )


def test_sounds_of_a_caption_whose_real_sound_is_no_numbers_are_lost(
    work: Path, words: HeardWords
) -> None:
    judge = trainee(work, words, likeness=1.0, level=1.0)
    batch = judge.batch(seeded(0))
    half = len(batch.latents) // 2
    batch.latents[0] = math.nan
    loss, figures = judge.loss(batch, seeded(1))
    assert figures["lost"] == pytest.approx(1 / half)
    loss.backward()  # type: ignore[no-untyped-call]
    assert all(
        bool(torch.isfinite(p.grad).all()) for p in judge.flow.parameters() if p.grad is not None
    )


ALL = ("kind: hum", "kind: tone", "kind: bleep", "kind: drone")


def test_what_is_held_is_pulled_back_to_where_it_was(work: Path, words: HeardWords) -> None:
    judge = trainee(work, words, held=ALL)
    batch = judge.batch(seeded(0))
    assert isinstance(batch, AskedBatch)
    assert all(batch.is_held)
    at_first, figures = judge.loss(batch, seeded(1))
    assert at_first.item() == 0
    assert figures == {"moved": 0}
    move(judge.flow)
    moved, figures = judge.loss(batch, seeded(1))
    assert moved.item() == figures["moved"] > 0
    moved.backward()  # type: ignore[no-untyped-call]
    step(judge.flow, 0.02)
    after, _ = judge.loss(batch, seeded(1))
    assert 0 < after.item() < moved.item()


def test_what_is_held_counts_as_much_as_is_said(work: Path, words: HeardWords) -> None:
    losses = {}
    for hold in (0.0, 1.0, 3.0):
        judge = trainee(work, words, held=ALL, hold=hold)
        batch = judge.batch(seeded(0))
        move(judge.flow)
        losses[hold] = judge.loss(batch, seeded(1))[0].item()
    assert losses[0.0] == 0
    assert losses[3.0] == pytest.approx(3 * losses[1.0], rel=1e-5)


def test_only_what_is_not_held_is_judged(work: Path, words: HeardWords) -> None:
    judge = trainee(work, words, held=ALL[:2], disturbance=0.0)
    batch = next(
        batch
        for i in range(50)
        for batch in [judge.batch(seeded(i))]
        if isinstance(batch, AskedBatch) and 0 < sum(batch.is_held) < len(batch.is_held)
    )
    kinds = [asked["kind"] for asked in batch.asked]
    assert list(batch.is_held) == [f"kind: {kind}" in ALL[:2] for kind in kinds]
    judged = judged_by(judge)
    loss, figures = judge.loss(batch, seeded(1))
    assert [each["kind"] for _, asked in judged for each in asked] == [
        kind for kind in kinds if f"kind: {kind}" not in ALL[:2]
    ]
    assert figures == {"lost": 0, "moved": 0}
    rows = [i for i, is_held in enumerate(batch.is_held) if not is_held]
    alone, _ = judge.loss(batch.part(rows), seeded(1))
    assert loss.item() == pytest.approx(alone.item() * len(rows) / len(kinds), rel=1e-4)


def test_the_way_is_that_of_the_sampler() -> None:
    """Before each step, and after the last."""

    def velocity(x: Tensor, t: Tensor) -> Tensor:
        return torch.tanh(x) + t[:, None, None]

    def noise() -> Tensor:
        return torch.full((1, 2, 3), 0.5)

    way = list(walked(velocity, noise, 4))
    assert torch.equal(way[0][0], noise())
    assert [t for _, t in way] == sorted({t for _, t in way}, reverse=True)
    assert (way[0][1], way[-1][1], len(way)) == (1.0, 0.0, 5)
    assert torch.equal(way[-1][0], sampled(velocity, noise, 4))


@pytest.mark.parametrize("steps", [1, 2, 4, 8])
def test_sounds_are_those_of_the_sampler(steps: int) -> None:
    shape = (2, 3, 7)
    mix = np.random.default_rng(0).standard_normal((3, 3)).astype(np.float32)

    def noise_of(seed: int) -> Any:
        random = np.random.default_rng(seed)
        return lambda: random.standard_normal(shape).astype(np.float32)

    def velocity(x: Array, t: Array) -> Array:
        found: Array = np.tanh(mix @ x) + t[:, None, None]
        return found

    noise = noise_of(1)
    expected = sample("pingpong-dpmpp", velocity, noise(), steps=steps, sigma_max=1.0, noise=noise)
    drawn = noise_of(1)
    found = sampled(
        lambda x, t: torch.tanh(torch.from_numpy(mix) @ x) + t[:, None, None],
        lambda: torch.from_numpy(drawn()),
        steps,
    )
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_gradients_pass_through_the_steps_after_the_ping_pong() -> None:
    weight = torch.ones((), requires_grad=True)
    seen: list[tuple[float, bool]] = []

    def velocity(x: Tensor, t: Tensor) -> Tensor:
        seen.append((float(t[0]), torch.is_grad_enabled()))
        return weight * x

    made = sampled(velocity, lambda: torch.ones(1, 2, 3), 8)
    assert [is_enabled for _, is_enabled in seen] == [False] * 3 + [True] * 5
    assert made.requires_grad


# what is refused


def test_a_tag_that_no_sound_has_cannot_be_held(work: Path) -> None:
    """That is said before the sounds are heard, which takes minutes."""
    text = (work / "reward.toml").read_text().replace('run = "reward"', 'run = "tagged"')
    text = text.replace("[reward]\n", '[reward]\nheld = ["kind: hum", "kind: flute"]\n')
    (work / "tagged.toml").write_text(text)
    done = run_command("train", "reward", work / "tagged.toml")
    assert done.exit_code == 1
    assert done.stderr == f"error: no sound of {work / 'latents'} has the tag 'kind: flute'\n"
    assert not (work / "tagged" / "heard.npy").exists()


def test_clips_that_tell_nothing_are_refused_before_they_are_heard(
    work: Path, tmp_path: Path
) -> None:
    clips = tmp_path / "clips"
    shutil.copytree(work / "clips", clips)
    lines = read_lines(clips / "metadata.jsonl")
    for line in lines:
        line.pop("attributes", None)
    write_lines(clips / "metadata.jsonl", lines)
    stage = read_stage(RewardStage, work / "reward.toml")
    stage = halted(stage.model_copy(update={"clips": clips}), 2, tmp_path / "run")
    with pytest.raises(TrainingError, match=r"no attribute tells the sounds of .*clips apart"):
        train_reward(stage)
    assert not (tmp_path / "run" / "heard.npy").exists()


def test_latents_of_another_codec_are_refused(
    work: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (work / "model" / "model_config.json").read_text()
    for before, after in (
        ('"latent_dim": 8', '"latent_dim": 7'),
        ('"latent_dim": 16', '"latent_dim": 14'),
        ('"io_channels": 8', '"io_channels": 7'),
    ):
        assert before in text
        text = text.replace(before, after)
    (tmp_path / "narrow.json").write_text(text)
    narrow, codec = load_config(tmp_path / "narrow.json"), open_codec(work / "ae")

    def other(_: Path) -> Codec:
        return Codec(narrow, codec.encoder, codec.decoder, is_final=False)

    monkeypatch.setattr("soundlet.training.stages.open_codec", other)
    stage = halted(read_stage(RewardStage, work / "reward.toml"), 2, tmp_path / "run")
    with pytest.raises(TrainingError, match="latents of 8 channels; the autoencoder's have 7"):
        train_reward(stage)


def test_an_autoencoder_is_needed(work: Path) -> None:
    text = (work / "reward.toml").read_text().replace('autoencoder = "ae"\n', "")
    (work / "deaf.toml").write_text(text)
    with pytest.raises(ConfigError, match="autoencoder: missing"):
        read_stage(RewardStage, work / "deaf.toml")


def test_the_command_says_where_the_run_is(work: Path) -> None:
    done = run_command("train", "reward", work / "reward.toml")
    assert done.exit_code == 0
    assert done.stdout.startswith(f"{work / 'reward'}  step 50")
