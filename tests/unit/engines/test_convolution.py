"""Convolutions in products of matrices are the sums they say."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest

from soundlet.engines import convolution, kernels
from soundlet.engines.convolution import OUTPUTS, Convolution, Scratch
from soundlet.engines.kernels import Products


@pytest.mark.parametrize("has_bias", [True, False])
@pytest.mark.parametrize("one_thread", [convolution.ONE_THREAD, 14 * 12])
@pytest.mark.parametrize("most_weights", [convolution.MOST_WEIGHTS, 0])
@pytest.mark.parametrize("n_taps", OUTPUTS)
@pytest.mark.parametrize(("n", "dilation"), [(1, 1), (50, 1), (100, 9), (17, 3)])
def test_a_convolution_is_the_sum_it_says(
    monkeypatch: pytest.MonkeyPatch,
    n: int,
    dilation: int,
    n_taps: int,
    one_thread: int,
    most_weights: int,
    has_bias: bool,
) -> None:
    monkeypatch.setattr(convolution, "ONE_THREAD", one_thread)  # the second: a column at a time
    monkeypatch.setattr(convolution, "MOST_WEIGHTS", most_weights)  # the second: the plain sum
    random = np.random.default_rng(0)
    weight = random.standard_normal((4, 3, n_taps)).astype(np.float32)
    bias = random.standard_normal(4).astype(np.float32) if has_bias else None
    found = Convolution(weight, bias, Scratch(), out="out", dilation=dilation)
    x = random.standard_normal((found.n_rows(n), 3)).astype(np.float32)
    taps = [x[k * dilation : k * dilation + n] @ weight[:, :, k].T for k in range(n_taps)]
    expected = np.sum(taps, axis=0) + (0 if bias is None else bias)
    np.testing.assert_allclose(found(x, n), expected, rtol=0, atol=1e-5)
    x[dilation * (n_taps - 1) + n :] += 1  # past what the outputs depend on
    np.testing.assert_allclose(found(x, n), expected, rtol=0, atol=1e-5)


def test_scratch_grows_and_is_of_each_name_its_own() -> None:
    scratch = Scratch()
    first = scratch.array("a", 2, 3)
    first[:] = 1
    scratch.array("b", 2, 3)[:] = 2
    assert scratch.array("a", 3, 2).tolist() == [[1, 1], [1, 1], [1, 1]]
    assert scratch.array("a", 100, 100).shape == (100, 100)


def test_products_are_those_of_their_own_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[bytes] = []
    model = kernels._model

    def kept(*given: Any) -> bytes:
        written.append(model(*given))
        return written[-1]

    monkeypatch.setattr(kernels, "_model", kept)
    random = np.random.default_rng(0)
    weight = random.standard_normal((3, 4, 300)).astype(np.float32)  # sizes of two bytes
    bias = random.standard_normal(300).astype(np.float32)
    x = random.standard_normal((3, 7, 4)).astype(np.float32)
    expected = x @ weight
    expected[1] += bias
    np.testing.assert_allclose(Products(weight, {1: bias})(x), expected, rtol=0, atol=1e-5)
    onnx.checker.check_model(onnx.load_from_string(written[0]), full_check=True)
