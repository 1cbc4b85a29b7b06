"""Trimming, fades and levels do what they say, and nothing else."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from soundlet.errors import GenerationError, RequestError
from soundlet.finish import Finish, faded, finished, level_of, trimmed

RATE = 44100
Array = NDArray[np.float32]


def hit(before: float = 0.2, decay: float = 0.05, after: float = 1.0) -> Array:
    """Silence, then a tone that dies away, then what is left of it."""
    t = np.arange(round(after * RATE)) / RATE
    wave = 0.5 * np.sin(2 * np.pi * 200 * t + 1) * np.exp(-t / decay)
    sound = np.concatenate([np.zeros(round(before * RATE)), wave]).astype(np.float32)
    return np.stack([sound, sound])


def test_a_hit_is_trimmed_to_its_onset_and_decay() -> None:
    sound = hit()
    kept = trimmed(sound, RATE)
    first = round(0.2 * RATE) - round(0.003 * RATE)
    assert kept.shape[1] < sound.shape[1] - first + 1
    assert np.abs(kept).max() > 0.98 * np.abs(sound).max()  # no attack is cut
    assert np.abs(kept[:, : round(0.004 * RATE)]).max() > 0.1  # and none is late
    decay = 0.05 * np.log(10 ** (60 / 20))  # seconds to -60 dB
    assert kept.shape[1] / RATE == pytest.approx(decay, rel=0.1)
    assert kept[0, -1] == pytest.approx(0, abs=1e-5)


def test_a_sound_that_starts_and_ends_at_once_is_left_alone() -> None:
    sound = np.full((2, 4410), 0.5, np.float32)
    np.testing.assert_array_equal(trimmed(sound, RATE), sound)


def test_fades_rise_and_fall_and_leave_the_middle() -> None:
    sound = np.ones((2, RATE), np.float32)
    out = faded(sound, RATE, fade_in=0.1, fade_out=0.2)
    assert out[0, 0] == out[0, -1] == 0
    assert np.all(np.diff(out[0, :4410]) > 0)
    assert np.all(np.diff(out[0, -8820:]) < 0)
    assert np.all(out[:, 4410:-8820] == 1)
    assert np.all(sound == 1)


def test_fades_longer_than_the_sound_are_refused() -> None:
    with pytest.raises(RequestError, match=r"0\.6 s together, and the sound is 0\.5 s long"):
        faded(np.ones((2, RATE // 2), np.float32), RATE, fade_in=0.3, fade_out=0.3)


@pytest.mark.parametrize("ceiling", [-1.0, -6.0, 0.0])
def test_peak_brings_the_true_peak_to_the_ceiling(ceiling: float) -> None:
    out, gain = finished(hit(), RATE, Finish(normalize="peak", true_peak=ceiling))
    level = level_of(out, RATE)
    assert level.true_peak == pytest.approx(ceiling, abs=0.01)
    assert gain == pytest.approx(ceiling - level_of(hit(), RATE).true_peak, abs=0.01)


def noise(level: float) -> Array:
    rng = np.random.default_rng(0)
    return (level * rng.standard_normal((2, 3 * RATE))).astype(np.float32)


@pytest.mark.parametrize("target", [-23.0, -30.0])
def test_loudness_is_brought_to_its_target(target: float) -> None:
    out, _ = finished(noise(0.02), RATE, Finish(normalize="loudness", loudness=target))
    assert level_of(out, RATE).loudness == pytest.approx(target, abs=0.05)


def test_sounds_below_the_gate_of_the_measure_are_brought_to_their_target_too() -> None:
    quiet = noise(1e-4)
    assert level_of(quiet, RATE).loudness == -np.inf
    out, _ = finished(quiet, RATE, Finish(normalize="loudness", loudness=-40))
    assert level_of(out, RATE).loudness == pytest.approx(-40, abs=0.05)
    loud, _ = finished(noise(0.02), RATE, Finish(normalize="loudness", loudness=-40))
    np.testing.assert_allclose(out, loud, atol=1e-4)


def test_a_sound_that_its_fades_leave_nothing_of_has_no_level() -> None:
    click = np.zeros((2, RATE), np.float32)
    click[:, 0] = 0.5
    finish = Finish(fade_in=0.01, normalize="peak")
    with pytest.raises(GenerationError, match="nothing is left of the sound after its fades"):
        finished(click, RATE, finish)


def test_loudness_stops_at_the_ceiling() -> None:
    out, _ = finished(noise(0.02), RATE, Finish(normalize="loudness", loudness=-5))
    level = level_of(out, RATE)
    assert level.true_peak == pytest.approx(-1, abs=0.01)
    assert level.loudness < -5
    assert np.abs(out).max() < 1


def test_nothing_is_done_unless_it_is_asked_for() -> None:
    sound = hit()
    out, gain = finished(sound, RATE, Finish())
    assert out is sound
    assert gain == 0
    assert Finish().changes_nothing


def test_silence_is_refused() -> None:
    with pytest.raises(GenerationError, match="silent"):
        finished(np.zeros((2, 99), np.float32), RATE, Finish(trim=True))


@pytest.mark.parametrize(
    ("field", "value"),
    [("normalize", "loud"), ("fade_in", -0.1), ("fade_out", 61), ("loudness", 1), ("true_peak", 1),
     ("loudness", float("nan")), ("fade_in", "1")],
)  # fmt: skip
def test_a_value_out_of_range_is_refused_by_name(field: str, value: Any) -> None:
    with pytest.raises(RequestError, match=field):
        Finish(**{field: value})


@pytest.mark.parametrize("value", [0, 1, None, "true", np.True_])
def test_trim_is_true_or_false(value: Any) -> None:
    with pytest.raises(RequestError, match="trim must be true or false, not "):
        Finish(trim=value)


@pytest.mark.parametrize("field", ["fade_in", "fade_out", "loudness", "true_peak"])
def test_a_flag_is_no_number(field: str) -> None:
    with pytest.raises(RequestError, match=f"{field} must be a number from .*, not False"):
        Finish(**{"normalize": "loudness", field: False})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"true_peak": -3}, "true_peak -3 needs normalize to be peak or loudness"),
        ({"true_peak": -3, "trim": True}, "true_peak -3 needs normalize"),
        ({"loudness": -9.5}, "loudness -9.5 needs normalize to be loudness"),
        ({"loudness": -3, "normalize": "peak"}, "loudness -3 needs normalize to be loudness"),
    ],
)
def test_a_level_that_nothing_is_brought_to_is_refused(given: dict[str, Any], says: str) -> None:
    with pytest.raises(RequestError, match=f"^{says}"):
        Finish(**given)


def test_fades_are_compared_with_a_length_to_the_sample() -> None:
    finish = Finish(fade_in=0.1, fade_out=0.2)
    finish.require_fades_fit(round(0.3 * RATE), RATE)
    with pytest.raises(RequestError, match=r"0\.3 s together, and the sound is 0\.3 s long"):
        finish.require_fades_fit(round(0.3 * RATE) - 1, RATE)


def test_it_survives_json() -> None:
    finish = Finish(trim=True, fade_out=0.1, normalize="peak", true_peak=-3)
    assert Finish.from_json({"operation": "finish", "gain_db": 1, **finish.as_json()}) == finish


@pytest.mark.parametrize(
    ("told", "is_kept"),
    [
        ({"normalize": "peak", "loudness": -3, "true_peak": -3}, {"true_peak": -3}),
        ({"normalize": "none", "loudness": -3, "true_peak": -3}, {}),
        ({"normalize": "loudness", "loudness": -3, "true_peak": -3},
         {"loudness": -3, "true_peak": -3}),
    ],
)  # fmt: skip
def test_files_that_hold_a_level_without_effect_can_be_repeated(
    told: dict[str, Any], is_kept: dict[str, Any]
) -> None:
    expected = Finish(normalize=told["normalize"], **is_kept)
    assert Finish.from_json({"operation": "finish", **told}) == expected


def test_numbers_are_pythons_own_whoever_made_them() -> None:
    finish = Finish(
        fade_in=np.float32(0.5),  # type: ignore[arg-type]
        fade_out=Fraction(1, 4),  # type: ignore[arg-type]
        normalize="loudness",
        loudness=np.int64(-20),  # type: ignore[arg-type]
        true_peak=np.float64(-3),
    )
    told = finish.as_json()
    numbers = {"fade_in": 0.5, "fade_out": 0.25, "loudness": -20, "true_peak": -3.0}
    for name, number in numbers.items():
        assert told[name] == number
        assert type(told[name]) is type(number)
    assert Finish.from_json(json.loads(json.dumps(told))) == finish
