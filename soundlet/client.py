"""A client of `soundlet serve`, on the standard library alone."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import Any
from urllib.parse import urlencode, urlsplit

from soundlet.errors import ServerError

BLOCK = 2**16  # bytes
IDS = frozenset("0123456789abcdef")


class ServerRefusedError(ServerError):
    """The server said no.

    Attributes:
        status: of the HTTP answer.
        field: what of the request is to blame; None if nothing in particular is.
        retry_after: seconds after which it may be worth trying again; None if never.
    """

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        super().__init__(str(problem.get("detail") or f"the server answered {status}"))
        self.status = status
        self.field: str | None = problem.get("field")
        self.retry_after: int | None = problem.get("retry_after")


@dataclass(frozen=True)
class Job:
    """A job of the server, as it was when it was looked at.

    Attributes:
        state: queued, running, decoding, done, failed or cancelled.
        position: jobs ahead of it, while it is queued.
        step, steps: of the sampler; steps is None until the first is done.
        request: what was asked, defaults filled in.
        sound: seed, seconds, samples, sample_rate, channels and gain_db, once it is done.
        problem: the problem+json object, if it failed.
    """

    id: str
    operation: str
    model: str
    state: str
    position: int | None
    step: int
    steps: int | None
    request: Mapping[str, Any]
    sound: Mapping[str, Any] | None
    problem: Mapping[str, Any] | None

    @property
    def is_over(self) -> bool:
        """Whether nothing more will happen."""
        return self.state in ("done", "failed", "cancelled")


@dataclass(frozen=True)
class Event:
    """Something that happened to a job: "step", or a state that it has come into."""

    kind: str
    data: Mapping[str, Any]


class Client:
    """One server. Every call opens a connection of its own, so threads may share a client."""

    def __init__(
        self,
        address: str = "http://127.0.0.1:8000",
        *,
        token: str | None = None,
        timeout: float = 600.0,
    ) -> None:
        """Remember the server; nothing is sent yet.

        Args:
            address: as `soundlet serve` prints it.
            token: what the server was started with.
            timeout: seconds to wait for the next bytes of an answer.

        Raises:
            ServerError: not an address.
        """
        parts = urlsplit(address)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ServerError(f"{address!r} is not an address such as http://127.0.0.1:8000")
        self._is_https, self._host, self._port = (
            parts.scheme == "https",
            parts.hostname,
            parts.port,
        )
        self._root, self._timeout = parts.path.rstrip("/"), timeout
        self._headers = {} if token is None else {"Authorization": f"Bearer {token}"}

    def generate(
        self, prompt: str, *, format: str = "wav", bits: str | None = None, **fields: object
    ) -> bytes:
        """Make a sound and wait for it.

        Args:
            prompt: what it should sound like.
            format: wav, flac, ogg or mp3.
            bits: 16, 24 or 32f. None: the format's own default.
            fields: further ones of `soundlet.GenerationRequest`, and `model`.

        Returns:
            The bytes of a sound file, its settings in its tags.

        Raises:
            ServerRefusedError: the server said no.
            ServerError: it cannot be reached.
        """
        query = _query(format, bits)
        with self._send("POST", f"/v1/generate{query}", {"prompt": prompt, **fields}) as answer:
            return answer.read()

    def stream(self, prompt: str, **fields: object) -> Iterator[bytes]:
        """Make a sound and get its bytes while the rest of it is decoded.

        Yields:
            A 32-bit float WAV file, part by part; errors as in `generate`.
        """
        body = {"prompt": prompt, **fields}
        with self._send("POST", "/v1/generate/stream", body) as answer:
            while part := answer.read1(BLOCK):
                yield part

    def submit(self, prompt: str, **fields: object) -> Job:
        """Queue a sound; arguments and errors as in `generate`."""
        return self._job("POST", "/v1/jobs", {"prompt": prompt, **fields})

    def job(self, id: str) -> Job:
        """A job as it is now."""
        return self._job("GET", self._path(id))

    def cancel(self, id: str) -> Job:
        """Call a job off; one that runs ends at its next step."""
        return self._job("DELETE", self._path(id))

    def events(self, id: str) -> Iterator[Event]:
        """Everything that happened to a job, then everything that happens, until it is over."""
        with self._send("GET", f"{self._path(id)}/events") as answer:
            kind = ""
            for line in answer:
                name, _, value = line.decode().rstrip("\n").partition(": ")
                if name == "event":
                    kind = value
                elif name == "data":
                    yield Event(kind, json.loads(value))

    def wait(self, id: str) -> Job:
        """A job when it is over."""
        for _ in self.events(id):
            pass
        return self.job(id)

    def audio(self, id: str, *, format: str = "wav", bits: str | None = None) -> bytes:
        """The sound file of a job that is done."""
        with self._send("GET", f"{self._path(id)}/audio{_query(format, bits)}") as answer:
            return answer.read()

    def models(self) -> list[dict[str, Any]]:
        """What the server's models are called and can do, the default first."""
        with self._send("GET", "/v1/models") as answer:
            models: list[dict[str, Any]] = json.load(answer)["models"]
            return models

    def is_ready(self) -> bool:
        """Whether a job would be taken."""
        try:
            with self._send("GET", "/readyz"):
                return True
        except ServerError:
            return False

    def _job(self, method: str, path: str, body: Mapping[str, object] | None = None) -> Job:
        with self._send(method, path, body) as answer:
            record = json.load(answer)
        return Job(**{name: record[name] for name in Job.__dataclass_fields__})

    def _path(self, id: str) -> str:
        if not id or not IDS.issuperset(id):
            raise ServerError(f"{id!r} is not the id of a job")
        return f"/v1/jobs/{id}"

    @contextmanager
    def _send(
        self, method: str, path: str, body: Mapping[str, object] | None = None
    ) -> Iterator[HTTPResponse]:
        kind = HTTPSConnection if self._is_https else HTTPConnection
        connection = kind(self._host, self._port, timeout=self._timeout)
        headers = dict(self._headers)
        data = None
        if body is not None:
            data = json.dumps(body).encode()
            headers["Content-Type"] = "application/json"
        try:
            connection.request(method, self._root + path, data, headers)
            answer = connection.getresponse()
            if answer.status >= 400:
                raise ServerRefusedError(answer.status, _problem(answer))
            yield answer
        except (OSError, HTTPException) as e:
            where = f"{self._host}:{connection.port}"
            reason = getattr(e, "strerror", None) or str(e) or type(e).__name__
            raise ServerError(f"{where} cannot be reached ({reason}): is the server on?") from e
        finally:
            connection.close()


def _query(format: str, bits: str | None) -> str:
    return "?" + urlencode({"format": format, **({} if bits is None else {"bits": bits})})


def _problem(answer: HTTPResponse) -> Mapping[str, Any]:
    try:
        problem = json.load(answer)
    except ValueError:
        return {}
    return problem if isinstance(problem, dict) else {}
