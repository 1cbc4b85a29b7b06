"""Answers that several parts of the server give: problems, and sounds."""

from __future__ import annotations

import json
from urllib.parse import quote

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

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


def disposition(prompt: str, seed: int, format: str) -> str:
    """The `Content-Disposition` that names a downloaded sound after its prompt and seed."""
    name = f"{file_stem(prompt, seed)}.{format}"
    plain = name.encode("ascii", "ignore").decode()
    return f"inline; filename=\"{plain}\"; filename*=UTF-8''{quote(name)}"
