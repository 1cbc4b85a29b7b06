"""Captions come in many forms and never say anything that the facts deny."""

import re
from collections.abc import Iterable

import numpy as np
import pytest

from soundlet.training.dataset.attributes import Attributes
from soundlet.training.dataset.captions import (
    caption,
    captions,
    key_words,
    tells_tempo,
    tempo_words,
)
from soundlet.vocabulary.descriptions import EFFECTS, FILLERS, KIND_WORDS, MOODS, TEXTURES
from soundlet.vocabulary.genres import ALL_GENRES
from soundlet.vocabulary.instruments import ELEMENTS, INSTRUMENTS, KITS
from soundlet.vocabulary.sources import EFFECT_WORDS, ONE_SHOT_WORDS

TECHNO = Attributes(
    "drum_loop", genre="techno", instruments=("909 kit",), bpm=128, moods=("driving",)
)
PIANO = Attributes(
    "chords",
    genre="classical",
    instruments=("piano",),
    bpm=96,
    key="A minor",
    moods=("sad",),
    effects=("reverb",),
)


def many(attributes: Attributes, count: int = 400) -> list[str]:
    rng = np.random.default_rng(0)
    return [caption(attributes, rng) for _ in range(count)]


def share(texts: Iterable[str], pattern: str) -> float:
    found = [re.search(pattern, text, re.IGNORECASE) is not None for text in texts]
    return sum(found) / len(found)


def words_of(*tables: Iterable[tuple[str, ...]]) -> set[str]:
    return {word for table in tables for words in table for word in words}


def test_most_captions_of_rhythmic_clips_state_the_tempo_and_never_another() -> None:
    texts = many(TECHNO)
    assert share(texts, r"\b128\s*(bpm|beats)?|tempo:? 128|bpm 128") >= 0.6
    stated = [
        int(n) for text in texts for n in re.findall(r"(?<![\w.-])(\d{2,3})(?!\w|-|\.)", text)
    ]
    assert set(stated) <= {128, 909}


def test_captions_have_many_forms() -> None:
    texts = many(TECHNO)
    assert len(set(texts)) > 330
    assert share(texts, ",") > 0.2
    assert any(text.isupper() for text in texts)
    assert any(text == text.lower() for text in texts)
    assert any(len(text.split()) <= 2 for text in texts)
    assert any(text.startswith("A ") for text in texts)


def test_a_caption_never_names_another_genre_kind_mood_or_instrument() -> None:
    """Only words of other values that are not also words of this clip's values are searched."""
    own = {*ALL_GENRES["classical"].words, *INSTRUMENTS["piano"].words, *MOODS["sad"].words}
    own |= {*KIND_WORDS["chords"].words, *EFFECTS["reverb"].words, *FILLERS}
    own_text = " | ".join(own)
    foreign = words_of(
        (genre.words for genre in ALL_GENRES.values()),
        (mood.words for mood in MOODS.values()),
        (texture.words for texture in TEXTURES.values()),
        (effect.words for effect in EFFECTS.values()),
        (instrument.words for instrument in INSTRUMENTS.values()),
        (kit.words for kit in KITS.values()),
        (kind.words for kind in KIND_WORDS.values()),
    )
    foreign = {word for word in foreign if not re.search(rf"\b{re.escape(word)}\b", own_text)}
    pattern = re.compile("|".join(rf"\b{re.escape(word)}\b" for word in sorted(foreign)))
    for text in many(PIANO):
        assert not pattern.search(text.lower()), text


def test_keys_are_spelt_in_ways_that_mean_the_same() -> None:
    rng = np.random.default_rng(0)
    minor = {key_words("A minor", rng) for _ in range(200)}
    assert {"in A minor", "A minor", "Am", "A min"} <= minor
    assert all("maj" not in text for text in minor)
    sharp = {key_words("F# major", rng) for _ in range(300)}
    assert all(text.replace("Gb", "F#").count("F#") == 1 for text in sharp)
    assert all("minor" not in text for text in sharp)
    assert {"C", "note C"} <= {key_words("C", rng) for _ in range(50)}


def test_tempi_are_spelt_in_several_ways() -> None:
    rng = np.random.default_rng(0)
    forms = {tempo_words(128, rng) for _ in range(300)}
    assert {"128 BPM", "128bpm", "at 128 bpm", "tempo 128"} <= forms
    assert all("128" in form for form in forms)


def test_one_shots_and_effects_are_named_shortly() -> None:
    kick = Attributes("one_shot", source="kick", instruments=("909 kit",), textures=("deep",))
    texts = many(kick, 200)
    assert "kick" in texts
    assert all(share([text], "|".join(ONE_SHOT_WORDS["kick"].words)) for text in texts[:20])
    rain = many(Attributes("sound_effect", source="rain", textures=("gentle",)), 200)
    assert "rain" in rain
    assert share(rain, "|".join(EFFECT_WORDS["rain"].words)) > 0.95


def test_a_loop_of_one_element_is_never_called_a_whole_beat() -> None:
    hats = Attributes("drum_loop", genre="house", instruments=("hi-hat", "909 kit"), bpm=124)
    pattern = "|".join(ELEMENTS["hi-hat"].words)
    assert share(many(hats), pattern) > 0.97  # the rest are typing errors


@pytest.mark.parametrize("attributes", [TECHNO, PIANO])
def test_several_captions_differ(attributes: Attributes) -> None:
    texts = captions(attributes, np.random.default_rng(1), 4)
    assert len(set(texts)) == len(texts) == 4
    assert texts == captions(attributes, np.random.default_rng(1), 4)


def test_held_out_words_are_never_written() -> None:
    held_out = {
        word
        for table in (KIND_WORDS, MOODS, EFFECTS, ALL_GENRES, INSTRUMENTS, KITS)
        for entry in table.values()
        for word in entry.held_out
    }
    pattern = re.compile("|".join(rf"\b{re.escape(word)}\b" for word in sorted(held_out)))
    for text in many(TECHNO) + many(PIANO):
        assert not pattern.search(text.lower()), text


@pytest.mark.parametrize(
    ("text", "bpm", "told"),
    [("drums at 90", 90, True), ("90BPM drums", 90, True), ("92.5 bpm", 92.5, True),
     ("90s boom bap drum loop, 120 BPM", 90, False), ("the 90's", 90, False),
     ("190 bpm", 90, False), ("90.5 bpm", 90, False), ("80S brass, 80 bpm.", 80, True)],
)  # fmt: skip
def test_a_decade_is_no_tempo(text: str, bpm: float, told: bool) -> None:
    assert tells_tempo(text, bpm) is told


def test_every_way_to_tell_a_tempo_is_seen() -> None:
    rng = np.random.default_rng(0)
    assert all(tells_tempo(f"drums, {tempo_words(90, rng)}", 90) for _ in range(200))
