"""Who is not let in, and what no request reaches."""

from __future__ import annotations

import base64
import select
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from soundlet.server.gate import HEADERS
from tests.end_to_end.server.conftest import Server, serving
from tests.end_to_end.server.requests import edit, send, sound_file

TOKEN = "a-token-for-this-test"
PATHS = (
    "/",
    "/main.js",
    "/v1/models",
    "/v1/openapi.json",
    "/readyz",
    "/metrics",
    f"/v1/jobs/{32 * '0'}",
    f"/v1/jobs/{32 * '0'}/events",
    f"/v1/jobs/{32 * '0'}/audio",
    "/v1/nothing",
    "//healthz",
    "/healthz/",
    "/healthz/../v1/models",
)


@pytest.fixture(scope="module")
def closed(tiny_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tiny_bundle, tmp_path_factory.mktemp("closed"), token=TOKEN) as started:
        yield started


@pytest.mark.parametrize("path", PATHS)
def test_nothing_answers_without_the_token(closed: Server, path: str) -> None:
    for authorization in ("", f"Bearer {TOKEN[:-1]}", "Bearer ", TOKEN, "Basic !", "Basic eDp5"):
        answer, data = send(closed, "GET", path, Authorization=authorization)
        assert answer.status == 401, data
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
        assert TOKEN.encode() not in data


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "HEAD", "OPTIONS"])
def test_no_method_answers_without_the_token(closed: Server, method: str) -> None:
    for path in ("/v1/generate", "/v1/jobs", "/v1/inpaint"):
        answer, _ = send(closed, method, path)
        assert answer.status == 401


def test_health_answers_without_the_token(closed: Server) -> None:
    answer, data = send(closed, "GET", "/healthz")
    assert (answer.status, data) == (200, b'{"status":"ok"}')


def test_the_token_opens_as_bearer_and_as_a_browsers_password(closed: Server) -> None:
    basic = base64.b64encode(f"anyone:{TOKEN}".encode()).decode()
    for authorization in (f"Bearer {TOKEN}", f"bearer {TOKEN}", f"Basic {basic}"):
        answer, _ = send(closed, "GET", "/v1/models", Authorization=authorization)
        assert answer.status == 200
    assert closed.client.generate(**closed.ask())[:4] == b"RIFF"


@pytest.mark.parametrize(
    "path", ["/", "/main.js", "/v1/models", "/healthz", "/nothing", "/v1/jobs"]
)
def test_every_answer_has_the_headers(server: Server, path: str) -> None:
    answer, _ = send(server, "GET", path)
    for name in set(HEADERS) - {"cache-control"}:
        assert answer.headers[name] == HEADERS[name]
    assert "Server" not in answer.headers
    assert "Access-Control-Allow-Origin" not in answer.headers
    assert "unsafe" not in answer.headers["Content-Security-Policy"]


def test_pages_of_other_sites_are_refused(server: Server) -> None:
    own = f"127.0.0.1:{server.port}"
    for origin, status in (("http://evil.example", 403), ("null", 403), (f"http://{own}", 200)):
        answer, _ = send(server, "GET", "/v1/models", Origin=origin)
        assert answer.status == status
    answer, _ = send(
        server,
        "OPTIONS",
        "/v1/generate",
        Origin="http://evil.example",
        Access_Control_Request_Method="POST",
    )
    assert answer.status == 403


@pytest.mark.parametrize("origin", ["http://[", "http://[::1", "http://a]b"])
def test_an_origin_that_is_no_address_is_refused_as_others_are(closed: Server, origin: str) -> None:
    answer, data = send(closed, "GET", "/v1/models", Origin=origin)
    assert answer.status == 403, data
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["X-Frame-Options"] == "DENY"


def test_other_host_names_that_point_here_are_refused(server: Server) -> None:
    for host in ("evil.example", f"evil.example:{server.port}", "127.0.0.1.evil.example", ""):
        answer, _ = send(server, "GET", "/v1/models", Host=host)
        assert answer.status in (400, 421)
    answer, _ = send(server, "GET", "/v1/models", Host=f"localhost:{server.port}")
    assert answer.status == 200


