"""What a worker's process is born with."""

from __future__ import annotations

import asyncio
import signal
from multiprocessing.connection import Connection

import pytest

from soundlet.errors import EngineError
from soundlet.server.messages import Failed
from soundlet.server.process import WorkerProcess
from soundlet.server.worker import WorkerSettings


def says_whether_interrupts_are_held(connection: Connection, _settings: WorkerSettings) -> None:
    held = signal.pthread_sigmask(signal.SIG_BLOCK, set())
    connection.send(Failed("EngineError", f"held: {signal.SIGINT in held}"))


def test_ctrl_c_does_not_reach_a_worker_that_is_not_ready_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("soundlet.server.process.run_worker", says_whether_interrupts_are_held)
    worker = WorkerProcess(WorkerSettings(None, "onnx", 1))
    with pytest.raises(EngineError, match="a worker cannot start: held: True"):
        asyncio.run(worker.start())
