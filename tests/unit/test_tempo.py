"""Bars and beats are exact to the sample."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from soundlet.errors import RequestError
from soundlet.tempo import Grid

RATE = 44100


@pytest.mark.parametrize(
    ("bpm", "bars", "beats_per_bar", "n_samples"),
    [(120, 2, 4, 176400), (60, 1, 4, 176400), (92, 4, 4, 460174), (180, 8, 3, 352800)],
)
def test_a_length_is_the_exact_one_rounded_once(
    bpm: float, bars: int, beats_per_bar: int, n_samples: int
) -> None:
    grid = Grid(bpm=bpm, bars=bars, beats_per_bar=beats_per_bar)
    assert grid.n_samples(RATE) == n_samples
    exact = Fraction(bars * beats_per_bar * 60 * RATE) / Fraction(bpm)
    assert abs(grid.n_samples(RATE) - exact) <= Fraction(1, 2)


def test_sixty_four_repeats_drift_by_thirty_two_samples_at_most() -> None:
    drifts = [
        abs(Grid(bpm=bpm, bars=bars).drift_seconds(RATE, 64)) * RATE
        for bpm in range(60, 181)
        for bars in (1, 2, 4, 8)
    ]
    assert max(drifts) <= 32
    assert Grid(bpm=120, bars=2).drift_seconds(RATE, 64) == 0
    longer = Grid(bpm=92, bars=4)
    assert longer.drift_seconds(RATE, 64) == pytest.approx(
        64 * (460174 - 16 * 60 * RATE / 92) / RATE
    )


@pytest.mark.parametrize(
    ("field", "value"),
    [("bpm", 19.9), ("bpm", float("nan")), ("bpm", True), ("bars", 0), ("bars", 65),
     ("bars", 1.5), ("bars", True), ("beats_per_bar", 17), ("beats_per_bar", True)],
)  # fmt: skip
def test_what_is_no_grid_is_refused_with_its_range(field: str, value: Any) -> None:
    given = {"bpm": 120, "bars": 2, field: value}
    with pytest.raises(RequestError, match=f"{field} must be .* from .* to"):
        Grid(**given)


@pytest.mark.parametrize(
    ("given", "bpm"),
    [
        (np.float32(92.5), 92.5),
        (np.int64(120), 120),
        (np.float64(90), 90.0),
        (Fraction(185, 2), 92.5),
    ],
)
def test_numbers_are_pythons_own_whoever_made_them(given: Any, bpm: float) -> None:
    grid = Grid(bpm=given, bars=np.int64(2), beats_per_bar=np.uint8(3))  # type: ignore[arg-type]
    plain = Grid(bpm=bpm, bars=2, beats_per_bar=3)
    assert grid == plain
    assert json.dumps(grid.as_json()) == json.dumps(plain.as_json())
    assert grid.n_samples(RATE) == plain.n_samples(RATE)
