"""Sound effects are valid, repeat with their seed, and move as their names say."""

import numpy as np
import pytest
from numpy.typing import NDArray

from soundlet.training.dataset.audio_effects import SAMPLE_RATE, Audio
from soundlet.training.dataset.effects.electronic import jump, laser, riser, siren, whoosh
from soundlet.training.dataset.effects.machines import clock_ticking, helicopter
from soundlet.training.dataset.effects.nature import crickets, heartbeat, heavy_rain, rain, wind
from soundlet.training.dataset.effects.objects import (
    CHURCH_BELL,
    bell_stroke,
    door_knock,
    footsteps,
)
from soundlet.training.dataset.sound_effects import SOURCES, WORDS, render_sound_effect


def level(audio: Audio, step: int = 441) -> NDArray[np.float32]:
    """RMS per block of `step` samples."""
    mono = audio.mean(axis=0)
    blocks = mono[: len(mono) // step * step].reshape(-1, step)
    return np.asarray(np.sqrt(np.square(blocks).mean(axis=1)), dtype=np.float32)


def dominant_hz(audio: Audio, low: float = 0.0, size: int = 4096) -> NDArray[np.float64]:
    """The strongest frequency of each block."""
    mono = audio.mean(axis=0)
    blocks = mono[: len(mono) // size * size].reshape(-1, size) * np.hanning(size)
    hz = np.fft.rfftfreq(size, 1 / SAMPLE_RATE)
    return np.asarray(hz[(np.abs(np.fft.rfft(blocks)) * (hz >= low)).argmax(axis=1)])


def centroids(audio: Audio, size: int = 4096) -> NDArray[np.float64]:
    mono = audio.mean(axis=0)
    blocks = mono[: len(mono) // size * size].reshape(-1, size) * np.hanning(size)
    power = np.abs(np.fft.rfft(blocks)) ** 2 + 1e-9
    return np.asarray((power * np.fft.rfftfreq(size, 1 / SAMPLE_RATE)).sum(1) / power.sum(1))


def onsets(audio: Audio, above: float = 0.25) -> int:
    """Separate rises of the level out of near silence."""
    heard = level(audio) > above * level(audio).max()
    return int((np.diff(heard.astype(int)) == 1).sum() + int(heard[0]))


@pytest.mark.parametrize("source", SOURCES)
def test_effects_are_valid_audio_and_repeat_with_their_seed(source: str) -> None:
    audio, facts = render_sound_effect(np.random.default_rng(5), source)
    again, same_facts = render_sound_effect(np.random.default_rng(5), source)
    assert audio.tobytes() == again.tobytes()
    assert facts == same_facts
    assert facts.kind == "sound_effect"
    assert facts.source == source
    assert set(facts.textures) <= set(WORDS)
    assert not {"close", "distant"} <= set(facts.textures)
    assert audio.ndim == 2
    assert audio.shape[0] == 2
    assert audio.dtype == np.float32
    assert audio.shape[1] >= SAMPLE_RATE // 2
    assert audio.shape[1] / SAMPLE_RATE <= 11.9
    assert np.isfinite(audio).all()
    assert 0.2 < np.abs(audio).max() <= 1.0


def test_seeds_draw_other_sounds_and_sources() -> None:
    clips = [render_sound_effect(np.random.default_rng(seed), "laser")[0] for seed in range(4)]
    assert len({clip.tobytes() for clip in clips}) == 4
    rng = np.random.default_rng(0)
    assert len({render_sound_effect(rng)[1].source for _ in range(12)}) > 6


@pytest.mark.parametrize("seed", range(3))
def test_siren_moves_in_pitch(seed: int) -> None:
    audio, _ = siren(np.random.default_rng(seed))
    pitches = dominant_hz(audio, 300.0)
    assert np.percentile(pitches, 90) > 1.25 * np.percentile(pitches, 10)


def test_laser_falls_and_riser_climbs_and_jump_climbs() -> None:
    for seed in range(3):
        down = centroids(laser(np.random.default_rng(seed))[0][:, : int(0.25 * SAMPLE_RATE)], 1024)
        assert down[0] > down[4]
        up, _ = riser(np.random.default_rng(seed))
        climb = centroids(up)
        top = int(level(up, 4096).argmax())
        assert climb[top] > 2.0 * climb[2]
        assert level(up, 4096)[top] > 5.0 * level(up, 4096)[1]
        leap = dominant_hz(jump(np.random.default_rng(seed))[0], 50.0, 1024)
        assert leap[-1] > 1.8 * leap[0]


@pytest.mark.parametrize("seed", range(4))
def test_footsteps_are_separate(seed: int) -> None:
    audio, words = footsteps(np.random.default_rng(seed))
    envelope = np.convolve(level(audio), np.ones(26) / 26.0, "same")  # heel and toe in one
    steps = int((np.diff((envelope > envelope.mean()).astype(int)) == 1).sum())
    per_second = steps / (audio.shape[1] / SAMPLE_RATE)
    slowest, fastest = (2.0, 3.5) if "fast" in words else (1.0, 2.2)
    assert slowest < per_second < fastest
    assert np.percentile(level(audio), 15) < 0.2 * level(audio).max()


def test_door_knocks_are_separate_hits() -> None:
    audio, _ = door_knock(np.random.default_rng(2))
    assert 2 <= onsets(audio) <= 12


def test_clock_ticks_on_time() -> None:
    audio, words = clock_ticking(np.random.default_rng(1))
    envelope = level(audio)
    spectrum = np.abs(np.fft.rfft(envelope - envelope.mean()))
    peak = spectrum[1:].argmax() + 1
    per_second = peak / (len(envelope) * 441 / SAMPLE_RATE)
    assert abs(per_second - round(per_second)) < 0.2 or "fast" in words


def test_heart_beats_are_low() -> None:
    audio, _ = heartbeat(np.random.default_rng(1))
    assert np.median(dominant_hz(audio)) < 120.0


def test_heavy_rain_is_denser_than_gentle_rain() -> None:
    heavy, _ = heavy_rain(np.random.default_rng(1))
    light = next(a for a, w in map(rain, map(np.random.default_rng, range(20))) if "gentle" in w)
    crest = [float(np.abs(a).max() / np.sqrt(np.mean(np.square(a)))) for a in (heavy, light)]
    assert crest[0] < 0.6 * crest[1]


def test_wind_is_low_and_crickets_are_high() -> None:
    assert np.median(centroids(wind(np.random.default_rng(2))[0])) < 1200.0
    assert 3500.0 < np.median(dominant_hz(crickets(np.random.default_rng(2))[0], 1000.0)) < 5500.0


def test_helicopter_beats_at_the_rate_of_its_blades() -> None:
    audio, _ = helicopter(np.random.default_rng(4))
    envelope = level(audio)
    spectrum = np.abs(np.fft.rfft(envelope - envelope.mean()))
    hz = np.fft.rfftfreq(len(envelope), 441 / SAMPLE_RATE)
    fast = hz > 4.0
    assert 8.5 < hz[fast][spectrum[fast].argmax()] < 31.0


@pytest.mark.parametrize("seed", range(3))
def test_whoosh_passes_from_side_to_side(seed: int) -> None:
    audio, _ = whoosh(np.random.default_rng(seed))
    heard = audio[:, np.abs(audio).max(axis=0) > 0.1 * np.abs(audio).max()]
    middle = heard.shape[1] // 2
    early, late = (np.square(half).sum(axis=1) for half in (heard[:, :middle], heard[:, middle:]))
    assert (early[0] > early[1]) == (late[0] < late[1])


def test_church_bell_has_its_partials_and_rings_long() -> None:
    mono = bell_stroke(np.random.default_rng(3), 300.0, CHURCH_BELL, 6.0)
    power = np.abs(np.fft.rfft(mono * np.hanning(len(mono)))) ** 2
    hz = np.fft.rfftfreq(len(mono), 1 / SAMPLE_RATE)
    for partial in (150.0, 300.0, 357.0, 600.0):  # hum, prime, minor third, nominal
        near = (hz > 0.98 * partial) & (hz < 1.02 * partial)
        beside = (hz > 1.06 * partial) & (hz < 1.1 * partial)
        assert power[near].max() > 100.0 * power[beside].max()
    envelope = level(np.stack([mono, mono]))
    assert envelope[200] > 0.05 * envelope.max()
