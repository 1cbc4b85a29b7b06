"""What a request costs over a direct call, and when the first sound of a stream arrives.

    python -m benchmarks.server_overhead [--starts 8] [--pairs 4] [--repeats 5] [--also FOLDER]
        [--into docs/server.md]

Direct calls and requests are interleaved on one warm model each, so that a busy machine is busy for
both. Where its memory lies makes a process some hundredths faster or slower than another of the
same program for as long as it lives, so both are started several times. Beside the streams stands
when the library's own stream has sampled: nothing can be heard sooner, since every step of the
sampler changes the whole clip.
"""

from __future__ import annotations

import argparse
import multiprocessing
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from statistics import median

import soundlet
from benchmarks.compare import machine
from benchmarks.render import existing_page, row, show
from benchmarks.server_load import ready_client
from soundlet.client import Client
from soundlet.engines.onnx import usable_cores

PROMPT = "techno drum loop, 128 BPM"
SECONDS = (1.0, 6.0)
STREAM_SECONDS = (6.0, 11.8)
FEW_STEPS = 8
HEADER_BYTES = 58  # of a stream: what comes after them is sound


@dataclass(frozen=True)
class Pair:
    """Seconds that one sound took, made by a call and by a request."""

    direct: float
    served: float


@dataclass(frozen=True)
class Pairs:
    """All pairs of one kind."""

    threads: int
    seconds: float
    seen: list[Pair]


@dataclass(frozen=True)
class Stream:
    """Seconds of one stream.

    Attributes:
        sampled: share of the library's own stream after which the sampler is done.
        first: until the first bytes of sound.
        whole: until its last byte.
    """

    sampled: float
    first: float
    whole: float


@dataclass(frozen=True)
class Streams:
    """All streams of one kind."""

    model: str
    threads: int
    seconds: float
    steps: int
    seen: list[Stream]


@contextmanager
def serving(model: Path | None, threads: int) -> Iterator[Client]:
    """`soundlet serve`, ready."""
    with tempfile.TemporaryDirectory() as folder:
        words = [sys.executable, "-m", "soundlet", "serve", "--port", "0", "--results", folder]
        words += ["--threads", str(threads)]
        words += [] if model is None else ["--model", str(model)]
        process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        try:
            yield ready_client(process)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)
            process.stdout.close()


@cache
def warm(threads: int) -> soundlet.Model:
    """The default model, loaded once in each process."""
    return soundlet.load(threads=threads)


def audible(threads: int, seconds: float, count: int) -> list[int]:
    """The first seeds that the model makes a sound of."""
    model = warm(threads)
    seeds: list[int] = []
    seed = 0
    while len(seeds) < count:
        with suppress(soundlet.GenerationError):
            model.generate(PROMPT, seconds=seconds, seed=seed, candidates=1)
            seeds.append(seed)
        seed += 1
    return seeds


def called(threads: int, seconds: float, seed: int) -> tuple[float, bytes]:
    """Seconds that a sound takes by a direct call, and its file, in a process with a warm model."""
    model = warm(threads)
    start = time.perf_counter()
    data = model.generate(PROMPT, seconds=seconds, seed=seed, candidates=1).encoded("wav")
    return time.perf_counter() - start, data


def served(client: Client, seconds: float, seed: int) -> tuple[float, bytes]:
    """The same by a request."""
    start = time.perf_counter()
    data = client.generate(PROMPT, seconds=seconds, seed=seed, candidates=1)
    return time.perf_counter() - start, data


def pairs(threads: int, *, n_starts: int, n_pairs: int) -> list[Pairs]:
    """The same sounds by call and by request, which must be the same to the last byte.

    Either comes first in every other pair: what one leaves behind may cost the next.
    """
    found = [Pairs(threads, seconds, []) for seconds in SECONDS]
    seeds = [audible(threads, seconds, n_pairs + 1) for seconds in SECONDS]
    for _ in range(n_starts):
        context = multiprocessing.get_context("spawn")
        with serving(None, threads) as client, ProcessPoolExecutor(1, context) as process:
            for each, chosen in zip(found, seeds, strict=True):
                for number, seed in enumerate(chosen):
                    took = {}
                    for is_call in (True, False) if number % 2 else (False, True):
                        took[is_call] = (
                            process.submit(called, threads, each.seconds, seed).result()
                            if is_call
                            else served(client, each.seconds, seed)
                        )
                    assert took[True][1] == took[False][1]
                    if number:  # the first only warms
                        each.seen.append(Pair(took[True][0], took[False][0]))
    return found


