"""Which job runs next, on which worker, and what becomes of it if the worker dies."""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections import OrderedDict, deque
from collections.abc import Sequence
from contextlib import suppress
from typing import Protocol

from soundlet.errors import EngineError
from soundlet.server.jobs import Job
from soundlet.server.messages import (
    Cancel,
    Died,
    Done,
    Failed,
    FromWorker,
    Opening,
    Piece,
    Step,
    Work,
)
from soundlet.server.metrics import Metrics
from soundlet.server.problems import Problem, ProblemError, problem_of
from soundlet.server.results import Results
from soundlet.whole_files import write_whole

REMEMBERED = 256  # jobs that are over, in memory
CANCEL_SECONDS = 10.0  # for a step to end; after them the worker is ended by force
RESTART_SECONDS = (0.0, 1.0, 5.0, 30.0)  # before a worker that cannot start is tried again
PRUNE_SECONDS = 60.0
FIRST_GUESS = 5.0  # seconds of a job, before there has been one

logger = logging.getLogger(__name__)


class Worker(Protocol):
    """Something with a loaded model that does one job at a time."""

    @property
    def pid(self) -> int | None:
        """Of its process, where that is on this machine."""

    async def start(self) -> None:
        """Get ready.

        Raises:
            EngineError: it cannot.
            OSError, RuntimeError: the system has no process or no thread for it at present.
        """

    def send(self, message: Work | Cancel) -> None:
        """Hand over a job, or call one off."""

    async def next_message(self) -> FromWorker:
        """What it says next."""

    def kill(self) -> None:
        """End it at once."""

    async def stop(self) -> None:
        """End it."""


