from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
import torch

from soundlet.config import ModelConfig, T5Config, parse_config
from soundlet.engines import codec
from soundlet.engines.torch import ModuleEngine, available_device
from soundlet.errors import EngineError
from soundlet.models import build_model


@pytest.mark.parametrize("name", ["gpu", "", "xla", "cpu:x"])
def test_an_unknown_device_is_refused_with_those_there_are(name: str) -> None:
    with pytest.raises(EngineError, match="must be one of cuda, mps, cpu"):
        available_device(name)


def test_a_gpu_that_is_not_there_is_refused() -> None:
    with pytest.raises(EngineError, match="'cuda:99' is not there"):
        available_device("cuda:99")


def test_arrays_that_cannot_be_written_to_are_read(
    tiny_config: ModelConfig, tiny_t5_config: T5Config
) -> None:
    engine = ModuleEngine(build_model(tiny_config, tiny_t5_config), tiny_config)
    latents = np.zeros((1, 8, 3), np.float32)
    latents.flags.writeable = False
    assert engine.decode(latents).shape == (1, 2, 96)


def test_a_long_sound_is_decoded_and_encoded_in_tiles(
    tiny_config: ModelConfig, tiny_t5_config: T5Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.manual_seed(0)
    engine = ModuleEngine(build_model(tiny_config, tiny_t5_config), tiny_config)
    latents = np.random.default_rng(0).standard_normal((2, 8, 40)).astype(np.float32)
    audio = engine.decode(latents)
    mean_and_scale = engine.encode(audio)
    monkeypatch.setattr(codec, "TILE_SAMPLES", 5 * tiny_config.hop_length)
    np.testing.assert_allclose(engine.decode(latents), audio, rtol=0, atol=1e-6)
    np.testing.assert_allclose(engine.encode(audio), mean_and_scale, rtol=0, atol=1e-6)


def test_a_spectral_codec_decodes_to_samples_and_encodes_them(
    tiny_json: dict[str, Any], tiny_t5_config: T5Config
) -> None:
    sizes = {"n_fft": 64, "hop_length": 8, "frames_per_latent": 4, "n_bands": 4}
    sizes |= {"frame_width": 8, "frame_depth": 1, "width": 8, "depth": 1}
    parts = tiny_json["model"]["pretransform"]["config"]
    encoder = {**sizes, "in_channels": 2, "latent_dim": 16}
    decoder = {**sizes, "out_channels": 2, "latent_dim": 8}
    parts["encoder"] = {"type": "spectral", "config": encoder}
    parts["decoder"] = {"type": "spectral", "config": decoder}
    config = parse_config(json.dumps(tiny_json))
    engine = ModuleEngine(build_model(config, tiny_t5_config), config)
    audio = engine.decode(np.zeros((1, 8, 6), np.float32))
    assert audio.shape == (1, 2, 6 * 32)
    assert engine.encode(audio).shape == (1, 16, 6)
