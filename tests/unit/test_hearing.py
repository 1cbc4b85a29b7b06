"""What is heard of a sound: whatever its level, its rate and its length."""

from __future__ import annotations

import numpy as np
import pytest
import soxr
from numpy.typing import NDArray

from soundlet.hearing import (
    INTERVALS,
    LONGEST_BEAT,
    MOVES,
    N_BEATS,
    N_GROUPS,
    N_HEARD,
    N_MELS,
    N_NOTES,
    PER_OCTAVE,
    PER_STEP,
    RATES,
    SHORTEST_BEAT,
    SPREAD,
    bands_of,
    heard,
    mel_matrix,
    note_matrix,
)

RATE = 44100
N_STEPS, N_CLASSES = N_NOTES // PER_STEP, PER_OCTAVE // 2

# where the parts begin and end
REGISTER = slice(5 * N_MELS, 5 * N_MELS + N_STEPS)
CLASSES_AT = REGISTER.stop + N_STEPS + INTERVALS - 1 + len(SPREAD) * (1 + len(MOVES))
CLASSES = slice(CLASSES_AT, CLASSES_AT + N_CLASSES)
BEATS_AT = CLASSES.stop + N_CLASSES + N_GROUPS * (len(RATES) - 1)
BEATS = slice(BEATS_AT, BEATS_AT + N_BEATS)
ENVELOPE = slice(N_HEARD - 1 - 13, N_HEARD - 1)
WIDTH = -1

Array = NDArray[np.float32]


def tone(hertz: float, seconds: float = 1.0, rate: int = RATE) -> Array:
    """A sine in both channels."""
    sine = np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)
    return np.stack([sine, sine]).astype(np.float32)


def noise(seed: int = 0, seconds: float = 1.0) -> Array:
    """Another one in each channel."""
    random = np.random.default_rng(seed)
    return random.standard_normal((2, round(seconds * RATE)), dtype=np.float32)


def struck(seconds: float = 1.0) -> Array:
    """Silence, then a tone and noise that die away."""
    n_silent = round(0.1 * RATE)
    fall = np.exp(-4 * np.arange(round(seconds * RATE)) / RATE)
    sound = (tone(300, seconds) + noise(1, seconds) / 4) * fall
    return np.pad(sound, ((0, 0), (n_silent, 0))).astype(np.float32)


def clicks(per_minute: float) -> Array:
    """Four seconds of short bursts of noise."""
    sound, burst = np.zeros(4 * RATE, np.float32), noise(2, 0.005)[0]
    for beat in range(int(4 * per_minute / 60)):
        first = round(beat * 60 / per_minute * RATE)
        sound[first : first + len(burst)] = burst
    return np.stack([sound, sound])


@pytest.mark.parametrize(
    "sound",
    [
        np.zeros((2, 0)),
        np.ones((2, 1)),
        np.zeros((2, 5000)),
        tone(440, 0.02),
        noise()[:1],
        noise(seconds=60),
        np.stack([noise()[0], -noise()[0]]),
    ],
    ids=["empty", "one sample", "silent", "shorter than a frame", "mono", "long", "no middle"],
)
def test_of_every_sound_so_many_numbers_are_heard(sound: Array) -> None:
    found = heard(sound.astype(np.float32), RATE)
    assert found.shape == (N_HEARD,)
    assert found.dtype == np.float32
    assert np.isfinite(found).all()
    assert np.abs(found).max() < 10


@pytest.mark.parametrize("gain", [1e-6, 0.01, 10, 1e6])
def test_the_level_does_not_matter(gain: float) -> None:
    sound = struck()
    before = sound.copy()
    found = heard(sound * np.float32(gain), RATE)
    np.testing.assert_allclose(found, heard(sound, RATE), atol=1e-5)
    assert np.array_equal(sound, before)


def test_one_channel_is_heard_as_two_that_are_alike() -> None:
    mono = struck()[:1]
    assert np.array_equal(heard(mono, RATE), heard(np.repeat(mono, 2, axis=0), RATE))


def test_left_and_right_are_heard_alike() -> None:
    sound = struck()
    np.testing.assert_allclose(heard(sound[::-1], RATE), heard(sound, RATE), atol=1e-6)


