"""Loops have their exact length, are measured, and the best of several is kept."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import soundlet
from benchmarks.wav_reader import read_loop
from soundlet import loops
from soundlet.errors import GenerationError, RequestError
from soundlet.finish import Finish, Level
from soundlet.loops import Measured, loop_request, make_loop
from soundlet.pipeline import Model
from soundlet.request import MAX_SEED, GenerationRequest
from soundlet.rhythm import Rhythm
from soundlet.seam import Seam
from soundlet.tempo import Grid

GRID = Grid(bpm=240, bars=1, beats_per_bar=2)  # half a second: many windows of the tiny model
RATE = 44100


@pytest.fixture(scope="module")
def model(tiny_bundle: Path) -> Model:
    return soundlet.load(tiny_bundle, threads=1)


def request(seed: int = 1) -> GenerationRequest:
    return loop_request("techno drum loop", GRID, RATE, seed=seed, steps=2)


@pytest.mark.parametrize(("bpm", "beats"), [(240, 2), (237, 2), (399, 3), (61, 1)])
def test_a_loop_is_exact_to_the_sample_at_any_tempo(model: Model, bpm: float, beats: int) -> None:
    grid = Grid(bpm=bpm, bars=1, beats_per_bar=beats)
    loop = make_loop(model, loop_request("kick", grid, RATE, seed=1, steps=1), grid)
    assert loop.clip.audio.shape == (2, round(beats * 60 / bpm * RATE))


def test_the_prompt_of_a_loop_states_its_tempo() -> None:
    assert request().prompt == "techno drum loop, 240 BPM"
    assert loop_request("drums 240 bpm", GRID, RATE).prompt == "drums 240 bpm"
    with pytest.raises(RequestError, match="says 120 BPM, and bpm is 240"):
        loop_request("drums 120 BPM", GRID, RATE)
    with pytest.raises(RequestError, match="bars and bpm set its length"):
        loop_request("drums", GRID, RATE, seconds=2)


def test_a_seed_gives_the_same_loop_and_another_one_another(model: Model) -> None:
    one, again, other = (make_loop(model, request(s), GRID).clip for s in (1, 1, 2))
    np.testing.assert_array_equal(one.audio, again.audio)
    assert not np.array_equal(one.audio, other.audio)


def test_the_best_of_several_is_the_one_with_the_least_cost(model: Model) -> None:
    steps: list[tuple[int, int]] = []
    best = make_loop(model, request(), GRID, best_of=3, on_step=lambda *done: steps.append(done))
    costs = {seed: measured.cost for seed, measured in best.tried}
    assert list(costs) == [1, 2, 3]
    assert best.clip.seed == min(costs, key=lambda seed: costs[seed])
    alone = make_loop(model, request(best.clip.seed), GRID)
    np.testing.assert_array_equal(best.clip.audio, alone.clip.audio)
    assert steps == [(i, 6) for i in range(1, 7)]


def scored(monkeypatch: pytest.MonkeyPatch, *scores: float) -> None:
    """Let the seams of the loops of seeds 1, 2 and so on have these scores, all else be good."""
    monkeypatch.setattr(
        loops, "measure_loop", lambda clip, _: measured_as(score=scores[clip.seed - 1])
    )


def test_no_more_are_made_once_one_is_good(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    scored(monkeypatch, 2.0, 0.9, 0.1)
    made = make_loop(model, request(), GRID, best_of=3, stop_early=True)
    assert [seed for seed, _ in made.tried] == [1, 2]
    assert made.clip.seed == 2
    assert len(make_loop(model, request(), GRID, best_of=3).tried) == 3


def test_the_best_is_kept_where_none_is_good(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    scored(monkeypatch, 2.0, 1.5, 1.8)
    made = make_loop(model, request(), GRID, best_of=3, stop_early=True)
    assert len(made.tried) == 3
    assert made.clip.seed == 2


def measured_as(
    *, score: float = 0.9, tempo_error: float | None = 0.01, loudness: float = -16.0
) -> Measured:
    """Measures of a loop that is good, but for those that are given."""
    return Measured(
        rhythm=Rhythm(bpm=240, tempo_error=tempo_error, beat_seconds=0, downbeat_seconds=0),
        seam=Seam(spectral_db=1, level_db=1, inside_db=2, score=score, click=1),
        level=Level(loudness=loudness, true_peak=-1),
        drift_seconds=0,
    )


def test_a_good_loop_keeps_time_closes_and_is_heard() -> None:
    assert measured_as().is_good
    assert measured_as(score=1, tempo_error=0.03, loudness=-28).is_good
    assert not measured_as(score=1.01).is_good
    assert not measured_as(tempo_error=0.031).is_good
    assert not measured_as(tempo_error=None).is_good
    assert not measured_as(loudness=-28.1).is_good


def test_the_cost_counts_tempo_seam_and_level(model: Model) -> None:
    measured = make_loop(model, request(), GRID).measured
    error = measured.rhythm.tempo_error
    expected = 1.0 if error is None else min(error / 0.03, 2)
    expected += max(measured.seam.score, 1) + max(0, -16 - measured.level.loudness) / 12
    assert measured.cost == pytest.approx(expected)
    assert math.isfinite(measured.cost)


def test_one_that_went_astray_does_not_spoil_the_others(
    model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    generate = model.generate

    def astray(asked: GenerationRequest, **options: object) -> soundlet.Clip:
        if asked.seed != 2:
            raise GenerationError("the sound is silent")
        return generate(asked, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(model, "generate", astray)
    assert [seed for seed, _ in make_loop(model, request(), GRID, best_of=3).tried] == [2]
    with pytest.raises(GenerationError, match="silent"):
        make_loop(model, request(5), GRID, best_of=2)


@pytest.mark.parametrize("best_of", [0, 101, 1.5, "3", None, True])
def test_best_of_is_a_whole_number_to_a_hundred(model: Model, best_of: Any) -> None:
    with pytest.raises(RequestError, match="best_of must be a whole number from 1 to 100, not"):
        make_loop(model, request(), GRID, best_of=best_of)


@pytest.mark.parametrize("prompt", [None, 5, "  "])
def test_a_prompt_that_is_no_text_is_refused_as_any_request_refuses_it(prompt: Any) -> None:
    with pytest.raises(RequestError, match=r"prompt (must be text|is empty)"):
        loop_request(prompt, GRID, RATE)


def test_numbers_out_of_range_are_refused(model: Model) -> None:
    with pytest.raises(RequestError, match="seeds count up"):
        make_loop(model, request(MAX_SEED), GRID, best_of=2)
    long = Grid(bpm=20, bars=64)
    with pytest.raises(RequestError, match=r"0\.25 to 120 seconds long, not 768"):
        make_loop(model, loop_request("kick", long, RATE), long)


def test_a_grid_of_another_length_is_refused(model: Model) -> None:
    faster = Grid(bpm=241, bars=1, beats_per_bar=2)
    with pytest.raises(RequestError, match="request is for 22050 samples and its grid has 21959"):
        make_loop(model, request(), faster)


def test_the_file_of_a_loop_has_loop_points_tempo_and_key(model: Model, tmp_path: Path) -> None:
    asked = loop_request("kick in Am", GRID, RATE, seed=1, steps=1)
    make_loop(model, asked, GRID).clip.save(tmp_path / "loop.wav")
    seen = read_loop(tmp_path / "loop.wav")
    assert (seen.start, seen.end) == (0, seen.n_samples) == (0, GRID.n_samples(RATE))
    assert (seen.bpm, seen.n_beats, seen.beats_per_bar) == (240, 2, 2)
    assert seen.root_note == 69  # A


def test_a_clip_that_is_no_loop_has_no_loop_points(model: Model) -> None:
    clip = model.generate("kick", seconds=0.02, seed=1)
    assert clip.chunks() == {}


def test_a_loop_takes_a_level_but_no_trimming_and_no_fades(model: Model) -> None:
    clip = make_loop(model, request(), GRID).clip
    louder = clip.finished(Finish(normalize="peak"))
    assert louder.audio.shape == clip.audio.shape
    assert louder.chunks().keys() == {"smpl", "acid"}
    with pytest.raises(RequestError, match="open the loop"):
        clip.finished(Finish(trim=True))
    with pytest.raises(RequestError, match="open the loop"):
        clip.finished(Finish(fade_out=0.01))


def test_a_loop_and_the_reference_exclude_each_other() -> None:
    with pytest.raises(RequestError, match="exclude each other"):
        GenerationRequest(prompt="kick", loop=True, reference=True)
