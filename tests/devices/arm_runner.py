"""What Arm's audiogen runner does, call for call: all it knows of a program is its metadata.

It looks up the number of inputs, and each one's type and size, in the file; fills them by position
with bytes; and reads the outputs by position. Its noise comes from a generator of its own, seeded
anew at each step; its schedule is summed up, not divided; it conditions on ten seconds whatever
the length. Steps, order and sizes: shared knowledge of its published source, Apache-2.0.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import torch
from executorch.runtime import Method, Runtime
from numpy.typing import NDArray
from sentencepiece import SentencePieceProcessor

Array = NDArray[np.float32]

TYPES = {torch.float32: np.dtype(np.float32), torch.int64: np.dtype(np.int64)}
DTYPES = {6: torch.float32, 4: torch.int64}  # of ExecuTorch's ScalarType
STEPS, SECONDS = 8, 10.0


class ByPosition:
    """A program whose inputs are buffers of the sizes that its file states."""

    def __init__(self, path: Path) -> None:
        method = Runtime.get().load_program(path).load_method("forward")
        assert method is not None
        self.method: Method = method
        meta = method.metadata
        self.inputs = [
            torch.zeros(
                tuple(meta.input_tensor_meta(i).sizes()),
                dtype=DTYPES[int(meta.input_tensor_meta(i).dtype())],
            )
            for i in range(meta.num_inputs())
        ]

    def fill(self, i: int, values: NDArray[np.generic]) -> None:
        flat = torch.from_numpy(np.ascontiguousarray(values)).reshape(-1)
        assert flat.dtype == self.inputs[i].dtype
        assert flat.numel() <= self.inputs[i].numel()  # the original copies without this check
        self.inputs[i].view(-1)[: flat.numel()] = flat

    def run(self) -> list[Array]:
        return [output.numpy().astype(np.float32) for output in self.method.execute(self.inputs)]


def generate(folder: Path, prompt: str, seed: int) -> tuple[Array, list[tuple[int, ...]]]:
    """The samples, left channel before right, and the shape of each output on the way."""
    conditioners = ByPosition(folder / "conditioners_model.pte")
    dit = ByPosition(folder / "dit_model.pte")
    autoencoder = ByPosition(folder / "autoencoder_model.pte")
    assert [len(p.inputs) for p in (conditioners, dit, autoencoder)] == [3, 4, 1]

    pieces = SentencePieceProcessor(model_file=str(folder / "spiece.model"))
    ids = np.array([*pieces.encode(prompt), 1], np.int64)
    conditioners.fill(0, ids)
    conditioners.fill(1, np.ones_like(ids))
    conditioners.fill(2, np.array([SECONDS], np.float32))
    cross_attn_cond, cross_attn_mask, global_cond = conditioners.run()

    size = dit.inputs[0].numel()
    x = np.random.default_rng(seed).standard_normal(size).astype(np.float32)
    times = [1 / (1 + math.exp(-6 + 8 * i / STEPS)) for i in range(STEPS + 1)]
    times[0], times[-1] = 1.0, 0.0
    dit.fill(2, cross_attn_cond)
    dit.fill(3, global_cond)
    shapes = [cross_attn_cond.shape, cross_attn_mask.shape, global_cond.shape]
    for i in range(STEPS):
        dit.fill(0, x)
        dit.fill(1, np.array([times[i]], np.float32))
        (velocity,) = dit.run()
        fresh = np.random.default_rng(seed + i + 4564).standard_normal(size).astype(np.float32)
        denoised = x - np.float32(times[i]) * velocity.reshape(-1)
        x = np.float32(1 - times[i + 1]) * denoised + np.float32(times[i + 1]) * fresh
    autoencoder.fill(0, x)
    (audio,) = autoencoder.run()
    return audio, [*shapes, velocity.shape, audio.shape]