@pytest.mark.parametrize("place", range(57, 82))
def test_a_tone_has_the_class_of_its_note(place: int) -> None:
    """The 57th note from C-1, to the 81st: A3 to A5."""
    classes = heard(tone(440 * 2 ** ((place - 69) / 12)), RATE)[CLASSES]
    assert int(classes.argmax()) == place % 12
    assert classes.max() > 2 * np.sort(classes)[-2]


@pytest.mark.parametrize("place", [57, 64, 69])
def test_an_octave_moves_the_register_and_keeps_the_class(place: int) -> None:
    hertz = 440 * 2 ** ((place - 69) / 12)
    low, high = (heard(tone(each), RATE) for each in (hertz, 2 * hertz))
    np.testing.assert_allclose(low[CLASSES], high[CLASSES], atol=0.05)
    assert int(high[REGISTER].argmax()) == int(low[REGISTER].argmax()) + PER_OCTAVE // PER_STEP


def test_more_than_one_octave_of_a_note_is_one_class() -> None:
    chord = sum(tone(220 * 2**octave) for octave in range(3))
    classes = heard(np.asarray(chord), RATE)[CLASSES]
    assert int(classes.argmax()) == 9
    assert np.sort(classes)[-2] < 0.2 * classes.max()


@pytest.mark.parametrize("per_minute", [90, 120, 150])
def test_clicks_come_again_after_a_beat(per_minute: float) -> None:
    lags = np.geomspace(SHORTEST_BEAT, LONGEST_BEAT, N_BEATS)
    beat = 60 / per_minute
    again = heard(clicks(per_minute), RATE)[BEATS]
    found = np.interp([beat / 2, beat, 1.5 * beat], lags, again)
    assert found[1] > 0.5
    assert max(found[0], found[2]) < 0.1


def test_steady_noise_has_no_beat() -> None:
    assert heard(noise(seconds=4), RATE)[BEATS].max() < 0.5


def test_a_tone_and_noise_are_far_apart() -> None:
    sine, one, other = heard(tone(440), RATE), heard(noise(0), RATE), heard(noise(5), RATE)
    assert np.abs(sine - one).mean() > 5 * np.abs(one - other).mean()
    assert np.ptp(sine[:N_MELS]) > 2 > 1 > np.ptp(one[:N_MELS])


def test_a_stroke_and_a_steady_sound_have_other_envelopes() -> None:
    steady, short = (heard(sound, RATE)[ENVELOPE] for sound in (tone(300), struck()))
    assert steady[3] > -0.1  # the middle level, under the loudest
    assert short[3] < -0.5


def test_the_width_is_that_of_the_channels_difference() -> None:
    one, other = noise(0)[0], noise(1)[1]
    widths = [
        float(heard(np.stack(pair), RATE)[WIDTH])
        for pair in ((one, one), (one, one + other / 10), (one, other), (one, 0 * one), (one, -one))
    ]
    assert widths == sorted(widths)
    assert widths == pytest.approx([-3, -1.3, 0, 0, 1], abs=0.05)


@pytest.mark.parametrize("sound", [struck(), clicks(90), tone(261.6, 0.5), noise(3)])
def test_the_sample_rate_hardly_matters(sound: Array) -> None:
    resampled = soxr.resample(sound.T, RATE, 48000).T.astype(np.float32)
    found, expected = heard(resampled, 48000), heard(sound, RATE)
    other = heard(tone(200), RATE)
    assert np.abs(found - expected).mean() < 0.15 * np.abs(other - expected).mean()


@pytest.mark.parametrize("n_samples", [0, 1, 1024, 1025, 5000])
def test_there_is_a_frame_for_each_begun_hop(n_samples: int) -> None:
    mels, notes, width = bands_of(noise()[:, :n_samples], RATE)
    n_frames = max(1, -(-n_samples // 1024))
    assert mels.shape == (n_frames, N_MELS)
    assert notes.shape == (n_frames, N_NOTES)
    assert width.shape == (n_frames,)
    for levels in (mels, notes):
        assert levels.max() == pytest.approx(0 if n_samples else -3, abs=1e-6)
        assert levels.min() >= -3 - 1e-6


@pytest.mark.parametrize("sample_rate", [16000, 44100, 48000])
def test_a_band_is_a_mean_of_bins(sample_rate: int) -> None:
    for matrix in (mel_matrix(sample_rate), note_matrix(sample_rate)):
        assert matrix.min() >= 0
        np.testing.assert_allclose(matrix.sum(axis=0), 1, atol=1e-6)
