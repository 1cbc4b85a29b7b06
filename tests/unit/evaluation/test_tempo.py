from __future__ import annotations

import numpy as np
import pytest

from soundlet.evaluation.tempo import (
    FASTEST,
    SLOWEST,
    estimate_tempo,
    fit_tempo_ruler,
    tempo_error,
    tempo_readings,
)
from tests.unit.evaluation.sounds import Audio, clicks, noise


@pytest.mark.parametrize("bpm", [72, 97, 128, 150])
def test_the_tempo_of_a_click_track_is_found(bpm: int) -> None:
    assert tempo_error(estimate_tempo(clicks(bpm, 6)), bpm) < 0.01


def test_fast_clicks_may_be_heard_at_half_their_tempo() -> None:
    assert tempo_error(estimate_tempo(clicks(174, 6)), 174, forgive_octaves=True) < 0.01


@pytest.mark.parametrize("bpm", [85, 123])
def test_noise_under_the_clicks_changes_nothing(bpm: int) -> None:
    audio = clicks(bpm, 6) + noise(6, 0.01)
    assert tempo_error(estimate_tempo(audio), bpm) < 0.01


def test_what_the_tempo_may_be_holds_the_tempo() -> None:
    for bpm in (66, 90, 140):
        readings = tempo_readings(clicks(bpm, 5, per_beat=4))
        assert np.abs(readings.bpm / bpm - 1).min() < 0.01
        assert (readings.bpm >= SLOWEST).all()
        assert (readings.bpm <= FASTEST + 1e-9).all()
        assert readings.plain == estimate_tempo(clicks(bpm, 5, per_beat=4))


def test_silence_and_a_moment_of_sound_have_some_tempo() -> None:
    for audio in (np.zeros((2, 44100), np.float32), clicks(100, 0.02)):
        assert SLOWEST <= estimate_tempo(audio) <= FASTEST
        assert np.isfinite(tempo_readings(audio).evidence).all()


def test_the_ruler_learns_which_octave_is_meant() -> None:
    """Four clicks a beat are one tempo or twice it: examples tell which."""

    def example(bpm: float) -> tuple[Audio, float]:
        return clicks(bpm, 5, per_beat=4), bpm

    def features(bpm: float) -> np.ndarray:
        return np.array([0.0, 1.0, bpm % 7])

    known = [example(bpm) for bpm in np.linspace(62, 88, 12)]
    readings = [tempo_readings(audio) for audio, _ in known]
    rows = np.stack([features(bpm) for _, bpm in known])
    ruler = fit_tempo_ruler(readings, rows, [bpm for _, bpm in known])
    for bpm in (64.5, 77.0, 86.0):
        audio, _ = example(bpm)
        assert tempo_error(ruler(tempo_readings(audio), features(bpm)), bpm) < 0.01


def test_errors_count_octaves_or_forgive_them() -> None:
    assert tempo_error(100, 100) == 0
    assert tempo_error(103, 100) == pytest.approx(0.03)
    assert tempo_error(50, 100) == pytest.approx(0.5)
    for heard in (50, 200, 300, 33.333333):
        assert tempo_error(heard, 100, forgive_octaves=True) == pytest.approx(0, abs=1e-6)
    assert tempo_error(75, 100, forgive_octaves=True) > 0.2
