"""A worker without a process, for tests of those that give it jobs."""

from __future__ import annotations

import asyncio

from soundlet.errors import EngineError
from soundlet.server.messages import Cancel, Failed, FromWorker, Work


class Acting:
    """A worker that says what it is told to, and obeys `Cancel`."""

    pid = None

    def __init__(self, *said: FromWorker, starts: int = 100) -> None:
        self.said, self.starts = said, starts
        self.started = self.killed = 0
        self.given: list[Work | Cancel] = []
        self._messages: asyncio.Queue[FromWorker] = asyncio.Queue()

    async def start(self) -> None:
        if self.started == self.starts:
            raise EngineError("no memory")
        self.started += 1

    def send(self, message: Work | Cancel) -> None:
        self.given.append(message)
        said = (Failed("Cancelled", ""),) if isinstance(message, Cancel) else self.said
        self.say(*said)

    def say(self, *said: FromWorker) -> None:
        for one in said:
            self._messages.put_nowait(one)

    async def next_message(self) -> FromWorker:
        return await self._messages.get()

    def kill(self) -> None:
        self.killed += 1

    async def stop(self) -> None:
        self.started = 0


class Deaf(Acting):
    """One that does not obey `Cancel`, as while it decodes."""

    def send(self, message: Work | Cancel) -> None:
        if isinstance(message, Work):
            super().send(message)
