"""Tensors of a bundle's safetensors file as arrays on the file itself: nothing is read ahead."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from soundlet.errors import EngineError

DTYPES = {
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
            self._header = json.loads(self._bytes[8 : 8 + length].tobytes())
        except (OSError, ValueError) as e:
            raise EngineError(f"{path} cannot be read as safetensors: {e}") from e
        self._path, self._prefix, self._base = path, prefix, 8 + length

    def stored(self, name: str) -> Stored:
        """The tensor of that name.

        Raises:
            EngineError: there is none.
        """
        entry = self._header.get(self._prefix + name)
        if entry is None or entry["dtype"] not in DTYPES:
            raise EngineError(
                f"{self._path} has no tensor {self._prefix + name}: convert the model again"
            )
        dtype, shape = entry["dtype"], tuple(entry["shape"])
        start, end = (self._base + offset for offset in entry["data_offsets"])
        return Stored(
            dtype, shape, lambda: self._bytes[start:end].view(DTYPES[dtype]).reshape(shape)
        )

    def bytes_of(self, prefix: str) -> int:
        """Bytes of the tensors whose names start so."""
        return sum(
            entry["data_offsets"][1] - entry["data_offsets"][0]
            for name, entry in self._header.items()
            if name.startswith(prefix) and name != "__metadata__"
        )

    def __getitem__(self, name: str) -> NDArray[np.float32]:
        """The tensor of that name in float32.

        Raises:
            EngineError: there is none.
        """
        return np.asarray(self.stored(name).array(), np.float32)
