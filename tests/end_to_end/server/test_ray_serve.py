"""The server behind Ray Serve with two replicas: jobs are shared out, found, and survive a loss."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import soundlet
from soundlet.client import Client, ServerRefusedError
from tests.end_to_end.commands import TINY_SECONDS
from tests.end_to_end.server.conftest import LONG, Server

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]
TOKEN = "a-token-for-this-test"
PATIENCE = 120.0  # seconds: for a worker to start on a busy machine
REPLICA = "ray::ServeReplica:soundlet:model-0"
INGRESS = "ray::ServeReplica:soundlet:soundlet"


@pytest.fixture(scope="module")
def cluster(tiny_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Two replicas of the tiny model on a cluster of this machine."""
    results = tmp_path_factory.mktemp("cluster")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    arguments = {"model": str(tiny_bundle), "workers": 2, "results": str(results)}
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.end_to_end.server.on_ray", str(port), json.dumps(arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "SOUNDLET_TOKEN": TOKEN, "RAY_USAGE_STATS_ENABLED": "0"},
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        said: list[str] = []
        while "up\n" not in said:
            line = process.stdout.readline()
            assert line, said
            said.append(line)
        address = f"http://127.0.0.1:{port}"
        client = Client(address, token=TOKEN, timeout=60)
        started = Server(address, client, process, results, said)
        until_ready(started)
        yield started
    finally:
        process.stdin.close()
        process.stdout.read()
        process.stdout.close()
        process.wait(120)


def until_ready(server: Server, seconds: float = PATIENCE) -> None:
    deadline = time.monotonic() + seconds
    while not server.client.is_ready():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def processes(name: str, under: int | None = None) -> list[int]:
    """Numbers of the processes of that command line, all or the children of one."""
    found = []
    for folder in Path("/proc").iterdir():
        try:
            line = (folder / "cmdline").read_text()
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except (OSError, IndexError, ValueError):
            continue
        if name in line and under in (None, parent):
            found.append(int(folder.name))
    return found


def busy_replica(server: Server) -> tuple[int, int]:
    """A replica that has a job now, and its worker process: the one that computes most."""
    workers = [
        (replica, worker)
        for replica in replicas(server)
        for worker in processes("spawn_main", replica)
    ]
    before = [ticks(worker) for _, worker in workers]
    time.sleep(0.3)
    spent = [ticks(worker) - was for (_, worker), was in zip(workers, before, strict=True)]
    return workers[spent.index(max(spent))]


def replicas(server: Server, name: str = REPLICA) -> list[int]:
    """The replicas of this cluster: there may be others on the machine."""
    return [pid for pid in processes(name) if descends(pid, server.process.pid)]


def descends(pid: int, ancestor: int) -> bool:
    while pid > 1 and pid != ancestor:
        pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    return pid == ancestor


def ticks(pid: int) -> int:
    """Processor time of a process."""
    return sum(map(int, Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]))


def made_alone(tiny: Path, seed: int) -> bytes:
    clip = soundlet.load(tiny, threads=1).generate("kick", seconds=TINY_SECONDS, seed=seed)
    return clip.encoded("wav")


def test_jobs_are_shared_out_and_found_again(cluster: Server, tiny: Path) -> None:
    long = [cluster.client.submit(**cluster.ask(**LONG)) for _ in range(2)]
    for job in long:
        cluster.until(job.id, "running")  # at the same time: each has a replica
    waiting = [cluster.client.submit(**cluster.ask(seed=seed)) for seed in (3, 4, 5)]
    assert [cluster.client.job(job.id).position for job in waiting] == [0, 1, 2]
    cluster.client.cancel(long[0].id)
    assert cluster.client.wait(long[0].id).state == "cancelled"
    for seed, job in zip((3, 4, 5), waiting, strict=True):
        kinds = [event.kind for event in cluster.client.events(job.id)]
        assert kinds[-1] == "done"
        assert "step" in kinds
        assert cluster.client.audio(job.id) == made_alone(tiny, seed)
    cluster.client.cancel(long[1].id)
    assert cluster.client.wait(long[1].id).state == "cancelled"


