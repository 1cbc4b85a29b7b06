"""Load on a server of this machine: nothing lost, nothing crossed, memory and waits flat.

    python -m benchmarks.server_load [--minutes 3] [--clients 32] [--queue 8]
        [--into docs/server.md]

Starts `soundlet serve` itself, sends load over loopback for so long, kills the worker half way in
the middle of a job, and prints a table. Exit code 1 if anything that must hold does not; the table
is written into a page only if all does.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import soundlet
from benchmarks.render import existing_page, row, show
from soundlet.client import Client, ServerRefusedError
from soundlet.errors import GenerationError
from soundlet.server.metrics import resident_bytes

PROMPTS = ("kick", "snare", "rain", "techno drum loop, 128 BPM", "warm pad", "acid bass")
SEEDS = 4
MOST_JOBS = 20_000
WARM_JOBS = 50  # after which memory should not grow
MOST_GROWTH = 30.0  # MB
BACK_SECONDS = 10.0
LATER_WAITS = 1.5  # times the earlier ones, at most

Key = tuple[str, int]


@dataclass(frozen=True)
class Reading:
    """Memory at a moment, in MB, and how many jobs were done."""

    n_jobs: int
    server: float
    worker: float
    pid: int


@dataclass
class Seen:
    """What the clients saw."""

    answers: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    crashes: list[str] = field(default_factory=list)
    readings: list[Reading] = field(default_factory=list)
    killed: float | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)


@dataclass(frozen=True)
class Load:
    """What is asked of the server, by how many, for how long."""

    model: Path | None
    clients: int
    queue: int
    minutes: float
    seconds: float
    steps: int


def expected(load: Load) -> dict[Key, str]:
    """The hash of every sound, made by the library alone."""
    model = soundlet.load(load.model, threads=1)
    sounds: dict[Key, str] = {}
    for prompt in PROMPTS:
        for seed in range(SEEDS):
            with suppress(GenerationError):  # so few steps do not always make a sound
                clip = model.generate(
                    prompt, seconds=load.seconds, steps=load.steps, seed=seed, candidates=1
                )
                sounds[prompt, seed] = digest(clip.encoded("wav"))
    return sounds


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def ready_client(process: subprocess.Popen[str]) -> Client:
    """A client of the server that `process` is, once it takes requests."""
    assert process.stdout is not None
    found = re.search(r"http://\S+", process.stdout.readline())
    assert found is not None
    client = Client(found[0])
    while not client.is_ready():
        assert process.poll() is None
        time.sleep(0.1)
    return client


@contextmanager
def server(load: Load, results: Path) -> Iterator[tuple[Client, subprocess.Popen[str]]]:
    """`soundlet serve`, ready."""
    words = [sys.executable, "-m", "soundlet", "serve", "--port", "0", "--threads", "1"]
    words += ["--queue", str(load.queue), "--jobs-per-client", "1000", "--results", str(results)]
    words += [] if load.model is None else ["--model", str(load.model)]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stderr is not None
    log = threading.Thread(target=process.stderr.read, daemon=True)  # so that its pipe never fills
    log.start()
    try:
        yield ready_client(process), process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def ask(
    client: Client, number: int, known: dict[Key, str], load: Load, seen: Seen, end: float
) -> None:
    """One client: asks, waits as it is told to, asks again."""
    keys = list(known)
    turn = number
    while time.monotonic() < end and sum(seen.answers.values()) < MOST_JOBS:
        prompt, seed = keys[turn % len(keys)]
        turn += 7
        try:
            data = client.generate(
                prompt, seconds=load.seconds, steps=load.steps, seed=seed, candidates=1
            )
        except ServerRefusedError as refused:
            with seen.lock:
                if refused.status == 503 and refused.retry_after:
                    seen.answers["503 with Retry-After"] += 1
                elif refused.status == 500 and "SIGKILL" in str(refused):
                    seen.answers["500 of the killed worker"] += 1
                    seen.crashes.append(str(refused))
                else:
                    seen.answers[f"{refused.status}: {refused}"] += 1
            time.sleep(min(refused.retry_after or 1, 2))
            continue
        with seen.lock:
            seen.answers["200"] += 1
            if digest(data) != known[prompt, seed]:
                seen.wrong.append(f"{prompt} {seed}")


def watch(process: int, seen: Seen, end: float) -> None:
    """Memory of server and worker, every second; the worker is killed half way."""
    middle = (time.monotonic() + end) / 2
    while time.monotonic() < end:
        for pid in workers_of(process):
            if seen.killed is None and time.monotonic() > middle and is_busy(pid):
                os.kill(pid, signal.SIGKILL)
                seen.killed = time.time()
                break
            memory = [resident_bytes(one) / 2**20 for one in (process, pid)]
            with seen.lock:
                seen.readings.append(Reading(seen.answers["200"], memory[0], memory[1], pid))
        time.sleep(1)


def workers_of(server: int) -> list[int]:
    files = Path(f"/proc/{server}/task").glob("*/children")
    pids = [int(pid) for file in files for pid in file.read_text().split()]
    return [pid for pid in pids if "spawn_main" in Path(f"/proc/{pid}/cmdline").read_text()]


def is_busy(pid: int) -> bool:
    """Whether a process computes at this moment: whether it is in the middle of a job."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "R"


