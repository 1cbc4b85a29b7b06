"""What becomes of jobs whose worker fails, and of those that end before they have run."""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from soundlet.server.jobs import Job
from soundlet.server.messages import Done, Work
from soundlet.server.metrics import Metrics
from soundlet.server.results import SAMPLES, Results
from soundlet.server.scheduler import Scheduler
from tests.unit.server.acting import Acting, Deaf

DONE = Done({"seed": 1}, {})
PATIENCE = 10.0  # seconds after which what should have happened has not


@pytest.fixture
def results(tmp_path: Path) -> Results:
    return Results(tmp_path, max_bytes=10**6, max_seconds=3600)


@asynccontextmanager
async def scheduling(
    worker: Acting, results: Results, metrics: Metrics | None = None, job_seconds: float = 100
) -> AsyncIterator[Scheduler]:
    """A scheduler with one worker."""
    scheduler = Scheduler(
        {"tiny": [worker]},
        results,
        metrics or Metrics(),
        queue_size=9,
        jobs_per_client=9,
        job_seconds=job_seconds,
    )
    scheduler.start()
    try:
        yield scheduler
    finally:
        await scheduler.stop(0)


async def submitted(scheduler: Scheduler, results: Results) -> tuple[Job, Path]:
    """A job that was queued, and its folder."""
    job = Job("tiny", "generate", {}, "somebody")
    folder = results.folder(job.id)
    await scheduler.submit(job, Work(job=job.id, operation="generate", fields={}, folder=folder))
    return job, folder


async def running(scheduler: Scheduler, results: Results) -> tuple[Job, Path]:
    """The same, once a worker has it and has begun to write."""
    job, folder = await submitted(scheduler, results)
    async for _, event in job.follow():
        if event.kind == "running":
            break
    (folder / SAMPLES).touch()
    return job, folder


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.EMFILE, os.strerror(errno.EMFILE)),
        OSError(errno.EAGAIN, os.strerror(errno.EAGAIN)),
        RuntimeError("can't start new thread"),
    ],
)
def test_a_worker_that_the_system_does_not_let_start_is_tried_again(
    results: Results, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    monkeypatch.setattr("soundlet.server.scheduler.RESTART_SECONDS", (0.0,))
    errors = [error, error]

    class Refused(Acting):
        async def start(self) -> None:
            if errors:
                raise errors.pop()

    async def check() -> None:
        async with scheduling(Refused(DONE), results) as scheduler:
            job, _ = await submitted(scheduler, results)
            await asyncio.wait_for(job.over(), PATIENCE)
            assert job.state == "done"
            assert not errors

    asyncio.run(check())


def test_a_job_that_is_called_off_while_it_waits_leaves_no_folder(results: Results) -> None:
    async def check() -> None:
        async with scheduling(Acting(), results) as scheduler:
            await running(scheduler, results)
            job, folder = await submitted(scheduler, results)
            scheduler.cancel(job)
            assert (job.state, folder.exists()) == ("cancelled", False)

    asyncio.run(check())


def test_jobs_that_wait_when_the_server_ends_leave_no_folders(results: Results) -> None:
    async def check() -> None:
        async with scheduling(Acting(), results) as scheduler:
            _, kept = await running(scheduler, results)
            job, folder = await submitted(scheduler, results)
            scheduler.drain()
            assert (job.state, folder.exists(), kept.exists()) == ("failed", False, True)

    asyncio.run(check())


def test_a_job_that_runs_when_the_server_ends_leaves_no_folder(results: Results) -> None:
    async def check() -> None:
        async with scheduling(Acting(), results) as scheduler:
            job, folder = await running(scheduler, results)
        assert job.problem is not None
        assert (job.problem.kind, folder.exists()) == ("draining", False)

    asyncio.run(check())


def test_a_sound_that_cannot_be_stored_leaves_no_folder(
    results: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    def keep(job: str, record: Mapping[str, Any]) -> None:
        del job, record
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(results, "keep", keep)

    async def check() -> None:
        worker = Acting()
        async with scheduling(worker, results) as scheduler:
            job, folder = await running(scheduler, results)
            worker.say(DONE)
            await asyncio.wait_for(job.over(), PATIENCE)
            assert job.problem is not None
            assert (job.problem.kind, folder.exists()) == ("storage", False)

    asyncio.run(check())


def test_a_job_that_took_too_long_has_failed_once_when_the_server_ends(results: Results) -> None:
    metrics = Metrics()

    async def check() -> None:
        async with scheduling(Deaf(), results, metrics, job_seconds=0) as scheduler:
            job, folder = await running(scheduler, results)
            await asyncio.wait_for(job.over(), PATIENCE)
        assert [event.kind for event in job.events] == ["queued", "running", "failed"]
        assert job.problem is not None
        assert (job.problem.kind, folder.exists()) == ("timed-out", False)

    asyncio.run(check())
    counted = 'soundlet_jobs_total{model="tiny",operation="generate",state="failed"}'
    assert f"{counted} 1.0\n" in metrics.text().decode()
