from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from soundlet.editing.masked import noised, path, sample_masked
from soundlet.noise import Generator
from soundlet.request import Sampler
from soundlet.sampling import Array, schedule, stepper

SHAPE = (1, 4, 32)
DATA = Generator(0).randn(SHAPE)
IS_KNOWN = np.arange(32) < 12


def exact(x: Array, t: Array) -> Array:
    """The flow of a distribution with one point."""
    flow: Array = (x - DATA) / t[:, None, None]
    return flow


def test_without_resampling_the_path_goes_forward() -> None:
    assert list(path(4, 1)) == [(0, 1), (1, 2), (2, 3), (3, 4)]


@pytest.mark.parametrize("steps", [1, 2, 8, 25, 50])
@pytest.mark.parametrize("resamplings", [1, 2, 3])
def test_the_path_takes_every_step_so_often_and_ends_at_data(steps: int, resamplings: int) -> None:
    moves = list(path(steps, resamplings))
    forward = [move for move in moves if move[1] > move[0]]
    assert sorted(forward) == sorted([(i, i + 1) for i in range(steps)] * resamplings)
    assert all(before[1] == after[0] for before, after in pairwise(moves))
    assert moves[-1][1] == steps


@pytest.mark.parametrize("sampler", ["pingpong", "euler", "dpmpp", "pingpong-dpmpp"])
def test_known_frames_come_back_and_the_others_reach_the_data(sampler: Sampler) -> None:
    generator = Generator(1)
    known = np.where(IS_KNOWN, 5.0, 0).astype(np.float32) * np.ones(SHAPE, np.float32)

    def noise() -> Array:
        return generator.randn(SHAPE)

    out = sample_masked(
        stepper(sampler, noise),
        exact,
        schedule(sampler, 20),
        known,
        IS_KNOWN,
        noise=noise,
        resamplings=2,
    )
    np.testing.assert_array_equal(out[..., IS_KNOWN], known[..., IS_KNOWN])
    np.testing.assert_allclose(out[..., ~IS_KNOWN], DATA[..., ~IS_KNOWN], atol=1e-4)


def test_the_model_sees_known_frames_with_the_noise_of_the_time() -> None:
    generator, seen = Generator(1), []
    known = np.full((1, 4, 4000), 3.0, np.float32)

    def noise() -> Array:
        return generator.randn(known.shape)

    def watched(x: Array, t: Array) -> Array:
        seen.append((float(t[0]), float(x.mean()), float(x.std())))
        return np.zeros_like(x)

    is_known = np.ones(4000, bool)
    times = schedule("euler", 8)
    sample_masked(
        stepper("euler", noise), watched, times, known, is_known, noise=noise, resamplings=1
    )
    for t, mean, std in seen:
        assert mean == pytest.approx((1 - t) * 3, abs=0.05)
        assert std == pytest.approx(t, abs=0.05)


def test_noising_keeps_to_the_flow() -> None:
    generator = Generator(3)
    data, s, t = np.full((1, 4, 20000), 2.0, np.float32), np.float32(0.3), np.float32(0.7)

    def noise() -> Array:
        return generator.randn(data.shape)

    x = (1 - s) * data + s * noise()
    later = noised(x, s, t, noise)
    assert float(later.mean()) == pytest.approx((1 - 0.7) * 2, abs=0.02)
    assert float(later.std()) == pytest.approx(0.7, abs=0.02)
