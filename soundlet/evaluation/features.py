"""A fixed list of numbers that says what a sound is like, for the classifiers and the distances.

Nothing in it is learnt, and nothing tells the length of the sound, which is asked for and would
give a one-shot away.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from soundlet.evaluation.spectra import SAMPLE_RATE, Array, in_db, magnitudes, mel_matrix

N_MELS = 64
HOP = 512  # samples
MODULATION_EDGES = (0.4, 0.8, 1.5, 2.5, 4.0, 6.0, 9.0, 14.0, 22.0, 40.0)  # Hz
N_GROUPS = 8  # of neighbouring mel bands
AFTER_ONSET = (0.0, 0.03, 0.1, 0.3, 0.8, 2.0)  # seconds
QUIET_DB = -50.0  # under the loudest frame: a frame that does not count as sounding
FAINT_DB = -60.0  # under the loudest band: below, a codec's haze would count

LOWEST_HZ = 55.0
STEPS_PER_OCTAVE = 36
N_OCTAVES = 7
FFT_OF_PITCHES = 512  # more than the steps and lags together
LAGS = 80  # in steps: up to a little over two octaves


def sound_features(audio: Array) -> Array:
    """The features of a sound.

    Args:
        audio: (2, samples) at 44.1 kHz, of any level; silence gives features too.

    Returns:
        (features,) float32, always the same number of them.
    """
    mono = audio.mean(axis=0)
    peak = float(np.abs(mono).max()) or 1.0
    mono = mono / np.float32(peak)
    mel = magnitudes(mono, 2048, HOP) @ mel_matrix(2048, N_MELS, 30.0, 16000.0)
    loudness = in_db(np.sqrt(np.square(mel).sum(axis=1)))
    is_sounding = loudness > loudness.max() + QUIET_DB
    levels = in_db(mel / max(float(mel.max()), 1e-9), FAINT_DB)
    spectrum = magnitudes(mono, 8192, 2048) @ _pitch_matrix()
    parts = [
        _spectral_shape(levels[is_sounding]),
        _modulation(levels),
        _after_onset(levels, loudness),
        _envelope(loudness),
        _pitches(spectrum),
        _stereo(audio),
    ]
    return np.concatenate(parts).astype(np.float32)


def _spectral_shape(levels: Array) -> Array:
    """How loud each mel band is: on average, at its quietest and loudest, and how it varies."""
    low, high = np.percentile(levels, (10, 90), axis=0)
    steps = np.abs(np.diff(levels, axis=0)) if len(levels) > 1 else np.zeros_like(levels)
    rows = (levels.mean(axis=0), low, high, levels.std(axis=0), steps.mean(axis=0))
    return np.concatenate(rows)


def _groups(levels: Array) -> Array:
    means: Array = levels.reshape(len(levels), N_GROUPS, -1).mean(axis=2)
    return means


def _modulation(levels: Array) -> Array:
    """How strongly the level of each group of bands moves at slow and fast rates."""
    curves = _groups(levels)
    curves = curves - curves.mean(axis=0)
    n = len(curves)
    power = np.square(np.abs(np.fft.rfft(curves, axis=0))) / n**2
    hz = np.arange(len(power)) * SAMPLE_RATE / HOP / n
    bands = [
        power[(hz >= low) & (hz < high)].sum(axis=0) for low, high in pairwise(MODULATION_EDGES)
    ]
    moved: Array = np.log(np.stack(bands) + 0.01).ravel()
    return moved


def _after_onset(levels: Array, loudness: Array) -> Array:
    """The level of each group of bands in the first moments of the sound."""
    curves = _groups(levels)
    onset = int(np.argmax(loudness > loudness.max() - 30))
    marks = [onset + round(s * SAMPLE_RATE / HOP) for s in AFTER_ONSET]
    rows = []
    for first, last in pairwise(marks):
        part = curves[first : max(last, first + 1)]
        rows.append(part.mean(axis=0) if len(part) else np.full(N_GROUPS, FAINT_DB))
    return np.concatenate(rows)


def _envelope(loudness: Array) -> Array:
    """How the level is spread, and how suddenly it rises."""
    relative = np.maximum(loudness - loudness.max(), -60.0)
    rises = np.diff(relative, prepend=relative[:1])
    spread = np.percentile(relative, (5, 10, 25, 50, 75, 90))
    sudden = [float(np.mean(rises > limit)) for limit in (3.0, 6.0, 12.0)]
    steepest = np.percentile(rises, (1, 50, 95, 99))
    return np.concatenate([spread, 20 * np.array(sudden), steepest])


@lru_cache(maxsize=1)
def _pitch_matrix() -> Array:
    """Bins of an 8192-point spectrum to steps of a third of a semitone."""
    hz = LOWEST_HZ * 2 ** (np.arange(N_OCTAVES * STEPS_PER_OCTAVE) / STEPS_PER_OCTAVE)
    bins = np.arange(4097) * SAMPLE_RATE / 8192
    width = np.maximum(hz * (2 ** (1 / STEPS_PER_OCTAVE) - 1), SAMPLE_RATE / 8192)
    return np.maximum(0, 1 - np.abs(bins[:, None] - hz) / width).astype(np.float32)


def _pitches(spectrum: Array) -> Array:
    """Register, harmony and movement of pitch: what tells a chord from a tune from a noise."""
    energy = np.square(spectrum).sum(axis=1)
    sounding = spectrum[energy > energy.max() * 10 ** (QUIET_DB / 10)]
    if not len(sounding):
        sounding = spectrum[:1]
    log = in_db(sounding / (sounding.max(axis=1, keepdims=True) + np.float32(1e-9)), -50.0)
    register = log.reshape(len(log), -1, 12).mean(axis=2)
    # A spectrum against itself shifted up: single notes, chords and noises differ.
    sharp = np.maximum(log - _smoothed(log), 0)
    sharp = sharp / (np.linalg.norm(sharp, axis=1, keepdims=True) + np.float32(1e-6))
    transformed = np.fft.rfft(sharp, FFT_OF_PITCHES, axis=1)
    power = np.square(np.abs(transformed))
    repeated = np.fft.irfft(power, FFT_OF_PITCHES, axis=1)[:, 1:LAGS]
    is_peak = (sharp[:, 1:-1] > sharp[:, :-2]) & (sharp[:, 1:-1] >= sharp[:, 2:])
    n_peaks = (is_peak & (log[:, 1:-1] > -30)).sum(axis=1)
    classes = sharp.reshape(len(sharp), N_OCTAVES, STEPS_PER_OCTAVE).sum(axis=1)
    classes = classes / (np.linalg.norm(classes, axis=1, keepdims=True) + np.float32(1e-6))
    movement = [_movement(each, lag) for each in (sharp, classes) for lag in (1, 2, 4, 8)]
    return np.concatenate(
        [
            register.mean(axis=0),
            register.std(axis=0),
            20 * repeated.mean(axis=0),
            np.percentile(n_peaks, (10, 50, 90)),
            10 * np.sort(classes.mean(axis=0))[::-3],
            np.concatenate(movement),
        ]
    )


def _smoothed(levels: Array, width: int = 9) -> Array:
    """The mean of `width` neighbours along the last axis."""
    around = width // 2
    padded = np.pad(levels, ((0, 0), (around + 1, around)), mode="edge")
    total = np.cumsum(padded, axis=1, dtype=np.float64)
    return ((total[:, width:] - total[:, :-width]) / width).astype(np.float32)


def _movement(rows: Array, lag: int) -> NDArray[np.float64]:
    """How much frames differ from those `lag` frames earlier: three percentiles."""
    if len(rows) <= lag:
        return np.zeros(3)
    alike = np.sum(rows[lag:] * rows[:-lag], axis=1)
    moved: NDArray[np.float64] = 10 * (1 - np.percentile(alike, (10, 50, 90)))
    return moved


def _stereo(audio: Array) -> Array:
    mid = np.sum(np.square(audio.mean(axis=0))) + 1e-9
    side = np.sum(np.square((audio[0] - audio[1]) / 2)) + 1e-9
    return np.array([max(-6.0, float(np.log10(side / mid)))], np.float32)
