"""A DiT that predicts data: where it starts, and that it goes on from one that does not."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from soundlet.training.clips import ClipFolder
from soundlet.training.flow import FlowBatch, FlowSettings, FlowTrainee
from soundlet.training.latents import LatentStatistics, LatentStore, encode_clips
from soundlet.training.output import fit_output, spread_of
from soundlet.training.settings import FlowStage, read_stage
from soundlet.training.stages import train_flow
from soundlet.training.weights import average_weights

CHANNELS = 8
LOOP = '[loop]\nsteps = {steps}\nlearning_rate = 2e-3\nbfloat16 = false\ndevice = "cpu"\n'
STAGE = 'run = "{run}"\nmodel = "{model}"\nlatents = "latents"\n'


@pytest.fixture
def work(tmp_path: Path, model_folder: Path, clip_folder: Path) -> Path:
    """Latents whose channels have different spreads, and a model of each sort."""

    def encode(
        audio: np.ndarray[tuple[int, ...], np.dtype[np.float32]],
    ) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
        frames = audio[:, 0].reshape(len(audio), -1, 256)[:, :, :CHANNELS].swapaxes(1, 2)
        loudness: np.ndarray[tuple[int, ...], np.dtype[np.float32]] = frames * np.geomspace(
            20, 0.2, CHANNELS, dtype=np.float32
        ).reshape(1, -1, 1)
        return loudness

    ones = (1.0,) * CHANNELS
    encode_clips(
        ClipFolder(clip_folder),
        tmp_path / "latents",
        encode,
        hop_length=256,
        frames_multiple=8,
        max_frames=32,
        statistics=LatentStatistics(mean=(0.0,) * CHANNELS, std=ones, deviation=ones),
    )
    shutil.copytree(model_folder, tmp_path / "velocity")
    shutil.copytree(model_folder, tmp_path / "data")
    config = json.loads((model_folder / "model_config.json").read_text())
    config["model"]["diffusion"]["config"]["predicts"] = "data"
    (tmp_path / "data" / "model_config.json").write_text(json.dumps(config))
    return tmp_path


def stage_of(work: Path, model: str, steps: int, run: str, **more: str) -> FlowStage:
    extra = "".join(f'{name} = "{value}"\n' for name, value in more.items())
    path = work / f"{run}.toml"
    settings = LOOP.format(steps=steps) + "[flow]\nbatch_frames = 128\nearliest = 0.1\n"
    path.write_text(STAGE.format(run=run, model=model) + extra + settings)
    return read_stage(FlowStage, path)


def test_the_spread_of_each_channel_is_kept_with_the_weights(work: Path) -> None:
    train_flow(stage_of(work, "data", 2, "run"))
    store = LatentStore(work / "latents")
    spread = average_weights(work / "run")["dit.spread"]
    torch.testing.assert_close(spread, spread_of(store))
    values = torch.from_numpy(np.asarray(store.values, dtype=np.float32))
    torch.testing.assert_close(spread, values.std(dim=0), rtol=1e-3, atol=1e-4)


def test_a_model_of_data_goes_on_from_one_of_velocities(work: Path) -> None:
    train_flow(stage_of(work, "velocity", 60, "before"))
    run = train_flow(stage_of(work, "data", 1, "after", start_from="before"))
    before, after = average_weights(work / "before"), average_weights(work / "after")
    same = "dit.blocks.1.feed_forward.expand.weight"
    torch.testing.assert_close(after[same], before[same], rtol=0, atol=3e-3)
    trainee = run.trainee
    assert isinstance(trainee, FlowTrainee)
    batches = [trainee.batch(torch.Generator().manual_seed(seed)) for seed in range(8)]
    fit_output(trainee.flow, batches, torch.Generator().manual_seed(0))
    fitted = error_of(trainee, batches)
    with torch.no_grad():
        trainee.flow.dit.project_out.weight.zero_()
    assert fitted < 0.8 * error_of(trainee, batches)


def test_a_sound_that_is_all_wrong_does_not_drown_the_others(work: Path) -> None:
    trainee = train_flow(stage_of(work, "velocity", 1, "run")).trainee
    assert isinstance(trainee, FlowTrainee)
    batch = trainee.batch(torch.Generator().manual_seed(0))

    def slope(factor: float) -> float:
        scale = torch.ones(len(batch.latents))
        scale[0] = factor
        loud = replace(batch, latents=batch.latents * scale[:, None, None])
        trainee.flow.zero_grad()
        trainee.loss(loud, torch.Generator().manual_seed(1))[0].backward()  # type: ignore[no-untyped-call]
        slopes = [p.grad for p in trainee.flow.parameters() if p.grad is not None]
        return float(torch.stack([one.norm() for one in slopes]).norm())

    assert len(batch.latents) > 1
    assert slope(1000) < 10 * slope(1)


def error_of(trainee: FlowTrainee, batches: list[FlowBatch]) -> float:
    trainee.settings = FlowSettings(cfg_dropout=0, earliest=0.1)
    losses = [trainee.loss(batch, torch.Generator().manual_seed(5))[0] for batch in batches]
    return torch.stack(losses).mean().item()
