"""One worker process as the server sees it: started, given a job, told to end, and mourned."""

from __future__ import annotations

import asyncio
import multiprocessing
import signal
import threading
from contextlib import suppress
from multiprocessing.connection import Connection

from soundlet.errors import EngineError
from soundlet.interrupts import interrupts_held
from soundlet.server.messages import Cancel, Died, Failed, FromWorker, Ready, Stop, Work
from soundlet.server.worker import WorkerSettings, run_worker

START_SECONDS = 120.0
END_SECONDS = 5.0


class WorkerProcess:
    """A process with a loaded model.

    Attributes:
        pid: of the process, once it has been started.
    """

    def __init__(self, settings: WorkerSettings) -> None:
        self._settings = settings
        self._process: multiprocessing.process.BaseProcess | None = None
        self._connection: Connection | None = None
        self._messages: asyncio.Queue[FromWorker] = asyncio.Queue()

    @property
    def pid(self) -> int | None:
        """Of the process; None before it is started."""
        return None if self._process is None else self._process.pid

    async def start(self) -> None:
        """Start the process and wait until its model is loaded.

        Raises:
            EngineError: it cannot load its model, or takes too long.
            OSError, RuntimeError: the system has no process or no thread for it at present.
        """
        await self.stop()
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(
            target=run_worker, args=(theirs, self._settings), daemon=True, name="soundlet-worker"
        )
        await asyncio.to_thread(_start, process)
        theirs.close()
        self._process, self._connection = process, ours
        self._messages = asyncio.Queue()
        loop = asyncio.get_running_loop()
        threading.Thread(
            target=_read, args=(ours, process, loop, self._messages), daemon=True
        ).start()
        try:
            message = await asyncio.wait_for(self.next_message(), START_SECONDS)
        except asyncio.TimeoutError as e:
            await self.stop()
            raise EngineError(f"a worker was not ready within {START_SECONDS:.0f} s") from e
        if not isinstance(message, Ready):
            detail = message.detail if isinstance(message, Failed) else "it ended at once"
            await self.stop()
            raise EngineError(f"a worker cannot start: {detail}")

    def send(self, message: Work | Cancel) -> None:
        """Hand a message over; if the process is gone, `next_message` says so."""
        assert self._connection is not None
        with suppress(OSError, ValueError):
            self._connection.send(message)

    async def next_message(self) -> FromWorker:
        """What it says next; after `Died` nothing more comes."""
        return await self._messages.get()

    def kill(self) -> None:
        """End the process at once."""
        if self._process is not None:
            self._process.kill()

    async def stop(self) -> None:
        """End the process: by asking, and if that does not do, by force."""
        process, connection = self._process, self._connection
        self._process = self._connection = None
        if process is None or connection is None:
            return
        with suppress(OSError, ValueError):
            connection.send(Stop())
        await asyncio.to_thread(process.join, END_SECONDS)
        if process.is_alive():
            process.kill()
            await asyncio.to_thread(process.join)
        process.close()


def _read(
    connection: Connection,
    process: multiprocessing.process.BaseProcess,
    loop: asyncio.AbstractEventLoop,
    messages: asyncio.Queue[FromWorker],
) -> None:
    """Carry messages from the pipe to the event loop until the process is gone."""

    def pass_on(message: FromWorker) -> None:
        with suppress(RuntimeError):  # the loop has closed: nobody waits any more
            loop.call_soon_threadsafe(messages.put_nowait, message)

    with suppress(EOFError, OSError):
        while True:
            pass_on(connection.recv())
    pass_on(Died(_cause(process)))
    connection.close()


def _start(process: multiprocessing.process.BaseProcess) -> None:
    with interrupts_held():
        process.start()


def _cause(process: multiprocessing.process.BaseProcess) -> str:
    """Why a process ended, in words."""
    with suppress(ValueError, AssertionError):  # closed by `stop` meanwhile
        process.join(END_SECONDS)
        code = process.exitcode
        if code is not None and code < 0:
            name = signal.Signals(-code).name
            hint = ", perhaps since memory was short" if name == "SIGKILL" else ""
            return f"ended by {name}{hint}"
        if code is not None:
            return f"ended with exit code {code}"
    return "closed its pipe"
