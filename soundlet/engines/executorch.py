"""The four parts as ExecuTorch programs, run by ExecuTorch's Python runtime."""

from __future__ import annotations

import logging
import warnings

import numpy as np
import torch

from soundlet.bundle import Bundle, Part
from soundlet.engines.programs import Inputs, ProgramEngine
from soundlet.engines.tiling import Array
from soundlet.errors import EngineError, first_line

_disabled = logging.root.manager.disable
logging.disable(logging.WARNING)  # what it imports tells of libraries for GPUs that are not there
try:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it says of itself that it is experimental
        from executorch.extension.pybindings import portable_lib
        from executorch.runtime import Method, Runtime
finally:
    logging.disable(_disabled)


class ExecutorchEngine(ProgramEngine):
    """Runs the programs of a bundle, one clip at a time; each is loaded when it is needed."""

    name = "executorch"
    format = "executorch"

    def __init__(self, bundle: Bundle, *, threads: int | None = None) -> None:
        """Takes the options; loads nothing yet.

        Args:
            bundle: an opened bundle of format "executorch".
            threads: cores to use, by all programs of this process. None: all.
        """
        super().__init__(bundle)
        if threads is not None:
            portable_lib._unsafe_reset_threadpool(threads)
        self._methods: dict[Part, Method] = {}

    def _call(self, part: Part, inputs: Inputs) -> list[Array]:
        method = self._method(part)
        tensors = [torch.from_numpy(np.array(array, order="C")) for array in inputs]
        with self._lock:
            outputs = method.execute(tensors)
        return [output.numpy() for output in outputs]

    def _method(self, part: Part) -> Method:
        with self._lock:
            if part not in self._methods:
                path = self._path(part)
                try:
                    program = Runtime.get().load_program(path)
                    method = program.load_method("forward")
                except RuntimeError as e:
                    raise EngineError(f"{path} cannot be loaded: {first_line(e)}") from e
                if method is None:
                    raise EngineError(f"{path} cannot be loaded: it has no method forward")
                self._methods[part] = method
            return self._methods[part]
