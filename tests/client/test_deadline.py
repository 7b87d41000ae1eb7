"""One deadline for everything that a program asks of a store, whatever keeps the store from answering."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any, TypeVar

import pytest
from tests.faults.proxy import Proxy

from taskflowmq import StoreUnavailable, TaskFlow
from taskflowmq.client.deadline import store_timeout, within
from taskflowmq.client.environment import InvalidSetting
from taskflowmq.client.group_commit import GroupCommit
from taskflowmq.client.ids import new_id
from taskflowmq.core.job import Enqueued, NewJob
from taskflowmq.testing.waiting import wait_until

T = TypeVar("T")
SECONDS = 0.3
#: What a caller may wait beyond the deadline on a machine that is busy.
SLACK = 6.0


async def answered(call: Callable[[], Awaitable[T]]) -> T:
    """Call a store that may answer, until it does so in time: a machine that is busy can take longer."""
    answers: list[T] = []

    async def in_time() -> bool:
        with contextlib.suppress(StoreUnavailable):
            answers.append(await call())
        return bool(answers)

    await wait_until(in_time, what="an answer in time")
    return answers[0]


@contextlib.asynccontextmanager
async def refused_in_time() -> AsyncIterator[None]:
    began = time.monotonic()
    with pytest.raises(StoreUnavailable, match=r"within 0\.3 s \(TASKFLOW_STORE_TIMEOUT\)"):
        yield
    assert time.monotonic() - began < SECONDS + SLACK


async def test_a_caller_does_not_wait_for_work_that_does_not_hear(caplog: pytest.LogCaptureFixture) -> None:
    deaf, end = asyncio.Event(), asyncio.Event()

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            deaf.set()
            await end.wait()
            raise OSError("of no interest any more")

    async with refused_in_time():
        await within(SECONDS, work())
    await deaf.wait()
    end.set()
    await asyncio.sleep(0)
    assert await within(SECONDS, asyncio.sleep(0, "done")) == "done"
    with pytest.raises(KeyError):
        await within(SECONDS, fails())
    assert "never retrieved" not in caplog.text


async def fails() -> None:
    raise KeyError


async def test_a_caller_that_is_cancelled_cancels_the_work() -> None:
    begun, ended = asyncio.Event(), asyncio.Event()

    async def work() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    caller = asyncio.create_task(within(60, work()))
    await begun.wait()
    caller.cancel()
    await asyncio.wait([caller])
    await asyncio.wait_for(ended.wait(), 30)


def job() -> NewJob:
    return NewJob(id=new_id(), task="t", args=b"{}")


async def test_all_who_wait_for_a_flush_that_stands_still_are_answered_and_the_next_one_starts() -> None:
    away, batches = True, []

    async def write(jobs: Sequence[NewJob]) -> list[Enqueued]:
        batches.append(len(jobs))
        if away:
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.Event().wait()
            await asyncio.sleep(30)  # a driver that takes its time to give up
        return [Enqueued(one.id, created=True) for one in jobs]

    commit = GroupCommit(write, seconds=SECONDS)
    first = asyncio.create_task(commit.submit(job()))
    await asyncio.sleep(0)
    others = [asyncio.create_task(commit.submit(job())) for _ in range(3)]
    began = time.monotonic()
    answers = await asyncio.gather(first, *others, return_exceptions=True)
    assert time.monotonic() - began < SECONDS + SLACK
    assert all(isinstance(answer, StoreUnavailable) for answer in answers)
    away = False
    assert (await commit.submit(job())).created
    assert batches == [1, 1]
    await commit.close()


@pytest.fixture
async def locked(sqlite_url: str) -> AsyncIterator[tuple[TaskFlow, sqlite3.Connection]]:
    """An app on a file whose write lock another program holds."""
    app = TaskFlow(sqlite_url, store_timeout=SECONDS)

    @app.task
    async def note(n: int) -> int:
        return n

    async with TaskFlow(sqlite_url):
        pass
    conn = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None)
    yield app, conn
    conn.close()
    await app.aclose()


@pytest.mark.slow
async def test_a_write_lock_that_is_held_costs_a_deadline_and_no_more(locked: Any) -> None:
    app, conn = locked
    note = app.tasks["note"]
    await answered(lambda: note.aenqueue(0))
    conn.execute("BEGIN IMMEDIATE")
    for call in (
        lambda: note.aenqueue(1),
        lambda: note.using(idempotency_key="k").aenqueue(2),
        lambda: app.queues.apause("default"),
    ):
        async with refused_in_time():
            await call()
    # Readers wait for nobody.
    assert {job.args["n"] for job in (await answered(app.jobs.alist)).items} == {0}
    conn.execute("ROLLBACK")
    assert (await answered(lambda: note.aenqueue(4))).created


async def test_the_first_use_does_not_wait_longer(locked: Any) -> None:
    app, conn = locked
    conn.execute("BEGIN IMMEDIATE")
    calls = [asyncio.create_task(app.tasks["note"].aenqueue(n)) for n in range(3)]
    began = time.monotonic()
    for answer in await asyncio.gather(*calls, return_exceptions=True):
        assert isinstance(answer, StoreUnavailable)
    assert time.monotonic() - began < SECONDS + SLACK
    conn.execute("ROLLBACK")
    assert (await answered(lambda: app.tasks["note"].aenqueue(4))).created


@pytest.mark.slow
@pytest.mark.postgres
async def test_a_database_that_went_silent_costs_a_deadline_and_no_more(postgres_url: str) -> None:
    proxy = Proxy(postgres_url)
    url = await proxy.start()
    app, late = TaskFlow(url, store_timeout=SECONDS), TaskFlow(url, store_timeout=SECONDS)

    @app.task
    async def note(n: int) -> int:
        return n

    late.task(name="note")(note.fn)
    handle = await answered(lambda: note.aenqueue(0))
    proxy.swallow()
    calls = {
        "enqueue": lambda: note.aenqueue(1),
        "unique": lambda: note.using(unique="k").aenqueue(2),
        "bulk": lambda: app.aenqueue_many([note.job(3)]),
        "read": handle.astate,
        "list": app.jobs.alist,
        "cancel": handle.acancel,
        "by name": lambda: app.asend("never-heard-of", {}),
        "first use": lambda: late.tasks["note"].aenqueue(5),
    }
    for name, call in calls.items():
        began = time.monotonic()
        with pytest.raises(StoreUnavailable):
            await call()
        assert time.monotonic() - began < SECONDS + SLACK, name
    with pytest.raises(TimeoutError):
        await handle.aresult(timeout=SECONDS)
    proxy.flow()

    assert (await answered(lambda: note.aenqueue(6))).created
    assert (await answered(lambda: late.tasks["note"].aenqueue(7))).created
    proxy.abort()
    await app.aclose()
    await late.aclose()
    await proxy.close()


def test_the_deadline_comes_from_the_program_else_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TASKFLOW_STORE_TIMEOUT", raising=False)
    assert store_timeout() == 10.0
    monkeypatch.setenv("TASKFLOW_STORE_TIMEOUT", "2.5")
    assert store_timeout() == TaskFlow()._patience() == 2.5
    assert TaskFlow(store_timeout=3)._patience() == 3.0
    for wrong in ("soon", "0", "nan", "-1"):
        monkeypatch.setenv("TASKFLOW_STORE_TIMEOUT", wrong)
        with pytest.raises(InvalidSetting, match="TASKFLOW_STORE_TIMEOUT must be"):
            store_timeout()
    with pytest.raises(InvalidSetting, match="store_timeout must be"):
        TaskFlow(store_timeout=0)
