"""Schedules with their pinned ends; samplers on flows whose answer is known."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import torch

from soundlet.noise import Generator
from soundlet.request import SAMPLERS, Sampler
from soundlet.sampling import (
    Array,
    DpmppStep,
    linear_schedule,
    logsnr_schedule,
    sample,
    schedule,
)

SHAPE = (2, 4, 16)
DATA = Generator(0).randn(SHAPE)
NOISE = Generator(1).randn(SHAPE)


def one_point(x: Array, t: Array) -> Array:
    """The exact flow of a distribution with one point."""
    return (x - DATA) / t[:, None, None]


def no_noise() -> Array:
    raise AssertionError("this sampler adds no noise")


def test_eight_steps_fall_as_the_reference_has_them() -> None:
    golden = [1, 0.9933071733, 0.9820137620, 0.9525741339, 0.8807970285, 0.7310585976, 0.5]
    times = logsnr_schedule(8)
    np.testing.assert_allclose(times, [*golden, 0.2689414322, 0], rtol=1e-7)
    assert times[0] == 1
    assert times[-1] == 0


@pytest.mark.parametrize("steps", [1, 2, 5, 8, 50, 333])
@pytest.mark.parametrize("sigma_max", [1.0, 0.9, 0.7, 0.5, 0.13])
def test_schedules_are_those_of_torch_arithmetic(steps: int, sigma_max: float) -> None:
    start = -6 if sigma_max == 1 else np.log((1 - sigma_max) / sigma_max + 1e-6)
    expected = torch.sigmoid(-torch.linspace(start, 2, steps + 1))
    expected[0], expected[-1] = sigma_max, 0
    ours = logsnr_schedule(steps, sigma_max)
    np.testing.assert_allclose(ours, expected, rtol=5e-7)  # torch's sigmoid is itself rounded
    linear = torch.linspace(sigma_max, 0, steps + 1)
    np.testing.assert_allclose(linear_schedule(steps, sigma_max), linear, rtol=2e-7, atol=1e-8)


@pytest.mark.parametrize("sampler", ["pingpong", "euler", "dpmpp", "pingpong-dpmpp", "rk4"])
@pytest.mark.parametrize("steps", [1, 2, 8, 50])
@pytest.mark.parametrize("sigma_max", [1.0, 0.5, 0.12, 0.119, 0.05, 0.01])
def test_times_fall_from_every_level_of_noise(
    sampler: Sampler, steps: int, sigma_max: float
) -> None:
    times = schedule(sampler, steps, sigma_max)
    assert times[0] == np.float32(sigma_max)
    assert times[-1] == 0
    assert (np.diff(times) < 0).all()


@pytest.mark.parametrize("sampler", ["pingpong", "euler", "dpmpp", "pingpong-dpmpp"])
@pytest.mark.parametrize("steps", [1, 2, 8, 50])
def test_samplers_recover_the_data_when_the_velocity_is_exact(sampler: Sampler, steps: int) -> None:
    noise = Generator(2)
    out = sample(
        sampler,
        one_point,
        NOISE,
        steps=steps,
        sigma_max=1.0,
        noise=lambda: noise.randn(SHAPE),
    )
    assert out.dtype == np.float32
    np.testing.assert_allclose(out, DATA, rtol=0, atol=1e-5)


@pytest.mark.parametrize("sampler", ["euler", "rk4"])
def test_a_straight_flow_is_followed_exactly(sampler: Sampler) -> None:
    def straight(x: Array, t: Array) -> Array:
        assert x.shape == SHAPE
        assert t.shape == (2,)
        return NOISE - DATA

    out = sample(sampler, straight, NOISE, steps=3, sigma_max=1.0, noise=no_noise)
    np.testing.assert_allclose(out, DATA, rtol=0, atol=1e-5)


def test_rk4_is_of_fourth_order() -> None:
    """dx/dt = x has the solution x(0) = x(1) / e: halving the step divides the error by 16."""

    def error(steps: int) -> float:
        x = np.ones((1, 1, 1), np.float32)
        out = sample("rk4", lambda x, _t: x, x, steps=steps, sigma_max=1.0, noise=no_noise)
        return abs(float(out[0, 0, 0]) - 1 / np.e)

    assert error(2) / error(4) == pytest.approx(16, rel=0.3)


def test_dpmpp_is_the_reference_written_with_tensors() -> None:
    """The update as the reference writes it, in torch and float32, infinities included."""

    def velocity(x: torch.Tensor, t: float) -> torch.Tensor:
        return torch.sin(3 * x) + t

    times = torch.from_numpy(logsnr_schedule(6))
    x = torch.from_numpy(NOISE)
    previous = None
    half_logsnr = torch.log((1 - times) / times)
    for i in range(6):
        t, t_next = times[i], times[i + 1]
        denoised = x - t * velocity(x, float(t))
        h = half_logsnr[i + 1] - half_logsnr[i]
        estimate = denoised
        if previous is not None and t_next > 0:
            r = (half_logsnr[i] - half_logsnr[i - 1]) / h
            estimate = (1 + 1 / (2 * r)) * denoised - (1 / (2 * r)) * previous
        x = (t_next / t) * x - (1 - t_next) * torch.expm1(-h) * estimate
        previous = denoised

    out = sample(
        "dpmpp",
        lambda x, t: np.sin(3 * x) + t[:, None, None],
        NOISE,
        steps=6,
        sigma_max=1.0,
        noise=no_noise,
    )
    np.testing.assert_allclose(out, x, rtol=1e-5, atol=1e-5)


def test_pingpong_dpmpp_draws_noise_near_noise_alone() -> None:
    fresh = Generator(3)
    drawn: list[Array] = []

    def noise() -> Array:
        drawn.append(fresh.randn(SHAPE))
        return drawn[-1]

    def velocity(x: Array, t: Array) -> Array:
        return np.sin(3 * x) + t[:, None, None]

    out = sample("pingpong-dpmpp", velocity, NOISE, steps=8, sigma_max=1.0, noise=noise)
    x, times, late = NOISE, logsnr_schedule(8), DpmppStep()
    assert len(drawn) == sum(0.9 < t < 1 for t in times) == 3
    for i, draw in enumerate(drawn):
        denoised = x - times[i] * velocity(x, np.full(len(x), times[i], np.float32))
        x = (1 - times[i + 1]) * denoised + times[i + 1] * draw
    for t, t_next in pairwise(times[3:]):
        x = late(velocity, x, t, t_next)
    np.testing.assert_allclose(out, x, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_every_step_is_reported_and_raising_there_ends_the_run(sampler: Sampler) -> None:
    reports: list[tuple[int, int]] = []

    def on_step(done: int, total: int) -> None:
        reports.append((done, total))
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sample(
            sampler,
            one_point,
            NOISE,
            steps=5,
            sigma_max=0.7,
            noise=lambda: NOISE,
            on_step=on_step,
        )
    assert reports == [(1, 5), (2, 5), (3, 5)]


def test_pingpong_draws_noise_at_every_step_the_last_included() -> None:
    draws: list[int] = []

    def noise() -> Array:
        draws.append(1)
        return NOISE

    sample("pingpong", one_point, NOISE, steps=4, sigma_max=1.0, noise=noise)
    assert len(draws) == 4
