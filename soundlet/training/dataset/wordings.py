"""Wordings: what a caption says, as anyone else might put it.

Captions have a few forms, and the words of `vocabulary`. People write requests around them, fill in
forms of their own making, and use other words. All that a wording adds, openings, purposes, asides,
words that do not exist, says nothing of the sound; a model has to learn that too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from soundlet.training.dataset.attributes import Attributes
from soundlet.training.dataset.captions import (
    HIT_NOUNS,
    Stated,
    in_full,
    key_words,
    pick,
    state,
    with_case,
    with_slip,
)
from soundlet.training.dataset.carriers import (
    ASIDES,
    AT_TEMPO,
    FEELING,
    FRAMES,
    IN_KEY,
    IN_STYLE,
    INTRODUCTIONS,
    LABELS,
    OPENINGS,
    PLAYED_BY,
    PROCESSED_WITH,
    PURPOSES,
    SEPARATORS,
)
from soundlet.vocabulary.descriptions import EFFECTS, KIND_WORDS, MOODS, TEXTURES
from soundlet.vocabulary.genres import ALL_GENRES
from soundlet.vocabulary.instruments import ELEMENTS, INSTRUMENTS, KITS
from soundlet.vocabulary.sources import CHARACTER_WORDS, EFFECT_WORDS, ONE_SHOT_WORDS
from soundlet.vocabulary.synonyms import SYNONYMS

CAPTION_SHARE = 0.2  # of wordings that have the form of a caption
SAME_SHARE = 0.4  # of words that stay as the caption has them
SYNONYM_SHARE = 0.35  # of words that no caption has
NONSENSE_SHARE = 0.12  # of wordings with an adjective that does not exist
TYPO_SHARE = 0.04
SYLLABLES = (
    "ba", "ce", "di", "fo", "gu", "ha", "jo", "ke", "li", "mo", "nu", "pa", "qui", "re", "so", "ti",
    "vu", "wa", "xe", "yo", "zu",
)  # fmt: skip
CODAS = ("", "", "n", "r", "s", "st", "th", "ck", "lm", "d")


@dataclass(frozen=True)
class _Synonyms:
    """The words for one value: those that captions have, and further ones."""

    known: Sequence[str]
    further: Sequence[str]

    def other_than(self, word: str, rng: np.random.Generator) -> str:
        """The word itself, or another for the same."""
        draw = rng.random()
        if draw < SAME_SHARE:
            return word
        is_further = draw < SAME_SHARE + SYNONYM_SHARE and self.further
        return pick(rng, self.further if is_further else self.known)


def _table(name: str, rows: Mapping[str, Sequence[str]]) -> dict[str, _Synonyms]:
    """Each word of a table to all words for the same."""
    found: dict[str, _Synonyms] = {}
    for canonical, words in rows.items():
        row = _Synonyms(words, SYNONYMS[name].get(canonical, ()))
        found.update({word: row for word in (canonical, *words)})
    return found


def _styles() -> dict[str, Sequence[str]]:
    return {n: style.words for genre in ALL_GENRES.values() for n, style in genre.styles.items()}


GENRES = _table("styles", _styles()) | _table("genres", {n: g.words for n, g in ALL_GENRES.items()})
PLAYERS = (
    _table("elements", {name: row.words for name, row in ELEMENTS.items()})
    | _table("kits", {name: row.words for name, row in KITS.items()})
    | _table("instruments", {name: row.words for name, row in INSTRUMENTS.items()})
)
PROCESSES = _table("effects", {name: row.words for name, row in EFFECTS.items()})
DESCRIPTIONS = (
    _table("textures", {name: row.words for name, row in TEXTURES.items()})
    | _table("moods", {name: row.words for name, row in MOODS.items()})
    | PROCESSES
)
CHARACTERS = PROCESSES | _table("characters", CHARACTER_WORDS)
KINDS = _table("kinds", {name: row.words for name, row in KIND_WORDS.items()})
ONE_SHOTS = _table("one_shots", {name: row.words for name, row in ONE_SHOT_WORDS.items()})
SOUND_EFFECTS = _table("sound_effects", {name: row.words for name, row in EFFECT_WORDS.items()})


def wording(attributes: Attributes, rng: np.random.Generator) -> str:
    """What someone might ask for a clip with these attributes with; nothing in it is untrue."""
    words = _reworded(state(attributes, rng), attributes, rng)
    text = in_full(words, rng) if rng.random() < CAPTION_SHARE else _free(words, attributes, rng)
    if rng.random() < TYPO_SHARE:
        text = with_slip(text, rng)
    return with_case(text, rng)


def nonsense(rng: np.random.Generator) -> str:
    """A word that does not exist."""
    count = 2 + int(rng.integers(2))
    return "".join(pick(rng, SYLLABLES) + pick(rng, CODAS) for _ in range(count))


def _other(word: str, table: Mapping[str, _Synonyms], rng: np.random.Generator) -> str:
    row = table.get(word)
    return word if row is None else row.other_than(word, rng)


def _reworded(stated: Stated, attributes: Attributes, rng: np.random.Generator) -> Stated:
    """The same facts in other words."""
    descriptions = DESCRIPTIONS if attributes.source is None else CHARACTERS
    words = Stated(
        noun=_noun(stated.noun, attributes, rng),
        genre=None if stated.genre is None else _other(stated.genre, GENRES, rng),
        instruments=[_other(word, PLAYERS, rng) for word in stated.instruments],
        describing=[_other(word, descriptions, rng) for word in stated.describing],
        after=[_other(word, descriptions, rng) for word in stated.after],
        key=stated.key,
        tempo=stated.tempo,
    )
    if rng.random() < NONSENSE_SHARE:
        words.describing.insert(int(rng.integers(len(words.describing) + 1)), nonsense(rng))
    return words


def _noun(noun: str, attributes: Attributes, rng: np.random.Generator) -> str:
    """Another word for what sounds, or for each half of it: "piano chord", "hi-hat loop"."""
    if attributes.source is None:
        if noun in KINDS:
            return _other(noun, KINDS, rng)
        element, _, loop = noun.rpartition(" ")
        return f"{_other(element, PLAYERS, rng)} {loop}"
    source, kind = attributes.source, ""
    for word in KIND_WORDS[attributes.kind].words:  # which may have been added to it
        if noun.endswith(f" {word}") and noun not in ONE_SHOTS:
            noun, kind = noun.removesuffix(f" {word}"), f" {_other(word, KINDS, rng)}"
            break
    for hit in sorted(HIT_NOUNS.get(source, ()), key=len, reverse=True):
        if noun.endswith(f" {hit}"):
            instrument = _other(noun.removesuffix(f" {hit}"), PLAYERS, rng)
            return f"{instrument} {pick(rng, HIT_NOUNS[source])}{kind}"
    table = ONE_SHOTS if attributes.kind == "one_shot" else SOUND_EFFECTS
    return _other(noun, table, rng) + kind


def _free(words: Stated, attributes: Attributes, rng: np.random.Generator) -> str:
    """The facts in a request, a description or a form, with remarks about them."""
    forms = (_request, _request, _description, _turned_round, _form)
    text = forms[int(rng.integers(len(forms)))](words, attributes, rng)
    if rng.random() < 0.2:
        purpose = pick(rng, PURPOSES)
        text = f"{text} {purpose}" if rng.random() < 0.5 else f"{purpose}{_mark(rng)} {text}"
    if rng.random() < 0.25:
        aside = nonsense(rng) if rng.random() < 0.2 else pick(rng, ASIDES)
        text = (
            f"{text}{_mark(rng)} {aside}" if rng.random() < 0.5 else f"{aside}{_mark(rng)} {text}"
        )
    if rng.random() < 0.1:
        text = pick(rng, FRAMES).format(text)
    return text


def _mark(rng: np.random.Generator) -> str:
    return pick(rng, (",", ":", ".", " -", ""))


def _subject(words: Stated, rng: np.random.Generator, *, with_genre: bool) -> str:
    """What is wanted, with what stands before it: "dark techno drum loop"."""
    describing = pick(rng, (" ", ", ", " and ")).join(words.describing)
    parts = [describing, (words.genre or "") if with_genre else "", words.noun]
    subject = " ".join(part for part in parts if part)
    if rng.random() < 0.5:
        return subject
    article = "some" if subject.endswith("s") else "an" if subject[0] in "aeio" else "a"
    return f"{article} {subject}"


def _details(
    words: Stated, attributes: Attributes, rng: np.random.Generator, *, with_genre: bool
) -> list[str]:
    """Each further fact in a phrase of its own, in any order."""
    found = [] if with_genre or words.genre is None else [pick(rng, IN_STYLE).format(words.genre)]
    if words.instruments:
        names = pick(rng, (" and ", ", ", " plus ", " & ")).join(words.instruments)
        found.append(pick(rng, PLAYED_BY).format(names))
    found += [
        word if word.split()[0] in ("with", "on", "in") else pick(rng, PROCESSED_WITH).format(word)
        for word in words.after
    ]
    if words.key:
        found.append(_key(words.key, attributes, rng))
    if words.tempo:
        found.append(pick(rng, AT_TEMPO).format(attributes.bpm))
    return [found[int(i)] for i in rng.permutation(len(found))]


def _key(stated: str, attributes: Attributes, rng: np.random.Generator) -> str:
    if attributes.key is None or rng.random() < 0.3:
        return stated
    name = attributes.key if rng.random() < 0.7 else key_words(attributes.key, rng)
    for start in ("in the key of ", "key of ", "note ", "in "):
        name = name.removeprefix(start)
    return pick(rng, IN_KEY).format(name)


def _request(words: Stated, attributes: Attributes, rng: np.random.Generator) -> str:
    """Like "could you generate a dark techno drum loop run through reverb, tempo 128"."""
    with_genre = rng.random() < 0.6
    subject = _subject(words, rng, with_genre=with_genre)
    details = _details(words, attributes, rng, with_genre=with_genre)
    comma = pick(rng, (", ", ", ", " ", " - "))
    return comma.join([f"{pick(rng, OPENINGS)} {subject}", *details])


def _description(words: Stated, attributes: Attributes, rng: np.random.Generator) -> str:
    """Like "it should be a drum loop. techno style. with a dark feel. 128 bpm"."""
    with_genre, bare = rng.random() < 0.5, words
    feelings: list[str] = []
    if attributes.source is None and rng.random() < 0.5:
        feelings = [pick(rng, FEELING).format(word) for word in words.describing]
        bare = Stated(words.noun, words.genre)
    subject = _subject(bare, rng, with_genre=with_genre)
    details = [*feelings, *_details(words, attributes, rng, with_genre=with_genre)]
    stop = pick(rng, (". ", ". ", ", ", "; "))
    return stop.join([f"{pick(rng, INTRODUCTIONS)} {subject}", *details])


def _turned_round(words: Stated, attributes: Attributes, rng: np.random.Generator) -> str:
    """Like "128 bpm, in techno style: dark drum loop"."""
    with_genre = rng.random() < 0.6
    details = _details(words, attributes, rng, with_genre=with_genre)
    subject = _subject(words, rng, with_genre=with_genre)
    if not details:
        return subject
    return f"{', '.join(details)}{pick(rng, (':', ',', ' -', ' >'))} {subject}"


def _form(words: Stated, attributes: Attributes, rng: np.random.Generator) -> str:
    """Like "item: drum loop / style of music: techno / mood: dark / pace: 128"."""
    values = {
        "sound": [words.noun],
        "genre": [words.genre] if words.genre else [],
        "instrument": words.instruments,
        "mood": words.describing,
        "effect": words.after,
        "key": [words.key.removeprefix("in ")] if words.key else [],
        "tempo": [f"{attributes.bpm}{pick(rng, ('', ' bpm'))}"] if words.tempo else [],
    }
    is_made_up = rng.random() < 0.2
    colon = pick(rng, (": ", ": ", " = ", "=", " - ", ":"))
    rows = []
    for part, found in values.items():
        if found:
            label = nonsense(rng) if is_made_up and part != "tempo" else pick(rng, LABELS[part])
            rows.append(f"{label}{colon}{', '.join(found)}")
    if rng.random() < 0.5:
        rows = [rows[int(i)] for i in rng.permutation(len(rows))]
    return pick(rng, SEPARATORS).join(rows)
