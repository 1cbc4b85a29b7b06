"""Fewer products for the same sums, nearly as exact."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from soundlet.engines.convolution import OUTPUTS
from soundlet.engines.toom_cook import MODULI, transforms


@pytest.mark.parametrize("size", MODULI)
def test_they_are_the_filter(size: int) -> None:
    random = np.random.default_rng(size)
    for n_taps in range(2, size + 1):
        found = transforms(size + 1 - n_taps, n_taps)
        inputs, taps = random.standard_normal(size), random.standard_normal(n_taps)
        products = (found.kernel @ taps) * (found.analysis.astype(float) @ inputs)
        np.testing.assert_allclose(
            found.synthesis.astype(float) @ products,
            np.correlate(inputs, taps, "valid"),
            rtol=0,
            atol=1e-13,
        )


@pytest.mark.parametrize(
    ("n_outputs", "n_taps", "n_products"), [(3, 2, 4), (2, 3, 4), (4, 7, 11), (6, 7, 14)]
)
def test_they_need_so_many_products(n_outputs: int, n_taps: int, n_products: int) -> None:
    assert transforms(n_outputs, n_taps).n_products == n_products < n_outputs * n_taps


@pytest.mark.parametrize(("n_taps", "n_outputs"), OUTPUTS.items())
def test_what_is_done_to_samples_is_exact_in_float32(n_taps: int, n_outputs: int) -> None:
    found = transforms(n_outputs, n_taps)
    for number in np.concatenate([found.analysis.ravel(), found.synthesis.ravel()]):
        denominator = Fraction(float(number)).denominator
        assert denominator <= 1024  # a few binary digits: multiplying by it rounds nothing away


@pytest.mark.parametrize(("n_taps", "n_outputs"), OUTPUTS.items())
def test_float32_loses_at_most_twice_what_it_loses_in_the_sum(n_taps: int, n_outputs: int) -> None:
    found = transforms(n_outputs, n_taps)
    random = np.random.default_rng(0)
    n_blocks, channels = 100, 128
    taps = random.standard_normal((n_taps, channels, channels)) / np.sqrt(n_taps * channels)
    taps = taps.astype(np.float32)
    size = n_outputs + n_taps - 1
    inputs = random.standard_normal((n_blocks, size, channels)).astype(np.float32)
    exact = np.stack(
        [
            np.einsum("bki,kio->bo", inputs[:, t : t + n_taps], taps, dtype=float, optimize=True)
            for t in range(n_outputs)
        ],
        axis=1,
    )
    direct = np.stack(
        [
            inputs[:, t : t + n_taps].reshape(n_blocks, -1) @ taps.reshape(-1, channels)
            for t in range(n_outputs)
        ],
        axis=1,
    )
    kernel = np.tensordot(found.kernel, taps, 1).astype(np.float32)
    transformed = (found.analysis @ inputs).transpose(1, 0, 2)
    fast = found.synthesis @ (transformed @ kernel).transpose(1, 0, 2)

    def error(sums: np.ndarray) -> float:
        return float(np.sqrt(((sums - exact) ** 2).mean() / (exact**2).mean()))

    assert error(fast) < 2 * error(direct)
