"""The endpoints of jobs that have been queued: state, events, sound, and calling them off."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Path
from fastapi.responses import JSONResponse, StreamingResponse
from starlette.responses import Response

from soundlet.server.answers import NO_STORE
from soundlet.server.documented import problems, sounds, text
from soundlet.server.endpoints import BitsOption, FormatOption, check_form, sound_response
from soundlet.server.jobs import Event, Job
from soundlet.server.problems import Problem, ProblemError
from soundlet.server.schema import JobView
from soundlet.server.state import ServerState, state_of

HEARTBEAT_SECONDS = 15.0  # so that nothing on the way takes a quiet stream for a dead one

State = Annotated[ServerState, Depends(state_of)]
Id = Annotated[str, Path(pattern="^[0-9a-f]{32}$", description="Of a job.")]

router = APIRouter(prefix="/v1/jobs/{id}", tags=["jobs"])


@router.get(
    "",
    summary="Look at a job",
    response_model=JobView,
    responses=problems(404, 422),
)
async def look(id: Id, state: State) -> Response:
    """Where a job stands. Results outlive the server that made them, until they are too old."""
    return JSONResponse(record_of(state, id), headers=NO_STORE)


@router.get(
    "/events",
    summary="Follow a job",
    response_class=Response,
    responses={
        200: text(
            "Server-sent events: `queued` with a position, `running`, `step`, `decoding`, and one"
            " of `done`, `failed` and `cancelled`, after which the stream ends.",
            "text/event-stream",
        ),
        **problems(404, 422),
    },
)
async def events(
    id: Id,
    state: State,
    last_event_id: Annotated[
        str | None,
        Header(pattern=r"^\d{1,9}$", description="Number of the last event that was seen."),
    ] = None,
) -> Response:
    """Everything that happened to a job, then everything that happens, as it happens."""
    first = 0 if last_event_id is None else int(last_event_id) + 1
    job = state.scheduler.find(id)
    followed = _recorded(record_of(state, id)) if job is None else _followed(job, first)
    headers = {**NO_STORE, "X-Accel-Buffering": "no"}
    return StreamingResponse(followed, media_type="text/event-stream", headers=headers)


@router.delete(
    "",
    summary="Cancel a job",
    response_model=JobView,
    responses=problems(404, 422),
)
async def cancel(id: Id, state: State) -> Response:
    """A job that waits ends at once; one that runs ends at its next step; one that is over stays.

    The answer is the job as it is then.
    """
    job = state.scheduler.find(id)
    if job is not None and not job.is_over:
        state.scheduler.cancel(job)
    return JSONResponse(record_of(state, id), headers=NO_STORE)


@router.get(
    "/audio",
    summary="Fetch the sound of a job",
    response_class=Response,
    responses={
        200: sounds("The sound."),
        206: sounds("The part of it that the `Range` header asks for."),
        **problems(400, 404, 409, 416, 422),
    },
)
async def audio(
    id: Id, state: State, format: FormatOption = "wav", bits: BitsOption = None
) -> Response:
    """In any format; whole, or in the ranges that players ask for."""
    check_form(format, bits)
    record = record_of(state, id)
    if record["state"] != "done":
        raise ProblemError(Problem("not-done", f"The job is {record['state']}: it has no sound."))
    return await sound_response(state, record, format, bits)


def record_of(state: ServerState, id: str) -> dict[str, Any]:
    """What is known of a job.

    Raises:
        ProblemError: there is no such job.
    """
    job = state.scheduler.find(id)
    record = state.results.record(id) if job is None else job.as_record()
    if record is None:
        raise ProblemError(
            Problem("not-found", "There is no such job, or it is too long ago to be remembered.")
        )
    return record


async def _followed(job: Job, first: int) -> AsyncIterator[bytes]:
    source = job.follow(first)
    while True:
        upcoming = asyncio.ensure_future(anext(source))
        while not (await asyncio.wait({upcoming}, timeout=HEARTBEAT_SECONDS))[0]:
            yield b": still here\n\n"
        try:
            number, event = upcoming.result()
        except StopAsyncIteration:
            return
        yield _as_text(number, event)


async def _recorded(record: dict[str, Any]) -> AsyncIterator[bytes]:
    yield _as_text(0, Event("done", record["sound"]))


def _as_text(number: int, event: Event) -> bytes:
    data = json.dumps(dict(event.data), ensure_ascii=False)
    return f"id: {number}\nevent: {event.kind}\ndata: {data}\n\n".encode()
