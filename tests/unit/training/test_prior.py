"""The regression that gives the prior its weights finds what was put into the sounds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from soundlet.config import load_config, load_t5_config
from soundlet.tokenizer import Tokenizer
from soundlet.training.flow import Flow, build_flow
from soundlet.training.latents import LatentStore
from soundlet.training.loop import TrainingError
from soundlet.training.prior import fit_prior

CHANNELS, FRAMES, HOP, RATE = 8, 32, 256, 44100
NAMES = ("hum", "tone", "bleep", "drone")
SECONDS = FRAMES * HOP / RATE
PRIOR = {"n_words": 400, "rank": 4, "frames_per_second": RATE / HOP}


@pytest.fixture
def told_model(model_folder: Path, tmp_path: Path) -> Path:
    """The tiny model, with a prior."""
    config = json.loads((model_folder / "model_config.json").read_text())
    config["model"]["diffusion"]["config"]["prior"] = PRIOR
    (tmp_path / "model_config.json").write_text(json.dumps(config))
    for name in ("t5_config.json", "spiece.model"):
        (tmp_path / name).write_bytes((model_folder / name).read_bytes())
    return tmp_path


def flow_of(folder: Path) -> Flow:
    torch.manual_seed(0)
    config = load_config(folder / "model_config.json")
    return build_flow(config, load_t5_config(folder / "t5_config.json"), folder / "spiece.model")


def store_of(folder: Path, noise: float) -> tuple[LatentStore, np.ndarray[Any, Any]]:
    """400 sounds of two names each, whose latents are the sum of the two names' spectra."""
    rng = np.random.default_rng(0)
    spectra = rng.normal(size=(len(NAMES), 2, CHANNELS))  # of the first half and of the second
    captions, sounds = [], []
    for _ in range(400):
        pair = rng.choice(len(NAMES), 2, replace=False)
        captions.append(" ".join(NAMES[i] for i in pair))
        halves = np.repeat(spectra[pair].sum(axis=0), FRAMES // 2, axis=0)
        sounds.append(halves + noise * rng.normal(size=halves.shape))
    folder.mkdir()
    np.save(folder / "latents.npy", np.concatenate(sounds).astype(np.float16))
    np.save(folder / "silence.npy", np.full((CHANNELS, 8), -2, dtype=np.float32))
    lines = [
        {"start": i * FRAMES, "frames": FRAMES, "seconds": SECONDS, "captions": [caption]}
        for i, caption in enumerate(captions)
    ]
    (folder / "entries.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return LatentStore(folder), spectra


@torch.inference_mode()
def test_it_finds_what_each_word_calls_for(told_model: Path, tmp_path: Path) -> None:
    flow = flow_of(told_model)
    store, spectra = store_of(tmp_path / "latents", noise=0.5)
    tokenizer = Tokenizer(told_model / "spiece.model", 16)
    fit_prior(flow, store, tokenizer)
    prior = flow.dit.prior
    assert prior is not None
    assert flow.dit.tempo is not None
    tokens, mask = tokenizer.encode(["bleep drone"])
    length = torch.tensor([SECONDS / 2])
    cross, _, end = flow.conditioners(torch.from_numpy(tokens), torch.from_numpy(mask), length)
    mean = prior(cross[:, :-1], end, flow.dit.tempo(cross[:, :-1]), FRAMES)[0].numpy()
    wanted = spectra[2] + spectra[3]
    error = mean[:, : FRAMES // 2 - 1] - wanted[0][:, None]
    assert (error**2).mean() < 0.05 * (wanted[0] ** 2).mean()
    np.testing.assert_allclose(mean[:, FRAMES // 2 + 1 :], -2, atol=0.01)


def test_a_model_without_a_prior_has_none_to_fit(model_folder: Path, tmp_path: Path) -> None:
    store, _ = store_of(tmp_path / "latents", noise=0.5)
    tokenizer = Tokenizer(model_folder / "spiece.model", 16)
    with pytest.raises(TrainingError, match="names no prior"):
        fit_prior(flow_of(model_folder), store, tokenizer)
