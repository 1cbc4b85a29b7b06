"""The edits with the tiny model: what is kept, what is new, how long it is, what is told."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import soundlet
from soundlet.clip import Clip
from soundlet.editing import (
    BlendRequest,
    EditRequest,
    InpaintRequest,
    OneShotRequest,
    OutpaintRequest,
    RestyleRequest,
    VariationRequest,
    apply,
)
from soundlet.editing.conditions import Voice
from soundlet.editing.filling import GOES_ON, Filled
from soundlet.editing.placing import Sound
from soundlet.errors import Cancelled, GenerationError, RequestError
from soundlet.loops import loop_request, make_loop
from soundlet.pipeline import Model
from soundlet.sampling import Velocity
from soundlet.tempo import Grid


@pytest.fixture(scope="module")
def model(tiny_bundle: Path) -> Model:
    return soundlet.load(tiny_bundle, threads=1)


def sound(n_samples: int, rate: int, channels: int = 2) -> tuple[Any, int]:
    """Noise at half of full scale."""
    audio = np.random.RandomState(5).uniform(-0.5, 0.5, (channels, n_samples))
    return audio.astype(np.float32), rate


def edit(model: Model, kind: type[Any], **fields: Any) -> Clip:
    request: EditRequest = kind(**{"prompt": "kick drum", "seed": 3, "steps": 4, **fields})
    return apply(model, request)


def test_inpainting_keeps_all_but_the_region_and_its_crossfades(model: Model) -> None:
    audio, rate = sound(3000, model.config.sample_rate)
    first, last, fade = 1000, 1500, 50
    regions = ((first / rate, last / rate),)
    out = edit(model, InpaintRequest, audio=(audio, rate), regions=regions, crossfade=fade / rate)
    assert out.audio.shape == audio.shape
    assert out.sample_rate == rate
    np.testing.assert_array_equal(out.audio[:, : first - fade], audio[:, : first - fade])
    np.testing.assert_array_equal(out.audio[:, last + fade :], audio[:, last + fade :])
    assert np.abs(out.audio[:, first:last] - audio[:, first:last]).max() > 0.05


def test_an_edit_is_of_one_sound_whatever_the_model_takes_by_itself(
    model: Model, choosing_bundle: Path
) -> None:
    choosing = soundlet.load(choosing_bundle, threads=1)
    audio, rate = sound(3000, model.config.sample_rate)
    how: dict[str, Any] = {"audio": (audio, rate), "strength": 0.5}
    made = edit(choosing, RestyleRequest, **how)
    assert made.settings()["candidates"] == 1
    np.testing.assert_array_equal(made.audio, edit(model, RestyleRequest, **how).audio)


def test_each_region_is_filled_and_what_is_between_is_kept(model: Model) -> None:
    audio, rate = sound(4000, model.config.sample_rate)
    regions = ((3000 / rate, 3300 / rate), (500 / rate, 800 / rate))
    out = edit(model, InpaintRequest, audio=(audio, rate), regions=regions, crossfade=0)
    changed = (out.audio != audio).any(axis=0)
    assert changed[500:800].mean() > 0.9
    assert changed[3000:3300].mean() > 0.9
    assert not changed[:500].any()
    assert not changed[800:3000].any()
    assert not changed[3300:].any()


@pytest.mark.parametrize(
    ("region", "stays"), [((0.1, 0.2), True), ((0.0, 0.2), False), ((0.3, 0.5), False)]
)
def test_a_loop_that_is_filled_in_away_from_its_ends_stays_one(
    model: Model, tmp_path: Path, region: tuple[float, float], stays: bool
) -> None:
    grid = Grid(bpm=240, bars=1, beats_per_bar=2)
    request = loop_request("kick", grid, model.config.sample_rate, seed=1, steps=1)
    make_loop(model, request, grid).clip.save(tmp_path / "loop.wav")
    out = edit(model, InpaintRequest, audio=tmp_path / "loop.wav", regions=(region,))
    assert out.grid == (grid if stays else None)
    assert set(out.chunks()) == ({"smpl", "acid"} if stays else set())


def test_a_loop_that_was_cut_is_none_any_more(model: Model, tmp_path: Path) -> None:
    grid = Grid(bpm=240, bars=1, beats_per_bar=2)
    request = loop_request("kick", grid, model.config.sample_rate, seed=1, steps=1)
    clip = make_loop(model, request, grid).clip
    replace(clip, audio=clip.audio[:, :-100]).save(tmp_path / "cut.wav")
    out = edit(model, InpaintRequest, audio=tmp_path / "cut.wav", regions=((0.1, 0.2),))
    assert out.grid is None


def test_silence_is_no_new_sound(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    def silent(_model: Model, made: Filled, _sound: Sound) -> tuple[NDArray[np.float32], int]:
        return np.zeros((2, made.audio.shape[1]), np.float32), made.n_left

    monkeypatch.setattr("soundlet.editing.operations.as_given", silent)
    with pytest.raises(GenerationError, match="the new sound is silent: try another seed"):
        edit(model, OutpaintRequest, audio=sound(3000, 44100), after=0.05)


def test_what_is_shorter_than_a_sample_is_refused(model: Model) -> None:
    with pytest.raises(RequestError, match="two samples or longer, at 44100 Hz"):
        edit(model, OutpaintRequest, audio=sound(3000, 44100), before=1e-5)
    one = (np.full((2, 1), 0.5, np.float32), 768_000)
    with pytest.raises(RequestError, match="shorter than a sample"):
        edit(model, RestyleRequest, audio=one)


@pytest.mark.parametrize("rate", [22050, 44100, 48000])
@pytest.mark.parametrize("channels", [1, 2, 5])
def test_rate_and_channels_of_the_given_sound_are_kept(
    model: Model, rate: int, channels: int
) -> None:
    audio, _ = sound(2000, rate, channels)
    out = edit(model, OutpaintRequest, audio=(audio, rate), before=300 / rate, after=500 / rate)
    fade = round(0.02 * rate)
    assert (out.sample_rate, out.audio.shape) == (rate, (channels, 2800))
    kept = slice(300 + fade, 2300 - fade)
    np.testing.assert_array_equal(out.audio[:, kept], audio[:, fade : 2000 - fade])
    assert np.abs(out.audio[:, 2310:]).max() > 0


def test_outpainting_goes_on_for_many_windows(model: Model) -> None:
    audio, rate = sound(1500, model.config.sample_rate)
    window = model.config.sample_size
    out = edit(
        model, OutpaintRequest, audio=(audio, rate), after=6 * window / rate, resamplings=1, steps=2
    )
    assert out.audio.shape[1] == 1500 + 6 * window
    assert np.abs(out.audio[:, -window:]).max() > 1e-3
    assert np.isfinite(out.audio).all()


def test_every_window_but_the_last_is_told_to_be_longer(
    model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or else the sound would die away at the end of each, and the next would go on from that."""
    told: list[tuple[float, int]] = []
    velocity = Voice.velocity

    def listening(voice: Voice, seconds: float, places: NDArray[np.float64]) -> Velocity:
        told.append((seconds, len(places)))
        return velocity(voice, seconds, places)

    monkeypatch.setattr(Voice, "velocity", listening)
    audio, rate = sound(2000, model.config.sample_rate)
    edit(model, OutpaintRequest, audio=(audio, rate), after=4000 / rate)
    assert len(told) > 3
    hop = model.config.hop_length
    lengths = [seconds / (n_frames * hop / rate) for seconds, n_frames in told]
    np.testing.assert_allclose(lengths[:-1], GOES_ON)
    assert lengths[-1] <= 1
    told.clear()
    edit(model, OutpaintRequest, audio=(audio[:, :500], rate), after=300 / rate)
    ((seconds, n_frames),) = told
    assert seconds <= n_frames * hop / rate


