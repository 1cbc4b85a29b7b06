"""Guidance: what it reduces to, when it is on, and that it costs one doubled batch."""

from __future__ import annotations

import numpy as np
import pytest

from soundlet.guidance import Conditioning, guided
from soundlet.noise import Generator
from soundlet.sampling import Array

DRAW = Generator(0)
X = DRAW.randn((2, 8, 5))
T = np.full(2, 0.5, np.float32)
CONDITIONING = Conditioning(DRAW.randn((2, 3, 8)), DRAW.randn((2, 8)))
NEGATIVE = DRAW.randn((2, 3, 8))


def velocity(x: Array, t: Array, conditioning: Conditioning) -> Array:
    """Linear in what it is told, so that guidance can be worked out by hand."""
    told = conditioning.cross_attn_cond.sum(axis=1) + conditioning.global_cond
    out: Array = x * t[:, None, None] + told[:, :, None]
    return out


def test_scale_1_is_the_plain_velocity() -> None:
    assert np.array_equal(guided(velocity, CONDITIONING)(X, T), velocity(X, T, CONDITIONING))


def test_the_null_is_zeros_for_the_prompt_and_the_same_global() -> None:
    null = Conditioning(np.zeros_like(NEGATIVE), CONDITIONING.global_cond)
    wanted, unwanted = velocity(X, T, CONDITIONING), velocity(X, T, null)
    out = guided(velocity, CONDITIONING, cfg_scale=4)(X, T)
    np.testing.assert_allclose(out, unwanted + 4 * (wanted - unwanted), rtol=1e-5)


def test_a_negative_prompt_takes_the_place_of_the_null() -> None:
    negative = Conditioning(NEGATIVE, CONDITIONING.global_cond)
    wanted, unwanted = velocity(X, T, CONDITIONING), velocity(X, T, negative)
    out = guided(velocity, CONDITIONING, negative=NEGATIVE, cfg_scale=3)(X, T)
    np.testing.assert_allclose(out, unwanted + 3 * (wanted - unwanted), rtol=1e-4, atol=1e-5)


def test_one_call_of_a_doubled_batch_a_velocity() -> None:
    batches: list[int] = []

    def counted(x: Array, t: Array, conditioning: Conditioning) -> Array:
        batches.append(len(x))
        return velocity(x, t, conditioning)

    guided(counted, CONDITIONING, cfg_scale=2)(X, T)
    assert batches == [4]


@pytest.mark.parametrize(("t", "is_on"), [(0.2, False), (0.25, True), (0.75, True), (0.8, False)])
def test_guidance_is_on_inside_its_interval_ends_included(t: float, is_on: bool) -> None:
    times = np.full(2, t, np.float32)
    out = guided(velocity, CONDITIONING, cfg_scale=4, cfg_interval=(0.25, 0.75))(X, times)
    assert np.array_equal(out, velocity(X, times, CONDITIONING)) != is_on


def test_a_full_rescale_has_the_spread_of_the_unguided_velocity() -> None:
    out = guided(velocity, CONDITIONING, cfg_scale=6, cfg_rescale=1.0)(X, T)
    plain = velocity(X, T, CONDITIONING)
    np.testing.assert_allclose(out.std(axis=1), plain.std(axis=1), rtol=1e-5)


def test_half_a_rescale_lies_half_way() -> None:
    none, half, full = (
        guided(velocity, CONDITIONING, cfg_scale=6, cfg_rescale=phi)(X, T) for phi in (0, 0.5, 1)
    )
    np.testing.assert_allclose(half, (none + full) / 2, rtol=1e-4, atol=1e-5)
