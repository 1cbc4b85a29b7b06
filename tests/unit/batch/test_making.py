"""A sound whose record was lost is recognised by the settings inside it."""

from __future__ import annotations

from typing import Any

import pytest

from soundlet.batch import Line
from soundlet.batch.making import is_sound_of
from soundlet.finish import Finish
from soundlet.metadata import SoundFile

MADE: dict[str, Any] = {
    "model_sha256": "abc",
    "prompt": "kick",
    "seed": 1,
    "seconds": 2.0,
    "candidates": 4,
    "steps": 8,
    "sampler": "euler",
    "cfg_scale": 1.0,
    "loop": False,
}


def is_of(fields: dict[str, Any], settings: dict[str, Any] | None) -> bool:
    """Whether a file with these settings is of a line that says this."""
    line = Line(1, {"prompt": "kick", "seed": 1, **fields}, None, Finish(), "a.wav", "")
    file = SoundFile("a.wav", "wav", "PCM_16", 44100, 2, 88200, settings)
    return is_sound_of(line, file, "abc", 44100)


@pytest.mark.parametrize("fields", [{}, {"candidates": 4}, {"steps": 8, "seconds": 2}])
def test_what_a_line_asks_for_is_its_sound(fields: dict[str, Any]) -> None:
    assert is_of(fields, MADE)


@pytest.mark.parametrize(
    "fields", [{"candidates": 1}, {"candidates": 5}, {"steps": 7}, {"seed": 2}, {"prompt": "hat"}]
)
def test_what_it_does_not_ask_for_is_another_sound(fields: dict[str, Any]) -> None:
    assert not is_of(fields, MADE)


def test_a_sound_of_another_model_or_without_settings_is_none_of_a_line() -> None:
    assert not is_of({}, {**MADE, "model_sha256": "def"})
    assert not is_of({}, None)
