"""How large a request may be, and how long it may take to arrive."""

from __future__ import annotations

import asyncio

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from soundlet.server.answers import send_problem
from soundlet.server.problems import Problem

BODY_SECONDS = 30.0  # to wait for the next part of a body
MAX_JSON = 2**17  # bytes of a body that is not an upload


class Limits:
    """Counts the bytes of a body as they come, whatever its header says."""

    def __init__(self, app: ASGIApp, *, max_upload: int) -> None:
        self._app, self._max_upload = app, max_upload

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on while it is within the limits."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = {name.lower(): value for name, value in scope["headers"]}
        is_upload = headers.get(b"content-type", b"").startswith(b"multipart/")
        limit = self._max_upload if is_upload else min(self._max_upload, MAX_JSON)
        too_large = Problem("too-large", f"The body may have {limit} bytes at most.")
        declared = headers.get(b"content-length", b"0")
        if not declared.isdigit() or int(declared) > limit:
            await send_problem(too_large, scope, receive, send)
            return
        n_read, is_whole = 0, False
        fault: Problem | None = None

        async def counted() -> Message:
            nonlocal n_read, is_whole, fault
            if is_whole or fault is not None:
                return await receive()  # only a disconnection can come now
            try:
                message = await asyncio.wait_for(receive(), BODY_SECONDS)
            except asyncio.TimeoutError:
                fault = Problem("slow", f"Nothing of the body came for {BODY_SECONDS:.0f} s.")
                return {"type": "http.disconnect"}
            if message["type"] == "http.request":
                n_read += len(message.get("body", b""))
                is_whole = not message.get("more_body", False)
                if n_read > limit:
                    fault = too_large
                    return {"type": "http.disconnect"}
            return message

        async def sent_if_whole(message: Message) -> None:
            if fault is None:
                await send(message)

        try:
            await self._app(scope, counted, sent_if_whole)
        except ClientDisconnect:
            if fault is None:
                raise
        if fault is not None:
            await send_problem(fault, scope, receive, send)
