"""Sounds as a flow makes them, after the real ones."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from soundlet.config import load_config, load_t5_config
from soundlet.tokenizer import Tokenizer
from soundlet.training.clips import Audio, ClipFolder
from soundlet.training.flow import Flow, build_flow
from soundlet.training.latents import LatentStatistics, LatentStore, encode_clips
from soundlet.training.loop import TrainingError
from soundlet.training.remaking import remake_sounds

CHANNELS = 8


@pytest.fixture(scope="module")
def store(clip_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> LatentStore:
    def encode(audio: Audio) -> np.ndarray[Any, np.dtype[np.float32]]:
        return audio[:, 0].reshape(len(audio), -1, 256)[:, :, :CHANNELS].swapaxes(1, 2)

    zeros, ones = (0.0,) * CHANNELS, (1.0,) * CHANNELS
    return encode_clips(
        ClipFolder(clip_folder),
        tmp_path_factory.mktemp("latents"),
        encode,
        hop_length=256,
        frames_multiple=8,
        max_frames=32,
        statistics=LatentStatistics(mean=zeros, std=ones, deviation=zeros),
    )


@pytest.fixture(scope="module")
def flow(model_folder: Path) -> Flow:
    torch.manual_seed(0)
    config = load_config(model_folder / "model_config.json")
    t5_config = load_t5_config(model_folder / "t5_config.json")
    return build_flow(config, t5_config, model_folder / "spiece.model").eval()


@pytest.fixture(scope="module")
def tokenizer(model_folder: Path) -> Tokenizer:
    return Tokenizer(model_folder / "spiece.model", 16)


def test_real_sounds_stay_and_made_ones_follow_with_what_is_known_of_them(
    store: LatentStore, flow: Flow, tokenizer: Tokenizer, tmp_path: Path
) -> None:
    seen: list[tuple[int, int]] = []
    made = remake_sounds(
        store, flow, tokenizer, tmp_path, count=7, on_progress=lambda *at: seen.append(at)
    )
    n_real = len(store.entries)
    assert made.entries[:n_real] == store.entries
    np.testing.assert_array_equal(made.values[: len(store.values)], store.values)
    assert seen[-1] == (7, 7)
    assert len(made.entries) == n_real + 7
    known = {(e.captions, e.seconds, e.tags, e.frames): i for i, e in enumerate(store.entries)}
    assert len(known) == n_real
    for i, entry in enumerate(made.entries[n_real:], n_real):
        real = known[entry.captions, entry.seconds, entry.tags, entry.frames]
        latents = made.latents(i, entry.frames)
        assert latents.shape == (CHANNELS, entry.frames)
        assert not np.array_equal(latents, store.latents(real, entry.frames))
    assert made.entries[-1].start + made.entries[-1].frames == len(made.values)
    assert made.statistics == store.statistics


def test_the_less_a_sound_is_hidden_the_more_of_it_comes_back(
    store: LatentStore, flow: Flow, tokenizer: Tokenizer, tmp_path: Path
) -> None:
    errors = []
    for t in (0.1, 0.6, 1.0):
        made = remake_sounds(
            store, flow, tokenizer, tmp_path / str(t), count=len(store.entries), times=(t, t)
        )
        n_real = len(store.values)
        assert len(made.values) == 2 * n_real
        real, again = (part.astype(np.float64) for part in np.split(made.values, [n_real]))
        errors.append(float(np.square(again - real).mean()))
    assert errors[0] < 0.5 * errors[1] < 0.5 * errors[2]


def test_the_same_seed_makes_the_same(
    store: LatentStore, flow: Flow, tokenizer: Tokenizer, tmp_path: Path
) -> None:
    a, b, other = (
        remake_sounds(store, flow, tokenizer, tmp_path / name, count=5, seed=seed)
        for name, seed in (("a", 1), ("b", 1), ("c", 2))
    )
    assert a.entries == b.entries
    np.testing.assert_array_equal(a.values, b.values)
    assert a.entries != other.entries or not np.array_equal(a.values, other.values)


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ({"count": 0}, "count must be 1 to "),
        ({"count": 10**6}, "not 1000000"),
        ({"times": (0.0, 0.9)}, "times must be above 0, at most 1, the earlier one first"),
        ({"times": (0.9, 0.6)}, "not 0.9 and 0.6"),
        ({"times": (0.9, 1.5)}, "not 0.9 and 1.5"),
    ],
)
def test_what_cannot_be_made_again(
    store: LatentStore,
    flow: Flow,
    tokenizer: Tokenizer,
    tmp_path: Path,
    how: dict[str, Any],
    says: str,
) -> None:
    with pytest.raises(TrainingError, match=re.escape(says)):
        remake_sounds(store, flow, tokenizer, tmp_path / "out", **{"count": 1, **how})
    assert not (tmp_path / "out").exists()
    with pytest.raises(TrainingError, match="is the store of the real sounds"):
        remake_sounds(store, flow, tokenizer, store.folder, count=1)
