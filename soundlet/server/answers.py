"""Answers that several parts of the server give: problems, and sounds."""

from __future__ import annotations

import json
from http import HTTPStatus
from urllib.parse import quote

from starlette.responses import FileResponse, Response
from starlette.types import Message, Receive, Scope, Send

from soundlet.naming import file_stem
from soundlet.server.problems import MEDIA_TYPE, Problem

NO_STORE = {"Cache-Control": "no-store"}


def problem_response(problem: Problem) -> Response:
    """A problem as an answer."""
    headers = {**NO_STORE, **problem.headers}
    if problem.retry_after is not None:
        headers["Retry-After"] = str(problem.retry_after)
    body = json.dumps(problem.as_json(), ensure_ascii=False)
    return Response(body, problem.status, headers, MEDIA_TYPE)


async def send_problem(problem: Problem, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer a request with a problem."""
    await problem_response(problem)(scope, receive, send)


class StoredSound(FileResponse):
    """A file, or the ranges of it that are asked for; those that it does not have are problems."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it, or say what is wrong with the range."""
        problem: Problem | None = None

        async def sent_if_good(message: Message) -> None:
            nonlocal problem
            if message["type"] == "http.response.start":
                problem = _range_problem(message)
            if problem is None:
                await send(message)

        await super().__call__(scope, receive, sent_if_good)
        if problem is not None:
            await send_problem(problem, scope, receive, send)


def _range_problem(start: Message) -> Problem | None:
    """What Starlette's plain answer says of the `Range` header, if it found a fault in it."""
    headers = dict(start["headers"])
    if start["status"] == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
        whole = headers[b"content-range"].decode()
        size = whole.removeprefix("bytes */")
        detail = f"The sound has {size} bytes: the range must begin within them."
        return Problem("range", detail, "Range", headers={"Content-Range": whole})
    if start["status"] == HTTPStatus.BAD_REQUEST:
        detail = "The Range header is malformed: send one such as bytes=0-99."
        return Problem("range-header", detail, "Range")
    return None


def disposition(prompt: str, seed: int, format: str) -> str:
    """The `Content-Disposition` that names a downloaded sound after its prompt and seed."""
    name = f"{file_stem(prompt, seed)}.{format}"
    plain = name.encode("ascii", "ignore").decode()
    return f"inline; filename=\"{plain}\"; filename*=UTF-8''{quote(name)}"
