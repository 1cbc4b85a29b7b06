"""What may be sent is what the library takes: no field more, none less, the same defaults."""

from __future__ import annotations

import json
import re
from dataclasses import MISSING, fields
from pathlib import Path

import pytest
from pydantic import ValidationError

from soundlet import client, client_fields
from soundlet.editing import OPERATIONS as EDIT_REQUESTS
from soundlet.request import MAX_CANDIDATES, GenerationRequest
from soundlet.server import prepare
from soundlet.server.edit_schema import EDITS
from soundlet.server.models import open_models
from soundlet.server.operations import OPERATIONS
from soundlet.server.problems import ProblemError
from soundlet.server.schema import Body, Generation, Loop, ProblemView

PAGE = Path(__file__).parents[3] / "docs" / "server.md"
NOT_OVER_HTTP = {"init_audio", "init_noise_level", "n_frames", "reference"}  # restyle has a sound


def defaults(kind: type) -> dict[str, object]:
    return {each.name: None if each.default is MISSING else each.default for each in fields(kind)}


def test_a_generation_has_the_fields_and_defaults_of_the_request() -> None:
    expected = defaults(GenerationRequest)
    assert set(Generation.model_fields) - {"model"} == set(expected) - NOT_OVER_HTTP
    body = Generation(prompt="kick").fields()
    assert GenerationRequest(**body).cfg_interval == expected["cfg_interval"]
    for name, value in body.items():
        if name not in ("prompt", "cfg_interval"):
            assert value == expected[name], name


@pytest.mark.parametrize("candidates", [0, MAX_CANDIDATES + 1, 1.5, "4", True])
def test_a_number_of_candidates_that_no_model_takes_is_refused(candidates: object) -> None:
    with pytest.raises(ValidationError, match="candidates"):
        Generation.model_validate({"prompt": "kick", "candidates": candidates})


@pytest.mark.parametrize("candidates", [1, MAX_CANDIDATES])
def test_a_generation_may_say_how_many_candidates(candidates: int) -> None:
    body = Generation.model_validate({"prompt": "kick", "candidates": candidates})
    assert GenerationRequest(**body.fields()).candidates == candidates


@pytest.mark.parametrize("operation", EDITS)
def test_an_edit_has_the_fields_and_defaults_of_its_request(operation: str) -> None:
    expected = defaults(EDIT_REQUESTS[operation])
    sent = EDITS[operation].model_fields
    assert set(sent) - {"model"} == set(expected) - {"audio"}
    for name, field in sent.items():
        if not field.is_required() and name not in ("model", "cfg_interval"):
            assert field.default == expected[name], name


def test_the_documented_error_is_the_one_that_is_given() -> None:
    (block,) = re.findall(r"```json\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    (model,) = open_models((None,)).values()
    with pytest.raises(ProblemError) as refused:
        prepare.generation(model, Generation(prompt="rain", seconds=60))
    problem = refused.value.problem.as_json()
    assert problem == json.loads(block)
    assert [problem] == ProblemView.model_json_schema()["examples"]


def test_the_fields_that_are_not_there_are_documented() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert not [name for name in NOT_OVER_HTTP if f"`{name}`" not in text]


def test_every_edit_of_the_library_is_served() -> None:
    assert set(EDITS) == set(EDIT_REQUESTS)
    assert set(OPERATIONS) == {"generate", "loop", *EDITS}


@pytest.mark.parametrize(
    ("sent", "taken"),
    [
        (client_fields.GenerationFields, Generation),
        (client_fields.LoopFields, Loop),
        (client_fields.RestyleFields, EDITS["restyle"]),
        (client_fields.RestyleFields, EDITS["variation"]),
        (client_fields.InpaintFields, EDITS["inpaint"]),
        (client_fields.OutpaintFields, EDITS["outpaint"]),
        (client_fields.BlendFields, EDITS["blend"]),
        (client_fields.OneShotFields, EDITS["one_shot"]),
    ],
)
def test_the_client_sends_the_fields_that_the_server_takes(sent: type, taken: type[Body]) -> None:
    required = {name for name, field in taken.model_fields.items() if field.is_required()}
    assert set(sent.__annotations__) == set(taken.model_fields) - {"prompt"}
    assert getattr(sent, "__required_keys__") == required - {"prompt"}  # noqa: B009


def test_the_client_has_a_call_for_every_operation() -> None:
    for operation in OPERATIONS:
        queued = "submit" if operation == "generate" else f"submit_{operation}"
        assert callable(getattr(client.Client, operation))
        assert callable(getattr(client.Client, queued))
