"""The file of weights: what safetensors itself reads, at the places told."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from soundlet.bundle import PARTS, Part, Precision
from soundlet.errors import CheckpointError
from soundlet.export.weights import Placement, write_weights


def tensors() -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    return {
        "conditioners.frequencies": torch.randn(128, 1),
        "dit.wide.weight": torch.randn(100, 100).T,
        "dit.norm.gamma": torch.randn(5000),
        "decoder.conv.weight": torch.randn(65, 65, 1).half(),
        "encoder.odd": torch.randn(3),
    }


def write(path: Path, precision: Precision) -> dict[str, Placement]:
    return write_weights(path, tensors(), dict.fromkeys(PARTS, precision))


def test_float32_is_kept_to_the_bit(tmp_path: Path) -> None:
    write(tmp_path / "w.safetensors", "float32")
    found = load_file(tmp_path / "w.safetensors")
    assert found.keys() == tensors().keys()
    for name, tensor in tensors().items():
        assert found[name].dtype == torch.float32
        assert torch.equal(found[name], tensor.float())


def test_float16_is_for_large_matrices(tmp_path: Path) -> None:
    write(tmp_path / "w.safetensors", "float16")
    found = load_file(tmp_path / "w.safetensors")
    halved = {name for name, tensor in found.items() if tensor.dtype == torch.float16}
    assert halved == {"dit.wide.weight", "decoder.conv.weight"}
    for name, tensor in tensors().items():
        assert torch.equal(found[name].float(), tensor.to(found[name].dtype).float())


@pytest.mark.parametrize("value", [1e6, np.inf, np.nan])
def test_what_float16_cannot_hold_is_named(tmp_path: Path, value: float) -> None:
    wrong = tensors()
    wrong["dit.wide.weight"][3, 5] = value
    precision: dict[Part, Precision] = dict.fromkeys(PARTS, "float32")
    write_weights(tmp_path / "w.safetensors", wrong, precision)
    with pytest.raises(CheckpointError, match=r"^dit\.wide\.weight has .* --precision float32"):
        write_weights(tmp_path / "w.safetensors", wrong, {**precision, "dit": "float16"})


def test_the_places_told_hold_the_tensors_and_are_aligned(tmp_path: Path) -> None:
    for precision in ("float32", "float16"):
        placements = write(tmp_path / "w.safetensors", precision)
        data = (tmp_path / "w.safetensors").read_bytes()
        for name, tensor in load_file(tmp_path / "w.safetensors").items():
            place = placements[name]
            stored = data[place.offset : place.offset + place.length]
            kind = np.float16 if place.dtype == torch.float16 else np.float32
            assert place.offset % np.dtype(kind).itemsize == 0
            assert np.array_equal(np.frombuffer(stored, kind).reshape(place.shape), tensor.numpy())


def test_the_same_weights_make_the_same_file(tmp_path: Path) -> None:
    write(tmp_path / "a", "float16")
    write(tmp_path / "b", "float16")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
