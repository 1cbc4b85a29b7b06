"""What the server and its workers tell each other; plain values, so that any pipe carries them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias


@dataclass(frozen=True, kw_only=True)
class Work:
    """To a worker: one job.

    Attributes:
        job: its id.
        operation: a name in `operations.OPERATIONS`.
        fields: of the operation's request.
        audio: bytes of the uploaded sound file, as they came.
        folder: to write the files of the sound to. None: a worker that shares no disk sends them
            back.
        is_streamed: send the sound in pieces while the rest of it is decoded.
        is_followed: somebody may ask how far it is: tell each step. Of a job that is not, a stream
            tells its last step, and any other none.
    """

    job: str
    operation: str
    fields: dict[str, Any]
    audio: bytes | None = None
    folder: Path | None = None
    is_streamed: bool = False
    is_followed: bool = True


@dataclass(frozen=True)
class Cancel:
    """To a worker: end this job at its next step."""

    job: str


@dataclass(frozen=True)
class Stop:
    """To a worker: end."""


@dataclass(frozen=True)
class Ready:
    """From a worker: the model is loaded."""

    seconds: float


@dataclass(frozen=True)
class Step:
    """From a worker: a step is done. After the last, decoding begins."""

    done: int
    total: int


@dataclass(frozen=True)
class Opening:
    """From a worker, first of a stream: the form of the pieces that follow."""

    sample_rate: int
    channels: int
    samples: int


@dataclass(frozen=True)
class Piece:
    """From a worker: the next samples of a stream, float32, channels interleaved."""

    data: bytes


@dataclass(frozen=True)
class Done:
    """From a worker: the sound is made.

    Attributes:
        facts: of the sound; see `schema.Sound`.
        settings: what made it, as in the file's tags.
        files: of the sound, by name, where the worker could not write them itself.
        steps: of the sampler; 0 where nothing was sampled.
    """

    facts: dict[str, Any]
    settings: dict[str, Any]
    files: dict[str, bytes] | None = None
    steps: int = 0


@dataclass(frozen=True)
class Failed:
    """From a worker: the job came to nothing.

    Attributes:
        kind: name of the error's class; "Cancelled" where the job was told to end.
        detail: what a person reads.
    """

    kind: str
    detail: str


@dataclass(frozen=True)
class Died:
    """From the pipe, not through it: the worker is gone."""

    reason: str


FromWorker: TypeAlias = Ready | Step | Opening | Piece | Done | Failed | Died
