"""Convolutions over time as products of matrices, fewer of them by Toom and Cook's algorithm.

Arrays are (samples, channels). The next tap of a dilated filter is then a whole number of rows
further down, so all phases of it go into the same products of matrices, and what the algorithm does
before and after those is itself a product: of a small matrix with rows as they lie in memory.
"""

from __future__ import annotations

from threading import local

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from soundlet.engines.kernels import Array, Products
from soundlet.engines.toom_cook import transforms

OUTPUTS = {2: 3, 3: 2, 7: 6}
"""How many outputs are computed together, by the number of taps: `benchmarks/convolutions.py`."""

MOST_WEIGHTS = 2**24
"""In a filter with more, outputs are computed singly: there are few samples where there are as many
channels, and what the algorithm makes of the weights would take more memory than it saves time."""

ONE_THREAD = 2**18
"""Multiplications up to which NumPy's OpenBLAS keeps a product to the thread that asks for it."""

AT_ONCE = 2**16
"""Weights to transform at once: they stay in the cache."""


class Scratch(local):
    """Arrays to write over, of each thread its own: memory that is fresh costs as much as a sum."""

    def __init__(self) -> None:
        self._arrays: dict[str, Array] = {}

    def array(self, name: str, *shape: int) -> Array:
        """One of that shape; it holds whatever was last written to the one of that name."""
        size = int(np.prod(shape))
        if name not in self._arrays or self._arrays[name].size < size:
            self._arrays[name] = np.empty(size, np.float32)
        return self._arrays[name][:size].reshape(shape)


class Convolution:
    """`out[t, o] = bias[o] + Σ weight[o, i, k] · x[t + k · dilation, i]`.

    Runs on the thread that calls it; several may do so at once.
    """

    def __init__(
        self,
        weight: Array,
        bias: Array | None,
        scratch: Scratch,
        *,
        out: str,
        dilation: int = 1,
    ) -> None:
        """Prepare the weights for this machine.

        Args:
            weight: (channels out, channels in, taps); taps as `OUTPUTS` has them.
            bias: (channels out,). None: zeros.
            scratch: where to keep what lies between, and the output.
            out: name of the output in it.
            dilation: samples from one tap to the next.
        """
        self.channels_out = len(weight)
        n_taps: int = weight.shape[2]
        self._n_taps, self._dilation = n_taps, dilation
        self._n_outputs = OUTPUTS[n_taps] if weight.size <= MOST_WEIGHTS else 1
        self._scratch, self._out = scratch, out
        self._transforms = transforms(self._n_outputs, n_taps)
        biases = {}
        if bias is not None:
            synthesis = self._transforms.synthesis
            (everywhere, *_) = np.flatnonzero(np.ptp(synthesis, axis=0) == 0)
            biases[int(everywhere)] = bias / synthesis[0, everywhere]
        self._products = Products(_transformed(self._transforms.kernel, weight), biases)

    def n_rows(self, n: int) -> int:
        """Rows of input that are looked at for `n` of output: whole blocks of outputs."""
        taps = self._n_taps - 1
        return self._dilation * (self._blocks(n) * self._n_outputs + taps)

    def _blocks(self, n: int) -> int:
        per_block = self._n_outputs * self._dilation
        return (n + per_block - 1) // per_block

    def __call__(self, x: Array, n: int) -> Array:
        """Run.

        Args:
            x: (`n_rows(n)`, channels in), contiguous. Rows past those that `n` outputs depend on
                only round them: they should be no larger than the others.
            n: samples of output.

        Returns:
            (n, channels out), in the scratch.
        """
        n_products, n_blocks, d = self._transforms.n_products, self._blocks(n), self._dilation
        row_in, row_out = d * x.shape[1], d * self.channels_out
        transformed = self._scratch.array("transformed", n_products, n_blocks, row_in)
        products = self._scratch.array("products", n_products, n_blocks, row_out)
        out = self._scratch.array(self._out, n_blocks, self._n_outputs, row_out)
        windows = as_strided(
            x,
            (n_blocks, self._n_outputs + self._n_taps - 1, row_in),
            (self._n_outputs * row_in * x.itemsize, row_in * x.itemsize, x.itemsize),
            writeable=False,
        )
        _multiply(self._transforms.analysis, windows, transformed.transpose(1, 0, 2))
        self._products(
            transformed.reshape(n_products, n_blocks * d, -1),
            products.reshape(n_products, n_blocks * d, -1),
        )
        _multiply(self._transforms.synthesis, products.transpose(1, 0, 2), out)
        return out.reshape(-1, self.channels_out)[:n]


def _transformed(kernel: NDArray[np.float64], weight: Array) -> Array:
    """`kernel` of the taps of each weight, in float64: (products, channels in, channels out)."""
    channels_out, channels_in, n_taps = weight.shape
    taps = np.ascontiguousarray(weight.transpose(2, 1, 0)).reshape(n_taps, -1)
    out = np.empty((len(kernel), taps.shape[1]), np.float32)
    for start in range(0, taps.shape[1], AT_ONCE):
        part = slice(start, start + AT_ONCE)
        out[:, part] = kernel @ taps[:, part].astype(np.float64)
    return out.reshape(-1, channels_in, channels_out)


def _multiply(matrix: Array, x: Array, out: Array) -> None:
    """`out[i] = matrix @ x[i]`, in products that are small enough for one thread."""
    n_columns = x.shape[2]
    most = ONE_THREAD // matrix.size
    pieces = next(
        n for n in range(1, n_columns + 1) if n_columns % n == 0 and n_columns <= n * most
    )

    def cut(array: Array) -> Array:
        shape = (array.shape[0], pieces, array.shape[1], n_columns // pieces)
        down, across, along = array.strides
        return as_strided(array, shape, (down, shape[3] * along, across, along))

    np.matmul(matrix, cut(x), out=cut(out))
