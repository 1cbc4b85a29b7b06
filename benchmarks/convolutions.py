"""Times one dilated convolution of 7 taps: ONNX Runtime's own, and in fewer products.

python -m benchmarks.convolutions [--into docs/performance.md]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from benchmarks.compare import machine
from benchmarks.render import existing_page, row, show
from soundlet.engines import convolution
from soundlet.engines.convolution import Convolution, Scratch
from soundlet.engines.oobleck import TILE_NUMBERS

CHANNELS, DILATION, N_TAPS = (128, 256, 512, 1024), 3, 7
OUTPUTS = (2, 4, 6)  # at a time
RUNS = 10


def direct(weight: np.ndarray, x: np.ndarray) -> Callable[[], object]:
    """ONNX Runtime's convolution of images of height 1, for which it has its fastest kernels."""
    channels = len(weight)
    shape = [1, channels, 1, None]
    graph = helper.make_graph(
        [helper.make_node("Conv", ["x", "w"], ["y"], dilations=[1, DILATION])],
        "graph",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, shape)],
        [numpy_helper.from_array(weight[:, :, None], "w")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model.SerializeToString(), options)
    image = np.ascontiguousarray(x.T)[None, :, None]
    return lambda: session.run(None, {"x": image})


def fewer(weight: np.ndarray, x: np.ndarray, n: int, outputs: int) -> Callable[[], object]:
    """The same, so many outputs at a time."""
    convolution.OUTPUTS[N_TAPS] = outputs
    found = Convolution(weight, None, Scratch(), out="out", dilation=DILATION)
    rows = np.zeros((found.n_rows(n), x.shape[1]), np.float32)
    rows[: len(x)] = x[: len(rows)]
    return lambda: found(rows, n)


def fastest(run: Callable[[], object]) -> float:
    """Seconds of processor time; whatever else runs can only add to it."""
    run()
    times = []
    for _ in range(RUNS):
        start = time.process_time()
        run()
        times.append(time.process_time() - start)
    return min(times)


def table() -> list[str]:
    """What it is measured on, and a row a width, in milliseconds."""
    random = np.random.default_rng(0)
    head = ["channels", "ONNX Runtime's convolution", *(f"{m} outputs at a time" for m in OUTPUTS)]
    lines = [
        f"{', '.join(machine().values())}; milliseconds of processor time on one core for a tile of"
        f" a dilated filter, the least of {RUNS} runs.",
        "",
        row(head),
        row(["---"] * len(head)),
    ]
    for channels in CHANNELS:
        n = TILE_NUMBERS // channels
        weight = random.standard_normal((channels, channels, N_TAPS)).astype(np.float32)
        x = random.standard_normal((n + (N_TAPS - 1) * DILATION, channels)).astype(np.float32)
        runs = [direct(weight, x), *(fewer(weight, x, n, outputs) for outputs in OUTPUTS)]
        lines.append(row([str(channels), *(f"{fastest(run) * 1e3:.2f}" for run in runs)]))
    return lines


def main() -> None:
    """Print the table, or write it into a page."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--into", type=existing_page, help="the page to write the table into")
    show({"convolutions": table()}, parser.parse_args().into)


if __name__ == "__main__":
    main()
