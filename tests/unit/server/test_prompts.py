"""Words and ideas for the page: of the vocabulary, and their parts make their prompt again."""

from __future__ import annotations

import asyncio

import pytest

from soundlet.ideas import PRESETS, random_prompt
from soundlet.prompt import build_prompt, key_name, read_prompt
from soundlet.server.problems import ProblemError
from soundlet.server.prompt_endpoints import idea_of, ideas, words


def test_every_word_is_known() -> None:
    known = asyncio.run(words())
    for genre in known.genre:
        assert read_prompt(genre).first("genre") == genre
    for mood in known.mood["Mood"]:
        assert read_prompt(mood).values("mood") == (mood,)
    groups = [*known.elements.values(), *known.mood.values()]
    assert all(groups)
    for word in (word for group in groups for word in group):
        assert not read_prompt(word).unknown
    for mode, tonics in known.tonics.items():
        assert [key_name(f"{tonic} {mode}") for tonic in tonics] == [f"{t} {mode}" for t in tonics]
    assert [preset.name for preset in known.presets] == list(PRESETS)


@pytest.mark.parametrize("preset", ["loop", "texture"])
def test_the_parts_of_an_idea_make_its_prompt(preset: str) -> None:
    for seed in range(200):
        text = random_prompt(seed, preset=preset)
        idea = idea_of(text)
        parts = {"genre": idea.genre, "elements": idea.elements, "moods": idea.mood}
        assert build_prompt(**parts, key=idea.key, bpm=idea.tempo) == text  # type: ignore[arg-type]


def test_ideas_are_those_of_the_command() -> None:
    drawn = asyncio.run(ideas(count=3, seed=7, genre=None, preset="effect"))
    assert [idea.prompt for idea in drawn.ideas] == [
        random_prompt(seed, preset="effect") for seed in (7, 8, 9)
    ]
    again = asyncio.run(ideas(count=1, seed=None, genre="house", preset=None))
    assert again.ideas[0].prompt == random_prompt(again.seed, genre="house")


@pytest.mark.parametrize(
    ("genre", "preset", "field"),
    [(None, "tune", "preset"), ("polka", None, "genre"), ("house", "effect", "genre")],
)
def test_a_bad_wish_is_named(genre: str | None, preset: str | None, field: str) -> None:
    with pytest.raises(ProblemError) as refused:
        asyncio.run(ideas(count=1, seed=1, genre=genre, preset=preset))
    assert refused.value.problem.field == field
