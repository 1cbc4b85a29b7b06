"""A client of `soundlet serve`, on the standard library alone."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from numbers import Real
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import urlencode, urlsplit

from soundlet.errors import AudioError, RequestError, ServerError
from soundlet.request import plain_number

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from soundlet.audio import Bits, Format
    from soundlet.client_fields import (
        BlendFields,
        GenerationFields,
        InpaintFields,
        LoopFields,
        OneShotFields,
        OutpaintFields,
        RestyleFields,
    )

BLOCK = 2**16  # bytes
IDS = frozenset("0123456789abcdef")
JSON = "application/json"

SoundFile: TypeAlias = bytes | str | os.PathLike[str]
"""The bytes of a sound file, or its path: WAV, FLAC, OGG, MP3, AIFF, AU, CAF or W64."""


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
            ServerError: not an address, or a token that no header can hold.
        """
        try:
            parts = urlsplit(address)
            host, self._port = parts.hostname or "", parts.port
            host.encode("idna")
            parts.path.encode("ascii")
            HTTPConnection(host)
        except (ValueError, HTTPException):  # brackets, a port, a name or a path that cannot be
            host = ""
        if not host or parts.scheme not in ("http", "https"):
            raise ServerError(f"{address!r} is not an address such as http://127.0.0.1:8000")
        if token is not None and not (token.isascii() and token.isprintable()):
            raise ServerError("a token is made of printable ASCII characters")
        self._is_https, self._host = parts.scheme == "https", host
        self._root, self._timeout = parts.path.rstrip("/"), timeout
        self._headers = {} if token is None else {"Authorization": f"Bearer {token}"}

    def generate(
        self,
        prompt: str,
        *,
        format: Format = "wav",
        bits: Bits | None = None,
        **fields: Unpack[GenerationFields],
    ) -> bytes:
        """Make a sound and wait for it.

        Args:
            prompt: what it should sound like.
            format: wav, flac, ogg or mp3.
            bits: 16, 24 or 32f. None: the format's own default.
            fields: further ones of the request.

        Returns:
            The bytes of a sound file, its settings in its tags.

        Raises:
            RequestError: a field that JSON cannot hold.
            ServerRefusedError: the server said no.
            ServerError: it cannot be reached, or is not soundlet's.
        """
        return self._sound("generate", _json({"prompt": prompt, **fields}), format, bits)

    def stream(self, prompt: str, **fields: Unpack[GenerationFields]) -> Iterator[bytes]:
        """Make a sound and get its bytes while the rest of it is decoded.

        Yields:
            A 32-bit float WAV file, part by part.

        Raises:
            ServerError: the stream broke off; else errors as in `generate`.
        """
        body = _json({"prompt": prompt, **fields})
        with self._send("POST", "/v1/generate/stream", body) as answer:
            announced = int(answer.getheader("Content-Length", "0"))
            n_read = 0
            while part := answer.read1(BLOCK):
                n_read += len(part)
                yield part
            if n_read < announced:
                raise ServerError(f"the stream broke off after {n_read} of {announced} bytes")

    def loop(
        self,
        prompt: str,
        *,
        format: Format = "wav",
        bits: Bits | None = None,
        **fields: Unpack[LoopFields],
    ) -> bytes:
        """Make whole bars that repeat without a seam, and wait for them; else as `generate`."""
        return self._sound("loop", _json({"prompt": prompt, **fields}), format, bits)

    def restyle(
        self,
        audio: SoundFile,
        prompt: str,
        *,
        format: Format = "wav",
        bits: Bits | None = None,
        **fields: Unpack[RestyleFields],
    ) -> bytes:
        """The same sound in another manner.

        Args:
            audio: the sound to edit.
            prompt: what the new sound should be like.
            format: wav, flac, ogg or mp3.
            bits: 16, 24 or 32f. None: the format's own default.
            fields: further ones of the request.

        Returns:
            The bytes of a sound file, its settings in its tags.

        Raises:
            AudioError: the file cannot be read.
            RequestError: a field that JSON cannot hold.
            ServerRefusedError: the server said no.
            ServerError: it cannot be reached, or is not soundlet's.
        """
        return self._sound("restyle", _form({"prompt": prompt, **fields}, audio), format, bits)

    def variation(
        self,
        audio: SoundFile,
        prompt: str,
        *,
        format: Format = "wav",
        bits: Bits | None = None,
        **fields: Unpack[RestyleFields],
    ) -> bytes:
        """Another take of the same sound; each seed is another one. Else as `restyle`."""
        return self._sound("variation", _form({"prompt": prompt, **fields}, audio), format, bits)

    def inpaint(
        self,
        audio: SoundFile,
        prompt: str,
        *,
        format: Format = "wav",
        bits: Bits | None = None,
        **fields: Unpack[InpaintFields],
    ) -> bytes:
        """New sound in the regions; all else comes back sample for sample. Else as `restyle`."""
        return self._sound("inpaint", _form({"prompt": prompt, **fields}, audio), format, bits)

    def outpaint(
        self,
        audio: SoundFile,
        prompt: str,
        *,
        format: Format = "wav",
        bits: Bits | None = None,
        **fields: Unpack[OutpaintFields],
    ) -> bytes:
        """More sound before or after; what is there is kept as it is. Else as `restyle`."""
        return self._sound("outpaint", _form({"prompt": prompt, **fields}, audio), format, bits)

    def blend(
        self,
        audio: SoundFile | None,
        prompt: str,
        *,
        format: Format = "wav",
        bits: Bits | None = None,
        **fields: Unpack[BlendFields],
    ) -> bytes:
        """The sound restyled to between two prompts, or a new one without it. Else as `restyle`."""
        return self._sound("blend", _form({"prompt": prompt, **fields}, audio), format, bits)

    def one_shot(
        self,
        audio: SoundFile,
        *,
        format: Format = "wav",
        bits: Bits | None = None,
        **fields: Unpack[OneShotFields],
    ) -> bytes:
        """One hit out of the sound, to its end. Else as `restyle`."""
        return self._sound("one_shot", _form(fields, audio), format, bits)

    def submit(self, prompt: str, **fields: Unpack[GenerationFields]) -> Job:
        """Queue a sound; arguments and errors as in `generate`."""
        return self._queued(_json({"prompt": prompt, **fields}))

    def submit_loop(self, prompt: str, **fields: Unpack[LoopFields]) -> Job:
        """Queue a loop; arguments and errors as in `loop`."""
        return self._queued(_json({"prompt": prompt, **fields}), "loop")

    def submit_restyle(self, audio: SoundFile, prompt: str, **fields: Unpack[RestyleFields]) -> Job:
        """Queue it; arguments and errors as in `restyle`."""
        return self._queued(_form({"prompt": prompt, **fields}, audio), "restyle")

    def submit_variation(
        self, audio: SoundFile, prompt: str, **fields: Unpack[RestyleFields]
    ) -> Job:
        """Queue it; arguments and errors as in `variation`."""
        return self._queued(_form({"prompt": prompt, **fields}, audio), "variation")

    def submit_inpaint(self, audio: SoundFile, prompt: str, **fields: Unpack[InpaintFields]) -> Job:
        """Queue it; arguments and errors as in `inpaint`."""
        return self._queued(_form({"prompt": prompt, **fields}, audio), "inpaint")

    def submit_outpaint(
        self, audio: SoundFile, prompt: str, **fields: Unpack[OutpaintFields]
    ) -> Job:
        """Queue it; arguments and errors as in `outpaint`."""
        return self._queued(_form({"prompt": prompt, **fields}, audio), "outpaint")

    def submit_blend(
        self, audio: SoundFile | None, prompt: str, **fields: Unpack[BlendFields]
    ) -> Job:
        """Queue it; arguments and errors as in `blend`."""
        return self._queued(_form({"prompt": prompt, **fields}, audio), "blend")

    def submit_one_shot(self, audio: SoundFile, **fields: Unpack[OneShotFields]) -> Job:
        """Queue it; arguments and errors as in `one_shot`."""
        return self._queued(_form(fields, audio), "one_shot")

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

    def audio(self, id: str, *, format: Format = "wav", bits: Bits | None = None) -> bytes:
        """The sound file of a job that is done."""
        with self._send("GET", f"{self._path(id)}/audio{_query(format, bits)}") as answer:
            return answer.read()

    def models(self) -> list[dict[str, Any]]:
        """What the server's models are called and can do, the default first."""
        with self._send("GET", "/v1/models") as answer:
            models: list[dict[str, Any]] = _told(answer, "models")["models"]
            return models

    def is_ready(self) -> bool:
        """Whether a job would be taken."""
        try:
            with self._send("GET", "/readyz"):
                return True
        except ServerError:
            return False

    def _sound(self, operation: str, body: _Body, format: Format, bits: Bits | None) -> bytes:
        with self._send("POST", f"/v1/{operation}{_query(format, bits)}", body) as answer:
            return answer.read()

    def _queued(self, body: _Body, operation: str = "") -> Job:
        return self._job("POST", f"/v1/jobs/{operation}".rstrip("/"), body)

    def _job(self, method: str, path: str, body: _Body | None = None) -> Job:
        with self._send(method, path, body) as answer:
            record = _told(answer, *Job.__dataclass_fields__)
        return Job(**{name: record[name] for name in Job.__dataclass_fields__})

    def _path(self, id: str) -> str:
        if not id or not IDS.issuperset(id):
            raise ServerError(f"{id!r} is not the id of a job")
        return f"/v1/jobs/{id}"

    @contextmanager
    def _send(self, method: str, path: str, body: _Body | None = None) -> Iterator[HTTPResponse]:
        kind = HTTPSConnection if self._is_https else HTTPConnection
        connection = kind(self._host, self._port, timeout=self._timeout)
        headers = dict(self._headers)
        if body is not None:
            headers["Content-Type"] = body.media_type
        try:
            connection.connect()
            with suppress(BrokenPipeError, ConnectionResetError):  # refused before it was all sent
                connection.request(
                    method, self._root + path, None if body is None else body.data, headers
                )
            answer = connection.getresponse()
            if answer.status >= 300:
                raise ServerRefusedError(answer.status, _problem(answer))
            yield answer
        except (OSError, HTTPException) as e:
            where = f"{self._host}:{connection.port}"
            reason = getattr(e, "strerror", None) or str(e) or type(e).__name__
            raise ServerError(f"{where} cannot be reached ({reason}): is the server on?") from e
        finally:
            connection.close()


