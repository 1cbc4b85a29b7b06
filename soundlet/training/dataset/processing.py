"""The traits that are made after the playing: equalisation, drive, devices, space."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from soundlet.training.dataset.attributes import SAMPLE_RATE, Audio
from soundlet.training.dataset.audio_effects import (
    bitcrush,
    chorus,
    compress,
    delay,
    drive,
    high_pass,
    low_pass,
    normalise_peak,
    reverb,
    sweep_filter,
    tremolo,
    widen,
)
from soundlet.vocabulary.traits import Range, Traits

Device = Callable[[Audio, float, np.random.Generator], Audio]


def _bitcrusher(audio: Audio, _bpm: float, rng: np.random.Generator) -> Audio:
    crushed = bitcrush(audio, float(rng.uniform(4.0, 6.0)), int(rng.integers(3, 8)))
    quiet = np.abs(audio) < 0.004  # no buzz where the sound has ended
    return np.where(quiet, audio, crushed).astype(np.float32)


def _tremolo(audio: Audio, bpm: float, rng: np.random.Generator) -> Audio:
    rate = bpm / 60.0 * float(rng.choice([1.0, 2.0, 2.0, 4.0]))
    return tremolo(audio, rate, float(rng.uniform(0.7, 0.95)))


def _chorus(audio: Audio, _bpm: float, rng: np.random.Generator) -> Audio:
    return chorus(audio, rng, float(rng.uniform(0.7, 1.0)))


def _vinyl(audio: Audio, _bpm: float, rng: np.random.Generator) -> Audio:
    """Crackle and a soft hiss, as from an old record."""
    n_samples = audio.shape[1]
    clicks = np.zeros((2, n_samples), np.float32)
    count = max(3, round(n_samples / SAMPLE_RATE * float(rng.uniform(8.0, 20.0))))
    places = rng.integers(n_samples, size=count)
    clicks[:, places] = rng.normal(0.0, 0.25, count).astype(np.float32)
    hiss = rng.standard_normal((2, n_samples), dtype=np.float32) * np.float32(0.004)
    return np.asarray(audio + low_pass(clicks, 6000.0) + low_pass(hiss, 7000.0), np.float32)


def _sidechain(audio: Audio, bpm: float, rng: np.random.Generator) -> Audio:
    beat = 60.0 / bpm
    since = np.mod(np.arange(audio.shape[1]) / SAMPLE_RATE, beat) / beat
    depth = float(rng.uniform(0.8, 0.95))
    gain = 1.0 - depth * np.clip(1.0 - since / 0.6, 0.0, 1.0) ** 1.5
    return np.asarray(audio * gain.astype(np.float32), np.float32)


def _opening(audio: Audio, _bpm: float, rng: np.random.Generator) -> Audio:
    low = float(rng.uniform(450.0, 700.0))
    curve = np.geomspace(low, 14000.0, 200)
    return sweep_filter(audio, curve, float(rng.uniform(0.1, 0.4)), "low")


def _closing(audio: Audio, _bpm: float, rng: np.random.Generator) -> Audio:
    low = float(rng.uniform(150.0, 350.0))
    curve = np.geomspace(14000.0, low, 200)
    return sweep_filter(audio, curve, float(rng.uniform(0.1, 0.4)), "low")


def _compressor(audio: Audio, _bpm: float, rng: np.random.Generator) -> Audio:
    return compress(audio, float(rng.uniform(-28.0, -22.0)), float(rng.uniform(4.0, 7.0)))


def _wide(audio: Audio, _bpm: float, rng: np.random.Generator) -> Audio:
    return widen(audio, float(rng.uniform(0.7, 1.0)))


def _mono(audio: Audio, _bpm: float, _rng: np.random.Generator) -> Audio:
    return np.repeat(audio.mean(axis=0, keepdims=True, dtype=np.float32), 2, axis=0)


DEVICES: dict[str, Device] = {
    "compressor": _compressor,
    "bitcrusher": _bitcrusher,
    "chorus": _chorus,
    "tremolo": _tremolo,
    "opening filter": _opening,
    "closing filter": _closing,
    "vinyl": _vinyl,
    "sidechain": _sidechain,
}
LAST_DEVICES: dict[str, Device] = {"wide": _wide, "mono": _mono}
ECHOES = (0.5, 0.75, 0.75, 1.0)  # beats between echoes


def drawn(span: Range | None, rng: np.random.Generator, otherwise: float = 0.0) -> float:
    """A value from a promised range, or `otherwise` where nothing is promised."""
    return otherwise if span is None else float(rng.uniform(*span))


def processed(audio: Audio, traits: Traits, bpm: float, rng: np.random.Generator) -> Audio:
    """Give the sound of the notes what its traits promise, and often a little room.

    Args:
        audio: (2, samples), at any level.
        traits: the promises.
        bpm: tempo of echoes and pulses.
        rng: source of every amount.

    Returns:
        (2, samples) with its peak at full scale.
    """
    out = normalise_peak(audio, -1.0)
    if traits.lift is not None:
        out = out + high_pass(out, 3000.0, order=1) * np.float32(drawn(traits.lift, rng))
    if traits.body is not None:
        out = out + low_pass(out, 160.0) * np.float32(drawn(traits.body, rng))
    out = drive(np.asarray(out, np.float32), drawn(traits.drive, rng))
    out = normalise_peak(out, -1.0)
    for name, device in DEVICES.items():
        if name in traits.devices:
            out = device(out, bpm, rng)
    if traits.low_pass is not None:
        hz = drawn(traits.low_pass, rng)
        out = low_pass(out, hz, order=4 if hz < 2000.0 else 2)
    if traits.high_pass is not None:
        hz = drawn(traits.high_pass, rng)
        out = high_pass(out, hz, order=4 if hz > 250.0 else 2)
    out = normalise_peak(out, -1.0)
    if traits.delay_wet is not None:
        lag = float(rng.choice(ECHOES)) * 60.0 / bpm
        out = delay(out, lag, float(rng.uniform(0.4, 0.65)), drawn(traits.delay_wet, rng))
    wet = drawn(traits.reverb_wet, rng, float(rng.uniform(-0.1, 0.14)))
    if wet > 0.0:
        out = reverb(out, rng, drawn(traits.reverb_size, rng, float(rng.uniform(0.1, 0.4))), wet)
    for name, device in LAST_DEVICES.items():
        if name in traits.devices:
            out = device(out, bpm, rng)
    return normalise_peak(out, 0.0)