def records_of(results: Path) -> list[dict[str, float]]:
    """Every job that was done, as the server recorded it, in the order of asking."""
    records = [json.loads(file.read_text()) for file in results.glob("*/job.json")]
    return sorted(records, key=lambda record: record["created"])


def p95(values: list[float]) -> float:
    return statistics.quantiles(values, n=20)[-1]


def grown(readings: list[Reading]) -> list[tuple[str, tuple[int, float], tuple[int, float]]]:
    """(jobs, MB) of the server and each worker, once they were warm and at their end."""
    by_process: dict[str, list[tuple[int, float]]] = {}
    names: dict[int, str] = {}
    for reading in readings:
        worker = names.setdefault(reading.pid, f"worker {len(names) + 1}")
        by_process.setdefault("the server", []).append((reading.n_jobs, reading.server))
        by_process.setdefault(worker, []).append((reading.n_jobs, reading.worker))
    ends = []
    for name, values in by_process.items():
        warm = [value for value in values if value[0] >= values[0][0] + WARM_JOBS]
        if warm:
            ends.append((name, warm[0], warm[-1]))
    return ends


def table(load: Load, seen: Seen, records: list[dict[str, float]], code: int) -> list[str]:
    """What was seen, a line each."""
    waits = [record["started"] - record["created"] for record in records]
    third = len(waits) // 3
    told = "the default model" if load.model is None else load.model.name
    rows = [
        ("load", f"{load.clients} clients, a queue of {load.queue}, {load.minutes:g} minutes"),
        ("asked for", f"{load.seconds:g} s of sound in {load.steps} steps of {told}"),
        *((f"answers: {answer}", f"{n}") for answer, n in sorted(seen.answers.items())),
        ("sounds that are not what their seed gives alone", f"{len(seen.wrong)}"),
        ("95 of 100 jobs waited at most", f"{p95(waits):.2f} s"),
        (
            "in the first third, in the last",
            f"{p95(waits[:third]):.2f} s, {p95(waits[-third:]):.2f} s",
        ),
    ]
    for name, (first, before), (last, after) in grown(seen.readings):
        told = f"{before:.0f} MB after {first} jobs, {after:.0f} MB after {last}"
        rows.append((f"memory of {name}", told))
    rows += [("the job of the killed worker", crash) for crash in seen.crashes]
    rows += [
        (
            "a sound of a job begun after the kill was done after",
            f"{seconds_to_next(seen, records):.1f} s",
        ),
        ("exit code of the server on SIGTERM", f"{code}"),
    ]
    return [row(["", ""]), row(["---"] * 2), *(row(list(cells)) for cells in rows)]


def seconds_to_next(seen: Seen, records: list[dict[str, float]]) -> float:
    """From the kill to the end of the first job that was begun after it."""
    killed = seen.killed or math.nan
    return min((r["ended"] - killed for r in records if r["started"] > killed), default=math.inf)


def failures(seen: Seen, records: list[dict[str, float]], code: int) -> list[str]:
    """What is not as it must be."""
    waits = [record["started"] - record["created"] for record in records]
    third = len(waits) // 3
    growths = [after - before for _, (_, before), (_, after) in grown(seen.readings)]
    allowed = {"200", "503 with Retry-After", "500 of the killed worker"}
    checks = {
        "answers": set(seen.answers) <= allowed,
        "sounds": not seen.wrong and seen.answers["200"] == len(waits),
        "waits": p95(waits[-third:]) <= LATER_WAITS * p95(waits[:third]),
        "memory": len(growths) == 3 and max(growths) < MOST_GROWTH,
        "one job lost": len(seen.crashes) == 1,
        "back": seconds_to_next(seen, records) < BACK_SECONDS,
        "exit": code == 0,
    }
    return [name for name, is_well in checks.items() if not is_well]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, help="bundle; the one inside soundlet if left out")
    parser.add_argument("--minutes", type=float, default=3.0)
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--queue", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=0.5)
    parser.add_argument("--steps", type=int, default=4)
    parser.add_argument("--into", type=existing_page, help="the page to write the table into")
    options = vars(parser.parse_args())
    page = options.pop("into")
    load = Load(**options)
    known = expected(load)
    seen = Seen()
    with tempfile.TemporaryDirectory() as folder:
        with server(load, Path(folder)) as (client, process):
            end = time.monotonic() + 60 * load.minutes
            threads = [
                threading.Thread(target=ask, args=(client, number, known, load, seen, end))
                for number in range(load.clients)
            ]
            threads.append(threading.Thread(target=watch, args=(process.pid, seen, end)))
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        records = records_of(Path(folder))
    lines = table(load, seen, records, process.returncode)
    failed = failures(seen, records, process.returncode)
    show({"load": lines}, None if failed else page)
    print("held" if not failed else f"DID NOT HOLD: {', '.join(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
