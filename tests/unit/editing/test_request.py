from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from soundlet.editing import (
    OPERATIONS,
    BlendRequest,
    EditRequest,
    InpaintRequest,
    OneShotRequest,
    OutpaintRequest,
    RestyleRequest,
    VariationRequest,
    request_from_json,
)
from soundlet.editing.request import ModelEdit
from soundlet.errors import RequestError

AUDIO = (np.zeros((2, 100), np.float32), 44100)


@pytest.mark.parametrize(
    ("kind", "fields", "says"),
    [
        (RestyleRequest, {"strength": 0}, "strength must be a number above 0"),
        (RestyleRequest, {"strength": 1.0}, "below 1"),
        (RestyleRequest, {"strength": True}, "strength"),
        (RestyleRequest, {"prompt": " "}, "prompt is empty"),
        (RestyleRequest, {"audio": None}, "audio is missing"),
        (RestyleRequest, {"audio": (np.zeros(5, np.float32), 44100)}, "no array of"),
        (RestyleRequest, {"audio": (np.zeros((2, 5), int), 44100)}, "not floating point"),
        (RestyleRequest, {"audio": (np.zeros((2, 5), np.float32), 0)}, "rate"),
        (RestyleRequest, {"audio": (np.zeros((900, 2), np.float32), 44100)}, "transpose it"),
        (RestyleRequest, {"audio": 3}, "not int"),
        (RestyleRequest, {"steps": 0}, "steps must be"),
        (VariationRequest, {"seed": -1}, "seed must be"),
        (InpaintRequest, {}, "regions must be 1 to 64"),
        (InpaintRequest, {"regions": ((2.0, 1.0),)}, "first < last"),
        (InpaintRequest, {"regions": (0.1, 0.3)}, "first < last"),
        (InpaintRequest, {"regions": ((0.0, float("nan")),)}, "first < last"),
        (InpaintRequest, {"regions": ((1.0, 3.0), (0.0, 2.0))}, "must not overlap"),
        (InpaintRequest, {"regions": ((0.0, 1.0),), "resamplings": 0}, "1 to 10"),
        (InpaintRequest, {"regions": ((0.0, 1.0),), "crossfade": 2}, "from 0 to 0.5"),
        (OutpaintRequest, {}, "before, after, or both"),
        (OutpaintRequest, {"after": -1}, "after must be a number from 0 to 3600"),
        (BlendRequest, {"other": ""}, "prompt is empty"),
        (BlendRequest, {"other": "x", "share": 2}, "share must be a number from 0 to 1"),
        (BlendRequest, {"other": "x", "share": (0, 1, 2)}, "(start, end)"),
        (BlendRequest, {"other": "x", "seconds": 3}, "leave one of the two out"),
    ],
)
def test_what_no_edit_takes_is_refused(kind: Any, fields: dict[str, Any], says: str) -> None:
    with pytest.raises(RequestError) as caught:
        kind(**{"prompt": "rain", "audio": AUDIO, **fields})
    assert says in str(caught.value)


@pytest.mark.parametrize("fields", [{"longest": 0}, {"at": -1}, {"longest": "long"}])
def test_what_no_one_shot_takes_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(RequestError, match="must be a number"):
        OneShotRequest(audio=AUDIO, **fields)


REQUESTS: list[EditRequest] = [
    RestyleRequest(prompt="a", audio=AUDIO, strength=0.3, seed=4),
    VariationRequest(prompt="a", audio=AUDIO),
    InpaintRequest(prompt="a", audio=AUDIO, regions=((0.0, 0.5), (1.0, 2.0))),
    OutpaintRequest(prompt="a", audio=AUDIO, before=1, after=2, cfg_interval=(0.1, 0.9)),
    BlendRequest(prompt="a", other="b", share=(0.0, 1.0), seconds=3),
    OneShotRequest(audio=AUDIO, at=0.5),
]


@pytest.mark.parametrize("request_", REQUESTS, ids=lambda request: request.operation)
def test_every_request_comes_back_from_its_json(request_: Any) -> None:
    values = json.loads(json.dumps(request_.as_json()))
    again = request_from_json(values, request_.audio)
    assert type(again) is type(request_)
    assert again.as_json() == request_.as_json()
    assert values["operation"] in OPERATIONS


@pytest.mark.parametrize("request_", REQUESTS, ids=lambda request: request.operation)
def test_an_edit_asks_the_model_for_one_sound(request_: Any) -> None:
    if isinstance(request_, ModelEdit):
        assert request_.generation().candidates == 1
    assert "candidates" not in request_.as_json()


def test_every_operation_is_tried() -> None:
    assert {request.operation for request in REQUESTS} == set(OPERATIONS)


def test_a_file_is_told_by_its_name_and_hash_alone(tmp_path: Path) -> None:
    path = tmp_path / "secret folder" / "riff.wav"
    path.parent.mkdir()
    path.write_bytes(b"abc")
    told = RestyleRequest(prompt="a", audio=path).as_json()
    assert told["audio"] == "riff.wav"
    assert told["audio_sha256"].startswith("ba7816bf")
    assert "secret" not in json.dumps(told)


def test_numbers_of_numpy_are_told_as_pythons_own() -> None:
    given: dict[str, Any] = {"prompt": "rain", "audio": AUDIO}
    half, one, two = np.float32(0.5), np.int64(1), np.int8(2)
    restyle = RestyleRequest(**{**given, "strength": half})
    inpaint = InpaintRequest(**{**given, "regions": ((half, one),), "resamplings": two})
    told = json.loads(json.dumps([restyle.as_json(), inpaint.as_json()]))
    assert told[0]["strength"] == 0.5
    assert (told[1]["regions"], told[1]["resamplings"]) == ([[0.5, 1]], 2)


def test_an_unknown_operation_lists_those_there_are() -> None:
    with pytest.raises(RequestError, match="restyle, variation, inpaint"):
        request_from_json({"operation": "sing"}, AUDIO)
    with pytest.raises(RequestError, match="not complete"):
        request_from_json({"operation": "restyle"}, AUDIO)
