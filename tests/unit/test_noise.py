"""The noise of a seed is PyTorch's, value by value and draw after draw."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from soundlet.noise import Generator

SEEDS = [0, 1, 42, 2**31, 2**32 - 1]


def distance(ours: np.ndarray, theirs: torch.Tensor) -> float:
    return float(np.abs(ours - theirs.numpy()).max(initial=0))


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("shape", [(1,), (15,), (16,), (17,), (31,), (2, 8, 33), (1, 64, 256)])
def test_a_first_draw_is_that_of_torch(seed: int, shape: tuple[int, ...]) -> None:
    torch.manual_seed(seed)
    ours = Generator(seed).randn(shape)
    assert ours.dtype == np.float32
    assert ours.shape == shape
    assert distance(ours, torch.randn(shape)) < 5e-7


@pytest.mark.parametrize("seed", SEEDS)
def test_successive_draws_continue_as_in_torch(seed: int) -> None:
    """Odd small draws leave a second normal behind, which later ones must find again."""
    sizes = [3, 16, 1, 20, 7, 64, 5, 1, 1, 15, 17, 2, 33, 0, 1, 256]
    torch.manual_seed(seed)
    generator = Generator(seed)
    for size in sizes:
        assert distance(generator.randn((size,)), torch.randn(size)) < 5e-7


def test_a_million_values_stay_within_rounding() -> None:
    torch.manual_seed(7)
    assert distance(Generator(7).randn((1_000_000,)), torch.randn(1_000_000)) < 5e-7


def test_two_generators_of_one_seed_do_not_share_a_stream() -> None:
    first, second = Generator(5), Generator(5)
    first.randn((100,))
    assert np.array_equal(second.randn((16,)), Generator(5).randn((16,)))


@pytest.mark.parametrize("seed", [-1, 2**32])
def test_a_seed_out_of_range_is_refused(seed: int) -> None:
    with pytest.raises(ValueError, match=str(seed)):
        Generator(seed)
