"""Schedules and samplers of rectified flow: x = (1-t)·data + t·noise, t runs from 1 to 0.

A sampler knows neither the engine nor guidance: it is given a velocity, the noisy latents and the
times. All arithmetic is float32, as in the reference, so that whole runs can be compared.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from soundlet.request import Sampler

Array = NDArray[np.float32]

Velocity = Callable[[Array, Array], Array]
"""v(x, t): latents (batch, channels, frames) and times (batch,) to noise minus data, like x."""

Noise = Callable[[], Array]
"""Fresh standard normal noise of the shape of the latents, drawn when called."""

Progress = Callable[[int, int], None]
"""Called after each step with (steps done, steps in all); raising in it ends the run."""

_LOGSNR_START, _LOGSNR_END = -6.0, 2.0


def logsnr_schedule(steps: int, sigma_max: float = 1.0) -> Array:
    """Times evenly spaced in log signal-to-noise ratio, with both ends pinned.

    Args:
        steps: 1 or more.
        sigma_max: the first time, in (0, 1]; 1 is pure noise, less keeps part of the init audio.

    Returns:
        (steps + 1,), falling from exactly `sigma_max` to exactly 0.

    Source: stable-audio-tools inference/sampling.py, sample_rf.
    """
    start = _LOGSNR_START
    if sigma_max < 1:
        start = math.log((1 - sigma_max) / sigma_max + 1e-6)
    logsnr = _linspace(start, _LOGSNR_END, steps + 1).astype(np.float64)
    times = (1 / (1 + np.exp(logsnr))).astype(np.float32)
    times[0], times[-1] = sigma_max, 0
    return times


def linear_schedule(steps: int, sigma_max: float = 1.0) -> Array:
    """`steps` equal steps from `sigma_max` to 0: (steps + 1,)."""
    return _linspace(sigma_max, 0.0, steps + 1)


def sample_pingpong(
    velocity: Velocity,
    x: Array,
    times: Array,
    *,
    noise: Noise,
    on_step: Progress | None = None,
) -> Array:
    """Denoise fully, add noise back to the next time, repeat: for models distilled to few steps.

    Args:
        velocity: the model with its conditioning bound.
        x: (batch, channels, frames) at the first time.
        times: (steps + 1,), falling to 0.
        noise: called once a step, the last included, so that streams match the reference's.
        on_step: see `Progress`.

    Returns:
        Latents, shaped as `x`.

    Source: ARC post-training, https://arxiv.org/abs/2505.08175.
    """
    for i, (t, t_next) in enumerate(pairwise(times)):
        denoised = x - t * velocity(x, _batch(t, x))
        x = (_ONE - t_next) * denoised + t_next * noise()
        _report(on_step, i, times)
    return x


def sample_euler(
    velocity: Velocity, x: Array, times: Array, *, on_step: Progress | None = None
) -> Array:
    """Follow the velocity in straight steps. Arguments as in `sample_pingpong`, no fresh noise."""
    for i, (t, t_next) in enumerate(pairwise(times)):
        x = x + (t_next - t) * velocity(x, _batch(t, x))
        _report(on_step, i, times)
    return x


def sample_rk4(
    velocity: Velocity, x: Array, times: Array, *, on_step: Progress | None = None
) -> Array:
    """Classical Runge-Kutta of fourth order: four velocities a step. Arguments as for Euler."""
    half, sixth = np.float32(1 / 2), np.float32(6)
    for i, (t, t_next) in enumerate(pairwise(times)):
        dt = t_next - t
        middle = _batch(t + dt * half, x)
        k1 = velocity(x, _batch(t, x))
        k2 = velocity(x + dt * half * k1, middle)
        k3 = velocity(x + dt * half * k2, middle)
        k4 = velocity(x + dt * k3, _batch(t_next, x))
        x = x + dt / sixth * (k1 + _TWO * k2 + _TWO * k3 + k4)
        _report(on_step, i, times)
    return x


def sample_dpmpp(
    velocity: Velocity, x: Array, times: Array, *, on_step: Progress | None = None
) -> Array:
    """DPM-Solver++(2M): second order, from the previous step's data. Arguments as for Euler.

    The first step from pure noise has an infinite h, hence expm1(-h) = -1, and the step after it an
    infinite ratio, hence no correction; both are finite and meant.

    Source: https://arxiv.org/abs/2211.01095, with alpha = 1 - t and sigma = t.
    """
    previous: Array | None = None
    h_previous = math.inf
    for i, (t, t_next) in enumerate(pairwise(times)):
        denoised = x - t * velocity(x, _batch(t, x))
        h = _half_logsnr(t_next) - _half_logsnr(t)
        estimate = denoised
        if previous is not None and t_next > 0:
            correction = np.float32(h / (2 * h_previous))  # 1 / 2r, with r = h_previous / h
            estimate = (_ONE + correction) * denoised - correction * previous
        shrink = np.float32(math.expm1(-h))
        x = (t_next / t) * x - (_ONE - t_next) * shrink * estimate
        previous, h_previous = denoised, h
        _report(on_step, i, times)
    return x


DETERMINISTIC = MappingProxyType({"euler": sample_euler, "rk4": sample_rk4, "dpmpp": sample_dpmpp})
"""The samplers that add no noise, by name."""


def sample(
    sampler: Sampler,
    velocity: Velocity,
    x: Array,
    *,
    steps: int,
    sigma_max: float,
    noise: Noise,
    on_step: Progress | None = None,
) -> Array:
    """Run the sampler named, on the schedule that the reference gives it.

    Args:
        sampler: its name.
        velocity: the model with its conditioning bound.
        x: (batch, channels, frames) at time `sigma_max`.
        steps: 1 or more.
        sigma_max: the first time, in (0, 1].
        noise: fresh noise, drawn only by the sampler that adds some: pingpong.
        on_step: see `Progress`.

    Returns:
        Latents, shaped as `x`.
    """
    schedule = linear_schedule if sampler == "rk4" else logsnr_schedule
    times = schedule(steps, sigma_max)
    if sampler == "pingpong":
        return sample_pingpong(velocity, x, times, noise=noise, on_step=on_step)
    return DETERMINISTIC[sampler](velocity, x, times, on_step=on_step)


_ONE, _TWO = np.float32(1), np.float32(2)


def _linspace(start: float, end: float, count: int) -> Array:
    """float32, counted from both ends towards the middle: PyTorch's roundings, not NumPy's."""
    first, last = np.float32(start), np.float32(end)
    step = (last - first) / np.float32(count - 1)
    i = np.arange(count, dtype=np.float32)
    from_end = last - (np.float32(count - 1) - i) * step
    return np.where(i < count // 2, first + i * step, from_end).astype(np.float32)


def _batch(t: np.float32, x: Array) -> Array:
    return np.full(len(x), t, np.float32)


def _half_logsnr(t: np.float32) -> float:
    """λ = ln((1-t) / t): minus infinity for pure noise, infinity for data."""
    if t <= 0 or t >= 1:
        return math.inf if t <= 0 else -math.inf
    return math.log((1 - float(t)) / float(t))


def _report(on_step: Progress | None, i: int, times: Array) -> None:
    if on_step is not None:
        on_step(i + 1, len(times) - 1)
