"""What becomes of jobs whose worker fails."""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from soundlet.server.jobs import Job
from soundlet.server.messages import Done, Work
from soundlet.server.metrics import Metrics
from soundlet.server.results import Results
from soundlet.server.scheduler import Scheduler
from tests.unit.server.acting import Acting

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
