"""Rendered clips are repeatable, exact in length, in time, in key and as bright as they claim."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from soundlet.training.dataset.attributes import KINDS, SAMPLE_RATE, Attributes, Audio
from soundlet.training.dataset.character import random_character, random_tempo
from soundlet.training.dataset.composition import (
    Harmony,
    Shape,
    arpeggio,
    bass_line,
    chord_part,
    melody,
    pad_part,
)
from soundlet.training.dataset.drum_loops import compose_drums
from soundlet.training.dataset.drum_patterns import GROOVES
from soundlet.training.dataset.events import Note
from soundlet.training.dataset.parts import render_hits, render_notes
from soundlet.training.dataset.processing import DEVICES, LAST_DEVICES, processed
from soundlet.training.dataset.render import N_WORDINGS, RenderedClip, random_length, render_clip
from soundlet.training.dataset.theory import Key, parse_key, random_key
from soundlet.vocabulary.descriptions import EFFECTS, MOODS, TEMPO_RANGE, TEXTURES
from soundlet.vocabulary.genres import ALL_GENRES
from soundlet.vocabulary.instruments import INSTRUMENTS, KITS
from soundlet.vocabulary.traits import Traits

HOP = 256  # samples between onset values


def rng(seed: int) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(seed))


@pytest.fixture(scope="module")
def clips() -> list[RenderedClip]:
    return [render_clip(100 + i, kind) for kind in KINDS for i in range(2)]


def test_clips_are_valid(clips: list[RenderedClip]) -> None:
    for clip in clips:
        assert clip.audio.dtype == np.float32
        assert clip.audio.shape == (2, round(clip.seconds * SAMPLE_RATE))
        assert 0.5 <= clip.seconds <= 11.9
        assert np.isfinite(clip.audio).all()
        assert 0.1 < np.abs(clip.audio).max() <= 1.0
        assert len(clip.captions) == len(set(clip.captions)) >= 1
        assert len(clip.wordings) == N_WORDINGS


def test_music_begins_on_the_downbeat(clips: list[RenderedClip]) -> None:
    for clip in clips:
        sound = np.abs(clip.audio).max(axis=0)
        if clip.attributes.kind not in ("sound_effect", "pad", "chords", "melody"):
            assert np.argmax(sound > 0.02 * sound.max()) < 0.05 * SAMPLE_RATE, clip.attributes


def test_same_seed_same_bytes_whatever_came_before(clips: list[RenderedClip]) -> None:
    for index in (15, 10, 7, 2):
        again = render_clip(100 + index % 2, KINDS[index // 2])
        assert again.audio.tobytes() == clips[index].audio.tobytes()
        assert again.captions == clips[index].captions
        assert again.wordings == clips[index].wordings


def test_seeds_give_all_kinds_and_different_clips() -> None:
    drawn = [render_clip(seed) for seed in range(10)]
    assert len({clip.audio.tobytes() for clip in drawn}) == len(drawn)
    assert len({clip.attributes.kind for clip in drawn}) >= 4


def test_attributes_survive_json(clips: list[RenderedClip]) -> None:
    for clip in clips:
        assert Attributes.from_json(clip.attributes.as_json()) == clip.attributes


def onset_strength(audio: Audio) -> NDArray[np.float64]:
    mono = np.pad(audio.mean(axis=0), (512, 512))
    frames = np.lib.stride_tricks.sliding_window_view(mono, 1024)[::HOP] * np.hanning(1024)
    levels = np.log1p(100 * np.abs(np.fft.rfft(frames, axis=1)))
    rises = np.maximum(0.0, np.diff(levels, axis=0)).sum(axis=1)
    return np.asarray(rises - rises.mean(), np.float64)


def autocorrelation(values: NDArray[np.float64], lag: float) -> float:
    """Correlation with itself at a lag between samples, 1 at lag 0."""
    shifted = np.interp(np.arange(len(values) - lag) + lag, np.arange(len(values)), values)
    return float(np.mean(values[: len(shifted)] * shifted) / np.mean(values * values))


@pytest.mark.parametrize("genre", list(GROOVES))
def test_drum_loops_repeat_at_their_tempo(genre: str) -> None:
    """The loop correlates with itself one bar later, and more so than at other tempi."""
    draw = rng(5)
    bpm = int(draw.integers(80, 170))
    n_bars = 4
    kit = KITS[GROOVES[genre].kits[0]]
    hits = compose_drums(genre, 4.0 * n_bars, draw, is_loop=False, busy=0.5)
    n_samples = round(n_bars * 240 / bpm * SAMPLE_RATE)
    strength = onset_strength(render_hits(hits, kit, bpm, n_samples, draw))
    bar = 240 / bpm * SAMPLE_RATE / HOP
    period = 2 * bar  # some grooves span two bars
    at_tempo = autocorrelation(strength, period)
    assert at_tempo > 0.3
    for wrong in (0.94, 0.97, 1.03, 1.06):
        assert autocorrelation(strength, wrong * period) < at_tempo


@pytest.mark.parametrize("genre", list(GROOVES))
def test_every_groove_sounds_on_the_downbeat(genre: str) -> None:
    for seed in range(10):
        hits = compose_drums(genre, 8.0, rng(seed), is_loop=True, busy=seed / 9)
        assert hits[0].start == 0.0
        assert max(hit.velocity for hit in hits if hit.start == 0.0) > 0.5
        assert all(0.0 < hit.velocity <= 1.0 and hit.start < 8.0 for hit in hits)


def parts(key: Key, seed: int) -> list[list[Note]]:
    harmony = Harmony(key, (0, 5, 3, 4), 4.0, 3)
    piano, bass = INSTRUMENTS["piano"], INSTRUMENTS["synth bass"]
    shape = Shape()
    return [
        bass_line(harmony, bass, "disco", 16.0, rng(seed), shape),
        chord_part(harmony, piano, "pop", 16.0, rng(seed), shape),
        arpeggio(harmony, piano, 16.0, rng(seed), shape),
        melody(harmony, piano, 120, 16.0, rng(seed), shape),
        pad_part(harmony, INSTRUMENTS["strings"], 16.0, rng(seed), shape),
    ]


@pytest.mark.parametrize("seed", range(24))
def test_notes_belong_to_the_key_and_the_instrument(seed: int) -> None:
    key = Key(seed % 12, "minor" if seed < 12 else "major")
    scale = {(key.tonic + step) % 12 for step in key.scale}
    scale |= {(key.tonic + 11) % 12}  # the leading note of minor keys
    for notes in parts(key, seed):
        classes = [note.pitch % 12 for note in notes]
        inside = sum(pitch_class in scale for pitch_class in classes) / len(classes)
        assert inside > 0.85  # a bass may approach the next chord by a semitone
        assert min(note.start for note in notes) == 0.0
        assert all(0.0 < note.velocity <= 1.0 for note in notes)
    for notes in parts(key, seed)[1:4]:
        piano = INSTRUMENTS["piano"]
        assert all(piano.low <= note.pitch <= piano.high for note in notes)


def chroma(audio: Audio) -> NDArray[np.float64]:
    """Energy per pitch class between 60 and 700 Hz."""
    spectrum = np.abs(np.fft.rfft(audio.mean(axis=0)))
    hz = np.fft.rfftfreq(audio.shape[1], 1 / SAMPLE_RATE)
    kept = (hz > 60) & (hz < 700)
    classes = np.round(12 * np.log2(hz[kept] / 440) + 69).astype(int) % 12
    energy = np.bincount(classes, weights=spectrum[kept] ** 2, minlength=12)
    return np.asarray(energy, np.float64)


@pytest.mark.parametrize("seed", range(6))
def test_the_chroma_of_piano_chords_lies_in_the_key(seed: int) -> None:
    key = random_key(rng(seed))
    harmony = Harmony(key, (0, 5, 3, 0), 4.0, 3)
    notes = chord_part(harmony, INSTRUMENTS["piano"], "pop", 16.0, rng(seed), Shape())
    audio = render_notes(notes, INSTRUMENTS["piano"], 120, 8 * SAMPLE_RATE, rng(seed))
    energy = chroma(audio)
    scale = [(key.tonic + step) % 12 for step in key.scale]
    assert energy[scale].sum() / energy.sum() > 0.85
    assert parse_key(key.name) == key


def test_half_of_the_lengths_are_whole_bars() -> None:
    draw = rng(0)
    n_whole = 0
    for bpm in range(60, 181):
        n_samples, is_loop = random_length(bpm, 1.0, draw)
        assert SAMPLE_RATE <= n_samples <= 11.9 * SAMPLE_RATE
        bars = n_samples / SAMPLE_RATE * bpm / 240
        assert not is_loop or abs(bars - round(bars)) < 1e-4
        n_whole += is_loop
    assert 0.35 < n_whole / 121 < 0.65


def brightness(audio: Audio) -> float:
    """Spectral centroid in Hz."""
    power = np.abs(np.fft.rfft(audio.mean(axis=0))) ** 2
    hz = np.fft.rfftfreq(audio.shape[1], 1 / SAMPLE_RATE)
    return float((hz * power).sum() / power.sum())


def plain_chords() -> Audio:
    harmony = Harmony(Key(9, "minor"), (0, 5), 4.0, 3)
    notes = chord_part(harmony, INSTRUMENTS["saw lead"], "pop", 8.0, rng(1), Shape())
    audio = render_notes(notes, INSTRUMENTS["saw lead"], 120, 4 * SAMPLE_RATE, rng(1))
    return audio * np.array([[0.6], [1.0]], np.float32)


def test_processing_is_audible_where_it_is_promised() -> None:
    plain = processed(plain_chords(), Traits(reverb_wet=(0.0, 0.0)), 120, rng(0))

    def with_traits(**traits: Any) -> Audio:
        return processed(plain_chords(), Traits(**traits), 120, rng(0))

    usual = brightness(plain)
    assert brightness(with_traits(low_pass=(500, 800))) < 0.7 * usual
    assert brightness(with_traits(lift=(1.5, 2.0))) > 1.1 * usual
    assert brightness(with_traits(high_pass=(700, 900))) > 1.2 * usual
    for device in (*DEVICES, *LAST_DEVICES):
        changed = with_traits(devices=(device,), reverb_wet=(0.0, 0.0))
        assert changed.shape == plain.shape
        assert np.isfinite(changed).all()
        assert not np.allclose(changed, plain, atol=1e-3), device


@pytest.mark.parametrize("kind", ["drum_loop", "bass_line", "chords", "melody", "arrangement"])
def test_every_word_of_a_character_is_kept_by_its_traits(kind: str) -> None:
    for seed in range(40):
        draw = rng(seed)
        genre = list(GROOVES)[int(draw.integers(len(GROOVES)))]
        character = random_character(kind, genre, draw)
        promised = [MOODS[m] for m in character.moods] + [TEXTURES[t] for t in character.textures]
        promised += [EFFECTS[e] for e in character.effects]
        for description in promised:
            promise = description.traits_for(kind)
            assert promise is not None
            kept = character.traits
            for name, value in vars(promise).items():
                if name == "devices":
                    assert set(value) <= set(kept.devices)
                elif value is not None:
                    assert getattr(kept, name) == value


def test_words_about_tempo_and_mode_are_true() -> None:
    for seed in range(300):
        draw = rng(seed)
        genre = list(ALL_GENRES)[seed % len(ALL_GENRES)]
        character = random_character("chords", genre, draw)
        bpm = random_tempo(genre, character.traits.tempo, draw)
        key = random_key(draw, character.traits.mode)
        assert TEMPO_RANGE[0] <= bpm <= TEMPO_RANGE[1]
        for mood in character.moods:
            traits = MOODS[mood].traits
            assert traits.tempo is None or traits.tempo[0] <= bpm <= traits.tempo[1]
            assert traits.mode in (None, key.mode)
