"""Captions: the facts of a clip in the many ways in which people would ask for it.

A caption names any selection of the facts in any order, or as little as the kind of sound; what it
does name is always true.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from soundlet.training.dataset.attributes import Attributes
from soundlet.vocabulary.descriptions import EFFECTS, FILLERS, KIND_WORDS, MOODS, TEXTURES
from soundlet.vocabulary.genres import ALL_GENRES
from soundlet.vocabulary.instruments import ELEMENTS, INSTRUMENTS, KITS
from soundlet.vocabulary.keys import SAME_TONIC
from soundlet.vocabulary.sources import CHARACTER_WORDS, EFFECT_WORDS, ONE_SHOT_WORDS

CANONICAL_SHARE = 0.35
TYPO_SHARE = 0.03
FILLER_SHARE = 0.1
RHYTHMIC = ("drum_loop", "bass_line", "arpeggio", "arrangement")
TEMPO_FORMS = ("{} BPM",) * 4 + (
    "{}bpm",
    "{}BPM",
    "{} bpm",
    "at {} bpm",
    "at {} BPM",
    "tempo {}",
    "tempo: {} bpm",
    "bpm {}",
    "{} beats per minute",
)
HIT_NOUNS = {
    "instrument note": ("note", "single note", "hit", "one shot", "note sample"),
    "instrument chord": ("chord", "single chord", "chord hit", "chord one shot", "chord stab"),
}
ADJECTIVE_ENDINGS = ("ed", "ant", "chy", "pumping", "trembling")
PATCH_WORDS = {
    patch: instrument.words for instrument in INSTRUMENTS.values() for patch in instrument.patches
}


@dataclass
class Stated:
    """The facts that one caption will name, already in words.

    Attributes:
        noun: the kind of sound, or what sounds.
        genre: a genre or a narrower style.
        instruments: what plays.
        describing: what stands before the noun.
        after: what stands behind it.
        key: in one of its spellings.
        tempo: the same.
    """

    noun: str
    genre: str | None = None
    instruments: list[str] = field(default_factory=list)
    describing: list[str] = field(default_factory=list)
    after: list[str] = field(default_factory=list)
    key: str | None = None
    tempo: str | None = None


def pick(rng: np.random.Generator, choices: Sequence[str]) -> str:
    """Any of the choices, each as likely as the others."""
    return choices[int(rng.integers(len(choices)))]


def _word(rng: np.random.Generator, words: Sequence[str]) -> str:
    """The canonical word in one caption of three, otherwise any of the synonyms."""
    return words[0] if rng.random() < CANONICAL_SHARE else pick(rng, words)


def tempo_words(bpm: int, rng: np.random.Generator) -> str:
    """A tempo in one of the usual spellings."""
    return pick(rng, TEMPO_FORMS).format(bpm)


def tells_tempo(caption: str, bpm: float) -> bool:
    """Whether a caption has this number, which is no tempo in the name of a decade: "90s"."""
    return re.search(rf"(?<![\d.]){bpm:g}(?!\.?\d|'?s\b)", caption, re.IGNORECASE) is not None


def key_words(key: str, rng: np.random.Generator) -> str:
    """A key in one of the usual spellings: "in A minor", "Am", "A min"; or the name of a note."""
    tonic, _, mode = key.partition(" ")
    if tonic in SAME_TONIC and rng.random() < 0.2:
        tonic = SAME_TONIC[tonic]
    if not mode:
        return pick(rng, (tonic, f"in {tonic}", f"note {tonic}", f"{tonic} note"))
    short = "m" if mode == "minor" else "maj"
    forms = (
        f"in {tonic} {mode}",
        f"in {tonic} {mode}",
        f"{tonic} {mode}",
        f"{tonic} {mode}",
        f"{tonic}{short}",
        f"{tonic} {mode[:3]}",
        f"key of {tonic} {mode}",
        f"in the key of {tonic} {mode}",
    )
    return pick(rng, forms)


def _instrument_words(name: str) -> Sequence[str]:
    for table in (INSTRUMENTS, KITS, ELEMENTS):
        if name in table:
            return table[name].words
    return PATCH_WORDS.get(name, (name,))


def _genre_words(attributes: Attributes, rng: np.random.Generator) -> str | None:
    if attributes.genre is None:
        return None
    genre = ALL_GENRES[attributes.genre]
    if attributes.subgenre is not None and rng.random() < 0.75:
        return _word(rng, genre.styles[attributes.subgenre].words)
    return _word(rng, genre.words) if rng.random() < 0.72 else None


def _state_effects(stated: Stated, effects: Sequence[str], rng: np.random.Generator) -> None:
    """Adjectives go before the noun, names of effects behind it."""
    for effect in effects:
        word = _word(rng, EFFECTS[effect].words)
        is_adjective = word.endswith(ADJECTIVE_ENDINGS) and not word.startswith("with ")
        (stated.describing if is_adjective else stated.after).append(word)


def _some(names: Sequence[str], rng: np.random.Generator, chance: float) -> list[str]:
    return [name for name in names if rng.random() < chance]


def _music(attributes: Attributes, rng: np.random.Generator) -> Stated:
    kind = attributes.kind
    stated = Stated(noun=_word(rng, KIND_WORDS[kind].words))
    names = list(attributes.instruments)
    element = names[0] if names and names[0] in ELEMENTS else None
    if element is not None:  # a loop of hats alone is never called just a beat
        stated.noun = f"{_word(rng, _instrument_words(element))} " + pick(
            rng, ("loop", "loop", "pattern", "groove", "rhythm")
        )
        names = names[1:]
    names = _some(names, rng, 0.45 if kind in ("drum_loop", "arrangement") else 0.88)
    stated.instruments = [_word(rng, _instrument_words(name)) for name in names]
    stated.genre = _genre_words(attributes, rng)
    stated.describing = [_word(rng, MOODS[m].words) for m in _some(attributes.moods, rng, 0.8)]
    textures = _some(attributes.textures, rng, 0.75)
    stated.describing += [_word(rng, TEXTURES[t].words) for t in textures]
    effects = _some(attributes.effects, rng, 0.7)
    _state_effects(stated, effects, rng)
    if attributes.bpm is not None and rng.random() < (0.76 if kind in RHYTHMIC else 0.5):
        stated.tempo = tempo_words(attributes.bpm, rng)
    if attributes.key is not None and rng.random() < 0.5:
        stated.key = key_words(attributes.key, rng)
    return stated


def _sound(attributes: Attributes, rng: np.random.Generator) -> Stated:
    source = attributes.source or ""
    is_one_shot = attributes.kind == "one_shot"
    table = ONE_SHOT_WORDS if is_one_shot else EFFECT_WORDS
    words: Sequence[str] = table[source].words if source in table else (source,)
    stated = Stated(noun=_word(rng, words))
    if source in HIT_NOUNS:
        instrument = _word(rng, _instrument_words(attributes.instruments[0]))
        stated.noun = f"{instrument} {_word(rng, HIT_NOUNS[source])}"
    elif is_one_shot and source not in attributes.instruments and rng.random() < 0.4:
        stated.instruments = [_word(rng, _instrument_words(n)) for n in attributes.instruments[:1]]
    for texture in _some(attributes.textures, rng, 0.7):
        word = _word(rng, CHARACTER_WORDS.get(texture, (texture,)))
        is_after = word.split()[0] in ("on", "in", "with", "through", "passing", "far", "again")
        (stated.after if is_after else stated.describing).append(word)
    said = {"distortion": "distorted", "reverb": "roomy"}  # words for the same thing
    spoken = [e for e in attributes.effects if said.get(e) not in attributes.textures]
    _state_effects(stated, _some(spoken, rng, 0.5), rng)
    if attributes.key is not None and rng.random() < 0.35:
        stated.key = key_words(attributes.key, rng)
    has_kind = any(word in stated.noun for word in ("shot", "hit", "sample", "sound", "effect"))
    if not has_kind and rng.random() < 0.22:
        stated.noun += " " + _word(rng, KIND_WORDS[attributes.kind].words)
    return stated


def _played_noun(instrument: str, noun: str) -> str:
    """Instrument and noun without a word said twice: "wobble bass", not "wobble bass bass"."""
    first, _, rest = noun.partition(" ")
    if instrument.split()[-1].rstrip("s") == first.rstrip("s"):
        return f"{instrument} {rest}".strip()
    return f"{instrument} {noun}"


def _bare(attributes: Attributes, stated: Stated, rng: np.random.Generator) -> str:
    """As few words as people type: "kick", "piano chords", "techno drum loop 128 BPM"."""
    words = [stated.noun]
    if stated.instruments and attributes.kind != "one_shot":
        words = [_played_noun(stated.instruments[0], stated.noun)]
    elif stated.genre and rng.random() < 0.7:
        words.insert(0, stated.genre)
    if stated.tempo and rng.random() < 0.6:
        words.append(stated.tempo)
    return " ".join(words)


def _tags(stated: Stated, rng: np.random.Generator) -> str:
    """A list: genre, elements, mood, tempo, in this order or shuffled."""
    tags = [*([stated.genre] if stated.genre else []), stated.noun, *stated.instruments]
    tags += stated.describing + stated.after
    tags += [tag for tag in (stated.key, stated.tempo) if tag]
    if rng.random() < 0.4:
        tags = [tags[int(i)] for i in rng.permutation(len(tags))]
    return pick(rng, (", ", ", ", ", ", " ", "; ", " | ")).join(tags)


def _phrase(stated: Stated, rng: np.random.Generator) -> str:
    """Words in a row without commas: "dark techno 909 kit drum loop 128 BPM"."""
    describing, head = " ".join(stated.describing), stated.noun
    if stated.instruments:
        head = _played_noun(stated.instruments[0], head)
    first = [describing, stated.genre] if rng.random() < 0.7 else [stated.genre, describing]
    parts = [*first, head, *stated.after, stated.key, stated.tempo]
    if rng.random() < 0.12 and stated.tempo:
        parts = [stated.tempo, *parts[:-1]]
    return " ".join(part for part in parts if part)


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else ", ".join(words[:-1]) + " and " + words[-1]


def _sentence(stated: Stated, rng: np.random.Generator) -> str:
    """A sentence: "A driving techno beat at 128 bpm played on a 909"."""
    describing = pick(rng, (", ", " ", " and ")).join(stated.describing)
    subject = " ".join(part for part in (describing, stated.genre, stated.noun) if part)
    if not stated.noun.endswith("s"):
        starts_with_vowel = subject[0].lower() in "aeio8"
        subject = pick(rng, ("an " if starts_with_vowel else "a ", "")) + subject
    text = subject
    tail: list[str] = []
    if stated.instruments:
        link = pick(rng, ("played on", "with", "featuring", "made with", "on"))
        tail.append(f" {link} {_listed(stated.instruments)}")
    for word in stated.after:
        tail.append(f" {word}" if word.split()[0] in ("with", "on", "in") else f" with {word}")
    if stated.tempo:
        tail.append(f" {stated.tempo}" if stated.tempo.startswith("at ") else f", {stated.tempo}")
    if stated.key:
        tail.append(f" {stated.key}" if stated.key.startswith("in ") else f", {stated.key}")
    if rng.random() < 0.3:
        tail = [tail[int(i)] for i in rng.permutation(len(tail))]
    return text[0].upper() + text[1:] + "".join(tail) + ("." if rng.random() < 0.3 else "")


def with_slip(text: str, rng: np.random.Generator) -> str:
    """One slip of the fingers inside a longer word; numbers and short words stay as they are."""
    words = text.split(" ")
    long = [i for i, word in enumerate(words) if len(word) >= 6 and word.isalpha()]
    if not long:
        return text
    i = long[int(rng.integers(len(long)))]
    word = words[i]
    at = int(rng.integers(1, len(word) - 1))
    slips = (
        word[:at] + word[at + 1 :],
        word[:at] + word[at] + word[at:],
        word[:at] + word[at + 1] + word[at] + word[at + 2 :],
    )
    words[i] = pick(rng, slips)
    return " ".join(words)


def with_case(text: str, rng: np.random.Generator) -> str:
    """As it stands, or in small, in capital or in mixed letters."""
    draw = rng.random()
    if draw < 0.62:
        return text
    if draw < 0.84:
        return text.lower()
    if draw < 0.93:
        return text[0].upper() + text[1:]
    return text.title() if draw < 0.97 else text.upper()


def state(attributes: Attributes, rng: np.random.Generator) -> Stated:
    """Some of the facts of a clip, in words of captions."""
    is_music = attributes.source is None
    return _music(attributes, rng) if is_music else _sound(attributes, rng)


def in_full(stated: Stated, rng: np.random.Generator) -> str:
    """A caption that names all of the facts."""
    return (_tags, _phrase, _sentence)[int(rng.integers(3))](stated, rng)


def caption(attributes: Attributes, rng: np.random.Generator) -> str:
    """One caption that says nothing untrue about a clip with these attributes."""
    stated, is_music = state(attributes, rng), attributes.source is None
    shares = (0.15, 0.35, 0.3, 0.2) if is_music else (0.4, 0.2, 0.25, 0.15)
    form = int(rng.choice(4, p=shares))
    if form == 0:
        text = _bare(attributes, stated, rng)
    else:
        text = (_tags, _phrase, _sentence)[form - 1](stated, rng)
    if rng.random() < FILLER_SHARE:
        filler = pick(rng, FILLERS)
        text = f"{text}, {filler}" if rng.random() < 0.6 else f"{filler} {text}"
    if rng.random() < TYPO_SHARE:
        text = with_slip(text, rng)
    return with_case(text, rng)


def captions(attributes: Attributes, rng: np.random.Generator, count: int) -> tuple[str, ...]:
    """Different captions of one clip; fewer than `count` where little can be said."""
    found: dict[str, None] = {}
    for _ in range(6 * count):
        found[caption(attributes, rng)] = None
        if len(found) == count:
            break
    return tuple(found)
