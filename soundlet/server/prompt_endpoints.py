"""The endpoints that help with prompts: the words there are, and ideas."""

from __future__ import annotations

import secrets
from typing import Annotated

from fastapi import APIRouter, Query

from soundlet.errors import RequestError
from soundlet.ideas import PRESETS, random_prompt
from soundlet.prompt import KIND_NAMES, read_prompt
from soundlet.request import MAX_SEED
from soundlet.server.documented import problems
from soundlet.server.problems import Problem, ProblemError
from soundlet.server.schema import Idea, IdeasView, PresetView, VocabularyView
from soundlet.vocabulary.descriptions import EFFECTS, MOODS, TEMPO_RANGE, TEXTURES
from soundlet.vocabulary.genres import ALL_GENRES
from soundlet.vocabulary.instruments import INSTRUMENTS, KITS
from soundlet.vocabulary.keys import TONICS
from soundlet.vocabulary.sources import EFFECT_WORDS, ONE_SHOT_WORDS

MOST_IDEAS = 20
MAX_GENRE = 100  # characters

router = APIRouter(prefix="/v1/prompts", tags=["prompts"])


@router.get("/words", summary="List the words of prompts", responses=problems(422))
async def words() -> VocabularyView:
    """Those that the model inside soundlet was taught, by the parts of a prompt."""
    return VocabularyView(
        genre=list(ALL_GENRES),
        elements={
            "Kinds": list(KIND_NAMES.values()),
            "Drum kits": list(KITS),
            "Instruments": list(INSTRUMENTS),
            "Single hits": list(ONE_SHOT_WORDS),
            "Sound effects": list(EFFECT_WORDS),
        },
        mood={"Mood": list(MOODS), "Texture": list(TEXTURES), "Effect": list(EFFECTS)},
        tonics={mode: list(names) for mode, names in TONICS.items()},
        tempo=list(TEMPO_RANGE),
        presets=[
            PresetView(name=name, about=preset.about, example=idea_of(preset.example))
            for name, preset in PRESETS.items()
        ],
    )


@router.get("/ideas", summary="Draw prompts at random", responses=problems(422))
async def ideas(
    count: Annotated[int, Query(ge=1, le=MOST_IDEAS)] = 1,
    seed: Annotated[
        int | None, Query(ge=0, le=MAX_SEED, description="Repeats ideas; drawn if left out.")
    ] = None,
    genre: Annotated[
        str | None, Query(max_length=MAX_GENRE, description="Genre or subgenre of all of them.")
    ] = None,
    preset: Annotated[
        str | None, Query(max_length=MAX_GENRE, description=f"One of {', '.join(PRESETS)}.")
    ] = None,
) -> IdeasView:
    """Prompts whose parts go together, as `soundlet prompt --random` gives them."""
    first = secrets.randbelow(MAX_SEED + 1) if seed is None else seed
    try:
        drawn = [random_prompt(first + i, genre=genre, preset=preset) for i in range(count)]
    except RequestError as e:
        field = "preset" if str(e).startswith("preset") else "genre"
        raise ProblemError(Problem("request", str(e), field)) from e
    return IdeasView(seed=first, ideas=[idea_of(text) for text in drawn])


def idea_of(text: str) -> Idea:
    """A prompt and its parts."""
    read = read_prompt(text)
    return Idea(
        prompt=text,
        genre=read.first("genre"),
        elements=[*read.values("kind"), *read.values("source"), *read.values("instrument")],
        mood=[*read.values("mood"), *read.values("texture"), *read.values("effect")],
        key=read.first("key"),
        tempo=read.bpm,
    )
