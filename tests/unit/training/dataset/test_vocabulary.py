"""The tables of words are complete, agree with each other, and keep the held-out words apart."""

import re
from collections.abc import Iterator, Sequence
from typing import Protocol

import pytest

from soundlet.training.dataset import one_shots, sound_effects
from soundlet.training.dataset.attributes import KINDS
from soundlet.training.dataset.composition import BASS_PATTERNS
from soundlet.training.dataset.drum_patterns import GROOVES, LEVELS
from soundlet.training.dataset.drum_synthesis import KITS as SYNTHESISED_KITS
from soundlet.training.dataset.drum_synthesis import PIECES
from soundlet.training.dataset.tone_synthesis import PATCHES
from soundlet.vocabulary.descriptions import EFFECTS, FILLERS, KIND_WORDS, MOODS, TEXTURES
from soundlet.vocabulary.genres import ALL_GENRES, GENRES
from soundlet.vocabulary.instruments import ELEMENTS, INSTRUMENTS, KITS
from soundlet.vocabulary.sources import CHARACTER_WORDS, EFFECT_WORDS, ONE_SHOT_WORDS
from soundlet.vocabulary.traits import Traits, joined


class Entry(Protocol):
    @property
    def words(self) -> tuple[str, ...]: ...
    @property
    def held_out(self) -> tuple[str, ...]: ...


TABLES: tuple[dict[str, Entry], ...] = (
    {**KIND_WORDS},
    {**MOODS},
    {**TEXTURES},
    {**EFFECTS},
    {**ALL_GENRES},
    {**INSTRUMENTS},
    {**KITS},
    {**ELEMENTS},
    {**ONE_SHOT_WORDS},
    {**EFFECT_WORDS},
)


def training_words() -> set[str]:
    words = {word for table in TABLES for entry in table.values() for word in entry.words}
    for genre in ALL_GENRES.values():
        words |= {word for style in genre.styles.values() for word in style.words}
    return words | set(FILLERS) | {word for row in CHARACTER_WORDS.values() for word in row}


def entries() -> Iterator[tuple[str, Entry]]:
    for table in TABLES:
        yield from table.items()


def test_every_value_has_five_different_words_and_one_held_out() -> None:
    for name, entry in entries():
        assert entry.words[0] == name or name in KINDS
        assert len(set(entry.words)) == len(entry.words) >= 5, name
        assert entry.held_out, name
    for name, words in CHARACTER_WORDS.items():
        assert words[0] == name
        assert len(set(words)) >= 5


def test_held_out_words_occur_in_no_training_word() -> None:
    everything = "\n".join(training_words())
    for name, entry in entries():
        for word in entry.held_out:
            assert not re.search(rf"\b{re.escape(word)}\b", everything), (name, word)


def test_the_collection_is_as_large_as_promised() -> None:
    assert len(GROOVES) >= 20
    assert len(INSTRUMENTS) >= 30
    assert set(GROOVES) == set(GENRES)
    assert set(KIND_WORDS) == set(KINDS)
    low = min(genre.tempo[0] for genre in ALL_GENRES.values())
    high = max(genre.tempo[1] for genre in ALL_GENRES.values())
    assert (low, high) == (60, 180)


def test_genres_name_known_instruments_and_kits() -> None:
    for genre in ALL_GENRES.values():
        assert set(genre.instruments) <= set(INSTRUMENTS)
        for style in genre.styles.values():
            assert set(style.instruments) <= set(INSTRUMENTS)
            assert set(style.kits) <= set(KITS)
    for groove in GROOVES.values():
        assert set(groove.kits) <= set(KITS)


def check_row(piece: str, row: str) -> None:
    assert piece in PIECES
    assert len(row) in (16, 32), row
    assert set(row) <= {*LEVELS, "."}


def test_grooves_are_whole_bars_of_known_pieces() -> None:
    for groove in GROOVES.values():
        alternatives: list[Sequence[tuple[str, str]]] = [*groove.optional]
        alternatives += [alternative for layer in groove.layers for alternative in layer]
        for alternative in alternatives:
            for piece, row in alternative:
                check_row(piece, row)
    for element in ELEMENTS.values():
        for row in element.rows:
            check_row(element.pieces[0], row)
    for patterns in BASS_PATTERNS.values():
        assert all(len(pattern) == 16 for pattern in patterns)


def test_every_synthesised_sound_has_words() -> None:
    assert set(PATCHES) == {patch for i in INSTRUMENTS.values() for patch in i.patches}
    assert {kit.synthesised for kit in KITS.values()} - {None} == set(SYNTHESISED_KITS)
    assert set(one_shots.SOURCES) <= set(ONE_SHOT_WORDS)
    assert set(sound_effects.SOURCES) <= set(EFFECT_WORDS)
    assert {*one_shots.WORDS, *sound_effects.WORDS} <= set(CHARACTER_WORDS)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Traits(mode="minor"), Traits(mode="major")),
        (Traits(low_pass=(500, 900)), Traits(lift=(1.0, 2.0))),
        (Traits(high_pass=(500, 900)), Traits(body=(0.5, 1.0))),
        (Traits(devices=("wide",)), Traits(devices=("mono",))),
        (Traits(devices=("opening filter",)), Traits(devices=("closing filter",))),
        (Traits(devices=("opening filter",)), Traits(low_pass=(500, 900))),
    ],
)
def test_promises_that_contradict_each_other_are_not_joined(one: Traits, other: Traits) -> None:
    assert joined([one, other]) is None


def test_promises_about_different_properties_are_joined() -> None:
    both = joined([Traits(mode="minor", devices=("wide",)), Traits(drive=(0.4, 0.5))])
    assert both == Traits(mode="minor", drive=(0.4, 0.5), devices=("wide",))
