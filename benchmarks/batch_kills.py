"""A batch that is killed again and again: is it complete, whole, and without anything done twice?

    python -m benchmarks.batch_kills [--model FOLDER] [--lines 200] [--kills 10] [--ray]
        [--into docs/batch.md]

The batch runs as a process group of its own. At random times all of it gets SIGKILL, and it is
started again. With --ray it runs on a local Ray cluster of two nodes instead: a worker is killed at
a third of the lines, and the node that is not the head at two thirds.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import soundfile

from benchmarks.render import existing_page, row, show


def write_list(path: Path, n_lines: int, seconds: float, steps: int) -> None:
    """A list of so many lines, each unlike the others."""
    rows = [
        {"prompt": f"drum {i}", "seconds": seconds, "steps": steps, "name": f"sound {i}"}
        for i in range(n_lines)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def command(prompts: Path, folder: Path, model: Path | None, *more: str) -> list[str]:
    """The command line of the batch."""
    chosen = [] if model is None else ["--model", str(model)]
    start = [sys.executable, "-m", "soundlet", "batch", str(prompts), "--out", str(folder)]
    return [*start, *chosen, "--threads", "1", "--json", *more]


def state_of(folder: Path, n_lines: int) -> dict[str, Any]:
    """What is in the folder, checked file by file."""
    rows = (folder / "manifest.jsonl").read_text(encoding="utf-8").splitlines()
    records = [json.loads(row) for row in rows]
    files = sorted(path.name for path in folder.glob("*.wav"))
    torn = [
        record["file"]
        for record in records
        if hashlib.sha256((folder / record["file"]).read_bytes()).hexdigest()
        != record["file_sha256"]
        or soundfile.info(folder / record["file"]).frames != record["samples"]
    ]
    names = [record["file"] for record in records]
    return {
        "lines": n_lines,
        "files": len(files),
        "records": len(records),
        "twice": len(names) - len(set(names)),
        "torn": len(torn),
        "without_record": len(set(files) - set(names)),
        "left_over": len(list(folder.glob(".*"))),
    }


def times_of(folder: Path) -> dict[str, int]:
    """When each file was written, in nanoseconds."""
    return {path.name: path.stat().st_mtime_ns for path in folder.glob("*.wav")}


def killed(arguments: argparse.Namespace, place: Path) -> dict[str, Any]:
    """Kill the batch so many times, then let it end."""
    prompts, folder = place / "prompts.jsonl", place / "out"
    write_list(prompts, arguments.lines, arguments.seconds, arguments.steps)
    line = command(prompts, folder, arguments.model, "--workers", "2")
    draw = random.Random(arguments.seed)
    there: list[int] = []
    recorded: dict[str, int] = {}
    redone = 0
    for kill in range(arguments.kills):
        goal = len(there) and there[-1]
        wanted = goal + draw.randint(1, max(1, 2 * (arguments.lines - goal) // (12 - kill + 2)))
        process = subprocess.Popen(line, stdout=subprocess.DEVNULL, start_new_session=True)
        deadline = time.monotonic() + 300
        while process.poll() is None and time.monotonic() < deadline:
            if folder.exists() and len(list(folder.glob("*.wav"))) >= wanted:
                break
            time.sleep(draw.random() * 0.05)
        time.sleep(draw.random() * 0.2)
        if process.poll() is not None:
            raise SystemExit(f"the batch ended before kill {kill + 1}: take more --lines")
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        now = times_of(folder) if folder.exists() else {}
        redone += sum(now.get(name) != written for name, written in recorded.items())
        recorded = now
        there.append(len(now))
        sys.stderr.write(f"kill {kill + 1}: {there[-1]} files\n")
    done = subprocess.run(line, capture_output=True, text=True, check=True)
    told = json.loads(done.stdout)
    now = times_of(folder)
    redone += sum(now.get(name) != written for name, written in recorded.items())
    last = {"made_last": told["made"], "kept_last": told["kept"], "files_at_kills": there}
    return {**state_of(folder, arguments.lines), "made_again": redone, **last}


def actors() -> list[int]:
    """Processes of this process's Ray cluster that are making a line just now."""
    listed = subprocess.run(["ps", "-eo", "pid,ppid,args"], capture_output=True, text=True).stdout
    rows = [row.split(maxsplit=2) for row in listed.splitlines()[1:]]
    ours = {pid for pid, parent, _ in rows if int(parent) == os.getpid()}
    return [int(pid) for pid, parent, said in rows if parent in ours and "Actor.make" in said]


