"""Workers of a batch on this machine: processes that each hold a model."""

from __future__ import annotations

import multiprocessing
import signal
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

from soundlet.batch.lines import Line
from soundlet.batch.making import Maker, make
from soundlet.errors import SoundletError
from soundlet.interrupts import interrupts_held

MAX_ATTEMPTS = 3  # of a line whose worker died: then it is the line that kills

Result = tuple[Line, bytes, float, str]
"""The line, the bytes of its file, the seconds that it took; or no bytes, and an error."""


def work(connection: Connection, maker: Maker) -> None:
    """What a worker does: make line after line until the pipe closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the batch decides when its workers end
    from soundlet.pipeline import load

    model = load(maker.model, engine=maker.engine, threads=maker.threads)
    try:
        while (line := connection.recv()) is not None:
            try:
                data, elapsed = make(model, line, maker.bits)
                connection.send((line, data, elapsed, ""))
            except SoundletError as e:
                connection.send((line, b"", 0.0, str(e)))
    except (EOFError, OSError):
        return  # the batch was killed


@dataclass
class Worker:
    """A process, the pipe to it, and the line that it makes."""

    process: BaseProcess
    pipe: Connection
    line: Line | None = None


def in_processes(lines: Sequence[Line], maker: Maker, workers: int) -> Iterator[Result]:
    """Make lines in several processes; results come as they are ready.

    A worker that dies is replaced, and its line made again; a line that takes three workers with
    it is given up.
    """
    context = multiprocessing.get_context("spawn")
    waiting, attempts = deque(lines), dict.fromkeys((line.file for line in lines), 0)
    pool: list[Worker] = []

    def start() -> None:
        ours, theirs = context.Pipe()
        process = context.Process(target=work, args=(theirs, maker), daemon=True)
        with interrupts_held():
            process.start()
        theirs.close()
        pool.append(Worker(process, ours))

    def give(worker: Worker) -> None:
        worker.line = waiting.popleft() if waiting else None
        if worker.line is not None:
            attempts[worker.line.file] += 1
        try:
            worker.pipe.send(worker.line)
        except OSError:
            return  # it died, and `wait` tells so

    try:
        for _ in range(min(workers, len(waiting))):
            start()
            give(pool[-1])
        while any(worker.line is not None for worker in pool):
            busy = {worker.pipe: worker for worker in pool if worker.line is not None}
            for pipe in wait(list(busy)):
                assert isinstance(pipe, Connection)
                worker = busy[pipe]
                try:
                    result: Result = pipe.recv()
                except (EOFError, OSError):
                    lost = worker.line
                    assert lost is not None
                    worker.process.join()
                    pool.remove(worker)
                    if attempts[lost.file] >= MAX_ATTEMPTS:
                        code = worker.process.exitcode
                        yield lost, b"", 0.0, f"its worker ended {MAX_ATTEMPTS} times (code {code})"
                    else:
                        waiting.appendleft(lost)
                    if waiting:
                        start()
                        give(pool[-1])
                    continue
                give(worker)
                yield result
    finally:
        for worker in pool:
            worker.pipe.close()
            worker.process.terminate()
            worker.process.join()
