"""Patches are in tune, start and stop in time, and answer to velocity."""

import numpy as np
import pytest

from soundlet.training.dataset.audio_effects import SAMPLE_RATE, Audio
from soundlet.training.dataset.tone_synthesis import PATCHES, make_patch, synth_note
from soundlet.training.dataset.tone_voices import frequency, plucked_string


def cents_off(audio: Audio, hz: float) -> float:
    """Distance of the fundamental from `hz`: the power-weighted centre of half a tone around it."""
    mono = audio.mean(axis=0)[int(0.03 * SAMPLE_RATE) :]
    power = np.abs(np.fft.rfft(mono * np.hanning(len(mono)), 1 << 18)) ** 2
    grid = np.arange(len(power)) * (SAMPLE_RATE / (1 << 18))
    near = (grid > hz * 2 ** (-1 / 18)) & (grid < hz * 2 ** (1 / 18))
    centre = float((grid[near] * power[near]).sum() / power[near].sum())
    assert power[near].max() > 0.01 * power.max()
    return 1200.0 * float(np.log2(centre / hz))


@pytest.mark.parametrize("name", PATCHES)
def test_notes_are_valid_audio_and_repeat_with_their_seed(name: str) -> None:
    style = PATCHES[name]
    midi = (style.lowest + style.highest) // 2
    first = synth_note(name, midi, 0.4, 0.8, np.random.default_rng(1))
    again = synth_note(name, midi, 0.4, 0.8, np.random.default_rng(1))
    assert first.tobytes() == again.tobytes()
    assert first.ndim == 2
    assert first.shape[0] == 2
    assert first.dtype == np.float32
    assert np.isfinite(first).all()
    assert 0.1 < np.abs(first).max() <= 1.0
    assert 0.1 < first.shape[1] / SAMPLE_RATE < 3.5
    assert np.abs(first[:, -20:]).max() < 0.05


@pytest.mark.parametrize("name", PATCHES)
def test_notes_are_in_tune(name: str) -> None:
    style = PATCHES[name]
    for midi in (style.lowest + 6, style.highest - 4):
        hz = frequency(midi)
        found = [
            cents_off(make_patch(name, np.random.default_rng(seed)).note(midi, 1.5), hz)
            for seed in range(2)
        ]
        assert abs(float(np.mean(found))) < 5.0, (midi, found)


@pytest.mark.parametrize("midi", [40, 57.3, 76, 88])
def test_plucked_string_is_in_tune_at_any_pitch(midi: float) -> None:
    rng = np.random.default_rng(2)
    sound = make_patch("karplus guitar", rng).sound
    audio = plucked_string(sound, frequency(midi), 1.5, 0.8, rng)
    assert abs(cents_off(audio, frequency(midi))) < 2.0


def test_no_alias_below_a_high_saw() -> None:
    audio = synth_note("saw lead", 88, 0.8, 0.8, np.random.default_rng(2))
    power = np.abs(np.fft.rfft(audio[0] * np.hanning(audio.shape[1]))) ** 2
    hz = np.fft.rfftfreq(audio.shape[1], 1 / SAMPLE_RATE)
    below = power[(hz > 100) & (hz < 0.9 * frequency(88))].max()
    assert 10 * np.log10(below / power.max()) < -60


@pytest.mark.parametrize("name", ["saw bass", "fm bass", "organ", "warm pad", "choir pad"])
def test_longer_notes_last_longer(name: str) -> None:
    midi = PATCHES[name].lowest + 8
    short, long = (
        make_patch(name, np.random.default_rng(3)).note(midi, seconds) for seconds in (0.3, 1.3)
    )
    assert (long.shape[1] - short.shape[1]) / SAMPLE_RATE == pytest.approx(1.0, abs=0.01)


def test_velocity_is_heard_in_level_and_brightness() -> None:
    patch = make_patch("saw bass", np.random.default_rng(3))
    soft, hard = patch.note(40, 0.5, 0.3), patch.note(40, 0.5, 1.0)
    assert np.abs(soft).max() < 0.5 * np.abs(hard).max()
    hz = np.fft.rfftfreq(hard.shape[1], 1 / SAMPLE_RATE)
    centre = [
        float((np.abs(np.fft.rfft(audio[0])) * hz).sum() / np.abs(np.fft.rfft(audio[0])).sum())
        for audio in (soft, hard)
    ]
    assert centre[0] < centre[1]


def test_wobble_follows_the_tempo() -> None:
    patch = make_patch("wobble bass", np.random.default_rng(3), bpm=140.0)
    assert patch.sound["lfo_hz"] / (140.0 / 60.0) in (1.0, 1.5, 2.0, 3.0, 4.0)


def test_pads_are_wide_and_basses_are_not() -> None:
    pad = synth_note("string pad", 60, 1.0, 0.8, np.random.default_rng(3))
    bass = synth_note("sub bass", 36, 1.0, 0.8, np.random.default_rng(3))
    side, middle = (np.square(pad[0] + sign * pad[1]).sum() for sign in (-1.0, 1.0))
    assert side > 0.02 * middle
    np.testing.assert_array_equal(bass[0], bass[1])
