"""Asynchronous hooks around bodies that run beside the loop and that no cancel reaches: in threads and in processes."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import AsyncIterator, Coroutine, Generator, Iterator
from types import coroutine
from typing import Any, cast
from uuid import uuid4

import msgspec
import pytest
from tests.worker.conftest import MakeWorker
from tests.worker.fakes import EPOCH, FakeStore, FakeTasks

from taskflowmq import Context, current_context
from taskflowmq.core.job import ClaimedJob, State
from taskflowmq.core.transitions import Failed
from taskflowmq.ports.context import WorkerState
from taskflowmq.ports.tasks import Runs
from taskflowmq.testing.waiting import wait_until, wait_until_sync
from taskflowmq.worker.running import executor
from taskflowmq.worker.running.body import _Bodies
from taskflowmq.worker.running.run import Reach

who: contextvars.ContextVar[str] = contextvars.ContextVar("who", default="nobody")


async def test_a_body_may_begin_before_the_loop_has_left_the_hook(
    store: FakeStore, tasks: FakeTasks, make_worker: MakeWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = threading.Event()

    @tasks.hooks.around
    async def hook(ctx: Context) -> AsyncIterator[None]:
        who.set("hook")
        yield

    def body() -> str:
        begun.set()
        return who.get()

    @coroutine
    def lingering(steps: Coroutine[Any, Any, Any], *_: object) -> Generator[Any, Any, Any]:
        """Stay in the step in which the hook yields until the body runs, as a loop does that gets no processor."""
        waits = steps.send(None)
        assert begun.wait(20)
        yield waits
        return (yield from steps)

    monkeypatch.setattr(executor, "probed", lingering)
    row = store.put(tasks.add(body), max_attempts=1)
    await make_worker().run_until_idle()
    assert row.state is State.COMPLETED, row.error
    assert row.last.result == b'"hook"'


async def test_what_one_half_of_a_hook_or_the_body_sets_reaches_the_next(
    store: FakeStore, tasks: FakeTasks, make_worker: MakeWorker
) -> None:
    seen: list[str] = []

    @tasks.hooks.around
    def outer(ctx: Context) -> Iterator[None]:
        token = who.set("outer")
        yield
        seen.append(who.get())
        who.reset(token)

    @tasks.hooks.around
    async def middle(ctx: Context) -> AsyncIterator[None]:
        seen.append(who.get())
        who.set("middle")
        yield
        seen.append(who.get())
        who.set("middle again")

    @tasks.hooks.around
    async def inner(ctx: Context) -> AsyncIterator[None]:
        seen.append(who.get())
        token = who.set("inner")
        yield
        seen.append(who.get())
        who.reset(token)

    def body() -> None:
        seen.append(who.get())
        who.set("body")

    row = store.put(tasks.add(body), max_attempts=1)
    await make_worker().run_until_idle()
    assert row.state is State.COMPLETED, row.error
    assert seen == ["outer", "middle", "inner", "body", "middle", "middle again"]


async def test_a_timeout_of_a_hook_takes_effect_when_the_body_has_ended(
    store: FakeStore, tasks: FakeTasks, make_worker: MakeWorker
) -> None:
    seen: list[str] = []
    limits: dict[str, asyncio.Timeout] = {}

    @tasks.hooks.around
    async def hook(ctx: Context) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(0.01) as limits[ctx.job.task]:
                yield
        finally:
            seen.append(f"{ctx.job.task} is left")

    def returns() -> None:
        name = current_context().job.task
        wait_until_sync(lambda: limits[name].expired(), 20)
        seen.append(f"{name} ends")

    def raises() -> None:
        returns()
        raise ValueError("of the body")

    rows = [store.put(tasks.add(fn), max_attempts=1) for fn in (returns, raises)]
    await make_worker().run_until_idle()
    assert [row.error["type"] for row in rows] == ["TimeoutError", "ValueError"]
    for name in ("returns", "raises"):
        assert [what for what in seen if what.startswith(name)] == [f"{name} ends", f"{name} is left"]


def test_the_same_holds_in_a_process_whose_body_turns_the_loop() -> None:
    tasks, seen, limits = FakeTasks(), list[str](), list[asyncio.Timeout]()

    @tasks.hooks.around
    async def hook(ctx: Context) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(0.01) as limit:
                limits.append(limit)
                yield
        finally:
            seen.append("is left")

    async def body() -> None:
        await wait_until(limits[0].expired, 20)
        seen.append("ends")

    counts = (1, 1, 0, 0, 1)
    name = tasks.add(body, runs=Runs.PROCESS)
    job = ClaimedJob(uuid4(), name, b"{}", "default", 0, "default", 0.0, (), *counts, EPOCH, EPOCH, None, 1, None)
    with asyncio.Runner() as runner:
        outcome = _Bodies(tasks, Reach(cast(Any, None), cast(Any, None), WorkerState()), runner).run(job)
    assert isinstance(outcome, Failed)
    assert msgspec.json.decode(outcome.error)["type"] == "TimeoutError"
    assert seen == ["ends", "is left"]
