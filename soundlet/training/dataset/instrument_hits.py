"""One-shots of real instruments: a single note, a single chord, an orchestra hit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from soundlet.training.dataset.attributes import SAMPLE_RATE, Attributes, Audio
from soundlet.training.dataset.audio_effects import fade, low_pass, normalise_peak, reverb
from soundlet.training.dataset.soundfont import PlayedNote, player
from soundlet.training.dataset.theory import fold
from soundlet.vocabulary.instruments import INSTRUMENTS
from soundlet.vocabulary.keys import TONICS

CHORDS = {"major": (0, 4, 7), "minor": (0, 3, 7)}
ORCHESTRA_HIT = (0, 55)  # bank and program


def _drawn_notes(
    source: str, rng: np.random.Generator
) -> tuple[Attributes, tuple[int, int], tuple[int, ...]]:
    """The facts of a hit, the preset that plays it, and its pitches."""
    facts = Attributes("one_shot", source=source)
    if source == "orchestra hit":
        pitch = int(rng.integers(48, 76))
        return replace(facts, key=TONICS["major"][pitch % 12]), ORCHESTRA_HIT, (pitch,)
    letter = "c" if source == "instrument chord" else ""
    able = [i for i in INSTRUMENTS.values() if i.presets and letter in i.roles]
    instrument = able[int(rng.integers(len(able)))]
    facts = replace(facts, instruments=(instrument.name,))
    preset = instrument.presets[int(rng.integers(len(instrument.presets)))]
    if source == "instrument chord":
        mode = "minor" if rng.random() < 0.5 else "major"
        root = fold(int(rng.integers(48, 72)), instrument.low, instrument.high - 7)
        facts = replace(facts, key=f"{TONICS[mode][root % 12]} {mode}")
        return facts, preset, tuple(root + step for step in CHORDS[mode])
    pitch = int(rng.integers(instrument.low, instrument.high + 1))
    return replace(facts, key=TONICS["major"][pitch % 12]), preset, (pitch,)


SOURCES = ("instrument note", "instrument chord", "orchestra hit")


def render_instrument_hit(rng: np.random.Generator) -> tuple[Audio, Attributes]:
    """Draw a note, a chord or an orchestra hit of 0.5 to 4 s.

    Returns:
        Audio (2, samples), and what is true of it.
    """
    source = str(rng.choice(SOURCES, p=(0.55, 0.35, 0.1)))
    facts, (bank, program), pitches = _drawn_notes(source, rng)
    held = float(rng.choice([0.15, 0.3, 0.6, 1.0, 1.6]))
    velocity = float(rng.uniform(0.55, 1.0))
    seconds = held + float(rng.uniform(0.4, 2.0))
    n_samples = round(seconds * SAMPLE_RATE)
    notes = [PlayedNote(0.0, held, pitch, velocity) for pitch in pitches]
    audio = normalise_peak(player().render(notes, bank, program, n_samples))
    if held <= 0.15:
        facts = replace(facts, textures=("short",))
    elif held >= 1.6:
        facts = replace(facts, textures=("long",))
    draw = rng.random()
    if draw < 0.15 and max(pitches) <= 67:
        audio = low_pass(audio, float(rng.uniform(500.0, 900.0)), order=4)
        facts = replace(facts, textures=(*facts.textures, "dark"))
    elif draw < 0.35 and "short" not in facts.textures:
        audio = reverb(audio, rng, float(rng.uniform(0.4, 0.8)), float(rng.uniform(0.35, 0.55)))
        facts = replace(facts, effects=("reverb",))
    level_db = float(rng.uniform(-3.0, -1.0))
    return normalise_peak(fade(audio, 0.0, 0.2), level_db), facts
