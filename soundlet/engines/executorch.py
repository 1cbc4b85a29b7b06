"""The four parts as ExecuTorch programs, run by ExecuTorch's Python runtime."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from threading import Lock

import numpy as np
import torch
from numpy.typing import NDArray

from soundlet.bundle import PART_FILES, Bundle, Part
from soundlet.engines import codec
from soundlet.engines.tiling import Array
from soundlet.errors import EngineError
from soundlet.guidance import Conditioning

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it says of itself that it is experimental
    from executorch.extension.pybindings import portable_lib
    from executorch.runtime import Method, Runtime


class ExecutorchEngine:
    """Runs the programs of a bundle, one clip at a time; each is loaded when it is needed."""

    name = "executorch"

    def __init__(self, bundle: Bundle, *, threads: int | None = None) -> None:
        """Takes the options; loads nothing yet.

        Args:
            bundle: an opened bundle of format "executorch".
            threads: cores to use, by all programs of this process. None: all.
        """
        self._folder, self._config = bundle.folder, bundle.config
        if threads is not None:
            portable_lib._unsafe_reset_threadpool(threads)
        self._methods: dict[Part, Method] = {}
        self._lock = Lock()  # a method has one set of buffers

    def condition(
        self, prompt_tokens: NDArray[np.int64], prompt_mask: NDArray[np.int64], seconds: Array
    ) -> Conditioning:
        """What the dit is told; see `Engine`."""
        cross_attn_cond, _, global_cond = self._run(
            "conditioners", prompt_tokens, prompt_mask, seconds
        )
        return Conditioning(cross_attn_cond, global_cond)

    def velocity(self, x: Array, t: Array, conditioning: Conditioning) -> Array:
        """One evaluation of the dit; see `Engine`."""
        return self._run("dit", x, t, conditioning.cross_attn_cond, conditioning.global_cond)[0]

    def decode(self, latents: Array) -> Array:
        """Latents to audio; see `Engine`."""
        return codec.decode(self._config, lambda x: self._run("decoder", x)[0], latents)

    def encode(self, audio: Array) -> Array:
        """Audio to the mean and scale of its latents; see `Engine`."""
        return codec.encode(self._config, lambda x: self._run("encoder", x)[0], audio)

    def _run(self, part: Part, *inputs: NDArray[np.generic]) -> list[Array]:
        """Outputs of `part` for a batch, each with the axis of the batch first."""
        rows = [
            self._run_one(part, [array[i : i + 1] for array in inputs])
            for i in range(len(inputs[0]))
        ]
        return [np.stack(outputs) for outputs in zip(*rows, strict=True)]

    def _run_one(self, part: Part, inputs: Sequence[NDArray[np.generic]]) -> list[Array]:
        """Outputs for one item, without the axis of the batch."""
        method = self._method(part)
        tensors = [torch.from_numpy(np.array(array, order="C")) for array in inputs]
        try:
            with self._lock:
                outputs = method.execute(tensors)
        except RuntimeError as e:
            shapes = ", ".join(f"{array.dtype} {list(array.shape)}" for array in inputs)
            raise EngineError(f"{part} cannot run on {shapes}: {_first_line(e)}") from e
        given = [output.numpy() for output in outputs]
        drops_batch = part == "decoder" and given[0].ndim == 2  # as Arm's runner takes its audio
        return [output if drops_batch else output[0] for output in given]

    def _method(self, part: Part) -> Method:
        with self._lock:
            if part not in self._methods:
                path = self._folder / PART_FILES["executorch"][part]
                try:
                    program = Runtime.get().load_program(path)
                    method = program.load_method("forward")
                except RuntimeError as e:
                    raise EngineError(f"{path} cannot be loaded: {_first_line(e)}") from e
                if method is None:
                    raise EngineError(f"{path} cannot be loaded: it has no method forward")
                self._methods[part] = method
            return self._methods[part]


def _first_line(error: Exception) -> str:
    return str(error).split("\n")[0]
