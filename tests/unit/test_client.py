"""What the client makes of its arguments, and of servers that are not soundlet's or break off."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import pytest

from soundlet.client import Client, ServerRefusedError
from soundlet.errors import RequestError, ServerError

ANSWERS = {
    "/v1/models": (200, b"<html>a page</html>"),
    "/v1/jobs/a": (200, b"{}"),
    "/v1/jobs/b": (200, b"[]"),
    "/v1/jobs/c": (302, b""),
}


class Stranger(BaseHTTPRequestHandler):
    """Answers as servers of other kinds do, and keeps what it was sent."""

    server: StrangeServer

    def do_GET(self) -> None:
        """One of `ANSWERS`."""
        status, body = ANSWERS[self.path]
        self.answer(status, body, len(body))

    def do_POST(self) -> None:
        """Half of what is announced."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.seen.append(json.loads(body))
        self.answer(200, bytes(50), 100)

    def answer(self, status: int, body: bytes, length: int) -> None:
        """Send it."""
        self.send_response(status)
        self.send_header("Content-Length", str(length))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class StrangeServer(ThreadingHTTPServer):
    """The server of a `Stranger`, and the JSON that it was sent."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Stranger)
        self.seen: list[Any] = []


@pytest.fixture
def stranger() -> Iterator[StrangeServer]:
    with StrangeServer() as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def client(stranger: StrangeServer) -> Client:
    return Client(f"http://127.0.0.1:{stranger.server_port}")


@pytest.mark.parametrize(
    "address",
    ["localhost:8000", "http://", "http://host:99999", "http://host:abc", "http://[::1",
     "http://a..b", f"http://{'a' * 70}", "http://a b:8000", "http://host/é"],
)  # fmt: skip
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(ServerError, match="is not an address such as http://127"):
        Client(address)


@pytest.mark.parametrize("token", ["two\nlines", "ключ"])
def test_a_token_that_no_header_can_hold_is_refused(token: str) -> None:
    with pytest.raises(ServerError, match="printable ASCII"):
        Client(token=token)


def test_the_answer_of_another_server_is_told_apart(client: Client) -> None:
    for ask in (client.models, lambda: client.job("a"), lambda: client.job("b")):
        with pytest.raises(ServerError, match="the answer is none of soundlet's"):
            ask()
    with pytest.raises(ServerRefusedError, match="answered 302"):
        client.job("c")


def test_a_stream_that_breaks_off_is_no_whole_sound(client: Client) -> None:
    parts = client.stream("kick")
    assert next(parts) == bytes(50)
    with pytest.raises(ServerError, match="broke off after 50 of 100 bytes"):
        next(parts)


def test_numpy_numbers_are_sent_as_numbers(client: Client, stranger: StrangeServer) -> None:
    with pytest.raises(ServerError):
        client.generate("kick", seconds=np.float32(0.5), seed=np.int64(3))  # type: ignore[arg-type]
    assert stranger.seen == [{"prompt": "kick", "seconds": 0.5, "seed": 3}]
    with pytest.raises(RequestError, match="cannot be sent"):
        client.generate(Path("kick"))  # type: ignore[arg-type]
