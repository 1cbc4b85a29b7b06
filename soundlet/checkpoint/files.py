"""Tensors out of files of weights: safetensors, or pickles that are never allowed to run code."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from soundlet.errors import CheckpointError, first_line

FLOATS = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
DAMAGED = "it may be cut short or of another kind; compare its size with the original's"


def read_tensors(path: Path) -> dict[str, Tensor]:
    """Every tensor in a .safetensors file, or in a PyTorch file with or without "state_dict".

    The file is mapped into memory, not read: tensors cost memory only where they are used. So it
    may be replaced or removed while they are in use, but not overwritten in place.

    Raises:
        CheckpointError: no such file, damaged, of another kind, with code in it, or with values
            that are not tensors of real numbers; says which.
    """
    if not path.is_file():
        raise CheckpointError(f"{path}: no such file")
    with _readable(path) as file:
        start = file.read(64)
    if start.startswith(b"version https://git-lfs"):
        raise CheckpointError(f"{path}: a Git LFS pointer, not the weights; run `git lfs pull`")
    found = _read_safetensors(path) if path.suffix == ".safetensors" else _read_pickle(path, start)
    return _checked(path, found)


def _readable(path: Path) -> Any:  # noqa: ANN401 - an open file
    try:
        return path.open("rb")
    except OSError as e:
        raise CheckpointError(f"{path}: cannot be read ({e.strerror})") from e


def _read_safetensors(path: Path) -> dict[str, Tensor]:
    try:
        return load_file(path)
    except (SafetensorError, OSError, ValueError) as e:
        raise CheckpointError(f"{path}: not a whole safetensors file ({e}); {DAMAGED}") from e


def _read_pickle(path: Path, start: bytes) -> dict[Any, Any]:
    if not start.startswith(b"PK\x03\x04"):
        what = "a plain or very old pickle" if start[:1] == b"\x80" else "not a PyTorch checkpoint"
        raise CheckpointError(f"{path}: {what}, refused and nothing in it was run; {DAMAGED}")
    try:
        content = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    except pickle.UnpicklingError as e:
        raise CheckpointError(
            f"{path}: holds code or objects, not only tensors, or is damaged; refused, and nothing"
            " in it was run. Copy it again, or ask its maker for a .safetensors file"
        ) from e
    except Exception as e:  # a damaged pickle asks for anything, and fails in as many ways
        raise CheckpointError(f"{path}: not a whole checkpoint ({first_line(e)}); {DAMAGED}") from e
    found = content.get("state_dict", content) if isinstance(content, dict) else content
    if not isinstance(found, dict):
        raise CheckpointError(f"{path}: holds a {type(found).__name__}, not named tensors")
    return found


def _checked(path: Path, found: dict[Any, Any]) -> dict[str, Tensor]:
    tensors: dict[str, Tensor] = {}
    for name, value in found.items():
        if not isinstance(name, str) or not isinstance(value, Tensor):
            raise CheckpointError(f"{path}: {name!r} is a {type(value).__name__}, not a tensor")
        if value.is_meta or value.is_nested or value.layout is not torch.strided:
            what = "without its numbers (meta)" if value.is_meta else "sparse or nested"
            raise CheckpointError(f"{path}: {name!r} is {what}, not a plain tensor")
        tensors[name] = value
    if not tensors:
        raise CheckpointError(f"{path}: no tensors in it")
    return tensors
