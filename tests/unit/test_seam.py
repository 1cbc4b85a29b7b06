"""The seam score tells loops that close from loops that do not."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from soundlet.seam import measure_seam

RATE = 44100
Array = NDArray[np.float32]
N_SAMPLES = 2 * RATE  # 4 beats at 120 BPM


def tone(n_periods: float, n_samples: int = N_SAMPLES) -> Array:
    wave = 0.4 * np.sin(2 * np.pi * n_periods * np.arange(n_samples) / n_samples)
    return np.tile(wave, (2, 1)).astype(np.float32)


def beats(*loudness: float) -> Array:
    """A hit at each beat."""
    n_beat = N_SAMPLES // len(loudness)
    t = np.arange(n_beat) / RATE
    hit = np.random.default_rng(0).standard_normal(n_beat) * np.exp(-t / 0.06)
    wave = 0.2 * np.concatenate([level * hit for level in loudness])
    return np.tile(wave, (2, 1)).astype(np.float32)


def test_a_periodic_tone_has_no_seam() -> None:
    seam = measure_seam(tone(440), RATE, 4)
    assert seam.spectral_db + seam.level_db < 0.5  # a window holds no whole periods
    assert seam.click < 2


def test_a_cut_through_a_wave_clicks() -> None:
    assert measure_seam(tone(440.5), RATE, 4).click > 5


def test_a_hit_at_the_seam_is_no_worse_than_hits_at_the_other_beats() -> None:
    assert measure_seam(beats(1, 1, 1, 1), RATE, 4).score == pytest.approx(1, abs=0.15)


def test_a_change_at_the_seam_that_is_nowhere_else_is_seen() -> None:
    """A tone that gets brighter and louder over the loop and starts dull and soft again."""
    rising = tone(440) * np.linspace(0.1, 1, N_SAMPLES, dtype=np.float32)
    noise = np.random.default_rng(1).standard_normal(N_SAMPLES).astype(np.float32)
    rising = rising + 0.05 * noise * np.linspace(0, 1, N_SAMPLES, dtype=np.float32) ** 2
    seam = measure_seam(rising.astype(np.float32), RATE, 4)
    assert seam.score > 4
    assert seam.level_db > 10


def test_the_score_is_of_the_seam_and_not_of_its_place() -> None:
    """A jump counts where the loop is cut, and is forgiven where it is a beat like the others."""
    changing = np.concatenate([tone(220, RATE), tone(880, RATE)], axis=1)
    at_the_seam = measure_seam(changing, RATE, 4)
    inside = measure_seam(np.roll(changing, RATE // 2, axis=1), RATE, 4)
    assert at_the_seam.spectral_db > 10 * inside.spectral_db


def test_a_loop_of_one_beat_is_compared_with_its_quarters() -> None:
    assert measure_seam(beats(1, 1, 1, 1), RATE, 1).score == pytest.approx(1, abs=0.15)


def test_silence_has_no_jump() -> None:
    seam = measure_seam(np.zeros((2, N_SAMPLES), np.float32), RATE, 4)
    assert (seam.spectral_db, seam.level_db, seam.score) == (0, 0, 0)
