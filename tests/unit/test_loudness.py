"""Loudness and true peak are those of BS.1770, by the test signals of EBU Tech 3341."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from soundlet.loudness import high_pass, in_dbtp, integrated_loudness, shelf, true_peak

Array = NDArray[np.float32]


def tones(rate: int, *parts: tuple[float, float]) -> Array:
    """Stereo sines of 1 kHz, each (dBFS, seconds), one after the other."""
    pieces = []
    for db, seconds in parts:
        t = np.arange(round(seconds * rate)) / rate
        pieces.append(10 ** (db / 20) * np.sin(2 * np.pi * 1000 * t))
    wave = np.concatenate(pieces).astype(np.float32)
    return np.stack([wave, wave])


CASES = (
    (((-23, 20),), -23.0),
    (((-33, 20),), -33.0),
    (((-36, 10), (-23, 60), (-36, 10)), -23.0),
    (((-72, 10), (-36, 10), (-23, 60), (-36, 10), (-72, 10)), -23.0),
    (((-26, 20), (-20, 20.1), (-26, 20)), -23.0),
)
"""EBU Tech 3341, table 1, cases 1 to 5: each within 0.1 LU."""


@pytest.mark.parametrize("rate", [44100, 48000])
@pytest.mark.parametrize(("parts", "lufs"), CASES)
def test_the_test_signals_of_the_ebu_measure_as_they_should(
    parts: tuple[tuple[float, float], ...], lufs: float, rate: int
) -> None:
    assert integrated_loudness(tones(rate, *parts), rate) == pytest.approx(lufs, abs=0.1)


def test_the_filters_at_48_khz_are_those_of_the_recommendation() -> None:
    """Tables 1 and 2 of BS.1770, to their digits."""
    numerator, denominator = shelf(48000)
    assert numerator == pytest.approx((1.53512485958697, -2.69169618940638, 1.19839281085285))
    assert denominator == pytest.approx((1, -1.69065929318241, 0.73248077421585))
    numerator, denominator = high_pass(48000)
    assert numerator == (1, -2, 1)
    assert denominator == pytest.approx((1, -1.99004745483398, 0.99007225036621))


def test_a_gain_of_six_db_is_six_lu() -> None:
    sound = tones(44100, (-30, 3))
    louder = integrated_loudness(sound * np.float32(10 ** (6 / 20)), 44100)
    assert louder - integrated_loudness(sound, 44100) == pytest.approx(6, abs=1e-4)


def test_one_channel_alone_is_three_lu_below_two() -> None:
    sound = tones(44100, (-20, 3))
    gap = integrated_loudness(sound, 44100) - integrated_loudness(sound[:1], 44100)
    assert gap == pytest.approx(10 * math.log10(2), abs=1e-4)


def test_a_hit_that_is_shorter_than_a_block_is_measured_too() -> None:
    short, long = (integrated_loudness(tones(44100, (-20, s)), 44100) for s in (0.2, 2.0))
    assert short == pytest.approx(long, abs=0.2)


def test_silence_has_no_loudness() -> None:
    silent = np.zeros((2, 44100), np.float32)
    assert integrated_loudness(silent, 44100) == -math.inf
    assert in_dbtp(true_peak(silent, 44100)) == -math.inf


def test_a_peak_between_the_samples_is_found() -> None:
    """A sine at a quarter of the rate, sampled at 45 degrees: its samples are 3 dB too low."""
    t = np.arange(8192)
    wave = (np.sin(np.pi / 2 * t + np.pi / 4) * np.hanning(8192)).astype(np.float32)
    assert 20 * math.log10(np.abs(wave).max()) == pytest.approx(-3.01, abs=0.01)
    assert in_dbtp(true_peak(np.stack([wave, wave]), 44100)) == pytest.approx(0, abs=0.2)
