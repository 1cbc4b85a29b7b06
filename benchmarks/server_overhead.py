"""What a request costs over a direct call, and when the first sound of a stream arrives.

    python benchmarks/server_overhead.py --repeats 15

The two are interleaved on one warm model each, so that a busy machine is busy for both.
"""

from __future__ import annotations

import argparse
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import suppress

import soundlet
from soundlet.client import Client

PROMPT = "techno drum loop, 128 BPM"
FEW_STEPS = 8


def audible(model: soundlet.Model, seconds: float, count: int) -> list[int]:
    """The first seeds that the model makes a sound of."""
    seeds: list[int] = []
    seed = 0
    while len(seeds) < count:
        with suppress(soundlet.GenerationError):
            model.generate(PROMPT, seconds=seconds, seed=seed)
            seeds.append(seed)
        seed += 1
    return seeds


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--stream-seconds", type=float, default=6.0)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    model = soundlet.load(threads=options.threads)
    default_steps = model.bundle.manifest.defaults.steps
    with tempfile.TemporaryDirectory() as folder:
        words = [sys.executable, "-m", "soundlet", "serve", "--port", "0", "--results", folder]
        words += ["--threads", str(options.threads)]
        process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        found = re.search(r"http://\S+", process.stdout.readline())
        assert found is not None
        client = Client(found[0])
        while not client.is_ready():
            time.sleep(0.1)
        direct: list[float] = []
        served: list[float] = []
        seeds = audible(model, options.seconds, options.repeats + 1)
        for i in seeds:
            start = time.perf_counter()
            data = model.generate(PROMPT, seconds=options.seconds, seed=i).encoded("wav")
            middle = time.perf_counter()
            same = client.generate(PROMPT, seconds=options.seconds, seed=i)
            end = time.perf_counter()
            assert same == data
            if i != seeds[0]:  # which warms both
                direct.append(middle - start)
                served.append(end - middle)
        over = statistics.median(s - d for s, d in zip(served, direct, strict=True))
        print(
            f"direct {1000 * statistics.median(direct):.0f} ms, over HTTP"
            f" {1000 * statistics.median(served):.0f} ms, overhead {1000 * over:+.1f} ms"
            f" (medians of {options.repeats})"
        )
        for steps in (None, FEW_STEPS):
            fields = {} if steps is None else {"steps": steps}
            shares = []
            for i in range(max(3, options.repeats // 3)):
                start = time.perf_counter()
                first = 0.0
                n_bytes = 0
                for part in client.stream(PROMPT, seconds=options.stream_seconds, seed=i, **fields):
                    n_bytes += len(part)
                    if not first and n_bytes > 1000:  # more than the header
                        first = time.perf_counter() - start
                shares.append((first, time.perf_counter() - start))
            first_s = statistics.median(a for a, _ in shares)
            whole_s = statistics.median(b for _, b in shares)
            name = f"{steps or default_steps} steps"
            print(
                f"stream of {options.stream_seconds:g} s, {name}: first sound after"
                f" {first_s:.2f} s of {whole_s:.2f} s ({first_s / whole_s:.0%})"
            )
        process.send_signal(signal.SIGTERM)
        process.wait(60)
    return 0


if __name__ == "__main__":
    sys.exit(main())
