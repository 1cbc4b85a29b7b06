"""Gaussian noise that repeats PyTorch's CPU generator, so that a seed means one sound everywhere.

Source: ATen CPUGeneratorImpl (MT19937) and the CPU `normal_` kernels. The integers are PyTorch's
own; the float32 values differ by at most a rounding of its approximated logarithm and cosine.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

_BLOCK = 16  # PyTorch turns 16 uniforms at a time into 16 normals: 8 radii, then 8 angles
_TWO_PI = np.float32(2 * math.pi)


class Generator:
    """Successive draws after `torch.manual_seed(seed)`, on any machine and without PyTorch.

    Attributes:
        seed: what the stream was started with, 0 to 2**32 - 1.
    """

    def __init__(self, seed: int) -> None:
        """Start the stream of `seed`."""
        if not 0 <= seed < 2**32:
            raise ValueError(f"seed must be 0 to {2**32 - 1}, not {seed}")
        self.seed = seed
        self._integers = np.random.RandomState(seed)
        self._spare: float | None = None  # second normal of the last scalar pair

    def randn(self, shape: tuple[int, ...]) -> NDArray[np.float32]:
        """The next `torch.randn(shape)` of the stream.

        Args:
            shape: of the array wanted; as in PyTorch, the values depend on the number of elements.

        Returns:
            `shape` float32, within 5e-7 of PyTorch's.
        """
        size = math.prod(shape)
        flat = self._scalars(size) if size < _BLOCK else self._blocks(size)
        return flat.reshape(shape)

    def _uint32(self, count: int) -> NDArray[np.uint32]:
        return self._integers.randint(0, 2**32, size=count, dtype=np.uint32)

    def _uniforms(self, count: int) -> NDArray[np.float32]:
        """`count` float32 in [0, 1), from the low 24 bits of one integer each."""
        return (self._uint32(count) & 0xFFFFFF).astype(np.float32) * np.float32(2.0**-24)

    def _blocks(self, size: int) -> NDArray[np.float32]:
        """16 or more values: whole blocks, and a last block that overwrites what it overlaps."""
        uniforms = self._uniforms(size)
        whole = size - size % _BLOCK
        out = np.empty(size, np.float32)
        out[:whole] = _box_muller(uniforms[:whole])
        if whole != size:
            out[-_BLOCK:] = _box_muller(self._uniforms(_BLOCK))
        return out

    def _scalars(self, size: int) -> NDArray[np.float32]:
        """Fewer than 16 values: one at a time in float64, keeping every second one for later."""
        out = np.empty(size, np.float32)
        for i in range(size):
            if self._spare is not None:
                out[i], self._spare = self._spare, None
                continue
            words = [int(word) for word in self._uint32(4)]
            angle, u = ((high << 32 | low) % 2**53 / 2**53 for high, low in (words[:2], words[2:]))
            radius = math.sqrt(-2 * math.log1p(-u))
            self._spare = radius * math.sin(2 * math.pi * angle)
            out[i] = radius * math.cos(2 * math.pi * angle)
        return out


def _box_muller(uniforms: NDArray[np.float32]) -> NDArray[np.float32]:
    """Uniforms (a multiple of 16) to normals, block by block.

    The roundings to float32 are where PyTorch has them. Logarithm and angle functions are taken
    in float64, whose rounded result is the same with every NumPy and every processor.
    """
    radius_u, angle_u = uniforms.reshape(-1, 2, _BLOCK // 2).swapaxes(0, 1)
    log = np.log((np.float32(1) - radius_u).astype(np.float64)).astype(np.float32)
    radius = np.sqrt(np.float32(-2) * log)
    angle = (_TWO_PI * angle_u).astype(np.float64)
    cosine, sine = np.cos(angle).astype(np.float32), np.sin(angle).astype(np.float32)
    return np.stack([radius * cosine, radius * sine], axis=1).reshape(-1)
