"""Prompts for the evaluation: true of a clip like captions, in forms that no caption has.

The facts that an evaluation measures (kind, instrument, tempo, key) are said in words that the
training knows; the sentence around them is new. `with_held_out_words` also replaces the words for
genre, mood and effect by held-out ones.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from soundlet.training.dataset.attributes import Attributes
from soundlet.training.dataset.genres import ALL_GENRES
from soundlet.training.dataset.instruments import ELEMENTS, INSTRUMENTS, KITS
from soundlet.training.dataset.source_words import EFFECT_WORDS, ONE_SHOT_WORDS
from soundlet.training.dataset.vocabulary import EFFECTS, KIND_WORDS, MOODS

OPENINGS = ("give me {}", "i need {}", "make {}", "could you play {}", "let's hear {}", "{} wanted")
TEMPO_FORMS = ("running at {} bpm", "going {} bpm", "speed {} BPM", "clocked at {} bpm")
KEY_FORMS = ("written in {}", "with {} as its key", "staying in {}")


def _pick(rng: np.random.Generator, choices: Sequence[str]) -> str:
    return choices[int(rng.integers(len(choices)))]


def _noun(attributes: Attributes, rng: np.random.Generator) -> str:
    source = attributes.source
    if source is not None:
        table = ONE_SHOT_WORDS if attributes.kind == "one_shot" else EFFECT_WORDS
        noun = _pick(rng, table[source].words) if source in table else source.split()[-1]
    else:
        noun = _pick(rng, KIND_WORDS[attributes.kind].words)
    if not attributes.instruments or (source in ONE_SHOT_WORDS and source is not None):
        return noun
    name = attributes.instruments[0]
    if name in ELEMENTS:
        return f"{name} loop"
    return f"{noun} by {name}" if name in INSTRUMENTS or name in KITS else noun


def paraphrase(
    attributes: Attributes, rng: np.random.Generator, *, with_held_out_words: bool = False
) -> str:
    """A prompt that asks for a clip with these attributes."""
    words = []
    for mood in attributes.moods[:1]:
        row = MOODS[mood]
        words.append(_pick(rng, row.held_out if with_held_out_words else row.words))
    if attributes.genre is not None:
        genre = ALL_GENRES[attributes.genre]
        words.append(_pick(rng, genre.held_out) if with_held_out_words else genre.words[0])
    words.append(_noun(attributes, rng))
    subject = " ".join(words)
    for effect in attributes.effects[:1]:
        if effect in EFFECTS:
            row = EFFECTS[effect]
            subject += f" plus {_pick(rng, row.held_out) if with_held_out_words else effect}"
    if attributes.bpm is not None:
        subject += " " + _pick(rng, TEMPO_FORMS).format(attributes.bpm)
    if attributes.key is not None and " " in attributes.key:
        subject += " " + _pick(rng, KEY_FORMS).format(attributes.key)
    return _pick(rng, OPENINGS).format(subject)
