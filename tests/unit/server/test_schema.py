"""What may be sent is what the library takes: no field more, none less, the same defaults."""

from __future__ import annotations

from dataclasses import MISSING, fields

import pytest

from soundlet.editing import OPERATIONS as EDIT_REQUESTS
from soundlet.request import GenerationRequest
from soundlet.server.edit_schema import EDITS
from soundlet.server.operations import OPERATIONS
from soundlet.server.schema import Generation

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


@pytest.mark.parametrize("operation", EDITS)
def test_an_edit_has_the_fields_and_defaults_of_its_request(operation: str) -> None:
    expected = defaults(EDIT_REQUESTS[operation])
    sent = EDITS[operation].model_fields
    seconds = {"seconds"} if operation == "blend" else set()  # the upload has a length
    assert set(sent) - {"model"} == set(expected) - {"audio"} - seconds
    for name, field in sent.items():
        if not field.is_required() and name not in ("model", "cfg_interval"):
            assert field.default == expected[name], name


def test_every_edit_of_the_library_is_served() -> None:
    assert set(EDITS) == set(EDIT_REQUESTS)
    assert set(OPERATIONS) == {"generate", "loop", *EDITS}
