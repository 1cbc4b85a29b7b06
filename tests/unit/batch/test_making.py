"""A sound whose record was lost is recognised by the settings inside it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from soundlet.batch import Line
from soundlet.batch.making import is_sound_of, sound_of
from soundlet.finish import Finish
from soundlet.metadata import SoundFile
from soundlet.pipeline import Model, load
from soundlet.tempo import Grid

ASKED: dict[str, Any] = {"prompt": "kick", "seed": 1, "seconds": 0.02, "steps": 1}


@pytest.fixture(scope="module")
def model(choosing_bundle: Path) -> Model:
    """A model that chooses among 3 candidates, unless another number is asked for."""
    return load(choosing_bundle, threads=1)


@pytest.fixture(scope="module")
def made(model: Model) -> dict[str, Any]:
    """The settings of the sound of a line that leaves much to the model."""
    return sound_of(model, line()).settings()


def line(finish: Finish | None = None, grid: Grid | None = None, **fields: Any) -> Line:
    """A line that says this too; None takes back what is said."""
    said = {name: value for name, value in {**ASKED, **fields}.items() if value is not None}
    return Line(1, said, grid, finish or Finish(), "a.wav", "")


def is_of(line: Line, settings: dict[str, Any] | None, model: Model) -> bool:
    """Whether a file with these settings is of a line."""
    return is_sound_of(line, SoundFile("a.wav", "WAV", "PCM_16", 44100, 2, 882, settings), model)


@pytest.mark.parametrize(
    "fields", [{}, {"candidates": 3}, {"sampler": "pingpong"}, {"cfg_interval": [0, 1]}]
)
def test_what_a_line_asks_for_is_its_sound(
    model: Model, made: dict[str, Any], fields: dict[str, Any]
) -> None:
    assert is_of(line(**fields), made, model)


@pytest.mark.parametrize(
    "fields",
    [
        {"candidates": 1},
        {"candidates": 5},
        {"steps": 7},
        {"steps": None},
        {"seconds": 0.01},
        {"seconds": None},
        {"seed": 2},
        {"prompt": "hat"},
        {"cfg_scale": 2},
        {"truncate_prompt": True},
        {"short_window": True},
        {"init_audio": "nowhere.wav", "init_noise_level": 0.5},
        {"finish": Finish(trim=True)},
        {"seconds": None, "grid": Grid(bpm=120, bars=1)},
    ],
)
def test_what_it_does_not_ask_for_is_another_sound(
    model: Model, made: dict[str, Any], fields: dict[str, Any]
) -> None:
    assert not is_of(line(**fields), made, model)


def test_a_sound_has_the_last_touches_of_its_line_and_no_others(model: Model) -> None:
    finish = Finish(normalize="peak", true_peak=-3)
    clip = sound_of(model, line())
    settings = clip.finished(finish).settings()
    assert is_of(line(finish), settings, model)
    assert not is_of(line(), settings, model)
    assert not is_of(line(replace(finish, true_peak=-4)), settings, model)
    twice = clip.finished(Finish(fade_in=0.001)).finished(finish).settings()
    assert not is_of(line(finish), twice, model)


def test_a_loop_is_that_of_its_bars(model: Model) -> None:
    grid = Grid(bpm=120, bars=1, beats_per_bar=2)
    settings = sound_of(model, line(grid=grid, seconds=None)).settings()
    assert is_of(line(grid=grid, seconds=None), settings, model)
    other = Grid(bpm=120, bars=2, beats_per_bar=1)  # as long, and told in the same words
    assert not is_of(line(grid=other, seconds=None), settings, model)


def test_a_sound_of_another_model_or_without_settings_is_none_of_a_line(
    model: Model, made: dict[str, Any]
) -> None:
    assert not is_of(line(), {**made, "model_sha256": "def"}, model)
    assert not is_of(line(), None, model)
