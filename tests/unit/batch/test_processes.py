"""Workers and batches that end in the middle of a message."""

from __future__ import annotations

import multiprocessing
import os
import signal
import struct
from multiprocessing.connection import Connection

import pytest

from soundlet.batch import Line
from soundlet.batch.making import Maker
from soundlet.batch.processes import in_processes, work
from soundlet.finish import Finish

BEGUN = struct.pack("!i", 1000) + b"what comes of a li"  # of a message of 1000 bytes


def killed_while_sending(connection: Connection, _maker: Maker) -> None:
    """A worker that never gets a whole result out."""
    connection.recv()
    os.write(connection.fileno(), BEGUN)
    os.kill(os.getpid(), signal.SIGKILL)


def says_whether_interrupts_are_held(connection: Connection, _maker: Maker) -> None:
    """A worker that tells what it was born with."""
    line = connection.recv()
    held = signal.pthread_sigmask(signal.SIG_BLOCK, set())
    connection.send((line, b"", 0.0, str(signal.SIGINT in held)))
    connection.recv()


def test_ctrl_c_does_not_reach_a_worker_that_is_not_ready_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("soundlet.batch.processes.work", says_whether_interrupts_are_held)
    line = Line(1, {"prompt": "kick", "seed": 1}, None, Finish(), "kick_1.wav", "")
    assert list(in_processes([line], Maker(), 1)) == [(line, b"", 0.0, "True")]
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, set())


def test_a_worker_that_is_killed_while_it_sends_is_replaced(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("soundlet.batch.processes.work", killed_while_sending)
    line = Line(1, {"prompt": "kick", "seed": 1}, None, Finish(), "kick_1.wav", "")
    (result,) = in_processes([line], Maker(), 1)
    assert result == (line, b"", 0.0, "its worker ended 3 times (code -9)")


def test_a_worker_ends_when_its_batch_is_killed_while_it_sends(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("soundlet.pipeline.load", lambda *_, **__: None)
    monkeypatch.setattr("signal.signal", lambda *_: None)
    batch, worker = multiprocessing.Pipe()
    with batch, worker:
        os.write(batch.fileno(), BEGUN)
        batch.close()
        work(worker, Maker())
