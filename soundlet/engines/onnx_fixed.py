"""The four parts as ONNX graphs of one window, run by ONNX Runtime."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnxruntime

from soundlet.bundle import Bundle, Part
from soundlet.engines.onnx import ONNX_ERRORS, checked_providers, open_session, session_options
from soundlet.engines.programs import Inputs, WindowedEngine
from soundlet.engines.tiling import Array
from soundlet.errors import first_line


class FixedOnnxEngine(WindowedEngine):
    """Runs the graphs of a bundle, one clip at a time; each is loaded when it is needed."""

    name = "onnx"
    format = "onnx-fixed"

    def __init__(
        self,
        bundle: Bundle,
        *,
        threads: int | None = None,
        providers: Sequence[str] | None = None,
    ) -> None:
        """Takes the options; loads nothing yet.

        Args:
            bundle: an opened bundle of format "onnx-fixed".
            threads: cores to use. None: all.
            providers: of ONNX Runtime, the preferred first. None: the CPU.

        Raises:
            EngineError: a provider that this build of ONNX Runtime does not have.
        """
        super().__init__(bundle)
        self._providers = checked_providers(providers)
        self._options = session_options(threads)
        self._sessions: dict[Part, onnxruntime.InferenceSession] = {}

    def _call(self, part: Part, inputs: Inputs) -> list[Array]:
        session = self._session(part)
        names = [given.name for given in session.get_inputs()]
        arrays = [np.ascontiguousarray(array) for array in inputs]
        try:
            outputs: list[Array] = session.run(None, dict(zip(names, arrays, strict=True)))
        except ONNX_ERRORS as e:  # of which not all are the RuntimeError that the base expects
            raise RuntimeError(first_line(e)) from e
        return outputs

    def _session(self, part: Part) -> onnxruntime.InferenceSession:
        with self._lock:
            if part not in self._sessions:
                path = Path(self._path(part))
                self._sessions[part] = open_session(path, self._options, self._providers)
            return self._sessions[part]
