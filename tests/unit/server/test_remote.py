"""Workers on other machines, without the machines: turns, cancelling, losses."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable
from pathlib import Path

import pytest

from soundlet.errors import EngineError
from soundlet.server.messages import Cancel, Died, Done, Failed, FromWorker, Step, Work
from soundlet.server.remote import RemoteWorker
from soundlet.server.renderer import Renderer
from tests.unit.server.acting import Acting, Deaf

DONE = Done({"seed": 1}, {})


def work(job: str = "a") -> Work:
    return Work(job=job, operation="generate", fields={}, folder=Path("/somewhere"))


async def all_of(messages: AsyncIterator[FromWorker]) -> list[FromWorker]:
    return [message async for message in messages]


def test_a_job_is_told_to_its_end() -> None:
    async def check() -> None:
        acting = Acting(Step(1, 1), DONE)
        renderer = Renderer(acting)
        await renderer.ready()
        assert await all_of(renderer.render(work())) == [Step(1, 1), DONE]
        assert await all_of(renderer.render(work())) == [Step(1, 1), DONE]
        assert acting.started == 1

    asyncio.run(check())


def test_a_worker_that_died_is_started_for_the_next_job() -> None:
    async def check() -> None:
        acting = Acting(Died("ended by SIGKILL"), starts=2)
        renderer = Renderer(acting)
        for started in (1, 2):
            assert await all_of(renderer.render(work())) == [Died("ended by SIGKILL")]
            assert acting.started == started
        assert await all_of(renderer.render(work())) == [Died("could not be started: no memory")]

    asyncio.run(check())


def test_a_job_that_nobody_listens_to_is_called_off_before_the_next() -> None:
    async def check() -> None:
        acting = Acting(Step(1, 2))
        renderer = Renderer(acting)
        left = renderer.render(work("a"))
        assert await anext(left) == Step(1, 2)
        listening = asyncio.ensure_future(anext(left))
        await asyncio.sleep(0)
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
        acting.said = (DONE,)
        assert await all_of(renderer.render(work("b"))) == [DONE]
        assert [type(m).__name__ + m.job for m in acting.given] == ["Worka", "Cancela", "Workb"]
        assert acting.killed == 0

    asyncio.run(check())


def test_a_worker_that_does_not_obey_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("soundlet.server.renderer.CANCEL_SECONDS", 0.01)

    async def check() -> None:
        acting = Deaf(Step(1, 2))
        renderer = Renderer(acting)
        left = renderer.render(work())
        await anext(left)
        await left.aclose()  # type: ignore[attr-defined]
        acting.said = (DONE,)
        assert await all_of(renderer.render(work())) == [DONE]
        assert (acting.killed, acting.started) == (1, 2)

    asyncio.run(check())


class Calling:
    """A job on a cluster that says these things; an error is raised in its place."""

    def __init__(self, *said: FromWorker | Exception) -> None:
        self._said = said
        self._off = asyncio.Event()
        self.n_cancelled = 0

    async def __aiter__(self) -> AsyncIterator[FromWorker]:
        for one in self._said:
            if isinstance(one, Exception):
                raise one
            yield one
        await self._off.wait()
        raise RuntimeError("the call was cancelled")

    def cancel(self) -> None:
        self.n_cancelled += 1
        self._off.set()


async def is_ready() -> None:
    return None


@pytest.mark.parametrize(
    ("said", "last"),
    [
        ((Step(1, 1), DONE), DONE),
        ((Step(1, 1), Failed("RequestError", "no")), Failed("RequestError", "no")),
        ((Step(1, 1), RuntimeError("node\nlost")), Died("was lost (node)")),
    ],
)
def test_what_a_replica_says_is_passed_on(
    said: tuple[FromWorker | Exception, ...], last: FromWorker
) -> None:
    async def check() -> None:
        asked: list[Work] = []

        def render(work: Work) -> Calling:
            asked.append(work)
            return Calling(*said)

        worker = RemoteWorker(is_ready, render)
        await worker.start()
        worker.send(work())
        assert await worker.next_message() == Step(1, 1)
        assert await worker.next_message() == last
        assert asked[0].folder is None  # its disk is not ours
        await worker.stop()

    asyncio.run(check())


def test_a_job_that_is_called_off_is_cancelled_once() -> None:
    async def check() -> None:
        call = Calling(Step(1, 9))
        worker = RemoteWorker(is_ready, lambda _: call)
        await worker.start()
        worker.send(work())
        assert await worker.next_message() == Step(1, 9)
        worker.send(Cancel("a"))
        worker.kill()
        assert await worker.next_message() == Failed("Cancelled", "")
        assert call.n_cancelled == 1

    asyncio.run(check())


def test_no_replica_in_time_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("soundlet.server.remote.START_SECONDS", 0.01)

    def never() -> Awaitable[None]:
        return asyncio.sleep(60)

    async def fails() -> None:
        raise RuntimeError("the model is damaged\nTraceback ...")

    async def check() -> None:
        with pytest.raises(EngineError, match="no replica was ready within"):
            await RemoteWorker(never, lambda _: Calling()).start()
        with pytest.raises(EngineError, match=r"no replica is ready: the model is damaged$"):
            await RemoteWorker(fails, lambda _: Calling()).start()

    asyncio.run(check())
