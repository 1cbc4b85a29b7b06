"""Tiles of levels against the modules in PyTorch, whatever the sizes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from soundlet.config import OobleckDecoderConfig, OobleckEncoderConfig
from soundlet.engines import oobleck
from soundlet.engines.oobleck import even_tiles, oobleck_decoder, oobleck_encoder
from soundlet.engines.weights import Weights
from soundlet.errors import EngineError
from soundlet.models.oobleck import OobleckDecoder, OobleckEncoder

TOLERANCE = 1e-5
"""Greatest difference over greatest value: float32 rounds at 6e-8, over some hundred sums."""

SIZES = {"channels": 16, "c_mults": (1, 2, 3), "strides": (2, 4, 6), "use_snake": True}


def saved(module: nn.Module, path: Path) -> Weights:
    torch.manual_seed(0)
    for name, parameter in module.named_parameters():
        gain = 0.3 if name.endswith(".layers.3.weight") else 1.0  # as in a trained model, branches
        fan_in = parameter[0].numel() if parameter.ndim > 1 else 100  # add little to what they get
        nn.init.normal_(parameter, std=gain * fan_in**-0.5)
    save_file({f"part.{name}": value for name, value in module.state_dict().items()}, path)
    return Weights(path, "part.")


def relative_error(found: np.ndarray, expected: np.ndarray) -> float:
    assert found.shape == expected.shape
    return float(np.abs(found - expected).max() / np.abs(expected).max())


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("tile_numbers", [2**19, 16 * 50])
@pytest.mark.parametrize(("n_frames", "final_tanh"), [(1, False), (23, True)])
def test_the_decoder_is_that_of_the_whole(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    threads: int,
    tile_numbers: int,
    n_frames: int,
    final_tanh: bool,
) -> None:
    monkeypatch.setattr(oobleck, "TILE_NUMBERS", tile_numbers)
    monkeypatch.setattr(oobleck, "PIECE_NUMBERS", tile_numbers // 4)
    monkeypatch.setattr(oobleck, "SMALLEST_TILE", 8)
    config = OobleckDecoderConfig.model_validate(
        {**SIZES, "latent_dim": 5, "out_channels": 2, "final_tanh": final_tanh}
    )
    module = OobleckDecoder(config)
    network = oobleck_decoder(saved(module, tmp_path / "w"), config, threads=threads)
    latents = torch.randn(2, 5, n_frames)
    with torch.inference_mode():
        expected = module(latents).numpy()
    assert relative_error(network(latents.numpy()), expected) < TOLERANCE


@pytest.mark.parametrize("tile_numbers", [2**19, 16 * 50])
@pytest.mark.parametrize("n_frames", [1, 23])
def test_the_encoder_is_that_of_the_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tile_numbers: int, n_frames: int
) -> None:
    monkeypatch.setattr(oobleck, "TILE_NUMBERS", tile_numbers)
    monkeypatch.setattr(oobleck, "PIECE_NUMBERS", tile_numbers // 4)
    monkeypatch.setattr(oobleck, "SMALLEST_TILE", 8)
    config = OobleckEncoderConfig.model_validate({**SIZES, "latent_dim": 6, "in_channels": 2})
    module = OobleckEncoder(config)
    network = oobleck_encoder(saved(module, tmp_path / "w"), config, threads=2)
    audio = torch.randn(2, 2, 48 * n_frames)
    with torch.inference_mode():
        expected = module(audio).numpy()
    assert relative_error(network(audio.numpy()), expected) < TOLERANCE


@pytest.mark.parametrize(
    ("length", "size", "threads"), [(1000, 300, 1), (1000, 300, 3), (5000, 400, 4), (10, 300, 8)]
)
def test_tiles_cover_all_samples_and_share_them_out_evenly(
    length: int, size: int, threads: int
) -> None:
    found = even_tiles(length, size, threads)
    assert [first for first, _ in found[1:]] == [end for _, end in found[:-1]]
    assert (found[0][0], found[-1][1]) == (0, length)
    assert max(end - first for first, end in found) <= size
    assert len(found) % threads == 0 or length < threads * oobleck.SMALLEST_TILE


def test_a_tensor_that_is_not_there_is_named(tmp_path: Path) -> None:
    save_file({"part.layers.0.weight": torch.zeros(1)}, tmp_path / "w")
    with pytest.raises(EngineError, match=r"w has no tensor part\.layers\.0\.bias"):
        Weights(tmp_path / "w", "part.")["layers.0.bias"]


HEADERS = [
    "no tensors here",
    "[" * 100_000,
    "[]",
    '{"a": 1}',
    '{"a": {"shape": [2], "data_offsets": [0, 8]}}',
    '{"a": {"dtype": "F32", "shape": [2]}}',
    '{"a": {"dtype": "F32", "shape": [1e999], "data_offsets": [0, 8]}}',
    '{"a": {"dtype": "F32", "shape": [2], "data_offsets": [0]}}',
    '{"a": {"dtype": "F32", "shape": [3], "data_offsets": [0, 8]}}',
    '{"a": {"dtype": "F32", "shape": [-2], "data_offsets": [8, 0]}}',
    '{"a": {"dtype": "F32", "shape": [2], "data_offsets": [8, 16]}}',
    '{"a": {"dtype": "F32", "shape": [2], "data_offsets": [-8, 0]}}',
]


@pytest.mark.parametrize("header", HEADERS)
def test_a_file_that_is_no_safetensors_is_an_engine_error(tmp_path: Path, header: str) -> None:
    text = header.encode()
    (tmp_path / "w").write_bytes(len(text).to_bytes(8, "little") + text + bytes(8))
    with pytest.raises(EngineError, match="w cannot be read as safetensors"):
        Weights(tmp_path / "w")
