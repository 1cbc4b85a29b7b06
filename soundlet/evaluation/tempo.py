"""Tempo: the beat period at which the onsets of a sound repeat.

`estimate_tempo` needs no fitting: onset strength, its autocorrelation, a comb over multiples and
fractions of the beat, and a mild preference for moderate tempi. It is sure of the period but, as
every such tracker, not of the octave: a pattern at 75 BPM may as well be one at 150. `TempoRuler`
settles that with weights fitted to real renders; it only ever chooses among readings of the period
that was heard.

Sources: Ellis, "Beat tracking by dynamic programming", 2007 (onset strength, tempo preference).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from soundlet.evaluation.choice import Choice, fit_choice
from soundlet.evaluation.classifier import Regression, fit_regression
from soundlet.evaluation.spectra import SAMPLE_RATE, Array, in_db, magnitudes, mel_matrix
from soundlet.repetition import at_lags, autocorrelation, comb_scores

Matrix = NDArray[np.float64]

SLOWEST, FASTEST = 60.0, 180.0  # BPM
WITHIN = 0.03  # a tempo this near to the one asked for is right
OCTAVES = (1.0, 2.0, 0.5, 3.0, 1 / 3)  # ratios that count as the same pulse

HOP = 256  # samples; 172 frames a second
N_FFT = 1024
LEAD = 2048  # samples of silence set before the sound, so that its first hit is an onset too
COMB = {0.25: 0.5, 0.5: 0.5, 1.0: 1.0, 2.0: 1.0, 3.0: 0.5, 4.0: 1.0, 8.0: 1.0}  # beats: weight
PREFERRED, PREFERENCE = 130.0, 0.1  # BPM, and how much an octave away from it costs

READINGS = (1 / 3, 1 / 2, 2 / 3, 3 / 4, 1.0, 4 / 3, 3 / 2, 2.0, 3.0)  # of the period heard
QUARTERS = (*range(1, 17), 20, 24, 28, 32)  # lags in quarters of a beat
GRID = np.geomspace(SLOWEST, FASTEST, 441)  # a quarter of a percent apart


def onset_strength(audio: Array) -> Array:
    """How much louder the bands of a sound get, frame by frame.

    Args:
        audio: (2, samples) at 44.1 kHz.

    Returns:
        (frames,), 172 to the second.
    """
    mono = np.pad(audio.mean(axis=0), (LEAD, 0))
    bands = magnitudes(mono, N_FFT, HOP) @ mel_matrix(N_FFT, 40, 40.0, 16000.0)
    levels = in_db(bands / max(float(bands.max()), 1e-9))
    rises = np.maximum(levels[2:] - levels[:-2], 0).mean(axis=1)
    return np.concatenate([np.zeros(2), rises]).astype(np.float32)


def tempo_scores(correlation: Matrix) -> Matrix:
    """How well each tempo of `GRID` explains the repetitions."""
    return comb_scores(correlation, 60 / GRID * SAMPLE_RATE / HOP, COMB)


def estimate_tempo(audio: Array) -> float:
    """The tempo of a sound in BPM, 60 to 180, by rule alone."""
    scores = tempo_scores(autocorrelation(onset_strength(audio)))
    preference = PREFERENCE * np.log2(GRID / PREFERRED) ** 2
    return float(GRID[np.argmax(scores - preference)])


@dataclass(frozen=True)
class Readings:
    """What a sound's tempo may be.

    Attributes:
        plain: BPM, what `estimate_tempo` says.
        bpm: (readings,) tempi that the heard period allows.
        evidence: (readings, columns).
    """

    plain: float
    bpm: Matrix
    evidence: Matrix


def tempo_readings(audio: Array) -> Readings:
    """Every tempo that goes with the period at which a sound repeats."""
    strength = onset_strength(audio)
    correlation = autocorrelation(strength)
    scores = tempo_scores(correlation)
    preference = PREFERENCE * np.log2(GRID / PREFERRED) ** 2
    plain = float(GRID[np.argmax(scores - preference)])
    heard = float(GRID[np.argmax(scores)])
    peaks = float(strength.mean() / (strength.std() + 1e-6))
    found, evidence = [], []
    for ratio in READINGS:
        near = np.flatnonzero(np.abs(np.log(GRID / (heard * ratio))) < 0.025)
        if not len(near):
            continue
        bpm = float(GRID[near[np.argmax(scores[near])]])
        quarter = 15 / bpm * SAMPLE_RATE / HOP
        repeats, _ = at_lags(correlation, quarter * np.array(QUARTERS))
        octave = float(np.log2(bpm / 120))
        found.append(bpm)
        evidence.append([*repeats, octave, octave**2, octave**3, octave * peaks])
    return Readings(plain, np.array(found), np.array(evidence))


@dataclass(frozen=True)
class TempoRuler:
    """Chooses the reading, fitted to real renders.

    Attributes:
        expected: features of a sound to the tempo to expect, in octaves above 120 BPM.
        choice: scores the readings.
    """

    expected: Regression
    choice: Choice

    def __call__(self, readings: Readings, features: NDArray[np.floating]) -> float:
        """The tempo of a sound in BPM."""
        expected = float(self.expected(features[None])[0, 0])
        return float(readings.bpm[self.choice(_with_expected(readings, expected))])


def fit_tempo_ruler(
    readings: Sequence[Readings], features: NDArray[np.floating], bpm: Sequence[float]
) -> TempoRuler:
    """Fit to sounds whose tempo is known; those whose period was not heard are left out."""
    octaves = np.log2(np.asarray(bpm, np.float64) / 120)[:, None]
    expected, left_out = fit_regression(features, octaves, ridge=0.1)
    options, right = [], []
    for each, tempo, guess in zip(readings, bpm, left_out[:, 0], strict=True):
        distance = np.abs(np.log(each.bpm / tempo))
        if distance.min() < WITHIN:
            options.append(_with_expected(each, float(guess)))
            right.append(int(distance.argmin()))
    return TempoRuler(expected, fit_choice(options, right))


def _with_expected(readings: Readings, expected: float) -> Matrix:
    away = np.log2(readings.bpm / 120) - expected
    return np.column_stack([readings.evidence, away**2, np.abs(away)])


def tempo_error(heard: float, asked: float, *, forgive_octaves: bool = False) -> float:
    """The distance between two tempi, 0.03 for 3 %."""
    ratios = OCTAVES if forgive_octaves else (1.0,)
    return min(abs(heard / (asked * ratio) - 1) for ratio in ratios)
