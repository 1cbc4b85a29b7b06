"""The four parts on OpenVINO, which reads the same graphs as ONNX Runtime."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from threading import Lock

import numpy as np
import openvino
from numpy.typing import NDArray

from soundlet.bundle import Bundle, Part
from soundlet.engines import codec
from soundlet.engines.positional import PositionalEngine
from soundlet.engines.tiling import Array
from soundlet.errors import EngineError, first_line


class OpenvinoEngine(PositionalEngine):
    """Compiles the graphs of a bundle for the CPU; each when it is first needed."""

    name = "openvino"

    def __init__(self, bundle: Bundle, *, threads: int | None = None) -> None:
        """Takes the options; loads nothing yet.

        Args:
            bundle: an opened bundle of format "onnx", no part of it in whole numbers.
            threads: cores to use. None: all.
        """
        super().__init__(bundle.config)
        self._folder = bundle.folder
        # Left alone, OpenVINO computes in bfloat16 on processors that have it.
        self._options: dict[str, str | int] = {"INFERENCE_PRECISION_HINT": "f32"}
        if threads is not None:
            self._options["INFERENCE_NUM_THREADS"] = threads
        self._compiled: dict[Part, openvino.CompiledModel] = {}
        self._lock = Lock()

    def decode_pieces(self, latents: Array) -> Iterator[Array]:
        """What `decode` gives for one clip, piece by piece; see `StreamingEngine`."""
        return codec.decode_pieces(self._config, self.decoder_output, latents)

    def _run(self, part: Part, *inputs: NDArray[np.generic]) -> list[Array]:
        graph = self._graph(part)
        shapes = [openvino.PartialShape(list(array.shape)) for array in inputs]
        fits = [i.partial_shape.compatible(s) for i, s in zip(graph.inputs, shapes, strict=True)]
        if not all(fits):  # which the library would let pass, and give nothing back
            wanted = ", ".join(str(i.partial_shape) for i in graph.inputs)
            raise EngineError(f"{part} cannot run on {_shapes(inputs)}: its inputs are {wanted}")
        request = graph.create_infer_request()  # of its own: calls may overlap
        try:
            outputs = request.infer([np.ascontiguousarray(array) for array in inputs])
        except RuntimeError as e:
            raise EngineError(f"{part} cannot run on {_shapes(inputs)}: {first_line(e)}") from e
        return [np.array(output) for output in outputs.values()]

    def _graph(self, part: Part) -> openvino.CompiledModel:
        with self._lock:
            if part not in self._compiled:
                path = self._folder / f"{part}.onnx"
                try:
                    graph = _core().compile_model(str(path), "CPU", self._options)
                except RuntimeError as e:
                    raise EngineError(f"{path} cannot be loaded: {first_line(e)}") from e
                self._compiled[part] = graph
            return self._compiled[part]


@cache
def _core() -> openvino.Core:
    """The one of this process, which is never given back.

    On Linux each gives the thread that it is made in another stack for signals, and its end puts
    the one before back in place, even if that is gone by then: two that ended in the order that
    they were made in left the process to die of its next signal, were it only Ctrl-C.
    """
    return openvino.Core()


def _shapes(arrays: Sequence[NDArray[np.generic]]) -> str:
    return ", ".join(f"{array.dtype} {list(array.shape)}" for array in arrays)
