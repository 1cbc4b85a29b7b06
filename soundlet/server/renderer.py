"""A worker that is called rather than told: what a replica on another machine is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

from soundlet.errors import EngineError
from soundlet.server.messages import Cancel, Died, Done, Failed, FromWorker, Work
from soundlet.server.scheduler import CANCEL_SECONDS, Worker

LAST = (Done, Failed, Died)
"""Messages after which nothing more comes of a job."""


class Renderer:
    """One worker; calls take turns, and a worker that died is started again by the next call."""

    def __init__(self, worker: Worker) -> None:
        """Take a worker that has not been started."""
        self._worker = worker
        self._turn = asyncio.Lock()
        self._is_started = False
        self._clearing: set[asyncio.Task[None]] = set()

    async def ready(self) -> None:
        """Return when the model is loaded.

        Raises:
            EngineError: it cannot be.
        """
        async with self._turn:
            await self._start()

    async def render(self, work: Work) -> AsyncIterator[FromWorker]:
        """Do one job.

        A caller that stops listening calls the job off: it ends at its next step, and the next call
        waits until it has.

        Yields:
            What the worker says of it, to the last: `Done`, `Failed` or `Died`.
        """
        await self._turn.acquire()
        is_given = is_over = False
        try:
            await self._start()
            self._worker.send(work)
            is_given = True
            while not is_over:
                message = await self._worker.next_message()
                is_over = isinstance(message, LAST)
                self._is_started = not isinstance(message, Died)
                yield message
        except EngineError as e:
            yield Died(f"could not be started: {e}")
        finally:
            if is_given and not is_over:
                clearing = asyncio.create_task(self._clear(work.job))
                self._clearing.add(clearing)
                clearing.add_done_callback(self._clearing.discard)
            else:
                self._turn.release()

    async def stop(self) -> None:
        """End the worker."""
        self._is_started = False
        await self._worker.stop()

    async def _start(self) -> None:
        if not self._is_started:
            await self._worker.start()
            self._is_started = True

    async def _clear(self, job: str) -> None:
        """Bring a job that nobody waits for to its end, and let the next call have its turn."""
        try:
            self._worker.send(Cancel(job))
            with suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._end(), CANCEL_SECONDS)
                return
            self._worker.kill()
            self._is_started = False
        finally:
            self._turn.release()

    async def _end(self) -> None:
        while not isinstance(message := await self._worker.next_message(), LAST):
            pass
        self._is_started = not isinstance(message, Died)
