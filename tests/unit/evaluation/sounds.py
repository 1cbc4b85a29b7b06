"""Sounds whose tempo, key and shape are known, because they are written down here."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Audio = NDArray[np.float32]

RATE = 44100


def stereo(mono: NDArray[np.floating]) -> Audio:
    return np.stack([mono, mono]).astype(np.float32)


def sine(hz: float, seconds: float, level: float = 0.5) -> NDArray[np.float64]:
    t = np.arange(round(seconds * RATE)) / RATE
    wave: NDArray[np.float64] = level * np.sin(2 * np.pi * hz * t)
    return wave


def hz_of(pitch: int) -> float:
    return float(440 * 2 ** ((pitch - 69) / 12))


def noise(seconds: float, level: float = 0.1, seed: int = 0) -> Audio:
    rng = np.random.default_rng(seed)
    return (level * rng.standard_normal((2, round(seconds * RATE)))).astype(np.float32)


def clicks(bpm: float, seconds: float, per_beat: int = 1, level: float = 0.8) -> Audio:
    """A short decaying burst on every beat, softer ones between."""
    out = np.zeros(round(seconds * RATE))
    burst = np.random.default_rng(1).standard_normal(800) * np.exp(-np.arange(800) / 150)
    for i in range(int(seconds * bpm / 60 * per_beat)):
        start = round(i * 60 / bpm / per_beat * RATE)
        part = out[start : start + 800]
        part += (level if i % per_beat == 0 else 0.3 * level) * burst[: len(part)] / 3
    return stereo(out)


def melody(pitches: Sequence[int], seconds_each: float = 0.3) -> Audio:
    """Plucked notes with four partials, one after the other."""
    notes = []
    for pitch in pitches:
        t = np.arange(round(seconds_each * RATE)) / RATE
        wave = sum(np.sin(2 * np.pi * hz_of(pitch) * k * t) / k**1.5 for k in range(1, 5))
        notes.append(0.3 * wave * np.exp(-3 * t))
    return stereo(np.concatenate(notes))


def scale(tonic: int, steps: Sequence[int]) -> Audio:
    """A scale up and down that comes home to its tonic and its fifth."""
    up = [tonic + step for step in steps]
    home = [tonic, tonic + 7, tonic, tonic + steps[2], tonic + 7, tonic]
    return melody([*up, tonic + 12, *up[::-1], *home])
