"""Who gets in: token, host name, origin; and the headers that every answer carries.

A page of some other site, open in the same browser, can send requests to this server. It has no
token, its `Origin` is another, and a name of its own that it lets point here is not a known `Host`.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from soundlet.server.answers import send_problem
from soundlet.server.problems import Problem

OPEN_PATHS = ("/healthz",)
"""What is answered without a token."""

CONTENT_SECURITY_POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "media-src 'self' blob:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    ]
)

HEADERS = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "cache-control": "no-cache",
}
"""On every answer, errors included, where it has no such header of its own."""

CHALLENGE = 'Bearer realm="soundlet", Basic realm="soundlet", charset="UTF-8"'


class Gate:
    """Refuses requests that may not come in, before anything reads them."""

    def __init__(self, app: ASGIApp, *, token: str | None, hosts: tuple[str, ...] | None) -> None:
        self._app, self._hosts = app, hosts
        self._token = None if token is None else token.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer why not."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                there = {name.lower() for name, _ in message["headers"]}
                message["headers"] = [
                    *message["headers"],
                    *(
                        (name.encode(), value.encode())
                        for name, value in HEADERS.items()
                        if name.encode() not in there
                    ),
                ]
            await send(message)

        problem = self._problem(scope)
        if problem is None:
            await self._app(scope, receive, send_with_headers)
        else:
            await send_problem(problem, scope, receive, send_with_headers)

    def _problem(self, scope: Scope) -> Problem | None:
        headers = {name.lower(): value for name, value in scope["headers"]}
        host = headers.get(b"host", b"").decode("latin-1")
        if self._hosts is not None and _without_port(host) not in self._hosts:
            known = ", ".join(self._hosts)
            return Problem("host", f"This server answers to {known}, not to {host!r}.")
        origin = headers.get(b"origin")
        if origin is not None and _host_of(origin.decode("latin-1")) != host:
            return Problem("forbidden", "Requests from pages of other sites are not allowed.")
        is_open = scope["path"] in OPEN_PATHS
        if self._token is None or is_open or self._is_known(headers.get(b"authorization", b"")):
            return None
        return Problem(
            "unauthorised",
            "Send the token in an `Authorization: Bearer` header; a browser asks for it as a"
            " password, with any user name.",
            headers={"WWW-Authenticate": CHALLENGE},
        )

    def _is_known(self, authorization: bytes) -> bool:
        """Whether the header carries the token; how long it takes does not depend on how nearly."""
        assert self._token is not None
        scheme, _, value = authorization.partition(b" ")
        given = value.strip()
        if scheme.lower() == b"basic":
            try:
                given = base64.b64decode(given, validate=True).partition(b":")[2]
            except binascii.Error:
                given = b""
        elif scheme.lower() != b"bearer":
            given = b""
        return hmac.compare_digest(given, self._token)


def _host_of(origin: str) -> str | None:
    """The host and port of an origin; None where it is no address."""
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return None


def _without_port(host: str) -> str:
    name, separator, port = host.rpartition(":")
    return name if separator and port.isdigit() else host