def test_the_same_seed_gives_the_same_edit_and_another_one_another(model: Model) -> None:
    given = sound(1500, model.config.sample_rate)
    one, again, other = (
        edit(model, OutpaintRequest, audio=given, after=0.02, seed=seed) for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(one.audio, again.audio)
    assert (one.audio != other.audio).any()


def test_little_strength_stays_near_and_more_goes_further(model: Model) -> None:
    audio, rate = sound(1000, model.config.sample_rate)
    near, far = (
        edit(model, RestyleRequest, audio=(audio, rate), strength=strength)
        for strength in (0.02, 0.95)
    )
    round_trip = model.encode(np.pad(audio, ((0, 0), (0, 24))))
    n = round_trip.shape[1]
    gaps = [float(np.abs(clip.latents[:, :n] - round_trip).mean()) for clip in (near, far)]
    assert gaps[0] < 0.2 * gaps[1]
    assert near.audio.shape == audio.shape


def test_what_is_longer_than_the_window_is_restyled_as_a_whole(model: Model) -> None:
    window = model.config.sample_size
    audio, rate = sound(3 * window + 17, model.config.sample_rate)
    out = edit(model, RestyleRequest, audio=(audio, rate))
    assert out.audio.shape == audio.shape


def test_a_variation_is_a_restyling_with_less_strength(model: Model) -> None:
    given = sound(900, model.config.sample_rate)
    variation = edit(model, VariationRequest, audio=given)
    restyled = edit(model, RestyleRequest, audio=given, strength=VariationRequest.strength)
    np.testing.assert_array_equal(variation.audio, restyled.audio)
    assert variation.edits[0]["operation"] == "variation"


def test_the_ends_of_a_blend_are_its_prompts(model: Model) -> None:
    fields = {"other": "rain", "seconds": 0.02, "prompt": "kick drum"}
    start = edit(model, BlendRequest, share=0.0, **fields)
    end = edit(model, BlendRequest, share=1.0, **fields)
    swapped = edit(model, BlendRequest, share=0.0, **{**fields, "prompt": "rain", "other": "x"})
    np.testing.assert_allclose(end.audio, swapped.audio, atol=1e-4)
    assert np.abs(start.audio - end.audio).max() > 1e-4


def test_a_blend_that_moves_begins_with_the_one_and_ends_with_the_other(model: Model) -> None:
    fields = {"other": "rain", "seconds": 0.023, "prompt": "kick drum"}
    start, end, moving = (
        edit(model, BlendRequest, share=share, **fields).latents for share in (0.0, 1.0, (0.0, 1.0))
    )
    half = start.shape[1] // 2

    def gap(one: Any, other: Any, part: slice) -> float:
        return float(np.abs(one[:, part] - other[:, part]).mean())

    first, last = slice(None, half), slice(half, None)
    assert gap(moving, start, first) < gap(moving, end, first)
    assert gap(moving, end, last) < gap(moving, start, last)


def test_settings_tell_the_edit_and_where_the_sound_came_from(model: Model, tmp_path: Path) -> None:
    source = model.generate("rain", seconds=0.02, seed=9)
    source.save(tmp_path / "rain.wav")
    out = edit(model, OutpaintRequest, audio=tmp_path / "rain.wav", after=0.01)
    (told,) = out.settings()["edits"]
    assert told["operation"] == "outpaint"
    assert (told["audio"], told["seed"], told["steps"]) == ("rain.wav", 3, 4)
    assert told["source"]["prompt"] == "rain"
    assert told["source"]["seed"] == 9


def test_a_one_shot_is_cut_out_as_it_is(model: Model) -> None:
    audio, rate = sound(8000, 44100)
    audio = (audio * np.exp(-np.arange(8000) / 800)).astype(np.float32)
    audio = np.pad(audio, ((0, 0), (6000, 0)))
    out = apply(model, OneShotRequest(audio=(audio, rate)))
    found = round(out.edits[0]["found_at"] * rate)
    assert found == pytest.approx(6000, abs=600)
    middle = out.audio[:, 700:900]
    windows = np.lib.stride_tricks.sliding_window_view(audio, 200, axis=1)
    assert np.abs(windows - middle[:, None]).max(axis=(0, 2)).min() == 0


def test_steps_are_told_and_an_edit_can_be_stopped(model: Model) -> None:
    given = sound(1000, model.config.sample_rate)
    told: list[tuple[int, int]] = []
    request = OutpaintRequest(
        prompt="rain", audio=given, after=3000 / given[1], steps=3, resamplings=1, seed=1
    )
    apply(model, request, on_step=lambda done, total: told.append((done, total)))
    total = told[-1][1]
    assert told == [(i + 1, total) for i in range(total)]
    assert total >= 6  # several windows
    with pytest.raises(Cancelled):
        apply(model, request, should_stop=lambda: True)


def test_a_region_after_the_end_is_refused(model: Model) -> None:
    given = sound(1000, 44100)
    with pytest.raises(RequestError, match="ends after the sound"):
        edit(model, InpaintRequest, audio=given, regions=((0.01, 1.0),))
