"""Ctrl-C, held back for a while."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable

import pytest

from soundlet.interrupts import interrupts_held


def to_the_process(_other: threading.Thread) -> None:
    os.kill(os.getpid(), signal.SIGINT)


def to_another_thread(other: threading.Thread) -> None:
    assert other.ident is not None
    signal.pthread_kill(other.ident, signal.SIGINT)


@pytest.mark.parametrize("send", [to_the_process, to_another_thread])
def test_ctrl_c_comes_as_the_block_ends_whatever_thread_is_given_it(
    send: Callable[[threading.Thread], None],
) -> None:
    is_done = threading.Event()
    other = threading.Thread(target=is_done.wait, daemon=True)
    other.start()
    went_on = []

    def work() -> None:
        with interrupts_held():
            send(other)
            time.sleep(0.2)  # by then it has come
            went_on.append(True)

    with pytest.raises(KeyboardInterrupt):
        work()
    is_done.set()
    assert went_on == [True]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
