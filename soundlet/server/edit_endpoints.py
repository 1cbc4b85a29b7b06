"""The endpoints that edit a sound: it comes as an upload, with the request as JSON beside it.

A blend may come without one: then it is made from noise alone.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import APIRouter, Request
from pydantic import ValidationError
from starlette.datastructures import UploadFile
from starlette.responses import Response

from soundlet.server import prepare
from soundlet.server.documented import problems, sounds, upload_of
from soundlet.server.edit_schema import EDITS, Blend, EditBody
from soundlet.server.endpoints import (
    ACCEPTED,
    BitsOption,
    FormatOption,
    State,
    accepted,
    check_form,
    client_of,
    finished,
    sound_made,
    submit,
)
from soundlet.server.faults import problem_of_faults
from soundlet.server.jobs import Job
from soundlet.server.problems import Problem, ProblemError
from soundlet.server.schema import JobView
from soundlet.server.state import ServerState

Endpoint = Callable[..., Coroutine[Any, Any, Response]]

router = APIRouter(tags=["edits"])


async def submit_edit(
    state: ServerState,
    request: Request,
    operation: str,
    kind: type[EditBody],
    *,
    is_followed: bool = True,
) -> Job:
    """Queue the edit that a form asks for.

    Raises:
        ProblemError: the form has other parts, the JSON is not such a request, or the job is not
            taken.
    """
    try:
        state.scheduler.require_room(client_of(request))
    except ProblemError:
        async for _ in request.stream():  # a client that still sends would not see the answer
            pass
        raise
    async with request.form(max_files=1, max_fields=2) as form:
        text, audio = form.get("request"), form.get("audio")
        if not isinstance(text, str):
            raise ProblemError(Problem("body", "request: send the edit as JSON", "request"))
        if not isinstance(audio, UploadFile) and (audio is not None or kind is not Blend):
            raise ProblemError(Problem("body", "audio: send the sound as a file", "audio"))
        try:
            body = kind.model_validate_json(text)
        except ValidationError as e:
            faults = [
                {**fault, "loc": ("body", *(fault["loc"] or ("request",)))} for fault in e.errors()
            ]
            raise ProblemError(problem_of_faults(faults, {"body": kind.model_fields})) from e
        # its name is not looked at
        data = await audio.read() if isinstance(audio, UploadFile) else None
    model = state.model(body.model)
    fields = prepare.edit(model, operation, body, has_audio=data is not None)
    return await submit(
        state, request, model, operation, fields, audio=data, is_followed=is_followed
    )


def endpoints_of(operation: str, kind: type[EditBody]) -> tuple[Endpoint, Endpoint]:
    """The one that waits for the sound, and the one that queues a job."""

    async def wait(
        request: Request, state: State, format: FormatOption = "wav", bits: BitsOption = None
    ) -> Response:
        check_form(format, bits)
        job = await submit_edit(state, request, operation, kind, is_followed=False)
        await finished(state, request, job)
        return await sound_made(state, job, format, bits)

    async def queue(request: Request, state: State) -> Response:
        return accepted(await submit_edit(state, request, operation, kind))

    return wait, queue


for _operation, _kind in EDITS.items():
    _wait, _queue = endpoints_of(_operation, _kind)
    _about = (_kind.__doc__ or "").partition("\n")[0]
    router.add_api_route(
        f"/v1/{_operation}",
        _wait,
        methods=["POST"],
        operation_id=_operation,
        summary=_about,
        response_class=Response,
        responses={200: sounds("The sound."), **problems(408, 409, 413, 422, 429, 503, 507)},
        openapi_extra=upload_of(_kind),
    )
    router.add_api_route(
        f"/v1/jobs/{_operation}",
        _queue,
        methods=["POST"],
        operation_id=f"{_operation}_job",
        summary=f"Queue: {_about}",
        status_code=202,
        response_model=JobView,
        responses=ACCEPTED,
        openapi_extra=upload_of(_kind),
    )