def test_it_answers_as_one_server_does(cluster: Server, tiny: Path) -> None:
    assert cluster.client.generate(**cluster.ask()) == made_alone(tiny, 1)
    assert b"".join(cluster.client.stream(**cluster.ask()))[:4] == b"RIFF"
    with pytest.raises(ServerRefusedError, match="Authorization") as refused:
        Client(cluster.address).models()
    assert refused.value.status == 401
    with pytest.raises(ServerRefusedError, match="not 99") as refused:
        cluster.client.submit(**cluster.ask(seconds=99))
    assert (refused.value.status, refused.value.field) == (422, "seconds")


def test_a_client_that_goes_away_cancels_its_job(cluster: Server) -> None:
    body = json.dumps(cluster.ask(**LONG))
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {TOKEN}"}
    connections = []
    for _ in range(2):  # all replicas are taken
        connection = http.client.HTTPConnection("127.0.0.1", cluster.port)
        connection.request("POST", "/v1/generate", body, headers)
        connections.append(connection)
    time.sleep(1)
    job = cluster.client.submit(**cluster.ask())
    assert cluster.client.job(job.id).state == "queued"
    for connection in connections:
        connection.close()
    assert cluster.client.wait(job.id).state == "done"


@pytest.mark.parametrize("victim", ["worker", "replica"])
def test_a_lost_replica_costs_its_job_and_nothing_else(cluster: Server, victim: str) -> None:
    jobs = [cluster.client.submit(**cluster.ask(**LONG)) for _ in range(2)]
    for job in jobs:
        cluster.until(job.id, "running", PATIENCE)
    replica, worker = busy_replica(cluster)
    os.kill(worker if victim == "worker" else replica, signal.SIGKILL)
    deadline = time.monotonic() + 20
    while not (failed := [j for j in map(cluster.client.job, ids(jobs)) if j.state == "failed"]):
        assert time.monotonic() < deadline, [cluster.client.job(id).state for id in ids(jobs)]
        time.sleep(0.05)
    started = time.monotonic()
    (lost,) = failed
    assert lost.problem is not None
    assert lost.problem["type"] == "urn:soundlet:crashed"
    assert "This job is lost" in lost.problem["detail"]
    (other,) = set(ids(jobs)) - {lost.id}
    assert cluster.client.job(other).state in ("running", "decoding", "done")
    cluster.client.cancel(other)
    after = [cluster.client.submit(**cluster.ask(seed=seed)) for seed in range(4)]
    assert cluster.client.wait(after[0].id).state == "done"
    assert time.monotonic() - started < 10
    assert [cluster.client.wait(job.id).state for job in after] == ["done"] * 4
    deadline = time.monotonic() + PATIENCE
    while len(replicas(cluster)) < 2:
        assert time.monotonic() < deadline, "the lost replica was not replaced"
        time.sleep(0.2)


def test_sounds_outlive_the_place_that_has_the_jobs(cluster: Server, tiny: Path) -> None:
    done = cluster.client.wait(cluster.client.submit(**cluster.ask(seed=6)).id)
    running = cluster.client.submit(**cluster.ask(**LONG))
    cluster.until(running.id, "running", PATIENCE)
    (place,) = replicas(cluster, INGRESS)
    os.kill(place, signal.SIGKILL)
    deadline = time.monotonic() + PATIENCE
    while replicas(cluster, INGRESS) in ([], [place]):
        assert time.monotonic() < deadline, "it was not started again"
        time.sleep(0.2)
    until_ready(cluster)
    assert cluster.client.job(done.id) == done
    assert cluster.client.audio(done.id) == made_alone(tiny, 6)
    with pytest.raises(ServerRefusedError, match="no such job"):
        cluster.client.job(running.id)
    assert cluster.client.generate(**cluster.ask(seed=7)) == made_alone(tiny, 7)


def ids(jobs: list[Any]) -> list[str]:
    return [job.id for job in jobs]