def on_ray(arguments: argparse.Namespace, place: Path) -> dict[str, Any]:
    """Run on two nodes; kill a worker at a third of the lines, and a node at two thirds."""
    os.environ["RAY_worker_niceness"] = "0"  # noqa: SIM112 - or a busy machine starves them
    os.environ["RAY_raylet_start_wait_time_s"] = "120"  # noqa: SIM112 - the same
    from ray.cluster_utils import Cluster

    prompts, folder = place / "prompts.jsonl", place / "out"
    write_list(prompts, arguments.lines, arguments.seconds, arguments.steps)
    store: dict[str, Any] = {"num_cpus": 1, "object_store_memory": 100_000_000}
    cluster = Cluster(initialize_head=True, head_node_args=store)
    node = cluster.add_node(**store)
    worker_killed_at = node_killed_at = None
    process = subprocess.Popen(
        command(prompts, folder, arguments.model, "--workers", "2", "--ray", cluster.address),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # Ray tells there of what was killed
        text=True,
    )
    try:
        deadline = time.monotonic() + 1200
        while process.poll() is None and time.monotonic() < deadline:
            n_files = len(list(folder.glob("*.wav"))) if folder.exists() else 0
            if worker_killed_at is None and n_files >= arguments.lines // 3:
                for worker in actors()[:1]:
                    os.kill(worker, signal.SIGKILL)
                    worker_killed_at = n_files
            if node_killed_at is None and n_files >= 2 * arguments.lines // 3:
                cluster.remove_node(node, allow_graceful=False)
                node_killed_at = n_files
            time.sleep(0.02)
        said, _ = process.communicate(timeout=60)
        told = json.loads(said)
    finally:
        process.kill()
        cluster.shutdown()  # type: ignore[no-untyped-call]
    return {
        **state_of(folder, arguments.lines),
        "worker_killed_at": worker_killed_at,
        "node_killed_at": node_killed_at,
        "made": told["made"],
        "failed": len(told["failed"]),
    }


def table(found: dict[str, Any], *, is_ray: bool) -> list[str]:
    """What was found in the folder, for a page."""
    if is_ray:
        title = f"{found['lines']} lines on Ray, two nodes of one worker each"
        kills = [found["worker_killed_at"], found["node_killed_at"]]
        said = ["not killed" if n is None else f"{n} sounds" for n in kills]
        rows = [("worker killed after, node killed after", " and ".join(said))]
    else:
        n_kills = len(found["files_at_kills"])
        title = f"{found['lines']} lines, two workers, {n_kills} kills of all processes"
        rows = [("sounds made again whose record was written", f"{found['made_again']}")]
    torn = found["torn"] + found["twice"] + found["without_record"]
    rows += [
        ("sounds there at the end, and records", f"{found['files']} and {found['records']}"),
        ("files that were torn, there twice or without a record", f"{torn}"),
        ("temporary files left over", f"{found['left_over']}"),
    ]
    if is_ray:
        rows.append(("lines that failed", f"{found['failed']}"))
    return [row([title, ""]), row(["---"] * 2), *(row(list(cells)) for cells in rows)]


def main() -> None:
    """Run and print JSON; with --into, write the table too."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path)
    parser.add_argument("--lines", type=int, default=200)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=0.5)
    parser.add_argument("--steps", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--ray", action="store_true")
    parser.add_argument("--into", type=existing_page, help="the page to write the table into")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as room:
        measure = on_ray if arguments.ray else killed
        found = measure(arguments, Path(room))
    sys.stdout.write(json.dumps(found, indent=1) + "\n")
    if arguments.into is not None:
        name = "kills on Ray" if arguments.ray else "kills"
        show({name: table(found, is_ray=arguments.ray)}, arguments.into)


if __name__ == "__main__":
    main()
