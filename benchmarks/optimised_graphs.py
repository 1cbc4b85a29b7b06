"""Whether it would pay to keep ONNX Runtime's optimised graphs: loading with and without them.

    python -m benchmarks.optimised_graphs [BUNDLE ...] [--into docs/performance.md]

Each load is a process of its own, with the files in the system's cache, and is timed in processor
time on one core. What an optimised graph cannot save is what happens after it is read: ONNX Runtime
brings the weights into the layout of its kernels either way.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import onnxruntime

from benchmarks.compare import machine
from benchmarks.render import existing_page, row, show
from soundlet.bundle import Part, open_bundle
from soundlet.config import OobleckDecoderConfig
from soundlet.engines.onnx import session_options

RUNS, COLD_RUNS = 5, 3
CLIP_SECONDS = 6.0
WEIGHTS_FILE = "optimised.weights"


def seconds_to_load(graph: Path, *, optimise: bool) -> float:
    """Processor time until a session of `graph` is there, in this process."""
    options = session_options(1)
    if not optimise:
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    start = time.process_time()
    onnxruntime.InferenceSession(str(graph), options, providers=["CPUExecutionProvider"])
    return time.process_time() - start


def optimised(graph: Path, room: Path) -> Path:
    """`graph` as ONNX Runtime leaves it, its weights in a file beside it."""
    options = session_options(1)
    options.optimized_model_filepath = str(room / graph.name)
    key = "session.optimized_model_external_initializers_"
    options.add_session_config_entry(f"{key}file_name", WEIGHTS_FILE)
    options.add_session_config_entry(f"{key}min_size_in_bytes", "1024")
    onnxruntime.InferenceSession(str(graph), options, providers=["CPUExecutionProvider"])
    return room / graph.name


def in_processes(graph: Path, *, optimise: bool) -> float:
    """The median of loads, each in a process of its own."""
    code = (
        "import sys; from pathlib import Path; from benchmarks.optimised_graphs import *;"
        f"print(seconds_to_load(Path(sys.argv[1]), optimise={optimise}))"
    )
    times = []
    for _ in range(RUNS + 1):
        command = [sys.executable, "-c", code, str(graph)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        times.append(float(done.stdout))
    return median(times[1:])


def cold_seconds(folder: Path) -> float:
    """Processor time of `soundlet generate` for one clip."""
    asked = ["kick drum", "--model", str(folder), "--seconds", str(CLIP_SECONDS), "--seed", "1"]
    times = []
    with TemporaryDirectory() as room:
        clip = str(Path(room) / "clip.wav")
        command = [sys.executable, "-m", "soundlet", "generate", *asked, "--threads", "1"]
        for _ in range(COLD_RUNS):
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            subprocess.run(
                [*command, "--out", clip, "--force", "--quiet"], check=True, capture_output=True
            )
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            times.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return median(times)


def lines_of(folder: Path) -> list[str]:
    """A row a graph that the engine loads, and one of all."""
    bundle = open_bundle(folder)
    parts: list[Part] = ["conditioners", "dit"]
    if not isinstance(bundle.config.autoencoder.decoder.config, OobleckDecoderConfig):
        parts.append("decoder")  # a convolutional one is built without its graph
    name = bundle.manifest.name
    rows, sums = [], [0.0, 0.0]
    for part in parts:
        with TemporaryDirectory() as room:
            graph = bundle.folder / f"{part}.onnx"
            times = (
                in_processes(graph, optimise=True),
                in_processes(optimised(graph, Path(room)), optimise=False),
            )
        rows.append(row([name, part, *(f"{t:.2f}" for t in times), "", ""]))
        sums = [a + b for a, b in zip(sums, times, strict=True)]
    whole = cold_seconds(folder)
    share = f"{(sums[0] - sums[1]) / whole:.0%}"
    return [*rows, row([name, "all", *(f"{t:.2f}" for t in sums), f"{whole:.2f}", share])]


def main() -> None:
    """Print the table, or write it into a page."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("bundles", type=Path, nargs="*", default=[open_bundle().folder])
    parser.add_argument("--into", type=existing_page, help="the page to write the table into")
    given = parser.parse_args()
    head = ["model", "part", "s to load", "s, optimised before", "s of a cold start", "saved"]
    found = [
        f"{', '.join(machine().values())}; processor time on one core, medians; a cold start is"
        f" `soundlet generate` from its first line to a written file of {CLIP_SECONDS:g} s.",
        "",
        row(head),
        row(["---"] * len(head)),
        *(line for folder in given.bundles for line in lines_of(folder)),
    ]
    show({"optimised graphs": found}, given.into)


if __name__ == "__main__":
    main()
