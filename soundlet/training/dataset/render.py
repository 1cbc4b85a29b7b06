"""One seed, one clip: a random composition of any kind with its sound, facts and captions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from soundlet.training.dataset.attributes import SAMPLE_RATE, Attributes, Audio
from soundlet.training.dataset.audio_effects import fade, normalise_peak
from soundlet.training.dataset.captions import captions
from soundlet.training.dataset.character import Character, random_character, random_tempo
from soundlet.training.dataset.composition import (
    Harmony,
    Shape,
    arpeggio,
    bass_line,
    chord_part,
    melody,
    pad_part,
    random_harmony,
)
from soundlet.training.dataset.drum_loops import compose_drums, compose_element, humanised
from soundlet.training.dataset.drum_patterns import GROOVES
from soundlet.training.dataset.events import Hit, Note
from soundlet.training.dataset.instrument_hits import render_instrument_hit
from soundlet.training.dataset.one_shots import render_one_shot
from soundlet.training.dataset.parts import render_hits, render_notes
from soundlet.training.dataset.processing import drawn, processed
from soundlet.training.dataset.sound_effects import SOURCES, render_sound_effect
from soundlet.training.dataset.theory import random_key
from soundlet.training.dataset.wordings import wording
from soundlet.vocabulary.genres import ALL_GENRES, UNDRUMMED_GENRES
from soundlet.vocabulary.instruments import ELEMENTS, INSTRUMENTS, KITS, Instrument, Kit

LONGEST = 11.9  # seconds
SHORTEST = 0.5
KIND_WEIGHTS = {
    "drum_loop": 22.0,
    "bass_line": 9.0,
    "chords": 10.0,
    "arpeggio": 9.0,
    "melody": 10.0,
    "pad": 7.0,
    "arrangement": 10.0,
    "one_shot": 11.0,
    "sound_effect": 12.0,
}
ROLE_LETTERS = {"bass_line": "b", "chords": "c", "arpeggio": "a", "melody": "m", "pad": "p"}
N_CAPTIONS = 4
N_WORDINGS = 4
DRY_KITS = ("808 kit", "909 kit", "trap kit", "electronic kit", "8-bit kit")
INSTRUMENT_HIT_SHARE = 0.25  # of the one-shots
ELEMENT_SHARE = 0.14  # of the drum loops, those for one part of the kit alone


@dataclass(frozen=True)
class RenderedClip:
    """A clip of training data.

    Attributes:
        audio: (2, samples) float32 in [-1, 1] at 44.1 kHz.
        seconds: its length.
        attributes: what is true of it.
        captions: different captions of it.
        wordings: what others might write, in other forms and words.
    """

    audio: Audio
    seconds: float
    attributes: Attributes
    captions: tuple[str, ...]
    wordings: tuple[str, ...]


@dataclass(frozen=True)
class _Plan:
    """What is settled before the first note of a clip with a tempo."""

    genre: str
    character: Character
    bpm: int
    n_samples: int
    is_loop: bool

    @property
    def n_beats(self) -> float:
        return self.n_samples / SAMPLE_RATE * self.bpm / 60.0


def random_length(bpm: int, shortest: float, rng: np.random.Generator) -> tuple[int, bool]:
    """A length in samples, and whether it is a whole number of bars."""
    bar = 240.0 / bpm
    fitting = [n for n in (1, 2, 4, 8) if shortest <= n * bar <= LONGEST]
    if fitting and rng.random() < 0.5:
        weights = np.array([0.35 if n * bar < 2.5 else 1.0 for n in fitting])
        n_bars = int(rng.choice(fitting, p=weights / weights.sum()))
        return round(bar * n_bars * SAMPLE_RATE), True
    if rng.random() < 0.8:
        whole = np.arange(int(np.ceil(shortest)), 12)
        weights = np.array([0.3, 1, 1.4, 2, 2, 2.2, 1.6, 1.6, 1.2, 1.4, 1.2])[-len(whole) :]
        return int(rng.choice(whole, p=weights / weights.sum())) * SAMPLE_RATE, False
    return round(round(float(rng.uniform(shortest, LONGEST)), 1) * SAMPLE_RATE), False


def _plan(kind: str, genre: str, shortest: float, rng: np.random.Generator) -> _Plan:
    character = random_character(kind, genre, rng)
    bpm = random_tempo(genre, character.traits.tempo, rng)
    n_samples, is_loop = random_length(bpm, shortest, rng)
    return _Plan(genre, character, bpm, n_samples, is_loop)


def _facts(kind: str, plan: _Plan, instruments: tuple[str, ...], key: str | None) -> Attributes:
    return Attributes(
        kind,
        genre=plan.genre,
        subgenre=plan.character.style,
        instruments=instruments,
        bpm=plan.bpm,
        key=key,
        moods=plan.character.moods,
        textures=plan.character.textures,
        effects=plan.character.stated_effects(),
    )


def _finished(audio: Audio, fade_seconds: float, rng: np.random.Generator) -> Audio:
    return normalise_peak(fade(audio, 0.0, fade_seconds), float(rng.uniform(-3.0, -1.0)))


def _kit_for(plan: _Plan, rng: np.random.Generator) -> Kit:
    style = ALL_GENRES[plan.genre].styles.get(plan.character.style or "")
    names = style.kits if style and style.kits else GROOVES[plan.genre].kits
    if not (style and style.kits) and rng.random() < 0.25:
        names = tuple(KITS)
    if "mono" in plan.character.traits.devices:  # a dry sound has no room in it
        names = tuple(name for name in names if name in DRY_KITS) or DRY_KITS
    return KITS[names[int(rng.integers(len(names)))]]


def _suits(instrument: Instrument, plan: _Plan) -> bool:
    """Whether the promises about register and filters can be heard on the instrument."""
    traits = plan.character.traits
    is_low = "b" in instrument.roles
    if traits.register == 1 and instrument.high < 80:
        return False
    if traits.register == -1 and not is_low and instrument.low > 48:
        return False
    if traits.low_pass is not None and traits.low_pass[0] < 2000 and instrument.low > 53:
        return False
    if "opening filter" in traits.devices and instrument.low > 53:
        return False
    return not (traits.high_pass is not None and traits.high_pass[0] > 400 and is_low)


def _instrument_for(
    kind: str, plan: _Plan, rng: np.random.Generator, *, is_alone: bool
) -> Instrument:
    letter = ROLE_LETTERS[kind]
    able = [n for n, i in INSTRUMENTS.items() if letter in i.roles]
    if is_alone:
        able = [n for n in able if _suits(INSTRUMENTS[n], plan)]
    style = ALL_GENRES[plan.genre].styles.get(plan.character.style or "")
    needed = [n for n in (style.instruments if style else ()) if n in able]
    usual = [n for n in ALL_GENRES[plan.genre].instruments if n in able]
    names = needed or (usual if usual and rng.random() < 0.7 else able)
    return INSTRUMENTS[names[int(rng.integers(len(names)))]]


def _notes(
    kind: str, harmony: Harmony, instrument: Instrument, plan: _Plan, rng: np.random.Generator
) -> list[Note]:
    traits, n_beats = plan.character.traits, plan.n_beats
    busy = None if traits.busy is None else drawn(traits.busy, rng)
    shape = Shape(traits.register or 0, busy)
    if kind == "bass_line":
        genre = plan.genre if plan.genre in GROOVES else "pop"
        notes = bass_line(harmony, instrument, genre, n_beats, rng, shape)
    elif kind == "chords":
        notes = chord_part(harmony, instrument, plan.genre, n_beats, rng, shape)
    elif kind == "arpeggio":
        notes = arpeggio(harmony, instrument, n_beats, rng, shape)
    elif kind == "melody":
        notes = melody(harmony, instrument, plan.bpm, n_beats, rng, shape)
    else:
        notes = pad_part(harmony, instrument, n_beats, rng, shape)
    loudness = drawn(traits.loudness, rng, float(rng.uniform(0.65, 1.0)))
    gate = drawn(traits.gate, rng, 1.0)
    return [replace(n, velocity=n.velocity * loudness, beats=n.beats * gate) for n in notes]


def _drum_hits(plan: _Plan, rng: np.random.Generator) -> list[Hit]:
    traits = plan.character.traits
    busy = drawn(traits.busy, rng, float(rng.uniform(0.1, 0.8)))
    hits = compose_drums(
        plan.genre,
        plan.n_beats,
        rng,
        is_loop=plan.is_loop,
        busy=busy,
        swing_range=traits.swing,
    )
    loudness = drawn(traits.loudness, rng, float(rng.uniform(0.7, 1.0)))
    return humanised(hits, rng, loudness=loudness, spread=0.06)


def _drum_loop(rng: np.random.Generator) -> tuple[Audio, Attributes]:
    genre = list(GROOVES)[int(rng.integers(len(GROOVES)))]
    plan = _plan("drum_loop", genre, 0.8, rng)
    kit = _kit_for(plan, rng)
    names: tuple[str, ...] = (kit.name,)
    traits = plan.character.traits
    if traits.busy is None and rng.random() < ELEMENT_SHARE:
        element = ELEMENTS[list(ELEMENTS)[int(rng.integers(len(ELEMENTS)))]]
        names = (element.name, kit.name)
        hits = compose_element(element, genre, plan.n_beats, rng)
        loudness = drawn(traits.loudness, rng, float(rng.uniform(0.7, 1.0)))
        hits = humanised(hits, rng, loudness=loudness, spread=0.06)
    else:
        hits = _drum_hits(plan, rng)
    audio = render_hits(hits, kit, plan.bpm, plan.n_samples, rng)
    audio = processed(audio, traits, plan.bpm, rng)
    return _finished(audio, 0.015, rng), _facts("drum_loop", plan, names, None)


def _tonal(
    kind: str, rng: np.random.Generator, instrument: Instrument | None = None
) -> tuple[Audio, Attributes]:
    genres = list(GROOVES) if kind == "bass_line" else list(ALL_GENRES)
    genre = genres[int(rng.integers(len(genres)))]
    shortest = 2.0 if kind == "pad" else 1.0
    plan = _plan(kind, genre, shortest, rng)
    while instrument is not None and not _suits(instrument, plan):
        plan = _plan(kind, genre, shortest, rng)
    if instrument is None:
        instrument = _instrument_for(kind, plan, rng, is_alone=True)
    key = random_key(rng, plan.character.traits.mode)
    is_single = kind in ("bass_line", "melody")
    harmony = random_harmony(key, genre, plan.bpm, rng, single_voice=is_single)
    notes = _notes(kind, harmony, instrument, plan, rng)
    audio = render_notes(notes, instrument, plan.bpm, plan.n_samples, rng)
    audio = processed(audio, plan.character.traits, plan.bpm, rng)
    seconds = plan.n_samples / SAMPLE_RATE
    fade_seconds = min(1.0, seconds / 6) if kind == "pad" else 0.02
    return _finished(audio, fade_seconds, rng), _facts(kind, plan, (instrument.name,), key.name)


def _loudness(audio: Audio) -> float:
    return float(np.sqrt(np.mean(np.square(audio)))) + 1e-6


def _arrangement(rng: np.random.Generator) -> tuple[Audio, Attributes]:
    genres = list(UNDRUMMED_GENRES) if rng.random() < 0.15 else list(GROOVES)
    genre = genres[int(rng.integers(len(genres)))]
    plan = _plan("arrangement", genre, 2.0, rng)
    key = random_key(rng, plan.character.traits.mode)
    harmony = random_harmony(key, genre, plan.bpm, rng)
    mix = np.zeros((2, plan.n_samples), np.float32)
    used: list[str] = []
    if genre in GROOVES:
        kit = _kit_for(plan, rng)
        drums = render_hits(_drum_hits(plan, rng), kit, plan.bpm, plan.n_samples, rng)
        mix = drums / np.float32(_loudness(drums))
        used.append(kit.name)
    second = str(rng.choice(["chords", "chords", "pad", "arpeggio"]))
    parts = [("bass_line", 0.6, 0.95), (second, 0.35, 0.65)]
    if rng.random() < 0.6 or genre not in GROOVES:
        parts.append(("melody", 0.4, 0.75))
    for kind, low, high in parts:
        instrument = _instrument_for(kind, plan, rng, is_alone=False)
        notes = _notes(kind, harmony, instrument, plan, rng)
        sound = render_notes(notes, instrument, plan.bpm, plan.n_samples, rng)
        level = float(rng.uniform(low, high)) / _loudness(sound)
        side = float(rng.uniform(-0.25, 0.25)) if kind != "bass_line" else 0.0
        mix = mix + sound * np.array([[level * (1 - side)], [level * (1 + side)]], np.float32)
        used.insert(0, instrument.name)
    audio = processed(np.asarray(mix, np.float32), plan.character.traits, plan.bpm, rng)
    names = tuple(dict.fromkeys(used))
    return _finished(audio, 0.02, rng), _facts("arrangement", plan, names, key.name)


def _one_shot(rng: np.random.Generator) -> tuple[Audio, Attributes]:
    if rng.random() < INSTRUMENT_HIT_SHARE:
        return render_instrument_hit(rng)
    return render_one_shot(rng)


def _renderer(kind: str) -> Callable[[np.random.Generator], tuple[Audio, Attributes]]:
    if kind in ROLE_LETTERS:
        return lambda rng: _tonal(kind, rng)
    return {
        "drum_loop": _drum_loop,
        "arrangement": _arrangement,
        "one_shot": _one_shot,
        "sound_effect": render_sound_effect,
    }[kind]


def _named(name: str, rng: np.random.Generator) -> tuple[Audio, Attributes]:
    if name in SOURCES:
        return render_sound_effect(rng, name)
    instrument = INSTRUMENTS[name]
    kinds = [kind for kind, letter in ROLE_LETTERS.items() if letter in instrument.roles]
    return _tonal(_drawn_kind(kinds, rng), rng, instrument)


def _drawn_kind(kinds: Sequence[str], rng: np.random.Generator) -> str:
    weights = np.array([KIND_WEIGHTS[kind] for kind in kinds])
    return str(rng.choice(list(kinds), p=weights / weights.sum()))


def render_clip(seed: int, kind: str | None = None, only: Sequence[str] = ()) -> RenderedClip:
    """The clip of a seed: the same bytes on every call.

    Args:
        seed: any integer from 0.
        kind: one of the kinds in `KIND_WEIGHTS`, or None to draw one.
        only: sound effects and instruments by name: the clip is of one of them, and `kind` does
            not count. Empty: of any.
    """
    rng = np.random.Generator(np.random.PCG64(seed))
    if only:
        audio, facts = _named(str(rng.choice(list(only))), rng)
    else:
        drawn_kind = _drawn_kind(list(KIND_WEIGHTS), rng)
        audio, facts = _renderer(kind or drawn_kind)(rng)
    seconds = audio.shape[1] / SAMPLE_RATE
    said = captions(facts, rng, N_CAPTIONS)
    wordings = tuple(wording(facts, rng) for _ in range(N_WORDINGS))
    return RenderedClip(audio, seconds, facts, said, wordings)
