"""What runs in a worker process: a model that stays loaded, and one job after the other.

A job's input is decoded here and nowhere else, so that whatever a file does to a decoder happens to
one job. The pipe to the server is the only thing that the two processes share.
"""

from __future__ import annotations

import hashlib
import logging
import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import numpy as np

from soundlet.audio import Audio, put_in_place
from soundlet.clip import Clip
from soundlet.errors import Cancelled, SoundletError
from soundlet.pipeline import Model, load
from soundlet.server.messages import (
    Cancel,
    Done,
    Failed,
    FromWorker,
    Opening,
    Piece,
    Ready,
    Step,
    Stop,
    Work,
)
from soundlet.server.operations import OPERATIONS
from soundlet.server.results import SAMPLES, form_name
from soundlet.server.uploads import decode_upload

Tell = Callable[[FromWorker], None]
"""Sends a message to the server."""

FIRST_VICTIM = "500"  # of 1000: the kernel ends a worker before the server when memory runs out
WARM_UP_PROMPT = "kick drum"
UPLOAD_NAME = "upload"  # in settings: the name that its sender gave it is not looked at

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class WorkerSettings:
    """What a worker is told when it starts."""

    model: Path | None
    engine: str | None
    threads: int | None


def run_worker(connection: Connection, settings: WorkerSettings) -> None:
    """Load the model, say so, and work until the server ends."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # the server decides when its workers end
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(FIRST_VICTIM)
    started = time.monotonic()
    try:
        model = load_warm(settings)
    except SoundletError as e:
        connection.send(Failed(type(e).__name__, str(e)))
        return
    inbox = Inbox(connection)
    connection.send(Ready(time.monotonic() - started))
    while True:
        work = inbox.next()
        should_stop = inbox.is_cancelled(work.job)
        message = run_job(model, work, connection.send, should_stop)
        inbox.forget(work.job)
        connection.send(message)


def load_warm(settings: WorkerSettings) -> Model:
    """The model with every part loaded that a first request would otherwise wait for."""
    model = load(settings.model, engine=settings.engine, threads=settings.threads)
    low = max(model.config.seconds_range[0], 1 / model.config.sample_rate)
    with suppress(SoundletError):  # a sound that is silent warms as well
        model.generate(WARM_UP_PROMPT, seconds=min(max(0.5, low), model.max_seconds), seed=0)
    return model


class Inbox:
    """Reads the pipe in a thread, so that a job can be cancelled while it runs."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._works: SimpleQueue[Work] = SimpleQueue()
        self._cancelled: set[str] = set()
        threading.Thread(target=self._read, daemon=True).start()

    def next(self) -> Work:
        """The next job; the process ends when the server says so, or is gone."""
        return self._works.get()

    def is_cancelled(self, job: str) -> Callable[[], bool]:
        """Whether the job has been cancelled, as a question to ask between steps."""
        return lambda: job in self._cancelled

    def forget(self, job: str) -> None:
        """The job is over."""
        self._cancelled.discard(job)

    def _read(self) -> None:
        try:
            while True:
                message = self._connection.recv()
                if isinstance(message, Stop):
                    raise EOFError
                if isinstance(message, Cancel):
                    self._cancelled.add(message.job)
                else:
                    self._works.put(message)
        except (EOFError, OSError):
            os._exit(0)  # nobody is left to take the sound that may be under way


def run_job(model: Model, work: Work, tell: Tell, should_stop: Callable[[], bool]) -> FromWorker:
    """Do one job.

    Returns:
        The last message about it: `Done` or `Failed`.
    """
    try:
        audio = None if work.audio is None else decode_upload(work.audio)
        steps = 0

        def on_step(done: int, total: int) -> None:
            nonlocal steps
            steps = total
            if work.is_followed or (work.is_streamed and done == total):
                tell(Step(done, total))

        watched: dict[str, Any] = {"on_step": on_step, "should_stop": should_stop}
        if work.is_streamed:
            watched["on_piece"] = Outlet(tell, model.config.sample_rate, work.fields["seconds"])
        clip, measures = OPERATIONS[work.operation](model, work.fields, audio, **watched)
        if work.audio is not None:
            clip = of_upload(clip, work.audio)
        files = _kept(clip, work.folder)
    except Cancelled as e:
        return Failed("Cancelled", str(e))
    except SoundletError as e:
        return Failed(type(e).__name__, str(e))
    except MemoryError:
        return Failed("MemoryError", "there is not enough memory for this job: ask for less")
    except Exception:
        logger.exception("job %s failed", work.job)
        return Failed("Exception", "an error inside soundlet; the server's log has it")
    facts = {**facts_of(clip), "measures": dict(measures)}
    return Done(facts, clip.settings(), files, steps)


class Outlet:
    """Sends the pieces of a sound to the server as they come."""

    def __init__(self, tell: Tell, sample_rate: int, seconds: float) -> None:
        self._tell, self._sample_rate = tell, sample_rate
        self._samples = max(1, round(seconds * sample_rate))
        self._is_open = False

    def __call__(self, piece: Audio) -> None:
        """Send the next samples."""
        if not self._is_open:
            self._tell(Opening(self._sample_rate, piece.shape[0], self._samples))
            self._is_open = True
        self._tell(Piece(np.ascontiguousarray(piece.T, dtype="<f4").tobytes()))


def _kept(clip: Clip, folder: Path | None) -> dict[str, bytes] | None:
    """Write the files of the clip where they belong, or give their bytes back by name."""
    samples = np.ascontiguousarray(clip.audio, dtype="<f4")
    wav = clip.encoded("wav")  # what is asked for most
    if folder is None:
        return {SAMPLES: samples.tobytes(), form_name("wav", None): wav}
    put_in_place(folder / SAMPLES, samples.reshape(-1).data)
    put_in_place(folder / form_name("wav", None), wav)
    return None


def of_upload(clip: Clip, data: bytes) -> Clip:
    """An edited clip whose settings name the file that was uploaded, by the hash of its bytes."""
    named = {"audio": UPLOAD_NAME, "audio_sha256": hashlib.sha256(data).hexdigest()}
    first, *others = clip.edits
    return replace(clip, edits=({**first, **named}, *others))


def facts_of(clip: Clip) -> dict[str, object]:
    """What there is to say of a sound besides its settings."""
    channels, samples = clip.audio.shape
    return {
        "seed": clip.seed,
        "seconds": samples / clip.sample_rate,
        "samples": samples,
        "sample_rate": clip.sample_rate,
        "channels": channels,
        "gain_db": clip.gain_db,
    }
