"""Wordings say what the clip has, in words and forms of others, and nothing that it denies."""

import re
from collections.abc import Iterator

import numpy as np
import pytest

from soundlet.evaluation.phrasing import KEYS, OPENINGS, PURPOSES, TEMPI
from soundlet.training.dataset import carriers
from soundlet.training.dataset.attributes import Attributes
from soundlet.training.dataset.captions import captions
from soundlet.training.dataset.wordings import nonsense, wording
from soundlet.vocabulary.descriptions import EFFECTS, KIND_WORDS, MOODS, TEXTURES
from soundlet.vocabulary.genres import ALL_GENRES
from soundlet.vocabulary.instruments import ELEMENTS, INSTRUMENTS, KITS
from soundlet.vocabulary.sources import CHARACTER_WORDS, EFFECT_WORDS, ONE_SHOT_WORDS
from soundlet.vocabulary.synonyms import SYNONYMS

TABLES = {
    "genres": {name: row.words for name, row in ALL_GENRES.items()},
    "styles": {n: style.words for row in ALL_GENRES.values() for n, style in row.styles.items()},
    "moods": {name: row.words for name, row in MOODS.items()},
    "textures": {name: row.words for name, row in TEXTURES.items()},
    "effects": {name: row.words for name, row in EFFECTS.items()},
    "characters": CHARACTER_WORDS,
    "kinds": {name: row.words for name, row in KIND_WORDS.items()},
    "instruments": {name: row.words for name, row in INSTRUMENTS.items()},
    "kits": {name: row.words for name, row in KITS.items()},
    "elements": {name: row.words for name, row in ELEMENTS.items()},
    "one_shots": {name: row.words for name, row in ONE_SHOT_WORDS.items()},
    "sound_effects": {name: row.words for name, row in EFFECT_WORDS.items()},
}
HELD_OUT = {
    word
    for table in (
        ALL_GENRES, MOODS, TEXTURES, EFFECTS, KIND_WORDS, INSTRUMENTS, KITS, ELEMENTS,
        ONE_SHOT_WORDS, EFFECT_WORDS,
    )
    for row in table.values()
    for word in row.held_out
    if word
}  # fmt: skip
TECHNO = Attributes(
    "drum_loop", genre="techno", instruments=("909 kit",), bpm=128, moods=("driving",)
)
PIANO = Attributes(
    "chords", genre="jazz", instruments=("piano",), bpm=96, key="A minor", effects=("reverb",)
)
RAIN = Attributes("sound_effect", source="rain", textures=("distant",))
HATS = Attributes("drum_loop", genre="house", instruments=("hi-hat", "808 kit"), bpm=124)
STAB = Attributes("one_shot", source="instrument chord", instruments=("piano",), key="C minor")


def many(attributes: Attributes, count: int = 500) -> list[str]:
    rng = np.random.default_rng(0)
    return [wording(attributes, rng) for _ in range(count)]


def words_for(table: str, name: str) -> tuple[str, ...]:
    return (*TABLES[table][name], *SYNONYMS[table][name])


def says(text: str, words: tuple[str, ...]) -> bool:
    return any(word.lower() in text.lower() for word in words)


def carried() -> Iterator[str]:
    """All that a wording may put around facts."""
    for name, value in vars(carriers).items():
        if not name.isupper():
            continue
        if isinstance(value, tuple):
            yield from value
        elif isinstance(value, dict):
            yield from (f"{label}: " for labels in value.values() for label in labels)


@pytest.mark.parametrize(
    ("attributes", "table", "name"),
    [
        (TECHNO, "kinds", "drum_loop"),
        (PIANO, "kinds", "chords"),
        (RAIN, "sound_effects", "rain"),
        (HATS, "elements", "hi-hat"),
        (STAB, "instruments", "piano"),
    ],
)
def test_a_wording_names_what_sounds(attributes: Attributes, table: str, name: str) -> None:
    texts = many(attributes)
    named = [says(text, words_for(table, name)) for text in texts]
    assert np.mean(named) > 0.95  # slips of the fingers fall on some
    others = [word for word in words_for(table, name) if word not in TABLES[table][name]]
    assert np.mean([says(text, tuple(others)) for text in texts]) > 0.1


def test_it_names_no_other_tempo_and_no_other_key() -> None:
    for attributes, bpm in ((TECHNO, 128), (PIANO, 96), (HATS, 124)):
        texts = many(attributes)
        numbers = [n for text in texts for n in re.findall(r"(?<![\w/-])(\d{2,3})(?![\w/-])", text)]
        assert set(map(int, numbers)) & set(range(60, 181)) == {bpm}
        assert 0.3 < np.mean([str(bpm) in text for text in texts]) < 0.95
    keys = {
        found.lower()
        for text in many(PIANO)
        for found in re.findall(r"\b([A-G][#b]?) (?:minor|major)\b", text, re.IGNORECASE)
    }
    assert keys == {"a"}


def test_wordings_differ_from_captions_and_from_each_other() -> None:
    texts = many(PIANO)
    assert len(set(texts)) > 480
    said = set(captions(PIANO, np.random.default_rng(1), 500))
    assert len(said & set(texts)) < 25


def test_the_same_generator_gives_the_same_wordings() -> None:
    assert many(TECHNO, 20) == many(TECHNO, 20)


def test_every_name_of_the_vocabulary_has_further_words_that_are_its_own() -> None:
    assert SYNONYMS.keys() == TABLES.keys()
    for name, rows in SYNONYMS.items():
        assert rows.keys() <= TABLES[name].keys()
        further = [word for words in rows.values() for word in words]
        assert len(further) == len(set(further)), name
        known = {word for words in TABLES[name].values() for word in words}
        assert not known & set(further), name
        assert np.mean([len(words) >= 5 for words in rows.values()]) > 0.9, name


def test_nothing_that_the_evaluation_keeps_for_itself_is_in_them() -> None:
    """Neither its words, whole, nor the marks of its sentences."""
    told = "\n".join(
        word for rows in SYNONYMS.values() for words in rows.values() for word in words
    )
    found = [w for w in HELD_OUT if re.search(rf"(?<!\w){re.escape(w)}(?!\w)", told)]
    assert found == []
    marks = [
        "listen: ", "to be heard in", "to go under", "performed by", "treated using", "this is a ",
        *(opening.lower() for opening in OPENINGS),
        *(purpose.lower() for purpose in PURPOSES),
        *(tempo.replace("{}", "").strip().lower() for tempo in TEMPI),
        *(key.replace("{}", "").strip().lower() for key in KEYS),
    ]  # fmt: skip
    written = [text.lower() for text in carried()]
    assert [(mark, text) for mark in marks for text in written if mark in text] == []
    labels = {label for labels in carriers.LABELS.values() for label in labels}
    assert not labels & {"what", "style", "played by", "feel", "treatment", "scale", "speed"}
    assert not {f"{label}: {{}}" for label in ("style", "scale", "feel")} & set(written)


def test_nonsense_is_in_no_vocabulary() -> None:
    rng = np.random.default_rng(0)
    words = {nonsense(rng) for _ in range(300)}
    known = {
        part
        for table in TABLES.values()
        for row in table.values()
        for word in row
        for part in word.split()
    }
    assert len(words) > 200
    assert not words & known
