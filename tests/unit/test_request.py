"""What no model takes is refused, with the value and the range."""

from __future__ import annotations

import math
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from soundlet import GenerationRequest, RequestError
from soundlet.request import MAX_CANDIDATES, SAMPLERS

STEREO = np.zeros((2, 100), np.float32)

REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"prompt": ""}, "prompt is empty"),
    ({"prompt": " \n"}, "prompt is empty"),
    ({"prompt": 3}, "prompt must be text, not 3"),
    ({"prompt": "a\ud800"}, r"prompt holds '\\ud800', half of a surrogate pair"),
    ({"negative_prompt": "\udcff"}, r"negative_prompt holds '\\udcff'"),
    ({"negative_prompt": " "}, "negative_prompt is empty: say what the clip should not sound like"),
    ({"seconds": 0}, "seconds must be a number above 0, not 0"),
    ({"seconds": -1.5}, "above 0, not -1.5"),
    ({"seconds": math.nan}, "above 0, not nan"),
    ({"seconds": math.inf}, "above 0, not inf"),
    ({"seconds": "6"}, "above 0, not '6'"),
    ({"seconds": 10**4000}, "above 0, not 1000"),
    ({"seconds": np.float32("nan")}, "above 0, not "),
    ({"seconds": np.True_}, "above 0, not .*True"),
    ({"seed": -1}, "seed must be a whole number from 0 to 4294967295, not -1"),
    ({"seed": 2**32}, "not 4294967296"),
    ({"seed": 1.0}, r"not 1\.0"),
    ({"seed": True}, "not True"),
    ({"seed": np.True_}, "seed must be a whole number .* not .*True"),
    ({"candidates": 0}, "candidates must be a whole number from 1 to 16, not 0"),
    ({"candidates": 17}, "not 17"),
    ({"candidates": 2.0}, r"not 2\.0"),
    ({"candidates": True}, "not True"),
    ({"candidates": 2, "reference": True}, "candidates=2 and reference=True exclude each other"),
    ({"steps": 0}, "steps must be a whole number from 1 to 1000, not 0"),
    ({"steps": 1001}, "not 1001"),
    (
        {"sampler": "heun"},
        "sampler must be one of pingpong, euler, rk4, dpmpp, pingpong-dpmpp, not 'heun'",
    ),
    ({"cfg_scale": -0.1}, "cfg_scale must be a number from 0 to 100, not -0.1"),
    ({"cfg_scale": math.nan}, "not nan"),
    ({"cfg_rescale": 1.1}, "cfg_rescale must be a number from 0 to 1, not 1.1"),
    ({"cfg_interval": (0.6, 0.2)}, "cfg_interval must be"),
    ({"cfg_interval": (0, math.nan)}, "cfg_interval must be"),
    ({"cfg_interval": 0.5}, "cfg_interval must be"),
    ({"cfg_interval": None}, "cfg_interval must be"),
    ({"cfg_interval": (False, True)}, "cfg_interval must be"),
    ({"cfg_interval": (0, 10**4000)}, "cfg_interval must be"),
    ({"loop": "false"}, "loop must be true or false, not 'false'"),
    ({"truncate_prompt": None}, "truncate_prompt must be true or false, not None"),
    ({"short_window": 1}, "short_window must be true or false, not 1"),
    ({"reference": np.True_}, "reference must be true or false, not .*True"),
    ({"init_noise_level": 0.5}, "init_noise_level 0.5 needs init_audio"),
    ({"init_audio": "a.wav"}, "no effect at init_noise_level 1"),
    ({"init_audio": "a.wav", "init_noise_level": 0}, "above 0 and at most 1, not 0"),
    ({"init_audio": STEREO, "init_noise_level": 0.5}, "not ndarray"),
    ({"init_audio": ([0.0], 44100), "init_noise_level": 0.5}, "the first is list"),
    (
        {"init_audio": (torch.zeros(2, 9), 44100), "init_noise_level": 0.5},
        "first is Tensor, not",
    ),
    ({"init_audio": (STEREO[0], 44100), "init_noise_level": 0.5}, r"shape \(100,\)"),
    ({"init_audio": (STEREO.astype(int), 44100), "init_noise_level": 0.5}, "the array is int64"),
    ({"init_audio": (STEREO, 0), "init_noise_level": 0.5}, "rate of init_audio"),
    (
        {"init_audio": (np.zeros((65, 2), np.float32), 44100), "init_noise_level": 0.5},
        r"init_audio must be an array of \(channels, samples\), and \(65, 2\) would be 65 channels",
    ),
    ({"n_frames": 32}, "reference=True only"),
    ({"n_frames": 0, "reference": True}, "n_frames must be"),
]


