"""A flow that learns some of the sounds, and is held where it was for all others."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor

from soundlet.tokenizer import Tokenizer
from soundlet.training.flow import FlowSettings, FlowTrainee, HeldBatch, condition, mixed
from soundlet.training.latents import LatentStore
from soundlet.training.settings import FlowStage, read_stage
from soundlet.training.stages import train_flow
from tests.unit.training.test_reward import flow_of, seeded
from tests.unit.training.test_stages import assert_same_weights, halted, run_command, work

__all__ = ["work"]  # a fixture: the stages, run one after the other

LEARNT = ("kind: hum",)


def trainee(work: Path, run: str = "flow", hold: float = 2.0) -> FlowTrainee:
    store = LatentStore(work / "latents")
    tokenizer = Tokenizer(work / run / "spiece.model", 16)
    settings = FlowSettings(batch_frames=256, cfg_dropout=0.0, learnt=LEARNT, hold=hold)
    silence = torch.from_numpy(store.silence)
    learner = FlowTrainee(flow_of(work / run), store, tokenizer, silence, settings)
    learner.begin()
    return learner


def mixed_batch(learner: FlowTrainee) -> HeldBatch:
    """A batch with sounds of both sorts."""
    batches = (learner.batch(seeded(i)) for i in range(50))
    return next(
        batch
        for batch in batches
        if isinstance(batch, HeldBatch) and 0 < int(batch.is_held.sum()) < len(batch.is_held)
    )


def part(batch: HeldBatch, rows: Tensor) -> HeldBatch:
    return HeldBatch(
        batch.latents[rows],
        batch.prompt_tokens[rows],
        batch.prompt_mask[rows],
        batch.seconds[rows],
        is_held=batch.is_held[rows],
    )


def test_sounds_without_a_tag_that_is_named_are_held(work: Path) -> None:
    learner = trainee(work)
    chosen = learner.batches.choose(seeded(3))
    batch = learner.batch(seeded(3))
    assert isinstance(batch, HeldBatch)
    tags = [learner.batches.store.entries[index].tags for index in chosen.indices]
    assert batch.is_held.tolist() == ["kind: hum" not in each for each in tags]


def test_what_is_held_costs_how_far_the_guess_at_the_sound_has_moved(work: Path) -> None:
    learner = trainee(work)
    batch = mixed_batch(learner)
    held = part(batch, batch.is_held)
    at_first, figures = learner.loss(held, seeded(1))
    assert 0 <= at_first.item() < 1e-12  # training and evaluating round differently
    assert 0 <= figures["moved"] < 1e-12
    with torch.no_grad():
        for parameter in learner.flow.dit.parameters():
            parameter.mul_(1.05)
    moved, figures = learner.loss(held, seeded(1))
    assert moved.item() == pytest.approx(2 * figures["moved"]) != 0
    moved.backward()  # type: ignore[no-untyped-call]
    with torch.no_grad():
        for parameter in learner.flow.dit.parameters():
            if parameter.grad is not None:
                parameter.sub_(1e-3 * parameter.grad / (parameter.grad.norm() + 1e-9))
    after, _ = learner.loss(held, seeded(1))
    assert 0 < after.item() < moved.item()


def test_the_guess_is_the_sound_at_the_end_of_a_straight_way(work: Path) -> None:
    """A velocity that is wrong by 1 moves the guess by the time that is left."""
    learner = trainee(work)
    batch = mixed_batch(learner)
    held = part(batch, batch.is_held)
    t = torch.linspace(0.1, 0.9, len(held.latents))
    x = mixed(held.latents, torch.randn(held.latents.shape, generator=seeded(2)), t)
    told = condition(learner.flow, held)
    with torch.no_grad():
        velocity = learner.flow.dit(x, t, *told).float()
        moved = learner._moved(velocity + 1, x, t, told)
    assert torch.allclose(moved, t**2, atol=1e-5)


def test_what_is_learnt_costs_what_it_costs_alone(work: Path) -> None:
    learner = trainee(work)
    batch = mixed_batch(learner)
    losses = []
    for held in (batch.is_held, torch.zeros_like(batch.is_held)):
        each = HeldBatch(
            batch.latents, batch.prompt_tokens, batch.prompt_mask, batch.seconds, is_held=held
        )
        losses.append(learner.loss(each, seeded(1)))
    (some, figures), (all_of_them, without) = losses
    assert "moved" in figures
    assert "moved" not in without
    assert some.item() < all_of_them.item()
    assert figures["error_below_half"] == without["error_below_half"]


def stage_text(work: Path, run: str, settings: str, start_from: str = "flow") -> str:
    text = (work / "flow.toml").read_text().replace('run = "flow"', f'run = "{run}"')
    text = text.replace('text_from = "text"', f'start_from = "{start_from}"')
    return text.replace("[flow]\n", f"[flow]\n{settings}\n")


def test_a_run_that_holds_and_was_stopped_ends_with_the_same_weights(
    work: Path, tmp_path: Path
) -> None:
    (work / "learnt.toml").write_text(stage_text(work, "learnt", 'learnt = ["kind: hum"]'))
    stage = read_stage(FlowStage, work / "learnt.toml")
    train_flow(halted(stage, 20, tmp_path / "whole"))
    train_flow(halted(stage, 9, tmp_path / "stopped"))
    train_flow(halted(stage, 20, tmp_path / "stopped"))
    assert_same_weights(tmp_path / "whole", tmp_path / "stopped")


def test_the_flow_moves_less_the_more_that_counts(work: Path, tmp_path: Path) -> None:
    moved = {}
    for hold in (0.0, 50.0):
        settings = f'learnt = ["kind: hum"]\nhold = {hold}'
        (work / "held.toml").write_text(stage_text(work, "held", settings))
        folder = tmp_path / str(hold)
        train_flow(halted(read_stage(FlowStage, work / "held.toml"), 40, folder))
        learner = trainee(work)
        batch = mixed_batch(learner)
        learner.flow.load_state_dict(flow_of(folder).state_dict())
        moved[hold] = learner.loss(batch, seeded(1))[1]["moved"]
    assert 0 < moved[50.0] < moved[0.0] / 2


def test_tags_that_no_sound_has_and_a_flow_from_nothing_are_refused(work: Path) -> None:
    (work / "flutes.toml").write_text(stage_text(work, "flutes", 'learnt = ["kind: flute"]'))
    done = run_command("train", "flow", work / "flutes.toml")
    assert done.exit_code == 1
    assert done.stderr == f"error: no sound of {work / 'latents'} has the tag 'kind: flute'\n"
    text = stage_text(work, "fresh", 'learnt = ["kind: hum"]').replace('start_from = "flow"\n', "")
    (work / "fresh.toml").write_text(text)
    done = run_command("train", "flow", work / "fresh.toml")
    assert done.exit_code == 1
    assert "name the run or the bundle to go on from with start_from" in done.stderr
    assert not (work / "flutes").exists()
    assert not (work / "fresh").exists()
