"""Effects on audio arrays: filters, reverb, delay, drive, modulation, levels and stereo.

Every function takes (channels, samples) or (samples,) float32 at 44.1 kHz and returns the same
shape, unless its docstring says otherwise. Peaks above full scale are scaled back, never clipped.
This is also the only file of the synthesis that calls SciPy, which has no type stubs.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import fft, signal

SAMPLE_RATE = 44100  # Hz

Audio = NDArray[np.float32]
"""(channels, samples), or (samples,) for a mono part on its way to stereo."""

Curve = NDArray[np.float64]
"""A value per sample, such as a pitch or a cutoff in Hz."""

FilterKind = Literal["low", "high", "band"]

HIGHEST_HZ = 0.475 * SAMPLE_RATE  # cutoffs above are as good as open


def within_range(audio: Audio) -> Audio:
    """Scale down what exceeds full scale; leave the rest as it is."""
    peak = float(np.max(np.abs(audio), initial=0.0))
    return np.asarray(audio / np.float32(max(1.0, peak)), dtype=np.float32)


def normalise_peak(audio: Audio, db: float = -1.0) -> Audio:
    """Bring the highest peak to `db` below full scale; silence stays silent."""
    peak = float(np.max(np.abs(audio), initial=0.0))
    gain = 10.0 ** (db / 20.0) / peak if peak > 1e-9 else 1.0
    return np.asarray(audio * np.float32(gain), dtype=np.float32)


@lru_cache(maxsize=512)
def _butterworth(order: int, kind: str, hz: tuple[float, ...]) -> NDArray[np.float64]:
    corner = hz[0] if len(hz) == 1 else hz
    sections = signal.butter(order, corner, btype=kind, fs=SAMPLE_RATE, output="sos")
    return np.asarray(sections, dtype=np.float64)


def _filtered(audio: Audio, sections: NDArray[np.float64]) -> Audio:
    return np.asarray(signal.sosfilt(sections, audio, axis=-1), dtype=np.float32)


def low_pass(audio: Audio, hz: float, order: int = 2) -> Audio:
    """Butterworth low-pass with its corner at `hz`."""
    return _filtered(audio, _butterworth(order, "low", (min(max(hz, 10.0), HIGHEST_HZ),)))


def high_pass(audio: Audio, hz: float, order: int = 2) -> Audio:
    """Butterworth high-pass with its corner at `hz`."""
    return _filtered(audio, _butterworth(order, "high", (min(max(hz, 5.0), HIGHEST_HZ),)))


def band_pass(audio: Audio, low_hz: float, high_hz: float, order: int = 1) -> Audio:
    """Butterworth band-pass between two corners; `order` is that of each slope."""
    low = min(max(low_hz, 5.0), HIGHEST_HZ * 0.9)
    high = min(max(high_hz, low * 1.05), HIGHEST_HZ)
    return _filtered(audio, _butterworth(order, "band", (low, high)))


def resonate(audio: Audio, hz: float, decay_seconds: float) -> Audio:
    """Ring a two-pole resonator whose impulse response falls by 60 dB in `decay_seconds`."""
    radius = 10.0 ** (-3.0 / max(decay_seconds * SAMPLE_RATE, 1.0))
    angle = 2.0 * np.pi * min(hz, HIGHEST_HZ) / SAMPLE_RATE
    poles = [1.0, -2.0 * radius * np.cos(angle), radius * radius]
    return np.asarray(signal.lfilter([np.sin(angle)], poles, audio, axis=-1), dtype=np.float32)


def smooth(audio: Audio, seconds: float) -> Audio:
    """One-pole smoothing with the time constant `seconds`."""
    pole = float(np.exp(-1.0 / max(seconds * SAMPLE_RATE, 1e-3)))
    return np.asarray(signal.lfilter([1.0 - pole], [1.0, -pole], audio, axis=-1), np.float32)


def recursion(audio: Audio, feed: list[float], back: dict[int, float]) -> Audio:
    """A comb-like recursive filter: y[n] = Σ feed[i] x[n - i] + Σ back[k] y[n - k]."""
    denominator = np.zeros(max(back) + 1)
    denominator[0] = 1.0
    for lag, gain in back.items():
        denominator[lag] -= gain
    return np.asarray(signal.lfilter(feed, denominator, audio, axis=-1), dtype=np.float32)


def convolve(audio: Audio, impulse_response: Audio) -> Audio:
    """Convolve along time and keep the length of `audio`."""
    wet = signal.oaconvolve(audio, impulse_response, axes=-1)[..., : audio.shape[-1]]
    return np.asarray(wet, dtype=np.float32)


def sum_of_lines(
    hz: NDArray[np.float64], levels: NDArray[np.float64], rng: np.random.Generator, n_samples: int
) -> Audio:
    """Add any number of steady sines of random phase, in one inverse transform.

    Frequencies are rounded to the grid of the transform (well under 1 Hz from one second on).
    """
    size = int(fft.next_fast_len(n_samples, real=True))
    bins = np.rint(hz * size / SAMPLE_RATE).astype(np.int64)
    kept = (bins > 0) & (bins < size // 2)
    spectrum = np.zeros(size // 2 + 1, dtype=np.complex64)
    turns = np.exp(2j * np.pi * rng.random(len(hz)))
    np.add.at(spectrum, bins[kept], (levels * turns)[kept] * (size / 2))
    return np.asarray(fft.irfft(spectrum, size)[:n_samples], dtype=np.float32)


SWEEP_WINDOW = 1024
SWEEP_HOP = 256


def sweep_filter(
    audio: Audio, cutoff_hz: Curve, resonance: float = 0.0, kind: FilterKind = "low"
) -> Audio:
    """A filter whose cutoff moves: per block of 256 samples, by overlap-add of spectra.

    Args:
        audio: (samples,) or (channels, samples).
        cutoff_hz: the cutoff, as a curve over the length of the clip at any even spacing.
        resonance: 0 is none, 1 is a peak of about 24 dB at the cutoff.
        kind: "low" and "high" fall by 24 dB per octave, "band" by 12 dB on each side.
    """
    n_samples = audio.shape[-1]
    n_blocks = -(-n_samples // SWEEP_HOP) + SWEEP_WINDOW // SWEEP_HOP
    padding = [(0, 0)] * (audio.ndim - 1) + [(SWEEP_WINDOW - SWEEP_HOP, SWEEP_WINDOW)]
    padded = np.pad(audio, padding)
    frames = np.lib.stride_tricks.sliding_window_view(padded, SWEEP_WINDOW, axis=-1)
    frames = frames[..., ::SWEEP_HOP, :][..., : n_blocks - 1, :]
    n_frames = frames.shape[-2]
    window = np.sqrt(signal.get_window("hann", SWEEP_WINDOW)).astype(np.float32)
    spectra = fft.rfft(frames * window, axis=-1)

    centres = np.arange(n_frames) * SWEEP_HOP - (SWEEP_WINDOW / 2 - SWEEP_HOP)
    positions = np.linspace(0.0, n_samples, len(cutoff_hz))
    cutoff = np.interp(centres, positions, cutoff_hz)[:, None]
    hz = np.arange(SWEEP_WINDOW // 2 + 1) * (SAMPLE_RATE / SWEEP_WINDOW)
    ratio = np.maximum(hz, 1.0)[None, :] / np.maximum(cutoff, 10.0)
    damping = 2.0 * 10.0 ** (-1.2 * resonance)
    numerator = {"low": 1.0, "high": ratio * ratio, "band": damping * ratio}[kind]
    pole_pair = np.sqrt((1.0 - ratio * ratio) ** 2 + (damping * ratio) ** 2)
    response = numerator / pole_pair
    if kind != "band":  # a second, flat pair of poles makes the slope 24 dB per octave
        response = response * (1.0 if kind == "low" else ratio * ratio) / (1.0 + ratio * ratio)
    shaped = fft.irfft(spectra * response.astype(np.float32), SWEEP_WINDOW, axis=-1) * window

    out = np.zeros((*audio.shape[:-1], (n_frames + 4) * SWEEP_HOP), dtype=np.float32)
    for part in range(SWEEP_WINDOW // SWEEP_HOP):  # blocks that do not overlap, four times
        piece = shaped[..., part * SWEEP_HOP : (part + 1) * SWEEP_HOP]
        start = part * SWEEP_HOP
        out[..., start : start + n_frames * SWEEP_HOP] += piece.reshape(*audio.shape[:-1], -1)
    start = SWEEP_WINDOW - SWEEP_HOP
    return np.asarray(out[..., start : start + n_samples] * 0.5, dtype=np.float32)


def reverb(audio: Audio, rng: np.random.Generator, size: float, wet: float) -> Audio:
    """A room: early reflections, then noise that decays, apart in the two channels.

    Args:
        audio: (2, samples); give it silence at the end if the tail is to be heard.
        rng: draws the room.
        size: 0 is a small tiled room (0.25 s), 1 a cathedral (4 s).
        wet: 0 is dry, 1 is the room alone.
    """
    if wet <= 0.0:
        return audio
    room = impulse_response(rng, size)
    return within_range(
        audio * np.float32(1.0 - 0.7 * wet) + convolve(audio, room) * np.float32(wet)
    )


def impulse_response(rng: np.random.Generator, size: float) -> Audio:
    """A stereo room response (2, samples) of about the loudness of its input."""
    seconds = 0.25 * 16.0**size
    n_samples = int(seconds * 0.8 * SAMPLE_RATE)
    times = np.arange(n_samples, dtype=np.float32) / SAMPLE_RATE
    noise = rng.standard_normal((2, n_samples), dtype=np.float32)
    dull = low_pass(noise, 2000.0 + 1500.0 * float(rng.random()), order=1)
    slow = np.exp(np.float32(-6.9 / seconds) * times)
    fast = np.exp(np.float32(-6.9 / (0.45 * seconds)) * times)
    tail = dull * slow + (noise - dull) * fast
    tail *= np.minimum(1.0, times / (0.004 + 0.02 * size))
    reach = 0.012 + 0.05 * size
    n_early = 7
    for channel in range(2):
        at = (rng.uniform(0.1, 1.0, n_early) * reach * SAMPLE_RATE).astype(np.int64)
        tail[channel, at] += 2.5 * rng.choice([-1.0, 1.0], n_early) * rng.uniform(0.4, 1.0, n_early)
    tail = high_pass(tail.astype(np.float32), 120.0)
    energy = np.sqrt(np.sum(np.square(tail), axis=-1, keepdims=True))
    return np.asarray(tail / energy, dtype=np.float32)


def delay(audio: Audio, seconds: float, feedback: float, wet: float) -> Audio:
    """Echoes that change side each time (ping-pong), each duller than the last.

    Args:
        audio: (2, samples).
        seconds: time between echoes.
        feedback: how much of an echo comes back, 0 to 0.9.
        wet: level of the first echo.
    """
    lag = max(1, int(seconds * SAMPLE_RATE))
    echo = audio.mean(axis=0, dtype=np.float32)
    out = audio.copy()
    level, side, start = wet, 0, lag
    while start < audio.shape[-1] and level > 1e-3:
        echo = low_pass(echo[: audio.shape[-1] - start], 6000.0, order=1)
        out[side, start:] += echo * np.float32(level)
        out[1 - side, start:] += echo * np.float32(0.3 * level)
        level, side, start = level * feedback, 1 - side, start + lag
    return within_range(out)


def drive(audio: Audio, amount: float) -> Audio:
    """Soft saturation: 0 leaves the audio, 1 is a fuzz; the peak stays where it was."""
    gain = np.float32(1.0 + 24.0 * amount * amount)
    peak = np.float32(max(float(np.max(np.abs(audio), initial=0.0)), 1e-9))
    if amount <= 0.0:
        return audio
    return np.asarray(np.tanh(gain * audio / peak) * (peak / np.tanh(gain)), dtype=np.float32)


def bitcrush(audio: Audio, bits: float, hold: int = 1) -> Audio:
    """Round to `bits` bits and keep each `hold`-th sample for `hold` samples."""
    held = audio[..., np.arange(audio.shape[-1]) // hold * hold]
    levels = np.float32(2.0 ** (bits - 1.0))
    return np.asarray(np.round(held * levels) / levels, dtype=np.float32)


def chorus(audio: Audio, rng: np.random.Generator, depth: float = 0.5) -> Audio:
    """Mix in a copy of (2, samples) whose delay wavers, against the phase of the other side."""
    n_samples = audio.shape[-1]
    samples = np.arange(n_samples)
    rate, start = rng.uniform(0.3, 1.1), rng.random()
    out = audio * np.float32(0.7)
    for channel in range(2):
        turn = np.sin(2.0 * np.pi * (rate * samples / SAMPLE_RATE + start + 0.5 * channel))
        lag = (0.009 + 0.004 * depth * turn) * SAMPLE_RATE
        moved = np.interp(samples - lag, samples, audio[channel], left=0.0)
        out[channel] += np.float32(0.6) * moved.astype(np.float32)
    return within_range(out)


def tremolo(audio: Audio, hz: float, depth: float) -> Audio:
    """Let the level swing `hz` times a second; at depth 1 down to silence."""
    times = np.arange(audio.shape[-1]) / SAMPLE_RATE
    swing = 1.0 - depth * (0.5 - 0.5 * np.cos(2.0 * np.pi * hz * times))
    return np.asarray(audio * swing.astype(np.float32), dtype=np.float32)


def compress(audio: Audio, threshold_db: float = -18.0, ratio: float = 3.0) -> Audio:
    """Turn down what stays above the threshold, both channels alike, and keep the peak."""
    power = np.square(audio) if audio.ndim == 1 else np.square(audio).mean(axis=0)
    level_db = 10.0 * np.log10(smooth(power.astype(np.float32), 0.015) + 1e-9)
    gain_db = -np.maximum(0.0, level_db - threshold_db) * (1.0 - 1.0 / ratio)
    pressed = audio * (10.0 ** (gain_db / 20.0)).astype(np.float32)
    peak = float(np.max(np.abs(audio), initial=0.0))
    return normalise_peak(pressed, 20.0 * float(np.log10(max(peak, 1e-9))))


def fade(audio: Audio, seconds_in: float, seconds_out: float) -> Audio:
    """Raised-cosine fades at both ends."""
    out = audio.copy()
    n_in = min(int(seconds_in * SAMPLE_RATE), audio.shape[-1])
    n_out = min(int(seconds_out * SAMPLE_RATE), audio.shape[-1])
    if n_in > 0:
        rise = 0.5 - 0.5 * np.cos(np.pi * np.arange(n_in) / n_in)
        out[..., :n_in] *= rise.astype(np.float32)
    if n_out > 0:
        fall = 0.5 + 0.5 * np.cos(np.pi * np.arange(1, n_out + 1) / n_out)
        out[..., -n_out:] *= fall.astype(np.float32)
    return out


def pan(mono: Audio, position: float | Curve) -> Audio:
    """Place (samples,) between left (-1) and right (1) at constant power: (2, samples).

    A position may also be a curve with one value per sample. The middle keeps the level of `mono`.
    """
    angle = (np.asarray(position) + 1.0) * (np.pi / 4.0)
    gains = np.sqrt(2.0) * np.stack([np.cos(angle), np.sin(angle)])
    gains = gains[:, None] if gains.ndim == 1 else gains
    return within_range(np.asarray(mono[None, :] * gains, dtype=np.float32))


def widen(audio: Audio, amount: float) -> Audio:
    """Add a delayed copy of the middle to the sides: wide, and unchanged when summed to mono."""
    lag = int(0.011 * SAMPLE_RATE)
    middle = audio.mean(axis=0, dtype=np.float32)
    side = np.zeros_like(middle)
    side[lag:] = high_pass(middle, 250.0, order=1)[:-lag]
    side *= np.float32(amount)
    return within_range(audio + np.stack([side, -side]))
