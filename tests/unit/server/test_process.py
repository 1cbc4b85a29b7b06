"""What a worker's process is born with."""

from __future__ import annotations

import asyncio
import signal
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from soundlet.errors import EngineError
from soundlet.server.app import local_workers
from soundlet.server.messages import Failed
from soundlet.server.models import open_models
from soundlet.server.process import WorkerProcess
from soundlet.server.settings import Settings
from soundlet.server.worker import WorkerSettings


def says_whether_interrupts_are_held(connection: Connection, _settings: WorkerSettings) -> None:
    held = signal.pthread_sigmask(signal.SIG_BLOCK, set())
    connection.send(Failed("EngineError", f"held: {signal.SIGINT in held}"))


def says_its_engine(connection: Connection, settings: WorkerSettings) -> None:
    connection.send(Failed("EngineError", f"engine: {settings.engine}"))


def test_a_worker_takes_the_engine_of_its_model_unless_one_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("soundlet.server.process.run_worker", says_its_engine)
    default, named = Settings(results=tmp_path), Settings(results=tmp_path, engine="torch")
    for settings, engine in ((default, None), (named, "torch")):
        ((worker,),) = local_workers(settings, open_models((None,))).values()
        with pytest.raises(EngineError, match=f"a worker cannot start: engine: {engine}"):
            asyncio.run(worker.start())


def test_ctrl_c_does_not_reach_a_worker_that_is_not_ready_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("soundlet.server.process.run_worker", says_whether_interrupts_are_held)
    worker = WorkerProcess(WorkerSettings(None, "onnx", 1))
    with pytest.raises(EngineError, match="a worker cannot start: held: True"):
        asyncio.run(worker.start())
