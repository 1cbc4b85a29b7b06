from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from soundlet.evaluation.phrasing import Parts, phrased
from soundlet.evaluation.prompts import KIND_ORDER, SHORTEST, Brief, Prompt, held_out_prompts
from soundlet.evaluation.spectra import SAMPLE_RATE
from soundlet.training.dataset.attributes import KINDS
from soundlet.training.dataset.captions import captions
from soundlet.training.dataset.render import render_clip
from soundlet.training.dataset.wordings import wording
from soundlet.vocabulary.descriptions import KIND_WORDS
from soundlet.vocabulary.genres import ALL_GENRES
from soundlet.vocabulary.instruments import INSTRUMENTS, KITS
from soundlet.vocabulary.sources import EFFECT_WORDS, ONE_SHOT_WORDS


def prompts(briefs: list[Brief]) -> list[Prompt]:
    return [prompt for brief in briefs for prompt in (brief.prompt, *brief.others)]


def test_twenty_prompts_have_every_kind() -> None:
    assert set(KIND_ORDER) == set(KINDS)
    beats = sum(kind in ("drum_loop", "arrangement") for kind in KIND_ORDER)
    assert beats >= 8  # whose tempo is the figure that counts most


def test_the_same_seed_gives_the_same_prompts(briefs: list[Brief]) -> None:
    again = list(held_out_prompts(3, seed=0))
    other = list(held_out_prompts(3, seed=1))
    assert [b.prompt for b in again] == [b.prompt for b in briefs[:3]]
    assert [b.prompt.text for b in other] != [b.prompt.text for b in again]
    np.testing.assert_array_equal(again[0].real, briefs[0].real)


def test_a_prompt_knows_what_its_render_is(briefs: list[Brief]) -> None:
    for brief in briefs[:9]:
        facts = render_clip(brief.prompt.render_seed, brief.prompt.kind).attributes
        for prompt in (brief.prompt, *brief.others):
            assert prompt.kind == facts.kind
            assert prompt.source == facts.source
            assert prompt.bpm in (None, facts.bpm)
            assert prompt.key in (None, facts.key)
            if prompt.family is not None:
                assert prompt.family == INSTRUMENTS[facts.instruments[0]].family


def test_what_is_known_is_said(briefs: list[Brief]) -> None:
    for prompt in prompts(briefs):
        if prompt.bpm is not None:
            assert str(prompt.bpm) in prompt.text
        if prompt.key is not None:
            assert prompt.key.lower() in prompt.text.lower()
        if prompt.kind in ("drum_loop", "arrangement") and prompt.wording != "caption":
            assert prompt.bpm is not None


def test_renders_have_the_length_asked_for(briefs: list[Brief]) -> None:
    for brief in briefs:
        assert brief.prompt.seconds == pytest.approx(brief.real.shape[1] / SAMPLE_RATE, abs=1e-3)
        assert brief.prompt.seconds >= SHORTEST.get(brief.prompt.kind, 0) - 1e-3


def test_a_model_with_a_short_window_is_asked_for_no_more() -> None:
    for brief in held_out_prompts(4, longest=1.5):
        assert brief.prompt.seconds <= 1.5
        assert brief.real.shape[1] <= 1.5 * SAMPLE_RATE


def test_words_are_as_unfamiliar_as_the_wording_says(briefs: list[Brief]) -> None:
    """Held-out words stand for genres only in paraphrases, for nouns in unfamiliar prompts only."""

    def says_any(text: str, words: list[str]) -> bool:
        return any(word in text for word in words)

    genres = [word for genre in ALL_GENRES.values() for word in genre.held_out]
    nouns = [
        word
        for table in (INSTRUMENTS, KITS, ONE_SHOT_WORDS, EFFECT_WORDS)
        for row in table.values()
        for word in row.held_out
    ]
    kinds = [word for row in KIND_WORDS.values() for word in row.held_out]
    found = Counter[str]()
    for prompt in prompts(briefs):
        found[prompt.wording] += 1
        if prompt.wording == "reworded":
            assert not says_any(prompt.text, [w for w in genres if len(w) > 5])
        if prompt.wording != "unfamiliar":
            assert not says_any(prompt.text, [w for w in (*nouns, *kinds) if len(w) > 7])
        else:
            assert says_any(prompt.text, [*nouns, *kinds]) or "loop" in prompt.text
    assert set(found) == {"reworded", "paraphrased", "unfamiliar", "caption"}
    assert abs(found["reworded"] - found["paraphrased"]) <= 2


def test_no_caption_has_the_form_of_a_prompt(briefs: list[Brief]) -> None:
    """Every prompt has words of its form that no caption or wording has."""
    marks = (
        "I need", "make me", "give me", "I am looking", "let me hear", "we want", "what: ",
        "This is", "listen: ", "to go under", "to be heard", "performed by", "a minute: ",
        "clocked at", "running at", "at a speed", "tonality", "written in", "on the scale",
        "centred on", "treated using",
    )  # fmt: skip
    rng = np.random.default_rng(0)
    facts = [render_clip(b.prompt.render_seed, b.prompt.kind).attributes for b in briefs[4:9]]
    told = " | ".join(text for each in facts for text in captions(each, rng, 50))
    told += " | ".join(wording(each, rng) for each in facts for _ in range(200))
    assert not [mark for mark in marks if mark in told]
    asked = [p.text for p in prompts(briefs) if p.wording != "caption"]
    assert all(any(mark in text for mark in marks) for text in asked)


@pytest.mark.parametrize("seed", range(12))
def test_every_form_says_everything(seed: int) -> None:
    parts = Parts(
        noun="chords",
        genre="techno",
        instruments=("piano",),
        describing=("dark", "wide"),
        effects=("reverb",),
        bpm=133,
        key="A minor",
    )
    text = phrased(parts, np.random.default_rng(seed))
    for word in ("chords", "techno", "piano", "dark", "wide", "reverb", "133", "A minor"):
        assert word in text


@pytest.mark.parametrize("seed", range(12))
def test_a_lone_noun_is_enough(seed: int) -> None:
    text = phrased(Parts(noun="rain", is_music=False), np.random.default_rng(seed))
    assert "rain" in text
    assert "None" not in text
    assert "  " not in text
