from __future__ import annotations

from dataclasses import replace

import pytest

from soundlet.evaluation.prompts import Prompt
from soundlet.evaluation.scores import METRICS, Answer, Heard, score, share

LOOP = Prompt("a loop", "reworded", "drum_loop", 4.0, 1, bpm=120)
CHORDS = Prompt("chords", "reworded", "chords", 4.0, 2, family="piano", key="A minor")
KICK = Prompt("kick", "reworded", "one_shot", 1.0, 3, source="kick")
SOUND = Heard("drum_loop", None, None, 120.0, 120.0, None, None, None, 0.0, 4.0, False)
PIANO = replace(
    SOUND, kind="chords", bpm=None, plain_bpm=None, family="piano", key="A minor",
    plain_key="C major", in_scale=0.9,
)  # fmt: skip


def test_a_share_lies_in_its_interval() -> None:
    for n_right in range(11):
        found = share([True] * n_right + [False] * (10 - n_right))
        assert found.value == n_right / 10
        assert found.low is not None
        assert found.high is not None
        assert 0 <= found.low <= found.value <= found.high <= 1
    assert share([]).value is None


def test_more_sounds_give_a_narrower_interval() -> None:
    widths = []
    for n in (10, 100, 1000):
        found = share([True, False] * (n // 2))
        widths.append((found.high or 0) - (found.low or 0))
    assert widths == sorted(widths, reverse=True)
    assert widths[2] == pytest.approx(2 * 1.96 * 0.5 / 1000**0.5, rel=0.01)


def test_what_was_asked_for_is_right() -> None:
    scores = score([Answer(LOOP, SOUND), Answer(CHORDS, PIANO)])
    for name in ("tempo.beats", "tempo.beats.plain", "kind", "family", "key", "key.tonic"):
        assert scores[name].value == 1, name
    assert scores["key.krumhansl"].value == 0
    assert scores["tempo.beats.error"].value == 0
    assert scores["tempo.beats"].n == 1
    assert scores["kind"].n == 2


@pytest.mark.parametrize(
    ("bpm", "counted", "forgiven"), [(118, 1, 1), (124, 0, 0), (60, 0, 1), (240, 0, 1)]
)
def test_octave_errors_are_forgiven_where_it_says_so(
    bpm: float, counted: int, forgiven: int
) -> None:
    scores = score([Answer(LOOP, replace(SOUND, bpm=bpm))])
    assert scores["tempo.beats"].value == counted
    assert scores["tempo.beats.octave_free"].value == forgiven


def test_a_sound_that_never_came_is_wrong_everywhere() -> None:
    scores = score([Answer(LOOP, None, "silent"), Answer(CHORDS, None, "not numbers")])
    for name in ("tempo.beats", "kind", "family", "key", "begins"):
        assert scores[name].value == 0, name
    assert scores["silent"].value == 0.5
    assert scores["not_numbers"].value == 0.5


def test_only_what_was_asked_for_is_counted() -> None:
    scores = score([Answer(KICK, replace(SOUND, kind="one_shot", source="snare"))])
    assert scores["source"].value == 0
    assert not {"tempo.beats", "family", "key", "fills"} & set(scores)


def test_levels() -> None:
    loud = Answer(LOOP, replace(SOUND, is_clipped=True), gain_db=-3.0)
    scores = score([loud, Answer(LOOP, SOUND), Answer(LOOP, None, "too loud")])
    assert scores["clipped"].value == pytest.approx(2 / 3)
    assert scores["turned_down"].value == pytest.approx(1 / 3)


def test_every_metric_says_what_it_is() -> None:
    for metric in METRICS.values():
        assert metric.title
        assert metric.meaning
        assert metric.unit in ("share", "%")
