"""What sound effects are made of: shaped noise, wandering curves, bursts, and grains in time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from soundlet.training.dataset.audio_effects import (
    SAMPLE_RATE,
    Audio,
    Curve,
    band_pass,
    normalise_peak,
)

Effect = Callable[[np.random.Generator], tuple[Audio, tuple[str, ...]]]
"""Draws a sound (2, samples) of any level, and the words that are true of it."""


Levels = NDArray[np.floating[Any]]
"""One number per event."""


def clock(seconds: float) -> Curve:
    """The time of each sample of a clip."""
    return np.arange(int(seconds * SAMPLE_RATE), dtype=np.float64) / SAMPLE_RATE


def falling(t: Curve, seconds: float) -> NDArray[np.float32]:
    """An exponential decay from time 0 that has fallen by 60 dB after `seconds`."""
    return np.exp((-6.908 / max(seconds, 1e-4)) * np.maximum(t, 0.0)).astype(np.float32)


def white(rng: np.random.Generator, seconds: float, channels: int = 2) -> Audio:
    """Standard normal noise, (channels, samples)."""
    return rng.standard_normal((channels, int(seconds * SAMPLE_RATE)), dtype=np.float32)


def shaped_noise(rng: np.random.Generator, seconds: float, course: dict[float, float]) -> Audio:
    """Stereo noise with a spectrum given as Hz to dB, straight lines over the logarithm of Hz.

    Returns:
        (2, samples) with an RMS of 0.25.
    """
    n_samples = int(seconds * SAMPLE_RATE)
    size = int(fft.next_fast_len(n_samples, real=True))
    hz = np.maximum(np.arange(size // 2 + 1) * (SAMPLE_RATE / size), 1.0)
    db = np.interp(np.log(hz), np.log(list(course)), list(course.values()))
    gain = (10.0 ** (db / 20.0)).astype(np.float32)
    parts = rng.standard_normal((2, 2, len(hz)), dtype=np.float32)
    audio = fft.irfft((parts[0] + 1j * parts[1]) * gain, size, axis=-1)[:, :n_samples]
    return np.asarray(audio * (0.25 / float(np.sqrt(np.mean(audio**2)))), dtype=np.float32)


def wander(
    rng: np.random.Generator, n_points: int, seconds: float, rate: float, low: float, high: float
) -> Curve:
    """A smooth random walk between `low` and `high` that turns about `rate` times a second."""
    n_turns = max(3, int(seconds * rate) + 3)
    turns = rng.uniform(low, high, n_turns)
    place = np.linspace(0.0, n_turns - 1.001, n_points)
    index = place.astype(np.int64)
    rest = place - index
    ease = rest * rest * (3.0 - 2.0 * rest)
    return np.asarray(turns[index] * (1.0 - ease) + turns[index + 1] * ease)


def arrivals(rng: np.random.Generator, per_second: float, seconds: float) -> Curve:
    """Times of events that do not know of each other (a Poisson process), in order."""
    return np.sort(rng.uniform(0.0, seconds, rng.poisson(per_second * seconds)))


def scatter(
    seconds: float,
    starts: Levels,
    grains: Sequence[Audio],
    levels: Levels,
    places: Levels,
    rng: np.random.Generator,
) -> Audio:
    """Put a randomly chosen grain (samples,) at each start: (2, samples).

    Args:
        seconds: length of the result; what reaches beyond is cut.
        starts: times in seconds.
        grains: sounds to choose from.
        levels: level of each event.
        places: place of each event, -1 left to 1 right.
        rng: chooses.
    """
    out = np.zeros((2, int(seconds * SAMPLE_RATE)), dtype=np.float32)
    angles = (places + 1.0) * (np.pi / 4.0)
    gains = (levels * np.stack([np.cos(angles), np.sin(angles)])).astype(np.float32)
    choice = rng.integers(len(grains), size=len(starts))
    for number, start in enumerate((starts * SAMPLE_RATE).astype(np.int64)):
        grain = grains[choice[number]][: out.shape[1] - start]
        out[:, start : start + len(grain)] += gains[:, number, None] * grain
    return out


def tone(phase: Curve) -> Audio:
    """A sine at a phase in cycles."""
    return np.sin((2.0 * np.pi * (phase - np.floor(phase))).astype(np.float32))


def gliding(hz: Curve) -> Curve:
    """The phase in cycles of a pitch given per sample."""
    return np.cumsum(hz) / SAMPLE_RATE


def square(phase: Curve, hz: Curve | float, softness: float = 1.0) -> Audio:
    """A square wave whose steps are smoothed over `softness` samples, which keeps aliases low."""
    steepness = SAMPLE_RATE / (np.maximum(np.asarray(hz), 1.0) * np.pi * max(softness, 0.5))
    wave = np.sin(2.0 * np.pi * (phase - np.floor(phase)))
    return np.asarray(np.tanh(wave * np.minimum(steepness, 200.0)), dtype=np.float32)


def saw(phase: Curve, hz: Curve | float) -> Audio:
    """A saw wave with its step smoothed (polynomial band-limited step)."""
    dt = np.broadcast_to(np.asarray(hz) / SAMPLE_RATE, phase.shape)
    p = phase - np.floor(phase)
    start = np.clip(p / dt, 0.0, 1.0)
    end = np.clip((p - 1.0) / dt, -1.0, 0.0)
    smooth = np.where(p < dt, -((start - 1.0) ** 2), 0.0) + np.where(
        p > 1 - dt, (end + 1) ** 2, 0.0
    )
    return np.asarray(2.0 * p - 1.0 - smooth, dtype=np.float32)


def bubble(hz: float, rise: float = 0.1) -> Audio:
    """A bubble of air in water: a short sine that rises as the bubble comes up.

    Source: K. van den Doel, Physically based models for liquid sounds, ACM TAP 2(4), 2005.
    """
    damping = 0.043 * hz + 0.0014 * hz**1.5
    t = clock(min(7.0 / damping, 0.5))
    phase = hz * (t + 0.5 * rise * damping * t * t)
    onset = np.minimum(1.0, t * hz / 2.0)
    return np.asarray(tone(phase) * np.exp(-damping * t) * onset, dtype=np.float32)


def burst(rng: np.random.Generator, seconds: float, low_hz: float, high_hz: float) -> Audio:
    """A decaying burst of band-passed noise with its peak at 1: (samples,)."""
    t = clock(seconds)
    hiss = band_pass(white(rng, seconds, 1)[0], low_hz, high_hz) * falling(t, seconds)
    return normalise_peak(hiss, 0.0)


def knock(
    rng: np.random.Generator, hz: Sequence[float], seconds: Sequence[float], click: float = 0.3
) -> Audio:
    """A struck solid: decaying modes and the noise of the contact, peak 1: (samples,)."""
    t = clock(max(seconds) * 1.05)
    out = np.float32(click) * white(rng, max(seconds) * 1.05, 1)[0] * falling(t, 0.006)
    for mode, decay in zip(hz, seconds, strict=True):
        out += tone(mode * t) * falling(t, decay) * np.float32(rng.uniform(0.5, 1.0))
    return normalise_peak(out.astype(np.float32), 0.0)


def spots(rng: np.random.Generator, count: int, reach: float = 0.8) -> Curve:
    """Random places between left and right."""
    return rng.uniform(-reach, reach, count)


def one_of(rng: np.random.Generator, *words: str) -> str:
    """Draw one of some words."""
    return words[int(rng.integers(len(words)))]
