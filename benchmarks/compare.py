"""soundlet, its modules in eager PyTorch, and stable-audio-tools, side by side.

    python benchmarks/compare.py --checkpoint C --bundle B --quantized Q --reference-python P \
        --out results.json

Each model is a process that waits; they are run in turn, so that whatever else the machine does
falls on all of them alike. Medians count. Then the default model is run alone: clips of several
lengths, imports, and commands from a cold process. `python benchmarks/render.py results.json` makes
the tables of docs/performance.md of what this writes.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

WORKERS = Path(__file__).parent / "workers.py"
PARTS = ("conditioners", "dit", "decoder", "whole")
SHORT = 3.0  # seconds, for what follows the length asked
LENGTHS = "1.5,3,6,11.8"  # of clips of the default model
STARTS = 5
IMPORTS = {
    "import soundlet": "import soundlet",
    "import of all that a generation needs": (
        "import soundlet, soundlet.pipeline, soundlet.engines.onnx"
    ),
}


class Worker:
    """A process that runs parts when told to."""

    def __init__(self, stack: ExitStack, python: str, *arguments: object) -> None:
        command = [python, str(WORKERS), *map(str, arguments)]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        stack.callback(self._process.terminate)
        self.loaded = self._answer()["loaded"]
        self.peak = 0

    def run(self, part: str, seconds: float) -> float:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{part} {seconds}\n")
        self._process.stdin.flush()
        answer = self._answer()
        self.peak = answer["peak"] or 0
        return float(answer["seconds"])

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit(f"a worker ended with exit code {self._process.wait()}")
        answer: dict[str, Any] = json.loads(line)
        return answer


def main() -> None:
    """Run the rounds that fit into the time given."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--checkpoint", type=Path, help="for the reference")
    parser.add_argument("--bundle", type=Path, required=True, help="in float32")
    parser.add_argument("--quantized", type=Path, required=True, help="the same in int8")
    parser.add_argument("--reference-python", help="of an environment with stable-audio-tools")
    parser.add_argument("--eager", action="store_true", help="soundlet's torch engine too")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--minutes", type=float, default=60, help="no round starts after these")
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    if given.reference_python and given.checkpoint is None:
        parser.error("--reference-python needs --checkpoint, which it loads")
    if not given.out.absolute().parent.is_dir():
        parser.error(f"there is no folder {given.out.parent} for --out")
    start = time.monotonic()
    with ExitStack() as stack:
        python, threads = sys.executable, ("--threads", given.threads)
        workers: dict[str, Worker] = {}
        if given.reference_python:
            workers["stable-audio-tools"] = Worker(
                stack, given.reference_python, "reference", given.checkpoint, *threads
            )
        if given.eager:
            workers["eager PyTorch"] = Worker(stack, python, "eager", given.bundle, *threads)
        for name, folder in (("float32", given.bundle), ("int8", given.quantized)):
            workers[f"soundlet {name}"] = Worker(stack, python, "soundlet", folder, *threads)
        window = window_seconds(given.bundle)
        times: dict[str, dict[str, list[float]]] = {name: {} for name in workers}
        for number in range(given.rounds + 1):
            if number > 1 and (time.monotonic() - start) / 60 > given.minutes:
                break
            for part in PARTS:
                for name, worker in workers.items():
                    if number == 0 and part == "whole" and "soundlet" not in name:
                        continue  # its parts are warm already, and it takes long
                    asked = {part: window}
                    if "soundlet" in name and part in ("decoder", "whole"):
                        asked[f"{part} {SHORT:g} s"] = SHORT
                    for label, seconds in asked.items():
                        elapsed = worker.run(part, seconds)
                        if number > 0:  # the first round loads and warms
                            times[name].setdefault(label, []).append(elapsed)
                        print(f"{number}  {name:20} {label:14} {elapsed:8.3f} s", flush=True)
        result = {
            "machine": machine(),
            "threads": given.threads,
            "window_seconds": window,
            "models": {
                name: {
                    "loaded_seconds": worker.loaded,
                    "peak_bytes": worker.peak,
                    "seconds": times[name],
                }
                for name, worker in workers.items()
            },
        }
    result |= default_model(given.threads)
    part = given.out.with_suffix(".part")
    part.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    part.replace(given.out)
    for name, model in result["models"].items():
        medians = {label: median(found) for label, found in model["seconds"].items()}
        print(name, {label: round(value, 3) for label, value in medians.items()})


def default_model(threads: int) -> dict[str, Any]:
    """Clips of several lengths of the model that comes with soundlet, and what starting takes."""
    bench = ["bench", "--seconds", LENGTHS, "--threads", str(threads), "--repeats", "3", "--json"]
    lengths = json.loads(_python("-m", "soundlet", *bench))["measurements"]
    timed = "import time; start = time.perf_counter(); {}; print(time.perf_counter() - start)"
    starts = {
        name: [float(_python("-c", timed.format(code))) for _ in range(STARTS)]
        for name, code in IMPORTS.items()
    }
    with TemporaryDirectory() as folder:
        clip = str(Path(folder) / "clip.wav")
        asked = ["techno drum loop 128 BPM", "--seconds", "6", "--out", clip, "--force", "-q"]
        times = []
        for seed in range(STARTS):
            start = time.perf_counter()
            _python("-m", "soundlet", "generate", *asked, "--seed", str(seed))
            times.append(time.perf_counter() - start)
        starts["a 6 s clip, from a cold process to the written file"] = times
    return {"lengths": lengths, "starts": starts}


def _python(*arguments: str) -> str:
    command = [sys.executable, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def window_seconds(bundle: Path) -> float:
    """The longest clip of the bundle, which is what the reference always makes."""
    config = json.loads((bundle / "model_config.json").read_text(encoding="utf-8"))
    return float(config["sample_size"] / config["sample_rate"])


def machine() -> dict[str, str]:
    """What the numbers are of."""
    facts = {"system": platform.system(), "python": f"Python {platform.python_version()}"}
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        lines = dict(line.split(":", 1) for line in cpuinfo.read_text().splitlines() if ":" in line)
        found = {name.strip(): value.strip() for name, value in lines.items()}
        facts["processor"] = found.get("model name", platform.machine())
        wanted = ("avx2", "avx512f", "avx512_vnni", "amx_int8", "asimddp", "i8mm")
        flags = (found.get("flags") or found.get("Features") or "").split()
        facts["instructions"] = " ".join(flag for flag in wanted if flag in flags)
    return facts


if __name__ == "__main__":
    main()
