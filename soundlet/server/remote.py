"""Workers on other machines, as the scheduler sees them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from typing import Protocol

from soundlet.errors import EngineError
from soundlet.server.messages import Cancel, Died, Failed, FromWorker, Work
from soundlet.server.renderer import LAST

START_SECONDS = 300.0  # for a replica to be placed on a machine, and its model to be loaded


class Call(Protocol):
    """A job under way on some replica: its messages, and the way to call it off."""

    def __aiter__(self) -> AsyncIterator[FromWorker]:
        """What the replica says."""

    def cancel(self) -> None:
        """Stop listening, which calls the job off."""


class RemoteWorker:
    """One job's worth of room on a set of replicas; whichever of them is free takes the job.

    A lost replica costs the job that it had.
    """

    pid = None
    """It has no process on this machine."""

    def __init__(
        self, ready: Callable[[], Awaitable[None]], render: Callable[[Work], Call]
    ) -> None:
        """Take the ways to reach the replicas.

        Args:
            ready: returns when one of them would take a job.
            render: hands a job to one of them.
        """
        self._ready, self._render = ready, render
        self._messages: asyncio.Queue[FromWorker] = asyncio.Queue()
        self._call: Call | None = None
        self._listening: asyncio.Task[None] | None = None
        self._is_called_off = False

    async def start(self) -> None:
        """Wait until a replica is ready.

        Raises:
            EngineError: none is in time, or it cannot load its model.
        """
        try:
            await asyncio.wait_for(self._ready(), START_SECONDS)
        except asyncio.TimeoutError as e:
            raise EngineError(f"no replica was ready within {START_SECONDS:.0f} s") from e
        except Exception as e:  # whatever the cluster raises, there is no replica
            raise EngineError(f"no replica is ready: {_first_line(e)}") from e
        self._messages = asyncio.Queue()

    def send(self, message: Work | Cancel) -> None:
        """Hand over a job, or call it off."""
        if isinstance(message, Cancel):
            self.kill()
            return
        self._is_called_off = False
        self._call = self._render(replace(message, folder=None))  # the disk is another one
        self._listening = asyncio.create_task(self._listen(self._call))

    async def next_message(self) -> FromWorker:
        """What it says next."""
        return await self._messages.get()

    def kill(self) -> None:
        """Call the job off; the replica ends it, by force if it must."""
        if self._call is not None and not self._is_called_off:
            self._is_called_off = True
            self._call.cancel()

    async def stop(self) -> None:
        """Call off what is under way. The replicas are the cluster's to end."""
        self.kill()
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.gather(self._listening, return_exceptions=True)

    async def _listen(self, call: Call) -> None:
        last: FromWorker = Died("ended in the middle")
        try:
            async for message in call:
                if isinstance(message, LAST):
                    last = message
                    break
                self._messages.put_nowait(message)
        except asyncio.CancelledError:
            if not self._is_called_off:
                raise
        except Exception as e:  # noqa: BLE001  # whatever the cluster raises, it is lost
            last = Died(f"was lost ({_first_line(e)})")
        self._call = None
        if self._is_called_off and isinstance(last, Died):
            last = Failed("Cancelled", "")
        self._messages.put_nowait(last)


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), "") or type(error).__name__
