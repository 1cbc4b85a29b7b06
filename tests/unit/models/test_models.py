from __future__ import annotations

import json
from typing import Any

import torch

from soundlet.config import ModelConfig, T5Config, parse_config
from soundlet.models import build_model
from soundlet.models.spectral import SpectralDecoder, SpectralEncoder


def test_a_model_on_meta_allocates_nothing_and_has_the_same_tensors(
    tiny_config: ModelConfig, tiny_t5_config: T5Config
) -> None:
    empty = build_model(tiny_config, tiny_t5_config, device="meta").state_dict()
    real = build_model(tiny_config, tiny_t5_config).state_dict()
    assert {name: tensor.shape for name, tensor in empty.items()} == {
        name: tensor.shape for name, tensor in real.items()
    }
    assert all(tensor.is_meta for tensor in empty.values())


def test_a_model_on_meta_is_whole_once_its_weights_are_assigned(
    tiny_config: ModelConfig, tiny_t5_config: T5Config
) -> None:
    real = build_model(tiny_config, tiny_t5_config)
    copy = build_model(tiny_config, tiny_t5_config, device="meta")
    copy.load_state_dict(real.state_dict(), assign=True)
    ids = torch.ones(1, 16, dtype=torch.long)
    with torch.inference_mode():
        found, expected = (m.conditioners(ids, ids, torch.ones(1))[0] for m in (copy, real))
    assert torch.equal(found, expected)


def test_the_codec_is_of_the_type_that_the_config_names(
    tiny_json: dict[str, Any], tiny_t5_config: T5Config
) -> None:
    sizes = {"n_fft": 64, "hop_length": 8, "frames_per_latent": 4, "n_bands": 4}
    sizes |= {"frame_width": 8, "frame_depth": 1, "width": 8, "depth": 1}
    codec = tiny_json["model"]["pretransform"]["config"]
    encoder = {**sizes, "in_channels": 2, "latent_dim": 16}
    decoder = {**sizes, "out_channels": 2, "latent_dim": 8}
    codec["encoder"] = {"type": "spectral", "config": encoder}
    codec["decoder"] = {"type": "spectral", "config": decoder}
    model = build_model(parse_config(json.dumps(tiny_json)), tiny_t5_config)
    assert isinstance(model.encoder, SpectralEncoder)
    assert isinstance(model.decoder, SpectralDecoder)