class Scheduler:
    """The queue, the workers, and all jobs that are remembered.

    Attributes:
        is_draining: the server is ending: no further jobs.
    """

    def __init__(
        self,
        workers: dict[str, Sequence[Worker]],
        results: Results,
        metrics: Metrics,
        *,
        queue_size: int,
        jobs_per_client: int,
        job_seconds: float,
    ) -> None:
        """Take the workers of each model; `start` starts them."""
        self._workers, self._results, self._metrics = workers, results, metrics
        self._queue_size, self._jobs_per_client = queue_size, jobs_per_client
        self._job_seconds = job_seconds
        self._queues: dict[str, deque[tuple[Job, Work]]] = {name: deque() for name in workers}
        self._wake = {name: asyncio.Condition() for name in workers}
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._running: dict[Worker, Job] = {}
        self._ready: dict[Worker, str | None] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._mean_seconds = FIRST_GUESS
        self.is_draining = False

    def start(self) -> None:
        """Start every worker; jobs may be submitted at once."""
        for model, workers in self._workers.items():
            for worker in workers:
                self._ready[worker] = "loading the model"
                self._tasks.append(asyncio.create_task(self._serve(model, worker)))
        self._tasks.append(asyncio.create_task(self._prune()))

    def pids(self) -> list[int]:
        """Of the worker processes of this machine."""
        return [pid for worker in self._ready if (pid := worker.pid) is not None]

    def not_ready(self) -> dict[str, str]:
        """Models that no worker is ready for, and why."""
        return {
            model: next(self._ready.get(worker) or "not started" for worker in workers)
            for model, workers in self._workers.items()
            if not any(self._ready.get(worker, "") is None for worker in workers)
        }

    def find(self, job: str) -> Job | None:
        """The job of that id, if it is remembered."""
        return self._jobs.get(job)

    def n_queued(self) -> int:
        """Jobs that wait."""
        return sum(map(len, self._queues.values()))

    def n_running(self) -> int:
        """Jobs that a worker has."""
        return len(self._running)

    def require_room(self, client: str) -> None:
        """Refuse at once what `submit` would refuse.

        Args:
            client: address of who asks.

        Raises:
            ProblemError: the queue is full, the client has too many, or the server is ending.
        """
        if self.is_draining:
            raise ProblemError(Problem("draining", "The server is shutting down.", retry_after=10))
        idle = sum(reason is None for reason in self._ready.values()) - len(self._running)
        if self.n_queued() >= self._queue_size + max(idle, 0):
            self._metrics.refused.labels("queue-full").inc()
            raise ProblemError(
                Problem(
                    "queue-full",
                    f"All {self._queue_size} places of the queue are taken; try again later.",
                    retry_after=self._seconds_to_wait(),
                )
            )
        n_own = sum(not job.is_over for job in self._jobs.values() if job.client == client)
        if n_own >= self._jobs_per_client:
            self._metrics.refused.labels("too-many").inc()
            raise ProblemError(
                Problem(
                    "too-many",
                    f"You have {n_own} unfinished jobs, which is the most for one client:"
                    " wait for one of them, or cancel it.",
                    retry_after=self._seconds_to_wait(),
                )
            )

    async def submit(self, job: Job, work: Work) -> None:
        """Queue a job. Raises ProblemError as `require_room` does."""
        self.require_room(job.client)
        self._jobs[job.id] = job
        self._forget()
        queue = self._queues[job.model]
        queue.append((job, work))
        job.move_up(len(queue) - 1)
        async with self._wake[job.model]:
            self._wake[job.model].notify()

    def cancel(self, job: Job) -> None:
        """Call a job off: at once if it waits, else at its next step."""
        queue = self._queues[job.model]
        for entry in queue:
            if entry[0] is job:
                queue.remove(entry)
                self._results.drop(job.id)
                self._call_off(job)
                self._renumber(job.model)
                return
        for worker, running in self._running.items():
            if running is job:
                worker.send(Cancel(job.id))
                self._kill_later(worker, job)

    def drain(self) -> None:
        """Take no further jobs, and tell those that wait that they will not run."""
        self.is_draining = True
        for queue in self._queues.values():
            while queue:
                job, _ = queue.popleft()
                problem = Problem("draining", "The server is shutting down; this job did not run.")
                self._results.drop(job.id)
                self._fail(job, problem)

    async def stop(self, seconds: float) -> None:
        """Wait for the jobs that run, then end the workers.

        Args:
            seconds: to wait at most; what runs then is ended.
        """
        self.drain()
        running = [asyncio.ensure_future(job.over()) for job in self._running.values()]
        if running:
            await asyncio.wait(running, timeout=seconds)
        for task in [*running, *self._tasks]:
            task.cancel()
        await asyncio.gather(*running, *self._tasks, return_exceptions=True)
        for job in self._running.values():
            if not job.is_over:
                problem = Problem("draining", "The server shut down before this job was done.")
                self._fail(job, problem)
        await asyncio.gather(*(worker.stop() for worker in self._ready))
        for job in self._running.values():
            self._results.drop(job.id)

    async def _serve(self, model: str, worker: Worker) -> None:
        """One worker's life: started, given job after job, started again when it dies."""
        failures = 0
        while True:
            self._ready[worker] = self._ready.get(worker) or "starting again"
            await asyncio.sleep(RESTART_SECONDS[min(failures, len(RESTART_SECONDS) - 1)])
            try:
                await worker.start()
            except (EngineError, OSError, RuntimeError) as e:  # the last: no thread
                failures += 1
                self._ready[worker] = str(e)
                logger.error("%s: %s", model, e)
                continue
            failures = 0
            self._ready[worker] = None
            reason = await self._give_jobs(model, worker)
            self._ready[worker] = reason
            self._metrics.restarts.inc()
            logger.error("a worker of %s %s; it is started again", model, reason)

    async def _give_jobs(self, model: str, worker: Worker) -> str:
        """Give it jobs until it dies; why it did."""
        while True:
            job, work = await self._next(model)
            self._running[worker] = job
            job.run()
            self._metrics.queue_seconds.observe(time.time() - job.created)
            worker.send(work)
            limit = asyncio.get_running_loop().call_later(
                self._job_seconds, self._end_for_time, worker, job
            )
            try:
                reason = await self._follow(worker, job)
            finally:
                limit.cancel()
            del self._running[worker]
            if reason is not None:
                return reason

    async def _next(self, model: str) -> tuple[Job, Work]:
        async with self._wake[model]:
            await self._wake[model].wait_for(lambda: self._queues[model])
            entry = self._queues[model].popleft()
        self._renumber(model)
        return entry

    async def _follow(self, worker: Worker, job: Job) -> str | None:
        """Pass on what a worker says of a job until it is over; why the worker died, if it did."""
        while True:
            message = await worker.next_message()
            if job.is_over and not isinstance(message, Died):  # it took too long
                if isinstance(message, Done | Failed):
                    self._results.drop(job.id)
                    return None
            elif isinstance(message, Step):
                job.advance(message.done, message.total)
            elif isinstance(message, Opening | Piece):
                job.stream(message)
            elif isinstance(message, Done):
                await self._keep(job, message)
                return None
            elif isinstance(message, Failed):
                self._results.drop(job.id)
                if message.kind == "Cancelled":
                    self._call_off(job)
                else:
                    problem = problem_of(message.kind, message.detail, [*job.request, "audio"])
                    self._fail(job, problem)
                return None
            elif isinstance(message, Died):
                self._results.drop(job.id)
                if not job.is_over:
                    problem = Problem(
                        "crashed",
                        f"The worker {message.reason}. This job is lost; others are not touched:"
                        " ask for it again.",
                    )
                    self._fail(job, problem)
                return message.reason

    async def _keep(self, job: Job, done: Done) -> None:
        try:
            if done.files is not None:
                folder = self._results.folder(job.id)
                for name, content in done.files.items():
                    await asyncio.to_thread(write_whole, folder / name, content)
            job.sound, job.settings = done.facts, done.settings
            if done.steps:
                job.step = job.steps = done.steps
            job.state, job.ended = "done", time.time()
            self._results.keep(job.id, job.as_record())
        except OSError as e:
            problem = Problem("storage", f"The sound cannot be stored: {e.strerror or e}.")
            self._results.drop(job.id)
            self._fail(job, problem)
            return
        job.succeed(done.facts, done.settings)
        self._count(job)

    def _fail(self, job: Job, problem: Problem) -> None:
        job.fail(problem)
        self._count(job)

    def _call_off(self, job: Job) -> None:
        job.cancel()
        self._count(job)

    def _count(self, job: Job) -> None:
        """A job has ended."""
        self._metrics.jobs.labels(job.model, job.operation, job.state).inc()
        if job.started is not None and job.ended is not None:
            seconds = job.ended - job.started
            self._metrics.job_seconds.labels(job.operation).observe(seconds)
            if job.state == "done":
                self._mean_seconds += 0.2 * (seconds - self._mean_seconds)
                self._metrics.sound_seconds.inc(float((job.sound or {}).get("seconds", 0)))

    def _kill_later(self, worker: Worker, job: Job) -> None:
        """End the worker by force if a job that was called off does not end by itself."""

        def kill() -> None:
            if self._running.get(worker) is job:
                if not job.is_over:
                    self._call_off(job)
                worker.kill()

        asyncio.get_running_loop().call_later(CANCEL_SECONDS, kill)

    def _end_for_time(self, worker: Worker, job: Job) -> None:
        if self._running.get(worker) is job:
            problem = Problem(
                "timed-out",
                f"The job ran for {self._job_seconds:g} s, which is the most that this server"
                " allows: ask for fewer seconds or steps.",
            )
            self._fail(job, problem)
            worker.send(Cancel(job.id))
            self._kill_later(worker, job)

    def _renumber(self, model: str) -> None:
        for position, (job, _) in enumerate(self._queues[model]):
            job.move_up(position)

    def _seconds_to_wait(self) -> int:
        """When a place in the queue is likely to be free."""
        n_workers = max(1, len(self._ready))
        return max(1, math.ceil(self._mean_seconds / n_workers))

    def _forget(self) -> None:
        """Drop the oldest jobs that are over, beyond so many."""
        over = [name for name, job in self._jobs.items() if job.is_over]
        for name in over[: max(0, len(over) - REMEMBERED)]:
            del self._jobs[name]

    async def _prune(self) -> None:
        while True:
            await asyncio.sleep(PRUNE_SECONDS)
            with suppress(OSError):
                await asyncio.to_thread(self._results.prune)