def streamed(
    model: soundlet.Model, client: Client, seconds: float, steps: int, repeats: int
) -> list[Stream]:
    """Streams of one length; the first of them only warms."""
    found = []
    for seed in range(repeats + 1):
        share = sampling_share(model, seconds, steps, seed)
        start = time.perf_counter()
        first, n_bytes = 0.0, 0
        for part in client.stream(PROMPT, seconds=seconds, steps=steps, seed=seed, candidates=1):
            n_bytes += len(part)
            if not first and n_bytes > HEADER_BYTES:
                first = time.perf_counter() - start
        found.append(Stream(share, first, time.perf_counter() - start))
    return found[1:]


def sampling_share(model: soundlet.Model, seconds: float, steps: int, seed: int) -> float:
    """Share of the time of the library's own stream after which its latents are sampled."""
    start = time.perf_counter()
    sampled = 0.0

    def on_step(done: int, total: int) -> None:
        nonlocal sampled
        if done == total:
            sampled = time.perf_counter() - start

    for _ in model.stream(
        PROMPT, seconds=seconds, steps=steps, seed=seed, candidates=1, on_step=on_step
    ):
        pass
    return sampled / (time.perf_counter() - start)


def streams(folder: Path | None, threads: int, repeats: int) -> list[Streams]:
    """All of one model on so many threads."""
    model = soundlet.load(folder, threads=threads)
    manifest = model.bundle.manifest
    name = manifest.name if folder is None else folder.name
    with serving(folder, threads) as client:
        return [
            Streams(name, threads, seconds, steps, streamed(model, client, seconds, steps, repeats))
            for seconds in STREAM_SECONDS
            for steps in sorted({manifest.defaults.steps, FEW_STEPS})
        ]


def overhead_table(found: list[Pairs]) -> list[str]:
    """A line for each kind: medians."""
    head = ["threads", "sound", "pairs", "by a call", "over HTTP", "more, median of the pairs"]
    lines = [row(head), row(["---"] * len(head))]
    for each in found:
        direct = 1000 * median(pair.direct for pair in each.seen)
        served = 1000 * median(pair.served for pair in each.seen)
        more = 1000 * median(pair.served - pair.direct for pair in each.seen)
        cells = [f"{each.threads}", f"{each.seconds:g} s", f"{len(each.seen)}"]
        lines.append(row([*cells, f"{direct:.0f} ms", f"{served:.0f} ms", f"{more:.1f} ms"]))
    return lines


def stream_table(found: list[Streams]) -> list[str]:
    """A line for each kind: medians, and the shares of the whole time."""
    head = ["model", "threads", "sound", "steps", "first sound", "whole"]
    head += ["first sound of the whole", "sampling of the whole"]
    lines = [row(head), row(["---"] * len(head))]
    for each in found:
        first = median(stream.first for stream in each.seen)
        whole = median(stream.whole for stream in each.seen)
        share = median(stream.first / stream.whole for stream in each.seen)
        sampled = median(stream.sampled for stream in each.seen)
        cells = [each.model, f"{each.threads}", f"{each.seconds:g} s", f"{each.steps}"]
        cells += [f"{first:.2f} s", f"{whole:.2f} s", f"{share:.0%}", f"{sampled:.0%}"]
        lines.append(row(cells))
    return lines


def main() -> None:
    """Measure, and print the tables or write them."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--starts", type=int, default=8, help="of server and of direct process")
    parser.add_argument("--pairs", type=int, default=4, help="sounds by call and by request, each")
    parser.add_argument("--repeats", type=int, default=5, help="streams of each kind")
    parser.add_argument("--threads", type=int, action="append", help="1 and all if left out")
    parser.add_argument("--also", type=Path, action="append", help="bundle whose streams to time")
    parser.add_argument("--into", type=existing_page, help="the page to write the tables into")
    options = parser.parse_args()
    overheads: list[Pairs] = []
    seen: list[Streams] = []
    for threads in options.threads or sorted({1, usable_cores()}):
        overheads += pairs(threads, n_starts=options.starts, n_pairs=options.pairs)
        for folder in (None, *(options.also or [])):
            seen += streams(folder, threads, options.repeats)
    told = ", ".join(machine().values())
    tables = {
        "overhead": [f"{told}:", "", *overhead_table(overheads)],
        "streams": stream_table(seen),
    }
    show(tables, options.into)


if __name__ == "__main__":
    main()
