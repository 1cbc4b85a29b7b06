"""Servers of the tiny model, each a process of its own, as `soundlet serve` starts them."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from soundlet.client import Client
from tests.end_to_end.commands import TINY_SECONDS, command

START_SECONDS = 60.0
LONG = {"steps": 1000, "sampler": "rk4"}  # a job of the tiny model that takes seconds


@dataclass(frozen=True)
class Server:
    """A running server.

    Attributes:
        address: such as http://127.0.0.1:40000.
        client: of it.
        process: that was started.
        results: folder of its results.
    """

    address: str
    client: Client
    process: subprocess.Popen[str]
    results: Path
    log: list[str]

    @property
    def port(self) -> int:
        return int(self.address.rpartition(":")[2])

    def workers(self) -> list[int]:
        """Process numbers of its children that hold a model."""
        children = Path(f"/proc/{self.process.pid}/task").glob("*/children")
        pids = [int(pid) for file in children for pid in file.read_text().split()]
        return [pid for pid in pids if "spawn_main" in _command_line(pid)]

    def ask(self, seconds: float = TINY_SECONDS, **fields: object) -> dict[str, object]:
        """A request that the tiny model can do."""
        return {"prompt": "kick", "seconds": seconds, "seed": 1, **fields}

    def until(self, job: str, state: str, seconds: float = 30) -> None:
        """Wait until a job is in that state."""
        deadline = time.monotonic() + seconds
        while (found := self.client.job(job).state) != state:
            assert time.monotonic() < deadline, f"{found}, not {state}"
            time.sleep(0.02)


def _command_line(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return ""


@contextmanager
def serving(
    model: Path, folder: Path, *options: object, token: str | None = None
) -> Iterator[Server]:
    """`soundlet serve` on a free port, ready, and ended afterwards."""
    results = folder / "results"
    words = command(
        "serve", "--port", 0, "--model", model, "--threads", 1, "--results", results, *options
    )
    environment = {**os.environ, **({} if token is None else {"SOUNDLET_TOKEN": token})}
    process = subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment
    )
    assert process.stdout is not None
    log: list[str] = []
    first = process.stdout.readline()
    log.append(first)
    reader = threading.Thread(target=log.extend, args=(process.stdout,))
    reader.start()
    try:
        found = re.search(r"http://\S+", first)
        assert found is not None, "".join(log)
        client = Client(found[0], token=token, timeout=60)
        deadline = time.monotonic() + START_SECONDS
        while not client.is_ready():
            assert process.poll() is None, "".join(log)
            assert time.monotonic() < deadline, "".join(log)
            time.sleep(0.05)
        yield Server(found[0], client, process, results, log)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        reader.join()
        process.stdout.close()


@pytest.fixture(scope="session")
def server(tiny_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for all tests that leave it as it was."""
    with serving(tiny_bundle, tmp_path_factory.mktemp("server")) as started:
        yield started
