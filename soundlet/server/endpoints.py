"""The endpoints that make sounds: at once, as jobs, and as streams."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import suppress
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse, StreamingResponse
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from soundlet.audio import Bits, Format
from soundlet.errors import AudioError
from soundlet.server import prepare
from soundlet.server.answers import NO_STORE, StoredSound, disposition
from soundlet.server.documented import Responses, problems, sounds
from soundlet.server.jobs import Job
from soundlet.server.messages import Opening, Piece, Work
from soundlet.server.models import Served
from soundlet.server.problems import Problem, ProblemError
from soundlet.server.results import MEDIA_TYPES
from soundlet.server.schema import Generation, JobView, Loop
from soundlet.server.state import ServerState, state_of
from soundlet.wav_stream import comment_bytes, wav_comment, wav_header

FormatOption = Annotated[Format, Query(description="Of the sound file.")]
BitsOption = Annotated[
    Bits | None, Query(description="Sample width: 16 (the default), 24, or 32f for WAV.")
]
State = Annotated[ServerState, Depends(state_of)]
Result = TypeVar("Result")

ACCEPTED: Responses = {
    202: {"headers": {"Location": {"schema": {"type": "string"}}}},
    **problems(408, 413, 422, 429, 503, 507),
}

router = APIRouter(tags=["sounds"])


@router.post(
    "/v1/generate",
    summary="Make a sound and wait for it",
    response_class=Response,
    responses={200: sounds("The sound."), **problems(408, 409, 413, 422, 429, 503, 507)},
)
async def generate(
    body: Generation,
    request: Request,
    state: State,
    format: FormatOption = "wav",
    bits: BitsOption = None,
) -> Response:
    """The sound is the answer. `Soundlet-Job` and `Soundlet-Seed` are in its headers.

    If the client goes away, the job is cancelled.
    """
    check_form(format, bits)
    model = state.model(body.model)
    fields = prepare.generation(model, body)
    job = await submit(state, request, model, "generate", fields, is_followed=False)
    await finished(state, request, job)
    return await sound_made(state, job, format, bits)


@router.post(
    "/v1/generate/stream",
    summary="Make a sound and hear its start while the rest is decoded",
    response_class=Response,
    responses={
        200: sounds("The sound as 32-bit float WAV, at the model's own level.", "wav"),
        **problems(408, 409, 413, 422, 429, 503, 507),
    },
)
async def stream(body: Generation, request: Request, state: State) -> Response:
    """The same samples as `/v1/generate`, but for the level, which only the whole sound has.

    The settings come after the samples, in a chunk whose length is known before.

    The levelled file is at `/v1/jobs/{id}/audio` afterwards; `Soundlet-Job` has the id.
    """
    model = state.model(body.model)
    fields = prepare.generation(model, body)
    job = await submit(
        state, request, model, "generate", fields, is_followed=False, is_streamed=True
    )
    first = await piece_of(state, request, job)
    if not isinstance(first, Opening):
        raise ProblemError(job.problem or Problem("cancelled", "The job was cancelled."))
    room = comment_bytes(fields["prompt"], fields["negative_prompt"])
    header = wav_header(
        sample_rate=first.sample_rate,
        channels=first.channels,
        n_samples=first.samples,
        room=room,
    )
    size = len(header) + 4 * first.samples * first.channels + len(wav_comment({}, room))

    async def body_of() -> AsyncIterator[bytes]:
        yield header
        while isinstance(piece := await job.pieces.get(), Piece):
            yield piece.data
        if job.settings is not None:
            # it left before its level was known
            yield wav_comment({**job.settings, "gain_db": 0.0}, room)

    headers = {**NO_STORE, "Content-Length": str(size), "Soundlet-Job": job.id}
    return SoundStream(state, job, body_of(), headers)


@router.post(
    "/v1/loop",
    summary="Make a loop of whole bars and wait for it",
    response_class=Response,
    responses={200: sounds("The loop."), **problems(408, 409, 413, 422, 429, 503, 507)},
)
async def loop(
    body: Loop,
    request: Request,
    state: State,
    format: FormatOption = "wav",
    bits: BitsOption = None,
) -> Response:
    """As `/v1/generate`. A WAV file of it says where it loops, and its tempo."""
    check_form(format, bits)
    model = state.model(body.model)
    fields = prepare.loop(model, body)
    job = await submit(state, request, model, "loop", fields, is_followed=False)
    await finished(state, request, job)
    return await sound_made(state, job, format, bits)


@router.post(
    "/v1/jobs",
    summary="Queue a sound",
    status_code=202,
    response_model=JobView,
    responses=ACCEPTED,
)
async def create_job(body: Generation, request: Request, state: State) -> Response:
    """The job is the answer; ask for it again, or follow its events."""
    model = state.model(body.model)
    job = await submit(state, request, model, "generate", prepare.generation(model, body))
    return accepted(job)


@router.post(
    "/v1/jobs/loop",
    summary="Queue a loop",
    status_code=202,
    response_model=JobView,
    responses=ACCEPTED,
)
async def create_loop_job(body: Loop, request: Request, state: State) -> Response:
    """As `/v1/jobs`."""
    model = state.model(body.model)
    return accepted(await submit(state, request, model, "loop", prepare.loop(model, body)))


class SoundStream(StreamingResponse):
    """The stream of a job, which is cancelled, and its pieces dropped, if the client goes away."""

    def __init__(
        self, state: ServerState, job: Job, body: AsyncIterator[bytes], headers: Mapping[str, str]
    ) -> None:
        super().__init__(body, headers=headers, media_type=MEDIA_TYPES["wav"])
        self._state, self._job = state, job

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it, to its end or the client's."""
        try:
            await super().__call__(scope, receive, send)
        finally:  # not the body's own: one that is not asked for more ends when it is collected
            self._job.leave()
            if not self._job.is_over:
                self._state.scheduler.cancel(self._job)


