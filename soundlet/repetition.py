"""After which time an onset curve repeats: its autocorrelation, read by a comb over beats.

Loops are measured with it (`soundlet.rhythm`), and so is whatever a model makes
(`soundlet.evaluation.tempo`); each has onsets, tempi and a comb of its own.

Source: Ellis, "Beat tracking by dynamic programming", 2007.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

Curve = NDArray[np.float64]

LONGEST_LAG = 0.8  # of the sound: beyond, too little is left to compare


def autocorrelation(strength: NDArray[np.floating]) -> Curve:
    """Likeness of an onset curve to itself at each lag in frames; 1 at lag 0.

    Args:
        strength: (frames,).
    """
    curve = np.asarray(strength, np.float64) - strength.mean()
    n = len(curve)
    power = np.square(np.abs(np.fft.rfft(curve, 2 * n)))
    found = np.fft.irfft(power)[:n]
    found = found / (found[0] + 1e-9) * n / np.maximum(n - np.arange(n), 0.2 * n)
    return np.convolve(found, (0.25, 0.5, 0.25), "same")


def at_lags(correlation: Curve, lags: Curve) -> tuple[Curve, NDArray[np.bool_]]:
    """The correlation between its frames, 0 where the sound is too short, and where it is not."""
    is_inside = lags < LONGEST_LAG * len(correlation)
    values = np.interp(lags, np.arange(len(correlation)), correlation)
    return np.where(is_inside, values, 0.0), is_inside


def comb_scores(correlation: Curve, beat: Curve, comb: Mapping[float, float]) -> Curve:
    """How well each length of a beat explains the repetitions.

    Args:
        correlation: as `autocorrelation` gives it.
        beat: (tempi,) frames of a beat.
        comb: multiples of the beat, and the weight of each.

    Returns:
        (tempi,): the mean over those multiples for which the sound is long enough.
    """
    total, weights = np.zeros(len(beat)), np.zeros(len(beat))
    for beats, weight in comb.items():
        values, is_inside = at_lags(correlation, beats * beat)
        total += weight * values
        weights += weight * is_inside
    scores: Curve = total / np.maximum(weights, 1e-9)
    return scores
