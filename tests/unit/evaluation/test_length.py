from pathlib import Path

import numpy as np
import pytest

from soundlet.evaluation.length import (
    is_clipped,
    is_silent,
    level_after_db,
    onset_seconds,
    sound_and_after,
    sounding_seconds,
)
from soundlet.pipeline import load
from soundlet.request import GenerationRequest
from tests.unit.evaluation.sounds import RATE, noise, sine, stereo


@pytest.mark.parametrize("seconds", [0.0, 0.25, 1.0])
def test_the_beginning_of_a_sound(seconds: float) -> None:
    audio = np.pad(noise(1), ((0, 0), (round(seconds * RATE), 0)))
    assert onset_seconds(audio) == pytest.approx(seconds, abs=0.011)


def test_the_end_of_a_sound() -> None:
    audio = np.pad(noise(1.5), ((0, 0), (0, RATE)))
    assert sounding_seconds(audio) == pytest.approx(1.5, abs=0.011)
    assert sounding_seconds(noise(2)) == pytest.approx(2, abs=0.011)


def test_silence() -> None:
    assert is_silent(np.zeros((2, 100), np.float32))
    assert not is_silent(noise(0.1, 0.001))
    assert onset_seconds(np.zeros((2, 3), np.float32)) == 0


def test_a_waveform_that_was_cut_off_is_clipped() -> None:
    loud = stereo(sine(100, 0.5, 1.3))
    assert is_clipped(np.clip(loud, -1, 1))
    assert not is_clipped(stereo(sine(100, 0.5, 0.98)))
    touching = stereo(sine(5000, 0.5, 0.5))
    touching[0, 1000] = 1.0
    assert not is_clipped(touching)


@pytest.mark.parametrize("db", [-20, -50, -80])
def test_the_level_after_the_end(db: int) -> None:
    audio = noise(2)
    audio[:, RATE:] *= np.float32(10 ** (db / 20))
    assert level_after_db(audio, RATE) == pytest.approx(db, abs=0.3)


def test_nothing_after_the_end_is_as_quiet_as_can_be() -> None:
    audio = noise(2)
    audio[:, RATE:] = 0
    assert level_after_db(audio, RATE) == -100
    assert level_after_db(audio[:, : RATE + 4000], RATE) is None


def test_the_whole_window_is_there_and_begins_with_the_clip(tiny_bundle: Path) -> None:
    model = load(tiny_bundle)
    request = GenerationRequest(prompt="kick", seconds=0.01, seed=3)
    audio, n_samples = sound_and_after(model, request)
    assert n_samples == 441
    assert audio.shape[1] == model.config.sample_size
    clip = model.generate(request)
    scale = np.abs(audio[:, :200]).max() / np.abs(clip.audio[:, :200]).max()
    np.testing.assert_allclose(audio[:, :200], scale * clip.audio[:, :200], atol=1e-4)


def test_what_comes_after_the_end_is_that_of_one_sound(choosing_bundle: Path) -> None:
    model = load(choosing_bundle)
    one, several = (
        GenerationRequest(prompt="kick", seconds=0.01, seed=3, candidates=n) for n in (1, 4)
    )
    expected, _ = sound_and_after(model, one)
    audio, n_samples = sound_and_after(model, several)
    assert n_samples == 441
    assert np.array_equal(audio, expected)
