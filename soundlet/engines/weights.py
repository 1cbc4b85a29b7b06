"""Tensors of a bundle's safetensors file as arrays on the file itself: nothing is read ahead."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from soundlet.errors import EngineError

DTYPES: dict[str, np.dtype[Any]] = {
    "F32": np.dtype("<f4"),
    "F16": np.dtype("<f2"),
    "I8": np.dtype("i1"),
    "U8": np.dtype("u1"),
}
"""By the names that the format has for them."""


@dataclass(frozen=True)
class Stored:
    """A tensor that is in a file, or will be.

    Attributes:
        dtype: one of `DTYPES`.
        shape: its sizes.
        array: gives its numbers.
    """

    dtype: str
    shape: tuple[int, ...]
    array: Callable[[], NDArray[np.generic]]

    @classmethod
    def of(cls, array: NDArray[np.generic]) -> Stored:
        """The tensor that holds `array`."""
        dtype = next(name for name, dtype in DTYPES.items() if dtype == array.dtype)
        return cls(dtype, array.shape, lambda: array)

    def cast(self, dtype: str) -> Stored:
        """The same numbers as nearly as `dtype` has them, converted when asked for."""
        return Stored(dtype, self.shape, lambda: self.array().astype(DTYPES[dtype]))

    @property
    def n_bytes(self) -> int:
        """What it takes in the file."""
        return int(np.prod(self.shape, dtype=np.int64)) * DTYPES[self.dtype].itemsize


@dataclass(frozen=True)
class _Entry:
    """What the header says of a tensor: its numbers are the bytes from `start` to `end`."""

    dtype: str
    shape: tuple[int, ...]
    start: int
    end: int

    @classmethod
    def of(cls, name: str, found: Any, base: int, size: int) -> _Entry:  # noqa: ANN401 - JSON
        """The entry of `name`; it must fit a file of `size` bytes with its numbers from `base`."""
        dtype, shape = str(found["dtype"]), tuple(map(int, found["shape"]))
        start, end = (base + int(offset) for offset in found["data_offsets"])
        width = DTYPES[dtype].itemsize if dtype in DTYPES else None
        is_known_to_fit = width is None or math.prod(shape) * width == end - start
        if not base <= start <= end <= size or min(shape, default=0) < 0 or not is_known_to_fit:
            raise ValueError(f"{name} does not fit the file")
        return cls(dtype, shape, start, end)


class Weights:
    """The tensors of a safetensors file, mapped into memory."""

    def __init__(self, path: Path, prefix: str = "") -> None:
        """Map `path`.

        Args:
            path: a safetensors file.
            prefix: of names, such as "decoder."; left out where a tensor is asked for.

        Raises:
            EngineError: it cannot be read.
        """
        try:
            self._bytes = np.memmap(path, np.uint8, mode="r")
            length = int.from_bytes(self._bytes[:8].tobytes(), "little")
            base = 8 + length
            header = json.loads(self._bytes[8:base].tobytes())
            self._entries = {
                name: _Entry.of(name, entry, base, len(self._bytes))
                for name, entry in header.items()
                if name != "__metadata__"
            }
        except (
            OSError,
            ValueError,
            TypeError,
            LookupError,
            AttributeError,
            OverflowError,
            RecursionError,
        ) as e:
            raise EngineError(f"{path} cannot be read as safetensors: {e}") from e
        self._path, self._prefix = path, prefix

    def stored(self, name: str) -> Stored:
        """The tensor of that name.

        Raises:
            EngineError: there is none.
        """
        entry = self._entries.get(self._prefix + name)
        if entry is None or entry.dtype not in DTYPES:
            raise EngineError(
                f"{self._path} has no tensor {self._prefix + name}: convert the model again"
            )
        return Stored(
            entry.dtype,
            entry.shape,
            lambda: (
                self._bytes[entry.start : entry.end].view(DTYPES[entry.dtype]).reshape(entry.shape)
            ),
        )

    def bytes_of(self, prefix: str) -> int:
        """Bytes of the tensors whose names start so."""
        return sum(
            entry.end - entry.start
            for name, entry in self._entries.items()
            if name.startswith(prefix)
        )

    def __getitem__(self, name: str) -> NDArray[np.float32]:
        """The tensor of that name in float32.

        Raises:
            EngineError: there is none.
        """
        return np.asarray(self.stored(name).array(), np.float32)
