"""Schedules and samplers of rectified flow: x = (1-t)·data + t·noise, t runs from 1 to 0.

A sampler knows neither the engine nor guidance: it is given a velocity, the noisy latents and the
times. All arithmetic is float32, as in the reference, so that whole runs can be compared.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise
from typing import Protocol

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

LEAST_PINGPONG = 0.9
"""Steps of pingpong-dpmpp that end at a later time than this, nearer to noise, are ping-pong."""

_LOGSNR_START, _LOGSNR_END = -6.0, 2.0

LEAST_LOGSNR = 1 / (1 + math.exp(_LOGSNR_END))
"""The last time but 0 of `logsnr_schedule`, 0.12: times that begin earlier would rise to it."""


def logsnr_schedule(steps: int, sigma_max: float = 1.0) -> Array:
    """Times evenly spaced in log signal-to-noise ratio, with both ends pinned.

    Args:
        steps: 1 or more.
        sigma_max: the first time, above `LEAST_LOGSNR` to 1; 1 is pure noise, less keeps part of
            the init audio.

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


class Step(Protocol):
    """One step of a sampler."""

    def __call__(self, velocity: Velocity, x: Array, t: np.float32, t_next: np.float32) -> Array:
        """Latents at time `t` to latents at `t_next`.

        Args:
            velocity: the model with its conditioning bound.
            x: (batch, channels, frames) at `t`.
            t: the time now.
            t_next: a lower one; 0 is data.
        """


class PingpongStep:
    """Denoise fully, then add noise back to the next time: for models distilled to few steps.

    Source: ARC post-training, https://arxiv.org/abs/2505.08175.
    """

    def __init__(self, noise: Noise) -> None:
        """`noise` is called once a step, the last included, so that streams match the reference."""
        self._noise = noise

    def __call__(self, velocity: Velocity, x: Array, t: np.float32, t_next: np.float32) -> Array:
        """See `Step`."""
        denoised = x - t * velocity(x, _batch(t, x))
        stepped: Array = (_ONE - t_next) * denoised + t_next * self._noise()
        return stepped


def euler_step(velocity: Velocity, x: Array, t: np.float32, t_next: np.float32) -> Array:
    """Follow the velocity straight on; see `Step`."""
    stepped: Array = x + (t_next - t) * velocity(x, _batch(t, x))
    return stepped


def rk4_step(velocity: Velocity, x: Array, t: np.float32, t_next: np.float32) -> Array:
    """Classical Runge-Kutta of fourth order: four velocities a step; see `Step`."""
    half, sixth = np.float32(1 / 2), np.float32(6)
    dt = t_next - t
    middle = _batch(t + dt * half, x)
    k1 = velocity(x, _batch(t, x))
    k2 = velocity(x + dt * half * k1, middle)
    k3 = velocity(x + dt * half * k2, middle)
    k4 = velocity(x + dt * k3, _batch(t_next, x))
    stepped: Array = x + dt / sixth * (k1 + _TWO * k2 + _TWO * k3 + k4)
    return stepped


class DpmppStep:
    """DPM-Solver++(2M): second order, from the data that the step before this one found.

    The first step from pure noise has an infinite h, hence expm1(-h) = -1, and the step after it an
    infinite ratio, hence no correction; both are finite and meant. A step that does not begin where
    the one before it ended has no correction either, and is one of Euler's.

    Source: https://arxiv.org/abs/2211.01095, with alpha = 1 - t and sigma = t.
    """

    def __init__(self) -> None:
        self._previous: Array | None = None
        self._h = math.inf
        self._t = math.nan

    def __call__(self, velocity: Velocity, x: Array, t: np.float32, t_next: np.float32) -> Array:
        """See `Step`."""
        denoised: Array = x - t * velocity(x, _batch(t, x))
        h = half_logsnr(t_next) - half_logsnr(t)
        estimate = denoised
        if self._previous is not None and self._t == t and t_next > 0:
            correction = np.float32(h / (2 * self._h))  # 1 / 2r, with r = h_previous / h
            estimate = (_ONE + correction) * denoised - correction * self._previous
        shrink = np.float32(math.expm1(-h))
        self._previous = denoised
        self._h, self._t = h, float(t_next)
        stepped: Array = (t_next / t) * x - (_ONE - t_next) * shrink * estimate
        return stepped


class PingpongDpmppStep:
    """Ping-pong down to `LEAST_PINGPONG`, DPM-Solver++(2M) after it: for models not distilled.

    Fresh noise gives early steps, which decide what a sound is, several chances to follow the
    prompt; late ones would lose details by it.

    Source: section 4 of https://arxiv.org/abs/2206.00364, which adds noise in a span of times.
    """

    def __init__(self, noise: Noise) -> None:
        """`noise` is called once for each step of ping-pong."""
        self._early, self._late = PingpongStep(noise), DpmppStep()

    def __call__(self, velocity: Velocity, x: Array, t: np.float32, t_next: np.float32) -> Array:
        """See `Step`."""
        step = self._early if t_next > LEAST_PINGPONG else self._late
        return step(velocity, x, t, t_next)


def stepper(sampler: Sampler, noise: Noise) -> Step:
    """A fresh step function of the sampler named.

    Args:
        sampler: its name.
        noise: fresh noise, drawn only by samplers that add some: those with pingpong in their name.
    """
    if sampler == "pingpong":
        return PingpongStep(noise)
    if sampler == "pingpong-dpmpp":
        return PingpongDpmppStep(noise)
    if sampler == "dpmpp":
        return DpmppStep()
    return {"euler": euler_step, "rk4": rk4_step}[sampler]


def schedule(sampler: Sampler, steps: int, sigma_max: float = 1.0) -> Array:
    """The times of a sampler: (steps + 1,), falling from `sigma_max` to 0.

    They are the reference's, but that they are evenly spaced where its own would rise before they
    fall: from `LEAST_LOGSNR` down.
    """
    is_linear = sampler == "rk4" or sigma_max <= LEAST_LOGSNR
    return (linear_schedule if is_linear else logsnr_schedule)(steps, sigma_max)


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
        noise: fresh noise, drawn only by samplers that add some.
        on_step: see `Progress`.

    Returns:
        Latents, shaped as `x`.
    """
    step = stepper(sampler, noise)
    for i, (t, t_next) in enumerate(pairwise(schedule(sampler, steps, sigma_max))):
        x = step(velocity, x, t, t_next)
        if on_step is not None:
            on_step(i + 1, steps)
    return x


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


def half_logsnr(t: float | np.float32) -> float:
    """λ = ln((1-t) / t): minus infinity for pure noise, infinity for data."""
    if t <= 0 or t >= 1:
        return math.inf if t <= 0 else -math.inf
    return math.log((1 - float(t)) / float(t))
