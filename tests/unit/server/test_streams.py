"""Streams whose client goes away: nothing of their sound stays in memory."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from starlette.types import Message, Scope

from soundlet.server.app import create_app
from soundlet.server.jobs import Job
from soundlet.server.messages import Cancel, Done, Opening, Piece, Step, Work
from soundlet.server.models import open_models
from soundlet.server.settings import Settings
from tests.unit.server.acting import Acting

BODY = json.dumps({"prompt": "kick", "seconds": 1, "seed": 1}).encode()
SCOPE: Scope = {
    "type": "http",
    "asgi": {"version": "3.0", "spec_version": "2.3"},  # as Uvicorn has it
    "http_version": "1.1",
    "method": "POST",
    "scheme": "http",
    "path": "/v1/generate/stream",
    "raw_path": b"/v1/generate/stream",
    "query_string": b"",
    "root_path": "",
    "headers": [(b"host", b"localhost"), (b"content-type", b"application/json")],
    "client": ("127.0.0.1", 1),
    "server": ("localhost", 80),
}
BEGINNING = (Step(1, 1), Opening(44100, 2, 3), Piece(bytes(8)))
REST = (Piece(bytes(8)), Piece(bytes(8)))
DONE = Done({"seed": 1}, {})
PATIENCE = 10.0  # seconds after which what should have happened has not


class Listener:
    """A client that asks for a stream, and leaves when it is told to.

    Attributes:
        has_heard: set when some of the sound has come.
    """

    def __init__(self, *, is_slow: bool = False) -> None:
        """A slow one takes no second part of a stream."""
        self._is_slow = is_slow
        self._asked = [{"type": "http.request", "body": BODY}]
        self._left = asyncio.Event()
        self.has_heard = asyncio.Event()

    def leave(self) -> None:
        """Close the connection."""
        self._left.set()

    async def receive(self) -> Message:
        """What the server reads."""
        if self._asked:
            return self._asked.pop()
        await self._left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        """What the server writes."""
        if message["type"] == "http.response.body":
            self.has_heard.set()
            if self._is_slow and message.get("more_body"):
                await asyncio.Event().wait()


class Decoding(Acting):
    """A worker that makes its sound to the end, though it is told to stop.

    Attributes:
        has_work, is_called_off: set when it is told so.
    """

    def __init__(self) -> None:
        super().__init__()
        self.has_work, self.is_called_off = asyncio.Event(), asyncio.Event()

    def send(self, message: Work | Cancel) -> None:
        if isinstance(message, Work):
            super().send(message)
            self.has_work.set()
        else:
            self.is_called_off.set()


@dataclass(frozen=True)
class Streaming:
    """A stream under way.

    Attributes:
        worker: that has its job.
        answering: the server's work on the request.
    """

    worker: Decoding
    job: Job
    answering: asyncio.Task[None]

    async def end(self) -> list[Opening | Piece | None]:
        """Wait for the end of all; what is in memory then."""
        await asyncio.gather(self.answering, self.job.over(), return_exceptions=True)
        assert self.job.state == "done"
        pieces = self.job.pieces
        return [pieces.get_nowait() for _ in range(pieces.qsize())]


@asynccontextmanager
async def streaming(results: Path, listener: Listener) -> AsyncIterator[Streaming]:
    """A stream whose worker has been given the job, and has said nothing yet."""
    (name,) = open_models((None,))
    worker = Decoding()
    app = create_app(Settings(results=results), workers={name: [worker]})
    async with app.api.router.lifespan_context(app.api):
        answering = asyncio.create_task(app({**SCOPE}, listener.receive, listener.send))
        await worker.has_work.wait()
        (work,) = worker.given
        job = app.api.state.server.scheduler.find(work.job)
        yield Streaming(worker, job, answering)


def run(check: Coroutine[None, None, None]) -> None:
    asyncio.run(asyncio.wait_for(check, PATIENCE))


def test_a_server_may_be_told_to_end_before_it_has_begun(tmp_path: Path) -> None:
    async def check() -> None:
        (name,) = open_models((None,))
        app = create_app(Settings(results=tmp_path), workers={name: [Acting()]})
        app.drain()
        async with app.api.router.lifespan_context(app.api):
            app.drain()

    run(check())


def test_a_stream_that_is_left_before_its_first_piece_keeps_none(tmp_path: Path) -> None:
    async def check() -> None:
        listener = Listener(is_slow=True)
        async with streaming(tmp_path, listener) as stream:
            listener.leave()
            await stream.worker.is_called_off.wait()
            stream.worker.say(*BEGINNING, *REST, DONE)
            assert not any(await stream.end())

    run(check())


def test_a_stream_whose_request_is_ended_before_its_first_piece_keeps_none(tmp_path: Path) -> None:
    async def check() -> None:
        async with streaming(tmp_path, Listener()) as stream:
            stream.answering.cancel()  # as Ray Serve does when the client has left
            await stream.worker.is_called_off.wait()
            stream.worker.say(*BEGINNING, *REST, DONE)
            assert not any(await stream.end())

    run(check())


def test_a_stream_that_is_left_in_the_middle_keeps_no_piece(tmp_path: Path) -> None:
    async def check() -> None:
        listener = Listener()
        async with streaming(tmp_path, listener) as stream:
            stream.worker.say(*BEGINNING)
            await listener.has_heard.wait()
            listener.leave()
            await stream.worker.is_called_off.wait()
            stream.worker.say(*REST, DONE)
            assert not any(await stream.end())

    run(check())


def test_a_stream_that_is_left_after_its_job_was_done_keeps_no_piece(tmp_path: Path) -> None:
    async def check() -> None:
        listener = Listener(is_slow=True)
        async with streaming(tmp_path, listener) as stream:
            stream.worker.say(*BEGINNING, *REST, DONE)
            await listener.has_heard.wait()
            await stream.job.over()
            listener.leave()
            assert not any(await stream.end())

    run(check())
