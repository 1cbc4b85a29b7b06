"""One file of weights that both engines read: safetensors, written tensor by tensor."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from soundlet.bundle import PARTS, Part, Precision
from soundlet.engines.weights import DTYPES, Stored
from soundlet.errors import CheckpointError

if TYPE_CHECKING:
    import torch
    from torch import Tensor

__all__ = [
    "KEPT_FLOAT32",
    "Placement",
    "Stored",
    "in_float16",
    "write_tensors",
    "write_weights",
]

KEPT_FLOAT32 = 4096  # elements; smaller tensors cost nothing and frequencies among them need digits


@dataclass(frozen=True)
class Placement:
    """Where a tensor lies in the file, in bytes."""

    dtype: torch.dtype
    shape: tuple[int, ...]
    offset: int
    length: int


def write_weights(
    path: Path, tensors: Mapping[str, Tensor], precision: Mapping[Part, Precision]
) -> dict[str, Placement]:
    """Write `tensors` as safetensors, with no second copy of them in memory.

    Args:
        path: of the file.
        tensors: by name, the part before the first dot; any floating point type.
        precision: of each part. In float16, vectors and small matrices stay float32 all the same.

    Returns:
        Where each tensor is.

    Raises:
        CheckpointError: numbers that float16 cannot hold are to be stored in it.
    """
    import torch

    kinds = {"F32": torch.float32, "F16": torch.float16}

    def stored(name: str, tensor: Tensor, part: Part) -> Stored:
        def array() -> NDArray[np.generic]:
            found: NDArray[np.float32] = tensor.detach().to("cpu", torch.float32).numpy()
            return in_float16(name, found) if is_half else found

        is_large = tensor.ndim > 1 and tensor.numel() >= KEPT_FLOAT32
        is_half = precision[part] == "float16" and is_large
        return Stored("F16" if is_half else "F32", tuple(tensor.shape), array)

    parts = {
        name: stored(name, tensor, part)
        for part in PARTS
        for name, tensor in tensors.items()
        if name.startswith(f"{part}.")
    }
    return {
        name: Placement(kinds[parts[name].dtype], parts[name].shape, offset, length)
        for name, (offset, length) in write_tensors(path, parts).items()
    }


def in_float16(name: str, array: NDArray[np.generic]) -> NDArray[np.float16]:
    """The tensor `name` rounded to float16.

    Raises:
        CheckpointError: it has numbers that float16 cannot hold.
    """
    with np.errstate(over="ignore"):
        rounded = array.astype(np.float16)
    if not np.isfinite(rounded).all():
        raise CheckpointError(
            f"{name} has numbers that float16 cannot hold, up to {np.abs(array).max():g}:"
            " convert with --precision float32"
        )
    return rounded


def write_tensors(path: Path, tensors: Mapping[str, Stored]) -> dict[str, tuple[int, int]]:
    """Write `tensors` as safetensors, one after the other.

    Returns:
        The first byte of each in the file, and how many there are.
    """
    order = sorted(tensors, key=lambda name: -DTYPES[tensors[name].dtype].itemsize)
    header: dict[str, object] = {}  # the order keeps every tensor aligned to its numbers
    end = 0
    for name in order:
        start, end = end, end + tensors[name].n_bytes
        header[name] = {
            "dtype": tensors[name].dtype,
            "shape": list(tensors[name].shape),
            "data_offsets": [start, end],
        }
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-(len(text) + 8) % 64)
    placements: dict[str, tuple[int, int]] = {}
    with path.open("wb") as file:
        file.write(len(text).to_bytes(8, "little"))
        file.write(text)
        for name in order:
            placements[name] = file.tell(), tensors[name].n_bytes
            file.write(np.ascontiguousarray(tensors[name].array()).data.cast("B"))
    return placements
