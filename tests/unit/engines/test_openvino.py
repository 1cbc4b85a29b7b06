"""What the library leaves of its process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

TWO_MODELS_THEN_A_SIGNAL = """
import ctypes, gc, os, signal, sys
import soundlet

class Stack(ctypes.Structure):
    _fields_ = [("place", ctypes.c_void_p), ("flags", ctypes.c_int), ("size", ctypes.c_size_t)]

def stack_for_signals():
    stack = Stack()
    ctypes.CDLL(None).sigaltstack(None, ctypes.byref(stack))
    return stack.place

request = soundlet.GenerationRequest(prompt="kick", seconds=0.02, steps=1, seed=1)
models, stacks = [], set()
for _ in range(2):
    models.append(soundlet.load(sys.argv[1], engine="openvino", threads=1))
    models[-1].generate(request)
    stacks.add(stack_for_signals())
while models:
    models.pop(0)
    gc.collect()
    stacks.add(stack_for_signals())
print(len(stacks))
signal.signal(signal.SIGINT, lambda *_: print("heard"))
os.kill(os.getpid(), signal.SIGINT)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="signals have a stack of their own on Linux")
def test_signals_keep_their_stack_once_the_models_are_gone(tiny_bundle: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-X", "faulthandler", "-c", TWO_MODELS_THEN_A_SIGNAL, str(tiny_bundle)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "1\nheard\n"), done.stderr
