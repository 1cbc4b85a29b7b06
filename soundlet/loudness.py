"""Loudness and true peak of a sound, by ITU-R BS.1770-5.

Source: https://www.itu.int/rec/R-REC-BS.1770; at other rates than 48 kHz the filters are the
analogue prototypes behind its coefficients, brought over by the bilinear transform.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from soundlet.audio import Audio, resample

Samples = NDArray[np.float64]
Biquad = tuple[tuple[float, float, float], tuple[float, float, float]]

BLOCK_SECONDS, STEP_SECONDS = 0.4, 0.1
ABSOLUTE_GATE, RELATIVE_GATE = -70.0, -10.0  # LUFS, LU
OFFSET = -0.691  # dB: what the K weighting adds at 997 Hz
OVERSAMPLING = 4
TAIL_SECONDS = 1.0  # of silence after a sound, for the filters to ring out


def integrated_loudness(audio: Audio, sample_rate: int) -> float:
    """The gated loudness of a whole sound in LUFS; minus infinity for silence.

    A sound that is shorter than a gating block of 400 ms is measured as one block.

    Args:
        audio: (channels, samples), one or two channels.
        sample_rate: in Hz.
    """
    energy = np.sum(np.square(_k_weighted(audio, sample_rate)), axis=0)
    block = min(round(BLOCK_SECONDS * sample_rate), len(energy))
    step = max(1, round(STEP_SECONDS * sample_rate))
    total = np.concatenate([[0.0], np.cumsum(energy)])
    starts = np.arange(0, len(energy) - block + 1, step)
    power = np.maximum(total[starts + block] - total[starts], 0) / block
    power = power[power > _power(ABSOLUTE_GATE)]
    if not len(power):
        return -math.inf
    gate = _lufs(float(power.mean())) + RELATIVE_GATE
    return _lufs(float(power[power > _power(gate)].mean()))


def true_peak(audio: Audio, sample_rate: int) -> float:
    """The peak of the sound between its samples, as an amplitude; 1 is full scale.

    The waveform is read at four times the rate (Annex 2). Peaks between those readings may be
    0.2 dB higher at most, near half the sample rate.
    """
    oversampled = resample(audio, sample_rate, OVERSAMPLING * sample_rate)
    return float(max(np.abs(oversampled).max(), np.abs(audio).max()))


def in_dbtp(peak: float) -> float:
    """An amplitude in dBTP; minus infinity for silence."""
    return 20 * math.log10(peak) if peak > 0 else -math.inf


def shelf(sample_rate: int) -> Biquad:
    """The first stage of the K weighting, a high shelf for the effect of the head."""
    k = math.tan(math.pi * 1681.974450955533 / sample_rate)
    q, high = 0.7071752369554196, 10 ** (3.999843853973347 / 20)
    band = high**0.4996667741545416
    a0 = 1 + k / q + k * k
    return (
        (
            (high + band * k / q + k * k) / a0,
            2 * (k * k - high) / a0,
            (high - band * k / q + k * k) / a0,
        ),
        (1.0, 2 * (k * k - 1) / a0, (1 - k / q + k * k) / a0),
    )


def high_pass(sample_rate: int) -> Biquad:
    """The second stage of the K weighting, against rumble."""
    k = math.tan(math.pi * 38.13547087602444 / sample_rate)
    q = 0.5003270373238773
    a0 = 1 + k / q + k * k
    return (1.0, -2.0, 1.0), (1.0, 2 * (k * k - 1) / a0, (1 - k / q + k * k) / a0)


def _k_weighted(audio: Audio, sample_rate: int) -> Samples:
    """Both stages at once, as a product of spectra: the tail is silent, so nothing wraps round."""
    n_samples = audio.shape[1]
    size = 1 << (n_samples + round(TAIL_SECONDS * sample_rate) - 1).bit_length()
    z = np.exp(-2j * np.pi * np.arange(size // 2 + 1) / size)
    spectrum = np.fft.rfft(audio.astype(np.float64), size)
    for numerator, denominator in (shelf(sample_rate), high_pass(sample_rate)):
        spectrum *= np.polyval(numerator[::-1], z) / np.polyval(denominator[::-1], z)
    weighted: Samples = np.fft.irfft(spectrum, size)[:, :n_samples]
    return weighted


def _lufs(power: float) -> float:
    return OFFSET + 10 * math.log10(power)


def _power(lufs: float) -> float:
    return float(10 ** ((lufs - OFFSET) / 10))
