"""Whoever waits for a job that nobody runs is told why."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from taskflowmq import TaskFlow
from taskflowmq.client import handle as handles
from taskflowmq.client import session as sessions
from taskflowmq.client import watch
from taskflowmq.core.errors import StoreUnavailable
from taskflowmq.core.waiting import WaitCode
from taskflowmq.testing.waiting import wait_until


async def test_a_time_out_says_what_the_job_waits_for(app: TaskFlow, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handles, "REASON_S", 10.0)  # a busy machine
    monkeypatch.setattr(sessions, "WHY_S", 60.0)

    @app.task
    async def note(n: int) -> int:
        return n

    handle = await note.using(queue="mail").aenqueue(1)
    with pytest.raises(TimeoutError, match=r"within 0\.05 s: no living worker serves task 'note' on queue 'mail'"):
        await handle.aresult(timeout=0.05)
    other = TaskFlow(app.url)
    async with other, other.worker(concurrency=1):
        why = await handle.awhy()
        assert why is not None
        assert (why.code, why.fix) == (
            WaitCode.NO_WORKER_FOR_TASK,
            "start a worker with the app that declares it",
        )
    await app.queues.apause("mail")
    with pytest.raises(TimeoutError, match="queue 'mail' is paused"):
        await handle.aresult(timeout=0.05)
    await handle.acancel()
    with pytest.raises(Exception, match="cancelled"):
        await handle.aresult(timeout=30)


async def test_a_long_wait_is_hinted_at_once_per_reason(
    app: TaskFlow, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "HINT_S", 0.02)

    @app.task
    async def note(n: int) -> int:
        return n

    handles = [await note.aenqueue(n) for n in range(3)]
    session = await app.hub.open_here()
    hint, hinted = session.watch._hint, set()
    assert hint is not None

    async def considered(views: list[watch.JobView]) -> None:
        await hint(views)
        hinted.update(view.id for view in views)

    monkeypatch.setattr(session.watch, "_hint", considered)
    waiting = [asyncio.create_task(handle.aresult(timeout=60)) for handle in handles]
    await wait_until(lambda: len(hinted) == 3, what="the hint for each of them")
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    said = [record.getMessage() for record in caplog.records if "a caller waits for" in record.getMessage()]
    assert len(said) == 1
    assert "no living worker serves task 'note' on queue 'default'" in said[0]


async def test_nothing_is_said_of_a_job_that_gets_on(
    app: TaskFlow, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "HINT_S", 0.0)
    seen = []

    @app.task
    async def note(n: int) -> int:
        seen.append(n)
        await wait_until(lambda: hinted, what="the hint to be considered")
        return n

    hinted: list[int] = []
    session = await app.hub.open_here()
    hint = session.watch._hint
    assert hint is not None

    async def considered(views: list[watch.JobView]) -> None:
        await hint(views)
        hinted.append(1)

    monkeypatch.setattr(session.watch, "_hint", considered)
    async with app.worker(concurrency=1):
        assert await (await note.aenqueue(1)).aresult(timeout=20) == 1
    assert "a caller waits for" not in caplog.text


async def silent(*_: object) -> Any:
    """A store that does not answer, nor hear that nobody waits any more."""
    with contextlib.suppress(asyncio.CancelledError):
        await asyncio.Event().wait()
    await asyncio.Event().wait()


async def away(*_: object, **__: object) -> Any:
    """A store that says that it is away."""
    raise StoreUnavailable("away")


@pytest.mark.parametrize(
    ("part", "method"),
    [("jobs", "get"), ("jobs", "get_many"), ("workers", "list_workers"), ("claims", "paused_queues")],
)
@pytest.mark.parametrize("answer", [silent, away])
async def test_a_time_out_waits_only_a_moment_for_its_reason(
    app: TaskFlow,
    monkeypatch: pytest.MonkeyPatch,
    part: str,
    method: str,
    answer: Callable[..., Awaitable[Any]],
) -> None:
    monkeypatch.setattr(handles, "REASON_S", 0.2 if answer is silent else 10.0)

    @app.task
    async def note(n: int) -> int:
        return n

    handle = await note.aenqueue(1)
    session = await app.hub.open_here()
    monkeypatch.setattr(getattr(session.store, part), method, answer)
    began = time.monotonic()
    with pytest.raises(TimeoutError, match=r"has not ended within 0\.05 s") as caught:
        await handle.aresult(timeout=0.05)
    # The rest is for a busy machine; a statement that a caller waits for takes two seconds, the store's deadline ten.
    assert time.monotonic() - began < 0.05 + 0.25 + 1.5
    # The job is looked at by get_many, and its reason by the others.
    assert method == "get_many" or str(caught.value).endswith("0.05 s")


async def test_a_reason_that_cannot_be_asked_for_leaves_the_time_out(
    app: TaskFlow, monkeypatch: pytest.MonkeyPatch
) -> None:
    @app.task
    async def note(n: int) -> int:
        return n

    handle = await note.aenqueue(1)
    session = await app.hub.open_here()
    monkeypatch.setattr(session, "why", away)
    with pytest.raises(TimeoutError, match=r"within 0\.05 s$"):
        await handle.aresult(timeout=0.05)


async def test_a_job_that_ends_at_the_last_moment_is_said_to_have_ended(
    app: TaskFlow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handles, "REASON_S", 10.0)

    @app.task
    async def note(n: int) -> int:
        return n

    handle = await note.aenqueue(1)
    session = await app.hub.open_here()
    monkeypatch.setattr(session.store.jobs, "get_many", silent)
    await handle.acancel()
    with pytest.raises(TimeoutError, match=r"has not ended within 0\.05 s, but has meanwhile$"):
        await handle.aresult(timeout=0.05)
