"""The four parts as LiteRT programs of one window, run by LiteRT's Python runtime."""

from __future__ import annotations

from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter

from soundlet.bundle import Bundle, Part
from soundlet.engines.programs import Inputs, WindowedEngine
from soundlet.engines.tiling import Array
from soundlet.errors import EngineError, first_line


class LitertEngine(WindowedEngine):
    """Runs the programs of a bundle, one clip at a time; each is loaded when it is needed."""

    name = "litert"
    format = "litert"

    def __init__(self, bundle: Bundle, *, threads: int | None = None) -> None:
        """Takes the options; loads nothing yet.

        Args:
            bundle: an opened bundle of format "litert".
            threads: cores to use. None: all.
        """
        super().__init__(bundle)
        self._threads = threads
        self._runners: dict[Part, Any] = {}

    def _call(self, part: Part, inputs: Inputs) -> list[Array]:
        runner = self._runner(part)
        given = {f"args_{i}": np.ascontiguousarray(array) for i, array in enumerate(inputs)}
        with self._lock:
            outputs = runner(**given)
        return [np.array(outputs[f"output_{i}"], np.float32) for i in range(len(outputs))]

    def _runner(self, part: Part) -> Any:  # noqa: ANN401 - the library has no types
        with self._lock:
            if part not in self._runners:
                path = self._path(part)
                try:
                    interpreter = Interpreter(path, num_threads=self._threads)
                    self._runners[part] = interpreter.get_signature_runner()
                except (RuntimeError, ValueError) as e:
                    raise EngineError(f"{path} cannot be loaded: {first_line(e)}") from e
            return self._runners[part]