def accepted(job: Job) -> Response:
    """The answer to a job that was queued."""
    headers = {**NO_STORE, "Location": f"/v1/jobs/{job.id}"}
    return JSONResponse(job.as_record(), 202, headers)


async def submit(
    state: ServerState,
    request: Request,
    model: Served,
    operation: str,
    fields: Mapping[str, Any],
    *,
    audio: bytes | None = None,
    is_followed: bool = True,
    is_streamed: bool = False,
) -> Job:
    """Queue a job.

    One whose id is told only when it is over has nobody to follow it, and a message about a step
    would take a core from the worker.

    Raises:
        ProblemError: it is not taken.
    """
    job = Job(model.name, operation, fields, client_of(request), is_streamed)
    try:
        folder = state.results.folder(job.id)
    except OSError as e:
        raise ProblemError(
            Problem("storage", f"The sound could not be stored: {e.strerror or e}.")
        ) from e
    work = Work(
        job=job.id,
        operation=operation,
        fields=dict(fields),
        audio=audio,
        folder=folder,
        is_streamed=is_streamed,
        is_followed=is_followed,
    )
    try:
        await state.scheduler.submit(job, work)
    except ProblemError:
        state.results.drop(job.id)
        raise
    return job


def client_of(request: Request) -> str:
    """The address that a request came from."""
    return request.client.host if request.client is not None else "unknown"


async def finished(state: ServerState, request: Request, job: Job) -> None:
    """Wait until a job is done; cancel it if the client goes away.

    Raises:
        ProblemError: it failed, or was cancelled.
    """
    await _while_connected(state, request, job, job.over())
    if job.state != "done":
        raise ProblemError(job.problem or Problem("cancelled", "The job was cancelled."))


async def piece_of(state: ServerState, request: Request, job: Job) -> Opening | Piece | None:
    """The next piece of a stream; the job is cancelled if the client goes away first."""
    return await _while_connected(state, request, job, job.pieces.get())


async def _while_connected(
    state: ServerState, request: Request, job: Job, wish: Coroutine[Any, Any, Result]
) -> Result:
    """The result of `wish`, unless the client goes away first: then the job is cancelled."""
    wanted = asyncio.ensure_future(wish)
    gone = asyncio.ensure_future(_disconnected(request))
    try:
        await asyncio.wait({wanted, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not wanted.done():
            state.scheduler.cancel(job)
        return await wanted
    except asyncio.CancelledError:
        job.leave()
        state.scheduler.cancel(job)
        raise
    finally:
        gone.cancel()
        wanted.cancel()


async def _disconnected(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def check_form(format: Format, bits: Bits | None) -> None:
    """Raises ProblemError if the format does not come in that sample width."""
    from soundlet.audio import subtype_of

    try:
        subtype_of(format, bits)
    except AudioError as e:
        raise ProblemError(Problem("request", str(e), "bits")) from e


async def sound_made(state: ServerState, job: Job, format: Format, bits: Bits | None) -> Response:
    """The whole sound of a job that is done."""

    def read() -> bytes | None:
        path = state.results.file(job.id, format, bits)
        with suppress(FileNotFoundError):  # it was dropped meanwhile
            return None if path is None else path.read_bytes()
        return None

    data = await kept(read)
    return Response(data, 200, sound_headers(job.as_record(), format), MEDIA_TYPES[format])


async def sound_response(
    state: ServerState, record: Mapping[str, Any], format: Format, bits: Bits | None
) -> Response:
    """The sound of a job that is done, or the part of it that the client wants."""
    path = await kept(lambda: state.results.file(record["id"], format, bits))
    return StoredSound(path, media_type=MEDIA_TYPES[format], headers=sound_headers(record, format))


async def kept(read: Callable[[], Result | None]) -> Result:
    """What `read` takes from the results, in a thread.

    Raises:
        ProblemError: there is nothing, or it cannot be stored in this form.
    """
    try:
        found = await asyncio.to_thread(read)
    except OSError as e:
        detail = f"The sound could not be stored: {e.strerror or e}."
        raise ProblemError(Problem("storage", detail)) from e
    if found is None:
        raise ProblemError(Problem("not-found", "The sound is no longer kept."))
    return found


def sound_headers(record: Mapping[str, Any], format: Format) -> dict[str, str]:
    """What an answer says of its sound."""
    settings, sound = record["settings"], record["sound"]
    return {
        "Cache-Control": "private, max-age=3600",
        "Content-Disposition": disposition(settings["prompt"], sound["seed"], format),
        "Soundlet-Job": record["id"],
        "Soundlet-Seed": str(sound["seed"]),
    }
