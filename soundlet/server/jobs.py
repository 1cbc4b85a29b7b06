"""A job: what was asked, how far it is, and what came of it; and those who want to be told."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias, get_args

from soundlet.server.messages import Opening, Piece
from soundlet.server.problems import Problem

State: TypeAlias = Literal["queued", "running", "decoding", "done", "failed", "cancelled"]
STATES: tuple[State, ...] = get_args(State)
FINAL: frozenset[State] = frozenset({"done", "failed", "cancelled"})

ID_BYTES = 16


def new_id() -> str:
    """A name that cannot be guessed: 32 hexadecimal digits."""
    return secrets.token_hex(ID_BYTES)


@dataclass(frozen=True)
class Event:
    """Something that happened to a job.

    Attributes:
        kind: "step", or a state that the job has come into.
        data: what there is to say, as values that JSON has.
    """

    kind: str
    data: Mapping[str, Any]


@dataclass(eq=False)
class Job:
    """One job. The event loop's thread alone may touch it.

    Attributes:
        model: name of the model.
        operation: a name in `operations.OPERATIONS`.
        request: its fields, defaults filled in.
        client: address of who asked.
        is_streamed: its sound is sent in pieces.
        is_heard: somebody may still take them.
        position: jobs ahead of it in the queue.
        created, started, ended: seconds since 1970; None where that has not happened.
        sound: see `schema.Sound`; None until it is done.
        settings: what made the sound, as in its file's tags.
        problem: why it failed.
    """

    model: str
    operation: str
    request: Mapping[str, Any]
    client: str
    is_streamed: bool = False
    is_heard: bool = True
    id: str = field(default_factory=new_id)
    state: State = "queued"
    position: int = 0
    step: int = 0
    steps: int | None = None
    created: float = field(default_factory=time.time)
    started: float | None = None
    ended: float | None = None
    sound: Mapping[str, Any] | None = None
    settings: Mapping[str, Any] | None = None
    problem: Problem | None = None
    events: list[Event] = field(default_factory=list)
    pieces: asyncio.Queue[Opening | Piece | None] = field(default_factory=asyncio.Queue)
    """What is streamed; None is its end, good or bad."""
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def is_over(self) -> bool:
        """Whether nothing more will happen."""
        return self.state in FINAL

    def as_record(self) -> dict[str, Any]:
        """All that is to be known of it, as `schema.JobView` has it, and the file's settings."""
        return {
            "id": self.id,
            "operation": self.operation,
            "model": self.model,
            "state": self.state,
            "position": self.position if self.state == "queued" else None,
            "step": self.step,
            "steps": self.steps,
            "created": self.created,
            "started": self.started,
            "ended": self.ended,
            "request": dict(self.request),
            "sound": None if self.sound is None else dict(self.sound),
            "settings": None if self.settings is None else dict(self.settings),
            "problem": None if self.problem is None else self.problem.as_json(),
        }

    def tell(self, kind: str, **data: object) -> None:
        """Something has happened."""
        self.events.append(Event(kind, data))
        self._news.set()
        self._news = asyncio.Event()

    def move_up(self, position: int) -> None:
        """Tell a queued job how many are ahead of it, where that has changed."""
        if position != self.position or not self.events:
            self.position = position
            self.tell("queued", position=position)

    def run(self) -> None:
        """A worker has taken it."""
        self.state, self.started, self.position = "running", time.time(), 0
        self.tell("running")

    def advance(self, done: int, total: int) -> None:
        """A step is done; decoding follows the last."""
        self.step, self.steps = done, total
        self.tell("step", step=done, steps=total)
        if done == total:
            self.state = "decoding"
            self.tell("decoding")

    def stream(self, message: Opening | Piece) -> None:
        """The next of its sound has come; it is dropped if nobody takes it."""
        if self.is_heard:
            self.pieces.put_nowait(message)

    def leave(self) -> None:
        """Nobody takes what is streamed any more: drop it, and what comes yet."""
        self.is_heard = False
        while not self.pieces.empty():
            self.pieces.get_nowait()

    def succeed(self, sound: Mapping[str, Any], settings: Mapping[str, Any]) -> None:
        """The sound is made."""
        self.sound, self.settings = sound, settings
        self._end("done", **sound)

    def fail(self, problem: Problem) -> None:
        """It came to nothing."""
        self.problem = problem
        self._end("failed", **problem.as_json())

    def cancel(self) -> None:
        """It was called off."""
        self._end("cancelled", step=self.step, steps=self.steps)

    def _end(self, state: State, **data: object) -> None:
        self.state, self.ended, self.position = state, time.time(), 0
        self.pieces.put_nowait(None)
        self.tell(state, **data)

    async def over(self) -> None:
        """Wait until nothing more will happen."""
        while not self.is_over:
            await self._news.wait()

    async def follow(self, first: int = 0) -> AsyncIterator[tuple[int, Event]]:
        """Every event from number `first` on, as it happens, with its number."""
        number = first
        while True:
            while number < len(self.events):
                yield number, self.events[number]
                number += 1
            if self.is_over:
                return
            await self._news.wait()
