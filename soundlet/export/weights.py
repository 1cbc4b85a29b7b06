"""One file of weights that both engines read: safetensors, written tensor by tensor."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from soundlet.bundle import PARTS, Part, Precision

KEPT_FLOAT32 = 4096  # elements; smaller tensors cost nothing and frequencies among them need digits

_NAMES = {torch.float32: "F32", torch.float16: "F16"}


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
    """
    dtypes = {
        name: _stored_dtype(tensor, precision[part])
        for part in PARTS
        for name, tensor in tensors.items()
        if name.startswith(f"{part}.")
    }
    order = sorted(tensors, key=lambda name: -dtypes[name].itemsize)  # stable; keeps alignment
    header: dict[str, object] = {}
    end = 0
    for name in order:
        start, end = end, end + tensors[name].numel() * dtypes[name].itemsize
        header[name] = {
            "dtype": _NAMES[dtypes[name]],
            "shape": list(tensors[name].shape),
            "data_offsets": [start, end],
        }
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-(len(text) + 8) % 64)
    base = 8 + len(text)
    with path.open("wb") as file:
        file.write(len(text).to_bytes(8, "little"))
        file.write(text)
        for name in order:
            stored = tensors[name].detach().to("cpu", dtypes[name]).contiguous()
            file.write(stored.reshape(-1).numpy().data)
    placements: dict[str, Placement] = {}
    offset = base
    for name in order:
        length = tensors[name].numel() * dtypes[name].itemsize
        placements[name] = Placement(dtypes[name], tuple(tensors[name].shape), offset, length)
        offset += length
    return placements


def _stored_dtype(tensor: Tensor, precision: Precision) -> torch.dtype:
    is_large = tensor.ndim > 1 and tensor.numel() >= KEPT_FLOAT32
    return torch.float16 if precision == "float16" and is_large else torch.float32
