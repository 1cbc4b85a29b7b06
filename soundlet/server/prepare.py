"""What was asked, checked before it is queued: every default filled in, every fault named."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from soundlet.editing.request import ModelEdit, filled, request_from_json
from soundlet.errors import RequestError, SoundletError
from soundlet.loops import loop_request
from soundlet.prompt import read_prompt
from soundlet.request import GenerationRequest
from soundlet.server.edit_schema import EditBody
from soundlet.server.models import Served
from soundlet.server.problems import ProblemError, problem_of
from soundlet.server.schema import Body, Generation, Loop
from soundlet.tempo import Grid

STAND_IN = (np.zeros((1, 1), np.float32), 44_100)
"""In the place of an upload, which is only decoded in a worker."""

GRID = ("bpm", "bars", "beats_per_bar")


def generation(model: Served, body: Generation) -> dict[str, Any]:
    """Fields of a generation.

    Raises:
        ProblemError: this model cannot do it.
    """
    with faults_named(body):
        return resolved(model, GenerationRequest(**body.fields()), Generation.model_fields)


def loop(model: Served, body: Loop) -> dict[str, Any]:
    """Fields of a loop; errors as in `generation`."""
    with faults_named(body):
        fields = body.fields()
        best_of = fields.pop("best_of")
        if fields.setdefault("bpm", read_prompt(body.prompt).bpm) is None:
            raise RequestError("bpm is missing: give it, or say it in the prompt, as 120 BPM")
        grid = Grid(**{name: fields.pop(name) for name in GRID})
        rate = model.bundle.config.sample_rate
        request = loop_request(fields.pop("prompt"), grid, rate, **fields)
        made = resolved(model, request, Generation.model_fields)
    return {**made, **grid.as_json(), "best_of": best_of}


def edit(model: Served, operation: str, body: EditBody, *, has_audio: bool) -> dict[str, Any]:
    """Fields of an edit; errors as in `generation`. The sound itself is for the worker to judge."""
    audio = STAND_IN if has_audio else None
    with faults_named(body):
        request = request_from_json({"operation": operation, **body.fields()}, audio)
        if isinstance(request, ModelEdit):
            request = filled(request, model.resolve(request.generation()))
        told = request.as_json()
    return {name: told[name] for name in type(body).model_fields if name != "model"}


def resolved(
    model: Served, request: GenerationRequest, names: Mapping[str, object]
) -> dict[str, Any]:
    """Those fields of a request that are called so, with every default and a seed."""
    whole = model.resolve(request)
    return {name: getattr(whole, name) for name in names if name != "model"}


@contextmanager
def faults_named(body: Body) -> Iterator[None]:
    """Turn what soundlet says of a request into a problem that names the field."""
    try:
        yield
    except SoundletError as e:
        fields = type(body).model_fields
        raise ProblemError(problem_of(type(e).__name__, str(e), fields)) from e