@pytest.mark.parametrize(("fields", "message"), REFUSED)
def test_bad_values_are_refused_by_name(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(RequestError, match=message):
        GenerationRequest(**{"prompt": "rain", **fields})


def test_every_field_has_a_good_value() -> None:
    request = GenerationRequest(
        prompt="rain",
        seconds=5,
        seed=2**32 - 1,
        candidates=1,
        steps=8,
        sampler="euler",
        cfg_scale=4,
        cfg_rescale=0.7,
        cfg_interval=(0.1, 0.9),
        negative_prompt="hiss",
        init_audio=(STEREO, 48000),
        init_noise_level=0.8,
        n_frames=32,
        reference=True,
    )
    assert request.seconds == 5


@pytest.mark.parametrize("candidates", [1, MAX_CANDIDATES])
def test_one_to_sixteen_candidates_can_be_asked_for(candidates: int) -> None:
    assert GenerationRequest(prompt="rain", candidates=candidates).candidates == candidates
    assert GenerationRequest(prompt="rain").candidates is None


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_every_sampler_can_be_asked_for(sampler: Any) -> None:
    assert GenerationRequest(prompt="rain", sampler=sampler).sampler == sampler


def test_init_audio_may_be_a_path() -> None:
    path = Path("loop.wav")
    request = GenerationRequest(prompt="rain", init_audio=path, init_noise_level=0.8)
    assert request.init_audio == path


@pytest.mark.parametrize("shape", [(2, 1), (64, 2), (65, 65)])
def test_init_audio_may_have_few_samples_or_many_channels(shape: tuple[int, int]) -> None:
    given = (np.zeros(shape, np.float32), 44100)
    assert GenerationRequest(prompt="rain", init_audio=given, init_noise_level=0.8).init_audio


def test_numpy_numbers_are_numbers() -> None:
    request = GenerationRequest(prompt="rain", seed=np.int64(3), seconds=np.float32(2))  # type: ignore[arg-type]
    assert request.seed == 3


def test_numbers_are_pythons_own_whoever_made_them() -> None:
    request = GenerationRequest(
        prompt="rain",
        seconds=np.float32(2),  # type: ignore[arg-type]
        seed=np.int64(3),  # type: ignore[arg-type]
        candidates=np.uint8(1),  # type: ignore[arg-type]
        steps=np.int16(8),  # type: ignore[arg-type]
        cfg_scale=Fraction(7, 2),  # type: ignore[arg-type]
        cfg_rescale=np.float16(0.5),  # type: ignore[arg-type]
        cfg_interval=[np.float32(0.25), np.int64(1)],  # type: ignore[arg-type]
        init_audio=(STEREO, 48000),
        init_noise_level=np.float64(0.5),
        n_frames=np.int32(32),  # type: ignore[arg-type]
        reference=True,
    )
    numbers = {
        "seconds": 2.0,
        "seed": 3,
        "candidates": 1,
        "steps": 8,
        "cfg_scale": 3.5,
        "cfg_rescale": 0.5,
        "init_noise_level": 0.5,
        "n_frames": 32,
    }
    for name, number in numbers.items():
        assert getattr(request, name) == number
        assert type(getattr(request, name)) is type(number)
    assert request.cfg_interval == (0.25, 1)
    assert [type(time) for time in request.cfg_interval] == [float, int]


def test_a_request_cannot_be_changed() -> None:
    request = GenerationRequest(prompt="rain")
    with pytest.raises(AttributeError):
        request.seed = 3  # type: ignore[misc]
