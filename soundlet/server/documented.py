"""How the answers of the endpoints are described in the OpenAPI document."""

from __future__ import annotations

from typing import Any

from soundlet.server.edit_schema import EDITS, Blend, EditBody
from soundlet.server.problems import MEDIA_TYPE, TITLES
from soundlet.server.results import MEDIA_TYPES
from soundlet.server.schema import ProblemView

Responses = dict[int | str, dict[str, Any]]

PROBLEM = {"$ref": "#/components/schemas/ProblemView"}
BINARY = {"type": "string", "format": "binary"}

ANYWHERE = (401, 403, 421, 500)
"""What every endpoint may answer."""


def problems(*statuses: int) -> Responses:
    """Problems with these statuses, and those that every endpoint may answer."""
    found: Responses = {}
    for status in sorted({*statuses, *ANYWHERE}):
        titles = [title for code, title in TITLES.values() if code == status]
        described: dict[str, Any] = {
            "description": "; ".join(titles),
            "content": {MEDIA_TYPE: {"schema": PROBLEM}},
        }
        if status in (429, 503):
            described["headers"] = {
                "Retry-After": {"description": "Seconds.", "schema": {"type": "integer"}}
            }
        found[status] = described
    return found


def sounds(description: str, *formats: str) -> dict[str, Any]:
    """A sound in one of these formats, or in any."""
    types = [MEDIA_TYPES[name] for name in formats or MEDIA_TYPES]
    return {"description": description, "content": {name: {"schema": BINARY} for name in types}}


def text(description: str, media_type: str) -> dict[str, Any]:
    """Text of some kind."""
    return {"description": description, "content": {media_type: {"schema": {"type": "string"}}}}


def upload_of(kind: type[EditBody]) -> dict[str, Any]:
    """The description of a form with an edit as JSON and a sound, which a blend may lack."""
    form = {
        "type": "object",
        "required": ["request"] if kind is Blend else ["request", "audio"],
        "properties": {
            "request": {"$ref": f"#/components/schemas/{kind.__name__}"},
            "audio": {**BINARY, "description": "The sound: WAV, FLAC, OGG, MP3, AIFF, ..."},
        },
        "additionalProperties": False,
    }
    encoding = {
        "request": {"contentType": "application/json"},
        "audio": {"contentType": "application/octet-stream"},
    }
    content = {"multipart/form-data": {"schema": form, "encoding": encoding}}
    return {"requestBody": {"required": True, "content": content}}


def completed(document: dict[str, Any]) -> dict[str, Any]:
    """The OpenAPI document with the edits, and our problems in the place of FastAPI's own."""
    schemas = document["components"]["schemas"]
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    problem = ProblemView.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(problem.pop("$defs", {}))
    schemas["ProblemView"] = problem
    for kind in EDITS.values():
        schemas[kind.__name__] = kind.model_json_schema()
    for operations in document["paths"].values():
        for operation in operations.values():
            answers = operation["responses"]
            if "application/json" in answers.get("422", {}).get("content", {}):
                answers["422"] = problems(422)[422]
    return document