@pytest.mark.parametrize(
    "id",
    [
        "..",
        "../../../../etc/passwd",
        "..%2f..%2f..%2fetc%2fpasswd",
        "%2e%2e/%2e%2e/job.json",
        32 * "A",
        32 * "0" + "%00",
        32 * "0" + "/../" + 32 * "0",
        "con",
        "~root",
        "\\..\\..",
    ],
)
def test_tricks_in_ids_reach_nothing(server: Server, id: str) -> None:
    for rest in ("", "/events", "/audio"):
        request = (
            f"GET /v1/jobs/{id}{rest} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
        )
        with socket.create_connection(("127.0.0.1", server.port), timeout=10) as raw:
            raw.sendall(request.encode())
            answer = b"".join(iter(lambda: raw.recv(2**16), b""))
        status = int(answer.split()[1])
        assert status in (400, 404, 422)
        assert b"root:" not in answer


@pytest.mark.parametrize(
    "path",
    [
        "/../app.py",
        "/%2e%2e/app.py",
        "/..%2fapp.py",
        "/page/../../app.py",
        "//etc/passwd",
        "/style.css/../../gate.py",
        "/main.js%00.png",
        "/.",
    ],
)
def test_tricks_in_paths_of_the_page_reach_nothing(server: Server, path: str) -> None:
    request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as raw:
        raw.sendall(request.encode())
        answer = b"".join(iter(lambda: raw.recv(2**16), b""))
    assert b"class Gate" not in answer
    assert b"create_app" not in answer
    status = int(answer.split()[1])
    assert status in (200, 307, 400, 404, 405)
    if status == 200:
        assert b"<!doctype html>" in answer
    if status == 307:  # to the same place with a slash
        assert b"location: http://127.0.0.1/./\r\n" in answer


@pytest.mark.parametrize("name", ["../../evil.wav", "/etc/cron.d/evil", "a\\..\\b.wav", "x" * 200])
def test_the_name_of_an_upload_is_not_looked_at(server: Server, name: str) -> None:
    before = {path for path in server.results.parent.rglob("*") if path.parent == server.results}
    audio = sound_file(np.full((900, 2), 0.1))
    status, data = edit(server, "restyle", {"prompt": "clap", "seed": 1}, audio, name)
    assert status == 200, data
    new = [path for path in server.results.iterdir() if path not in before]
    assert all(len(path.name) == 32 for path in new)
    assert not list(server.results.parent.rglob("*evil*"))


def test_a_body_that_is_too_large_is_refused_before_it_is_read(server: Server) -> None:
    answer, _ = send(server, "POST", "/v1/jobs", b"", Content_Length=str(10**12))
    assert answer.status == 413
    for path, content_type in (
        ("jobs", "application/json"),
        ("restyle", "multipart/form-data; boundary=x"),
    ):
        with socket.create_connection(("127.0.0.1", server.port), timeout=30) as raw:
            head = (
                f"POST /v1/{path} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                f"Content-Type: {content_type}\r\nTransfer-Encoding: chunked\r\n\r\n"
            )
            raw.sendall(head.encode())
            part = b'--x\r\nContent-Disposition: form-data; name="audio"; filename="a"\r\n\r\n'
            raw.sendall(f"{len(part):x}\r\n".encode() + part + b"\r\n")
            block = b"100000\r\n" + bytes(2**20) + b"\r\n"
            with suppress(ConnectionError):  # the server closes it once it has said no
                for _ in range(40):  # of 1 MB, against a limit of 32
                    raw.sendall(block)
                    if select.select([raw], [], [], 0)[0]:
                        break
            answered = raw.recv(4096)
        assert answered.startswith(b"HTTP/1.1 413"), answered
    assert server.client.is_ready()


def test_thousands_of_ranges_cost_nothing(server: Server) -> None:
    job = server.client.submit(**server.ask())
    server.client.wait(job.id)
    ranges = ",".join(f"{2 * i}-{2 * i}" for i in range(6000))
    started = time.monotonic()
    answer, data = send(server, "GET", f"/v1/jobs/{job.id}/audio", Range=f"bytes={ranges}")
    assert answer.status in (200, 206, 400, 416)
    assert time.monotonic() - started < 5
    assert len(data) < 2**21
