"""What ends a worker costs one job; what ends the server costs none that runs."""

from __future__ import annotations

import json
import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from soundlet.client import Client, ServerRefusedError
from tests.end_to_end.commands import run
from tests.end_to_end.server.conftest import LONG, serving
from tests.end_to_end.server.requests import edit


def test_a_killed_worker_costs_its_job_and_nothing_else(tiny_bundle: Path, tmp_path: Path) -> None:
    with serving(tiny_bundle, tmp_path) as server:
        job = server.client.submit(**server.ask(**LONG))
        waiting = server.client.submit(**server.ask())
        server.until(job.id, "running")
        (pid,) = server.workers()
        started = time.monotonic()
        os.kill(pid, signal.SIGKILL)
        failed = server.client.wait(job.id)
        assert failed.state == "failed"
        assert failed.problem is not None
        assert failed.problem["type"] == "urn:soundlet:crashed"
        assert "SIGKILL" in failed.problem["detail"]
        assert server.client.wait(waiting.id).state == "done"
        assert time.monotonic() - started < 10
        assert server.workers() != [pid]
        assert server.process.poll() is None


def test_a_job_that_takes_too_long_is_ended(tiny_bundle: Path, tmp_path: Path) -> None:
    with serving(tiny_bundle, tmp_path, "--job-seconds", 0.3) as server:
        job = server.client.wait(server.client.submit(**server.ask(**LONG)).id)
        assert job.problem is not None
        assert job.problem["type"] == "urn:soundlet:timed-out"
        assert server.client.wait(server.client.submit(**server.ask()).id).state == "done"


def test_a_full_queue_says_when_to_come_back(tiny_bundle: Path, tmp_path: Path) -> None:
    with serving(tiny_bundle, tmp_path, "--queue", 2) as server:
        jobs = [server.client.submit(**server.ask(**LONG)) for _ in range(3)]
        with pytest.raises(ServerRefusedError, match="queue") as refused:
            server.client.submit(**server.ask())
        assert refused.value.status == 503
        assert refused.value.retry_after is not None
        assert refused.value.retry_after >= 1
        status, answer = edit(server, "restyle", {"prompt": "clap"}, bytes(20 * 2**20))
        assert (status, json.loads(answer)["type"]) == (503, "urn:soundlet:queue-full")
        for job in jobs:
            server.client.cancel(job.id)


def test_one_client_cannot_take_the_whole_queue(tiny_bundle: Path, tmp_path: Path) -> None:
    with serving(tiny_bundle, tmp_path, "--jobs-per-client", 2) as server:
        jobs = [server.client.submit(**server.ask(**LONG)) for _ in range(2)]
        with pytest.raises(ServerRefusedError, match="unfinished jobs") as refused:
            server.client.submit(**server.ask())
        assert refused.value.status == 429
        for job in jobs:
            server.client.cancel(job.id)


def test_at_its_end_the_server_finishes_what_runs_and_tells_what_waits(
    tiny_bundle: Path, tmp_path: Path
) -> None:
    with serving(tiny_bundle, tmp_path) as server:
        medium = server.ask(steps=400, sampler="rk4")
        running = server.client.submit(**medium)
        server.until(running.id, "running")
        waiting = server.client.submit(**server.ask())
        with ThreadPoolExecutor(2) as pool:
            events = [
                pool.submit(list, server.client.events(id)) for id in (running.id, waiting.id)
            ]
            time.sleep(0.2)
            server.process.send_signal(signal.SIGTERM)
            ends = [future.result(30)[-1] for future in events]
        assert [end.kind for end in ends] == ["done", "failed"]
        assert ends[1].data["type"] == "urn:soundlet:draining"
        assert server.process.wait(20) == 0
        assert (server.results / running.id / "sound.f32").is_file()


def test_results_outlive_the_server(tiny_bundle: Path, tmp_path: Path) -> None:
    with serving(tiny_bundle, tmp_path) as server:
        job = server.client.wait(server.client.submit(**server.ask()).id)
        audio = server.client.audio(job.id)
    with serving(tiny_bundle, tmp_path) as server:
        assert server.client.job(job.id) == job
        assert server.client.audio(job.id) == audio
        assert [event.kind for event in server.client.events(job.id)] == ["done"]


def test_old_results_make_room_for_new_ones(tiny_bundle: Path, tmp_path: Path) -> None:
    with serving(tiny_bundle, tmp_path, "--results-mb", 1) as server:
        first = server.client.wait(server.client.submit(**server.ask()).id)
        for seed in range(110):  # a megabyte is full after some ninety
            server.client.generate(**server.ask(seed=seed))
        kept = sum(file.stat().st_size for file in server.results.rglob("*.wav"))
        assert kept <= 2**20
        with pytest.raises(ServerRefusedError, match="no longer kept"):
            server.client.audio(first.id)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--host", "0.0.0.0"), "set --token"),
        (("--token", "short"), "at least 16 characters"),
        (("--model", "nowhere"), "nowhere: no such folder"),
        (("--results", "/dev/null/x"), "cannot hold results"),
        (("--host", "192.0.2.1", "--insecure"), "cannot listen on 192.0.2.1"),
    ],
)
def test_a_server_that_cannot_start_says_why(options: tuple[str, ...], said: str) -> None:
    result = run("serve", "--port", 0, *options)
    assert result.exit_code == 1
    assert said in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_client_without_a_server_says_so() -> None:
    with pytest.raises(Exception, match="cannot be reached"):
        Client("http://127.0.0.1:1").models()