@dataclass(frozen=True)
class _Body:
    """What is sent."""

    data: bytes
    media_type: str


def _json(fields: Mapping[str, object]) -> _Body:
    return _Body(_dumped(fields).encode(), JSON)


def _dumped(fields: Mapping[str, object]) -> str:
    """The fields as JSON; numbers may be NumPy's.

    Raises:
        RequestError: something that JSON does not have.
    """

    def plain(value: object) -> float:
        if isinstance(value, Real):
            return plain_number(value)
        raise RequestError(f"{value!r} cannot be sent: give text, a number, or a list of them")

    return json.dumps(fields, default=plain)


def _told(answer: HTTPResponse, *names: str) -> Mapping[str, Any]:
    """The object that the server answered with.

    Raises:
        ServerError: it answered with something else, or without these names.
    """
    try:
        found = json.load(answer)
    except ValueError:
        found = None
    if not isinstance(found, dict) or not found.keys() >= set(names):
        raise ServerError("the answer is none of soundlet's: is its server at this address?")
    return found


def _form(fields: Mapping[str, object], audio: SoundFile | None) -> _Body:
    """A form of the request as JSON and, if there is one, the sound as a file without its name."""
    boundary = secrets.token_hex(16)
    start = f'--{boundary}\r\nContent-Disposition: form-data; name="'
    data = f'{start}request"\r\nContent-Type: {JSON}\r\n\r\n{_dumped(fields)}\r\n'.encode()
    if audio is not None:
        sound = audio if isinstance(audio, bytes) else _read(Path(audio))
        head = f'{start}audio"; filename="audio"\r\nContent-Type: application/octet-stream\r\n\r\n'
        data += head.encode() + sound + b"\r\n"
    data += f"--{boundary}--\r\n".encode()
    return _Body(data, f"multipart/form-data; boundary={boundary}")


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as e:
        raise AudioError(f"{path} cannot be read: {e.strerror or e}") from e


def _query(format: Format, bits: Bits | None) -> str:
    return "?" + urlencode({"format": format, **({} if bits is None else {"bits": bits})})


def _problem(answer: HTTPResponse) -> Mapping[str, Any]:
    try:
        problem = json.load(answer)
    except ValueError:
        return {}
    return problem if isinstance(problem, dict) else {}
