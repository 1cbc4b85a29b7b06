"""Load on a server of this machine: nothing lost, nothing crossed, memory flat, waits told.

    python benchmarks/server_load.py --minutes 3 --clients 32 --queue 8

Starts `soundlet serve` itself, sends bounded load over loopback, kills its worker once, and prints
a table. Exit code 1 if anything that must hold does not.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import soundlet
from soundlet.client import Client, ServerRefusedError
from soundlet.errors import GenerationError
from soundlet.server.metrics import resident_bytes

PROMPTS = ("kick", "snare", "rain", "techno drum loop, 128 BPM", "warm pad", "acid bass")
SEEDS = 4
MOST_JOBS = 20_000


@dataclass
class Seen:
    """What the clients saw."""

    statuses: Counter[int] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    no_retry_after: int = 0
    waits: list[float] = field(default_factory=list)
    memory: list[tuple[int, float, float]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)


def expected(seconds: float, steps: int) -> dict[tuple[str, int], str]:
    """The hash of every sound, made by the library alone."""
    model = soundlet.load(threads=1)
    sounds: dict[tuple[str, int], str] = {}
    for prompt in PROMPTS:
        for seed in range(SEEDS):
            with suppress(GenerationError):  # so few steps do not always make a sound
                clip = model.generate(prompt, seconds=seconds, steps=steps, seed=seed)
                sounds[prompt, seed] = digest(clip.encoded("wav"))
    return sounds


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def work(
    client: Client,
    number: int,
    known: dict[tuple[str, int], str],
    options: argparse.Namespace,
    seen: Seen,
    deadline: float,
) -> None:
    """One client: asks, waits as it is told to, asks again."""
    keys = list(known)
    turn = number
    while time.monotonic() < deadline and sum(seen.statuses.values()) < MOST_JOBS:
        prompt, seed = keys[turn % len(keys)]
        turn += 7
        try:
            data = client.generate(prompt, seconds=options.seconds, steps=options.steps, seed=seed)
        except ServerRefusedError as refused:
            with seen.lock:
                seen.statuses[refused.status] += 1
                seen.no_retry_after += refused.status == 503 and not refused.retry_after
            time.sleep(min(refused.retry_after or 1, 2))
            continue
        with seen.lock:
            seen.statuses[200] += 1
            if digest(data) != known[prompt, seed]:
                seen.wrong.append(f"{prompt} {seed}")


def watch(server: int, seen: Seen, deadline: float) -> None:
    """Memory of server and worker, every two seconds."""
    while time.monotonic() < deadline:
        workers = workers_of(server)
        with seen.lock:
            done = seen.statuses[200]
            seen.memory.append(
                (done, resident_bytes(server), sum(resident_bytes(pid) for pid in workers))
            )
        time.sleep(2)


def workers_of(server: int) -> list[int]:
    files = Path(f"/proc/{server}/task").glob("*/children")
    pids = [int(pid) for file in files for pid in file.read_text().split()]
    return [pid for pid in pids if "spawn_main" in Path(f"/proc/{pid}/cmdline").read_text()]


def queue_waits(client: Client) -> tuple[float, int]:
    """The 95th percentile of the wait in the queue, from the server's histogram, and the count."""
    with client._send("GET", "/metrics") as answer:
        text = answer.read().decode()
    found = re.findall(r'soundlet_queue_seconds_bucket\{le="([^"]+)"\} (\S+)', text)
    buckets = [(float(edge), float(count)) for edge, count in found]
    total = buckets[-1][1]
    below = 0.0, 0.0
    for edge, count in buckets:
        if count >= 0.95 * total:
            share = (0.95 * total - below[1]) / max(count - below[1], 1)
            return below[0] + share * (edge - below[0]), int(total)
        below = edge, count
    return float("inf"), int(total)


def kill_in_the_middle(client: Client, server: int) -> tuple[str, float]:
    """Kill the worker while it has a job: what the job says, and seconds to the next success."""
    job = client.submit("rain", seconds=6, steps=1000, seed=1)
    for event in client.events(job.id):
        if event.kind == "step":
            break
    (pid,) = workers_of(server)
    start = time.monotonic()
    os.kill(pid, signal.SIGKILL)
    failed = client.wait(job.id)
    assert client.wait(client.submit("kick", seconds=0.5, seed=1).id).state == "done"
    said = str((failed.problem or {}).get("detail"))
    return f"{failed.state}: {said}", time.monotonic() - start


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=3.0)
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--queue", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=0.5)
    parser.add_argument("--steps", type=int, default=4)
    options = parser.parse_args()
    known = expected(options.seconds, options.steps)
    with tempfile.TemporaryDirectory() as folder:
        words = [sys.executable, "-m", "soundlet", "serve", "--port", "0", "--threads", "1"]
        words += ["--queue", str(options.queue), "--jobs-per-client", "1000"]
        words += ["--results", folder, "--results-mb", "64"]
        process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        found = re.search(r"http://\S+", process.stdout.readline())
        assert found is not None
        client = Client(found[0])
        while not client.is_ready():
            time.sleep(0.1)
        seen, deadline = Seen(), time.monotonic() + 60 * options.minutes
        threads = [
            threading.Thread(target=work, args=(client, i, known, options, seen, deadline))
            for i in range(options.clients)
        ]
        threads.append(threading.Thread(target=watch, args=(process.pid, seen, deadline)))
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        wait, n_jobs = queue_waits(client)
        said, back = kill_in_the_middle(client, process.pid)
        process.send_signal(signal.SIGTERM)
        code = process.wait(60)
    settled = [row for row in seen.memory if row[0] >= min(50, n_jobs // 4)] or seen.memory
    first, last = settled[0], settled[-1]
    growth = (last[1] + last[2] - first[1] - first[2]) / 2**20
    bad = {status: n for status, n in seen.statuses.items() if status >= 500 and status != 503}
    print(
        f"clients {options.clients}, queue {options.queue}, {options.minutes:g} min,"
        f" {options.seconds:g} s of sound in {options.steps} steps"
    )
    print(f"answers             {dict(sorted(seen.statuses.items()))}")
    print(f"jobs done           {n_jobs}")
    print(f"wrong sounds        {len(seen.wrong)} of {seen.statuses[200]}")
    print(f"503 without Retry-After  {seen.no_retry_after}")
    print(f"p95 of queue wait   {wait:.2f} s")
    print(
        f"memory after {first[0]} jobs  server {first[1] / 2**20:.0f} MB,"
        f" worker {first[2] / 2**20:.0f} MB"
    )
    print(
        f"memory after {last[0]} jobs  server {last[1] / 2**20:.0f} MB,"
        f" worker {last[2] / 2**20:.0f} MB (growth {growth:+.1f} MB)"
    )
    print(f"worker killed       {said}")
    print(f"next sound after    {back:.1f} s")
    print(f"exit code           {code}")
    is_well = not bad and not seen.wrong and not seen.no_retry_after and back < 10 and code == 0
    print("held" if is_well and growth < 30 else f"DID NOT HOLD {bad} {seen.wrong[:3]}")
    return 0 if is_well and growth < 30 else 1


if __name__ == "__main__":
    sys.exit(main())
