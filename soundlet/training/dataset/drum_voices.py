"""Drums from physics and from circuits: each piece is a function of a few named numbers.

A voice takes its sound (a table of numbers), the velocity (0 to 1) and a generator, and returns
(samples,) or, where the two sides differ, (2, samples). Levels are free; the kit sets them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from soundlet.training.dataset.audio_effects import (
    SAMPLE_RATE,
    Audio,
    band_pass,
    drive,
    fade,
    high_pass,
    low_pass,
    normalise_peak,
    sum_of_lines,
)

Sound = Mapping[str, float]


def times(seconds: float) -> NDArray[np.float32]:
    """The time in seconds of each sample of a clip."""
    return np.arange(int(seconds * SAMPLE_RATE), dtype=np.float32) / np.float32(SAMPLE_RATE)


def noise(rng: np.random.Generator, n_samples: int) -> Audio:
    """White noise, standard normal."""
    return rng.standard_normal(n_samples, dtype=np.float32)


def falling(t: NDArray[np.float32], seconds: float) -> NDArray[np.float32]:
    """An exponential decay that has fallen by 60 dB after `seconds`."""
    return np.asarray(np.exp(np.float32(-6.908 / max(seconds, 1e-4)) * t), dtype=np.float32)


def swept_sine(t: NDArray[np.float32], start_hz: float, end_hz: float, seconds: float) -> Audio:
    """A sine that falls from one pitch to another; `seconds` is the time constant."""
    glide = (start_hz - end_hz) * seconds * (1.0 - np.exp(-t.astype(np.float64) / seconds))
    return np.sin(2.0 * np.pi * (end_hz * t.astype(np.float64) + glide)).astype(np.float32)


def struck(
    t: NDArray[np.float32], hz: list[float], levels: list[float], seconds: list[float]
) -> Audio:
    """Modes of a struck body: a decaying sine each, starting at zero."""
    out = np.zeros(len(t), dtype=np.float32)
    for mode_hz, level, decay in zip(hz, levels, seconds, strict=True):
        if mode_hz < 0.45 * SAMPLE_RATE:
            out += (
                np.float32(level) * np.sin(np.float32(2 * np.pi * mode_hz) * t) * falling(t, decay)
            )
    return out


def kick(p: Sound, velocity: float, rng: np.random.Generator) -> Audio:
    """A swept sine with the click of a beater."""
    t = times(p["decay"] * 1.05)
    start_hz = p["end_hz"] * p["sweep"] * (0.7 + 0.3 * velocity)
    body = swept_sine(t, start_hz, p["end_hz"], p["sweep_seconds"]) * falling(t, p["decay"])
    body *= np.minimum(1.0, t / np.float32(0.0008))
    click = low_pass(noise(rng, len(t)), p["click_hz"]) * falling(t, 0.012)
    body += np.float32(p["click"] * velocity) * click
    if p["skin"] > 0.0:
        skin = band_pass(noise(rng, len(t)), 80.0, 900.0) * falling(t, 0.12)
        body += np.float32(p["skin"]) * skin
    return fade(drive(body, p["drive"]), 0.0, 0.01)


def snare(p: Sound, velocity: float, rng: np.random.Generator) -> Audio:
    """Two modes of the head and the filtered noise of the wires."""
    seconds = max(p["wire_decay"], p["tone_decay"]) * 1.05
    t = times(seconds)
    hz = p["hz"]
    tone = swept_sine(t, hz * 1.35, hz, 0.012) * falling(t, p["tone_decay"])
    tone += 0.55 * swept_sine(t, hz * 1.8, hz * 1.62, 0.01) * falling(t, p["tone_decay"] * 0.7)
    white = noise(rng, len(t))
    wires = high_pass(white, p["wire_low"]) * falling(t, p["wire_decay"])
    wires = low_pass(wires, p["wire_high"] * (0.5 + 0.5 * velocity), order=1)
    snap = high_pass(white, 2500.0) * falling(t, 0.02)
    wires = normalise_peak(wires, 0.0) * np.float32(p["wires"])
    mix = np.float32(p["tone"]) * tone + wires + np.float32(p["snap"] * velocity) * 0.25 * snap
    return fade(drive(mix, p["drive"]), 0.0003, 0.01)


def clap(p: Sound, velocity: float, rng: np.random.Generator) -> Audio:
    """Several short bursts of noise, a few milliseconds apart, then a longer tail."""
    del velocity
    t = times(p["decay"] * 1.05 + 0.06)
    white = band_pass(noise(rng, len(t)), p["low"], p["high"], order=2)
    white += 0.3 * band_pass(noise(rng, len(t)), 2500.0, 8000.0)
    envelope = np.zeros_like(t)
    starts = np.cumsum([0.0, *rng.normal(p["spacing"], 0.1 * p["spacing"], 3)])
    for start in starts[:-1]:
        envelope += np.where(t >= start, falling(np.maximum(t - start, 0.0), 0.03), 0.0)
    tail = np.maximum(t - np.float32(starts[-1]), 0.0)
    envelope += np.where(t >= starts[-1], 0.8 * falling(tail, p["decay"]), 0.0)
    return fade(drive(white * envelope.astype(np.float32), p["drive"]), 0.0, 0.01)


def rim(p: Sound, velocity: float, rng: np.random.Generator) -> Audio:
    """A stick on the rim: two short high modes and a tick."""
    t = times(p["decay"] * 2.0)
    body = struck(t, [p["hz"], p["hz"] * 2.71], [1.0, 0.7], [p["decay"], p["decay"] * 0.6])
    tick = high_pass(noise(rng, len(t)), 2000.0) * falling(t, 0.008)
    return fade(drive(body + np.float32(0.4 * velocity) * tick, p["drive"]), 0.0, 0.004)


def _metal(t: NDArray[np.float32], p: Sound, rng: np.random.Generator) -> Audio:
    """Six square waves at unrelated pitches, blended with noise: the source of a hi-hat."""
    out = np.float32(p["noise"]) * noise(rng, len(t))
    for ratio in (1.0, 1.4826, 1.8003, 2.5460, 2.6303, 3.8967):
        phase = np.float32(p["hz"] * ratio) * t + np.float32(rng.random())
        out += np.float32(1.0 - p["noise"]) * np.where(phase % 1.0 < 0.5, 0.6, -0.6)
    return out.astype(np.float32)


def closed_hat(p: Sound, velocity: float, rng: np.random.Generator) -> Audio:
    """Metal that is choked at once."""
    decay = p["closed"] * (0.7 + 0.3 * velocity)
    t = times(decay * 1.3)
    metal = high_pass(_metal(t, p, rng), p["low"], order=3)
    metal = low_pass(metal, p["high"] * (0.6 + 0.4 * velocity), order=1)
    return fade(metal * falling(t, decay), 0.0003, 0.004)


def open_hat(p: Sound, velocity: float, rng: np.random.Generator) -> Audio:
    """The same metal, left to ring."""
    t = times(p["open"])
    metal = high_pass(_metal(t, p, rng), p["low"] * 0.9, order=3)
    metal = low_pass(metal, p["high"] * (0.6 + 0.4 * velocity), order=1)
    envelope = 0.75 * falling(t, p["open"] * 1.2) + 0.25 * falling(t, 0.08)
    return fade(metal * envelope, 0.0005, p["open"] * 0.2)


def _cymbal(
    p: Sound, seconds: float, low_hz: float, density: int, rng: np.random.Generator
) -> Audio:
    """Hundreds of unrelated modes; the higher, the sooner they die. Differs left and right."""
    t = times(seconds)
    bands = (  # from, to, share of the ringing time, level
        (low_hz, 1200.0, 1.0, 0.4),
        (1200.0, 3500.0, 0.8, 0.7),
        (3500.0, 8000.0, 0.65, 1.0),
        (8000.0, 16000.0, 0.5, 1.0),
    )
    out = np.zeros((2, len(t)), dtype=np.float32)
    for low, high, share, level in bands:
        hz = np.exp(rng.uniform(np.log(low), np.log(high), density))
        levels = level * rng.rayleigh(1.0, density) / np.sqrt(density)
        envelope = falling(t, seconds * share * 1.1)
        for channel in range(2):
            out[channel] += sum_of_lines(hz, levels, rng, len(t)) * envelope
    return out * np.float32(p["tone"])


def crash(p: Sound, velocity: float, rng: np.random.Generator) -> Audio:
    """A dense cymbal with a burst of noise at its start."""
    seconds = p["crash"]
    out = _cymbal(p, seconds, 350.0, 300, rng)
    t = times(seconds)
    wash = high_pass(rng.standard_normal((2, len(t)), dtype=np.float32), p["low"] * 0.5)
    envelope = 0.6 * falling(t, 0.25) + 0.35 * falling(t, seconds * 0.7)
    out += wash * envelope * np.float32(0.4 + 0.6 * velocity)
    swell = np.minimum(1.0, 0.4 + t / np.float32(0.015))
    return fade(out * swell, 0.001, seconds * 0.25)


def ride(p: Sound, velocity: float, rng: np.random.Generator) -> Audio:
    """A ping of a few strong modes over a thin wash."""
    seconds = p["ride"]
    t = times(seconds)
    wash = _cymbal(p, seconds, 500.0, 120, rng) * (0.25 + 0.75 * falling(t, 0.12))
    wash = high_pass(wash, 700.0)
    ping_hz = [p["ping_hz"] * r for r in (1.0, 1.43, 1.87, 2.41, 3.13)]
    ping = struck(t, ping_hz, [0.8, 1.0, 0.7, 0.6, 0.5], [seconds * 0.8] * 3 + [seconds * 0.5] * 2)
    tick = high_pass(noise(rng, len(t)), 4000.0) * falling(t, 0.015)
    middle = np.float32(0.35 + 0.2 * velocity) * ping + np.float32(0.5 * velocity) * tick
    return fade(0.5 * wash + middle, 0.0005, seconds * 0.25)


def tom(p: Sound, velocity: float, rng: np.random.Generator) -> Audio:
    """A drum skin: a falling tone, a second mode and a soft stick."""
    t = times(p["tom_decay"] * 1.05)
    hz = p["hz"] * (0.97 + 0.03 * velocity)
    body = swept_sine(t, hz * p["tom_sweep"], hz, 0.04) * falling(t, p["tom_decay"])
    body += 0.3 * swept_sine(t, hz * 1.9, hz * 1.59, 0.03) * falling(t, p["tom_decay"] * 0.4)
    stick = low_pass(noise(rng, len(t)), 3000.0) * falling(t, 0.025)
    skin = band_pass(noise(rng, len(t)), hz, hz * 6.0) * falling(t, p["tom_decay"] * 0.4)
    body += np.float32(0.35 * velocity) * stick + np.float32(p["skin"]) * skin
    return fade(drive(body, p["drive"]), 0.0005, 0.02)


def cowbell(p: Sound, velocity: float, rng: np.random.Generator) -> Audio:
    """Two square waves a little more than a fifth apart through a band-pass."""
    del velocity, rng
    t = times(p["decay"] * 1.05)
    squares = np.zeros_like(t)
    for ratio in (1.0, 1.4815):
        for harmonic in (1, 3, 5, 7, 9):
            hz = np.float32(2 * np.pi * p["hz"] * ratio * harmonic)
            squares += np.sin(hz * t) / np.float32(harmonic)
    body = band_pass(squares, p["hz"] * 1.1, p["hz"] * 6.0)
    envelope = 0.6 * falling(t, 0.06) + 0.4 * falling(t, p["decay"])
    return fade(drive(body * envelope, p["drive"]), 0.0003, 0.01)


def shaker(p: Sound, velocity: float, rng: np.random.Generator) -> Audio:
    """Grains that slide and stop: noise with a soft rise."""
    t = times(p["decay"] + 0.06)
    grains = noise(rng, len(t)) * (rng.random(len(t), dtype=np.float32) < 0.25)
    rise = p["rise"] * (1.3 - 0.5 * velocity)
    envelope = np.where(t < rise, (t / rise) ** 2, falling(np.maximum(t - rise, 0.0), p["decay"]))
    return fade(band_pass(grains, p["low"], p["high"]) * envelope.astype(np.float32), 0.0, 0.005)


def tambourine(p: Sound, velocity: float, rng: np.random.Generator) -> Audio:
    """Many small jingles, each struck a moment after the other, ringing high."""
    t = times(p["decay"] * 1.1)
    jingles = np.zeros_like(t)
    for jingle in range(10):
        hz = rng.uniform(p["low"], p["low"] * 2.3)
        start = int(rng.exponential(0.012) * SAMPLE_RATE) if jingle else 0
        rest = len(t) - start
        if rest > 0:
            ring = struck(t[:rest], [hz, hz * 1.51], [1.0, 0.6], [p["decay"] * 0.8] * 2)
            jingles[start:] += np.float32(rng.uniform(0.4, 1.0)) * ring
    hiss = high_pass(noise(rng, len(t)), p["low"]) * falling(t, p["decay"] * 0.6)
    return fade(jingles / 4.0 + np.float32(0.3 + 0.3 * velocity) * hiss, 0.0005, 0.01)


def conga(p: Sound, velocity: float, rng: np.random.Generator) -> Audio:
    """A skin over a wooden tube: round tone, short slap."""
    t = times(p["decay"] * 1.05)
    tone = swept_sine(t, p["hz"] * 1.12, p["hz"], 0.02) * falling(t, p["decay"])
    hz = p["hz"]
    tone += struck(t, [hz * 1.81, hz * 2.63], [0.35, 0.2], [p["decay"] * 0.5, p["decay"] * 0.3])
    slap = band_pass(noise(rng, len(t)), 900.0, 5000.0) * falling(t, 0.03)
    return fade(tone + np.float32(0.6 * velocity * p["slap"]) * slap, 0.0005, 0.01)


Voice = Callable[[Sound, float, np.random.Generator], Audio]

VOICES: dict[str, Voice] = {
    "kick": kick,
    "snare": snare,
    "clap": clap,
    "rim": rim,
    "closed_hat": closed_hat,
    "open_hat": open_hat,
    "crash": crash,
    "ride": ride,
    "tom_low": tom,
    "tom_mid": tom,
    "tom_high": tom,
    "cowbell": cowbell,
    "shaker": shaker,
    "tambourine": tambourine,
    "conga": conga,
}
