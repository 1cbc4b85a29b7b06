"""Prompts that no model was trained on, with what is known of the sound that each asks for.

A prompt describes a real render that training never sees (its seed is beyond those of training), so
that each prompt has a sound beside it that fulfils it. Its sentence has a form that no training
caption has (`phrasing`), in words of two sorts: "reworded" prompts use those that training has,
"paraphrased" ones name genre, mood, texture and effect by words that occur in no training caption.

Some of the sounds are asked for once more, and counted apart: in "unfamiliar" words, which stand
for instrument, source and kind too, so that a text encoder that has read nothing but captions
cannot know them; and by a "caption" such as training has.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from soundlet.evaluation.phrasing import Parts, phrased
from soundlet.evaluation.spectra import SAMPLE_RATE, Array
from soundlet.training.dataset.attributes import Attributes
from soundlet.training.dataset.captions import HIT_NOUNS, tells_tempo
from soundlet.training.dataset.render import RenderedClip, render_clip
from soundlet.vocabulary.descriptions import EFFECTS, KIND_WORDS, MOODS, TEXTURES
from soundlet.vocabulary.genres import ALL_GENRES
from soundlet.vocabulary.instruments import ELEMENTS, INSTRUMENTS, KITS
from soundlet.vocabulary.sources import CHARACTER_WORDS, EFFECT_WORDS, ONE_SHOT_WORDS

FIRST_SEED = 2 * 10**18  # of a render; training and the rulers use seeds far below
SEEDS_APART = 10**9  # between the renders of two evaluation seeds
ONCE_MORE_EVERY = 5  # prompts: one of so many is also asked for otherwise

KIND_ORDER = (
    "drum_loop", "melody", "arrangement", "one_shot", "drum_loop", "chords", "sound_effect",
    "arpeggio", "drum_loop", "arrangement", "bass_line", "sound_effect", "drum_loop", "pad",
    "one_shot", "melody", "arrangement", "drum_loop", "chords", "arpeggio",
)  # fmt: skip
"""The kinds of twenty prompts, over and over."""

BEATS = ("drum_loop", "arrangement")
LINES = ("bass_line", "arpeggio", "chords", "melody")
SOLO = ("bass_line", "chords", "arpeggio", "melody", "pad")  # one instrument, whose family counts
TONAL = ("chords", "arpeggio", "melody", "pad", "arrangement")
SOUNDS = ("one_shot", "sound_effect")

SHORTEST = dict.fromkeys(BEATS, 4.0) | dict.fromkeys((*LINES, "pad"), 3.0)  # seconds


@dataclass(frozen=True)
class Prompt:
    """A prompt and what is known of its sound; None where the prompt says nothing.

    Attributes:
        text: what the model is asked for.
        wording: "reworded", "paraphrased", "unfamiliar" or "caption".
        kind: of clip, as in `training.dataset.attributes.KINDS`.
        seconds: length asked for.
        render_seed: of the real render that it describes.
        family: of the one instrument that plays.
        source: what sounds in a one-shot or effect.
        bpm: tempo.
        key: such as "A minor".
    """

    text: str
    wording: str
    kind: str
    seconds: float
    render_seed: int
    family: str | None = None
    source: str | None = None
    bpm: int | None = None
    key: str | None = None

    def as_json(self) -> dict[str, Any]:
        """The prompt as values that JSON has."""
        return asdict(self)


@dataclass(frozen=True)
class Brief:
    """A prompt, with a sound that fulfils it.

    Attributes:
        prompt: "reworded" or "paraphrased".
        others: for some, a further prompt for the same sound, "unfamiliar" or "caption".
        real: (2, samples) at 44.1 kHz, the render that they describe, of the length asked for.
    """

    prompt: Prompt
    others: tuple[Prompt, ...]
    real: Array


def held_out_prompts(count: int, seed: int = 0, longest: float = 11.9) -> Iterator[Brief]:
    """Prompts, each with the real render that it describes.

    Args:
        count: number of prompts.
        seed: another one gives other prompts.
        longest: seconds that the model can make; longer renders are cut.

    Yields:
        `count` briefs, of the kinds in `KIND_ORDER`.
    """
    render_seed = FIRST_SEED + seed * SEEDS_APART
    for i in range(count):
        kind = KIND_ORDER[i % len(KIND_ORDER)]
        shortest = min(SHORTEST.get(kind, 0.0), longest)
        clip = render_clip(render_seed, kind)
        while clip.seconds < shortest:
            render_seed += 1
            clip = render_clip(render_seed, kind)
        audio = clip.audio[:, : int(longest * SAMPLE_RATE)]
        seconds = math.floor(1000 * audio.shape[1] / SAMPLE_RATE) / 1000
        wording = "paraphrased" if i // len(KIND_ORDER) % 2 == i % 2 else "reworded"
        others: tuple[Prompt, ...] = ()
        turn = (i + i // len(KIND_ORDER)) % ONCE_MORE_EVERY
        if turn == 0:
            words = _Words([seed, i, 1], "unfamiliar")
            others = (_prompt(clip.attributes, seconds, render_seed, words),)
        elif turn == 2:
            others = (_caption_prompt(clip, seconds, render_seed),)
        words = _Words([seed, i, 0], wording)
        yield Brief(_prompt(clip.attributes, seconds, render_seed, words), others, audio)
        render_seed += 1


def _prompt(facts: Attributes, seconds: float, render_seed: int, words: _Words) -> Prompt:
    parts = _sound_parts(facts, words) if facts.kind in SOUNDS else _music_parts(facts, words)
    return Prompt(
        text=phrased(parts, words.rng),
        wording=words.wording,
        kind=facts.kind,
        seconds=seconds,
        render_seed=render_seed,
        family=INSTRUMENTS[facts.instruments[0]].family if facts.kind in SOLO else None,
        source=facts.source,
        bpm=parts.bpm,
        key=parts.key if facts.kind in TONAL else None,
    )


def _caption_prompt(clip: RenderedClip, seconds: float, render_seed: int) -> Prompt:
    """The longest caption of a render, and those facts that it plainly states."""
    facts = clip.attributes
    text = max(clip.captions, key=len)
    told = text.lower()
    family = None
    if facts.kind in SOLO:
        instrument = INSTRUMENTS[facts.instruments[0]]
        if any(word in told for word in instrument.words):
            family = instrument.family
    states_key = facts.kind in TONAL and facts.key is not None and facts.key.lower() in told
    return Prompt(
        text=text,
        wording="caption",
        kind=facts.kind,
        seconds=seconds,
        render_seed=render_seed,
        family=family,
        source=facts.source,
        bpm=facts.bpm if facts.bpm is not None and tells_tempo(text, facts.bpm) else None,
        key=facts.key if states_key else None,
    )


class _Words:
    """Picks the words of one prompt."""

    def __init__(self, seed: list[int], wording: str) -> None:
        self.rng = np.random.Generator(np.random.PCG64(seed))
        self.wording = wording

    def happens(self, chance: float) -> bool:
        return float(self.rng.random()) < chance

    def one_of(self, choices: Sequence[str]) -> str:
        return choices[int(self.rng.integers(len(choices)))]

    def description(self, known: Sequence[str], held_out: Sequence[str]) -> str:
        """A word for a genre, mood, texture or effect."""
        return self._known(known) if self.wording == "reworded" else self.one_of(held_out)

    def noun(self, known: Sequence[str], held_out: Sequence[str]) -> str:
        """A word for what is measured: a kind, instrument or source."""
        return self.one_of(held_out) if self.wording == "unfamiliar" else self._known(known)

    def first_of(self, names: Sequence[str], chance: float) -> list[str]:
        return [names[0]] if names and self.happens(chance) else []

    def _known(self, words: Sequence[str]) -> str:
        return words[0] if self.happens(0.5) else self.one_of(words)


def _music_parts(facts: Attributes, words: _Words) -> Parts:
    kind, played_by = facts.kind, list(facts.instruments)
    noun_row = KIND_WORDS[kind]
    noun = words.noun(noun_row.words, noun_row.held_out)
    instruments: list[str] = []
    if played_by[0] in ELEMENTS:
        element = ELEMENTS[played_by.pop(0)]
        noun = f"{words.noun(element.words, element.held_out)} loop"
    for name in played_by[:1] if kind in SOLO else words.first_of(played_by, 0.4):
        row = KITS[name] if name in KITS else INSTRUMENTS[name]
        instruments.append(words.noun(row.words, row.held_out))
    genre = ALL_GENRES[facts.genre or ""]
    describing = [
        words.description(table[name].words, table[name].held_out)
        for table, names in ((MOODS, facts.moods), (TEXTURES, facts.textures))
        for name in words.first_of(names, 0.5)
    ]
    effects = [
        words.description(EFFECTS[name].words, EFFECTS[name].held_out).removeprefix("with ")
        for name in words.first_of(facts.effects, 0.4)
    ]
    tells_tempo = kind in BEATS or (kind in LINES and words.happens(0.6))
    tells_key = kind in TONAL and words.happens(0.65)
    return Parts(
        noun=noun,
        genre=words.description(genre.words, genre.held_out) if words.happens(0.7) else None,
        instruments=tuple(instruments),
        describing=tuple(describing),
        effects=tuple(effects),
        bpm=facts.bpm if tells_tempo else None,
        key=facts.key if tells_key else None,
    )


def _sound_parts(facts: Attributes, words: _Words) -> Parts:
    source = facts.source or ""
    table = ONE_SHOT_WORDS if facts.kind == "one_shot" else EFFECT_WORDS
    if source in HIT_NOUNS:
        row = INSTRUMENTS[facts.instruments[0]]
        noun = f"{words.noun(row.words, row.held_out)} {words.one_of(HIT_NOUNS[source])}"
    else:
        noun = words.noun(table[source].words, table[source].held_out)
    describing = [
        words.one_of(CHARACTER_WORDS.get(name, (name,)))
        for name in words.first_of(facts.textures, 0.4)
    ]
    return Parts(noun=noun, describing=tuple(describing), is_music=False)
