"""What is wrong with a request, as pydantic finds it and as a person reads it."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from soundlet.errors import RequestError
from soundlet.request import GenerationRequest
from soundlet.server.edit_schema import Blend, Inpaint, OneShot, Restyle
from soundlet.server.faults import MOST_SHOWN, problem_of_faults
from soundlet.server.problems import Problem
from soundlet.server.schema import Body, Generation


def problem_with(kind: type[Body], given: object) -> Problem:
    """The problem of a body that is not of its kind."""
    with pytest.raises(ValidationError) as refused:
        kind.model_validate(given)
    faults = [{**fault, "loc": ("body", *fault["loc"])} for fault in refused.value.errors()]
    return problem_of_faults(faults, {"body": kind.model_fields})


@pytest.mark.parametrize(
    "fields",
    [
        {"steps": 0},
        {"steps": 1001},
        {"steps": "8"},
        {"seed": -1},
        {"seed": 1.5},
        {"candidates": 17},
        {"sampler": "x"},
        {"seconds": 0},
        {"seconds": float("nan")},
        {"cfg_scale": 100.5},
        {"cfg_rescale": "all"},
        {"loop": 1},
    ],
    ids=str,
)
def test_a_fault_reads_as_it_does_in_python(fields: dict[str, Any]) -> None:
    with pytest.raises(RequestError) as refused:
        GenerationRequest(prompt="kick", **fields)
    problem = problem_with(Generation, {"prompt": "kick", **fields})
    assert problem.detail == str(refused.value)
    assert problem.field == next(iter(fields))


@pytest.mark.parametrize(
    ("kind", "fields", "said"),
    [
        (Generation, {}, "prompt is missing: the request needs it"),
        (Generation, {"prompt": 3}, "prompt must be text, not 3"),
        (Generation, {"prompt": ""}, "prompt must be text with a word in it, not ''"),
        (Generation, {"prompt": "kick", "loop": None}, "loop must be true or false, not null"),
        (
            Generation,
            {"prompt": "kick", "cfg_interval": [-1, 1]},
            "cfg_interval.0 must be a number from 0, not -1",
        ),
        (
            Generation,
            {"prompt": "kick", "cfg_interval": [0, 2]},
            "cfg_interval.1 must be a number up to 1, not 2",
        ),
        (
            Restyle,
            {"prompt": "kick", "strength": 1},
            "strength must be a number above 0 and below 1, not 1",
        ),
        (Inpaint, {"prompt": "kick", "regions": {}}, "regions must be a list, not an object"),
        (
            Blend,
            {"prompt": "kick", "other": "rain", "share": [0, 2]},
            "share must be a number from 0 to 1, or a list of two: at the start and the end,"
            " not a list",
        ),
        (OneShot, {"foo": 1}, "foo is no field of this request: it takes model, at, longest"),
    ],
)
def test_a_fault_says_what_is_right(kind: type[Body], fields: object, said: str) -> None:
    assert problem_with(kind, fields).detail == said


def test_a_fault_of_another_kind_keeps_the_words_it_has() -> None:
    problem = problem_with(Generation, {"prompt": "kick", "cfg_interval": [0]})
    assert problem.detail.startswith("cfg_interval: List should have at least 2 items")


def test_every_fault_is_told() -> None:
    problem = problem_with(Generation, {"prompt": "kick", "steps": 0, "seed": True})
    assert [field for field, _ in problem.errors] == ["seed", "steps"]
    assert problem.detail == problem.errors[0][1]


@pytest.mark.parametrize(
    "given", ["x" * 10_000, 10**4000, [[[]]] * 10_000], ids=["text", "number", "list"]
)
def test_a_long_value_is_cut(given: object) -> None:
    problem = problem_with(Generation, {"prompt": "kick", "steps": given})
    shown = problem.detail.partition(", not ")[2]
    assert 0 < len(shown) <= MOST_SHOWN
