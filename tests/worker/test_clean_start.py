"""A job starts in clean context variables, whoever made room for it, and no work of the worker is done in a job's."""

from __future__ import annotations

import asyncio
import contextvars
import decimal
from collections.abc import Callable
from typing import Any

import pytest
from tests.worker.conftest import MakeWorker
from tests.worker.fakes import FakeStore, FakeTasks

from taskflowmq import Context
from taskflowmq.core.job import State

who: contextvars.ContextVar[str | None] = contextvars.ContextVar("who", default=None)


async def test_no_job_sees_the_variables_of_another_or_of_whoever_started_the_worker(
    store: FakeStore, tasks: FakeTasks, make_worker: MakeWorker
) -> None:
    seen: list[tuple[str | None, int]] = []

    def look() -> None:
        seen.append((who.get(), decimal.getcontext().prec))
        who.set("a job")
        decimal.getcontext().prec = 3

    async def coroutine() -> None:
        look()
        await asyncio.sleep(0)

    who.set("the program")
    names = [tasks.add(coroutine), tasks.add(look, name="thread")]
    for name in names * 8:
        store.put(name)
    worker = make_worker(concurrency=2)  # most of them start where another ends
    await worker.start()
    await store.until(lambda: store.count(State.COMPLETED) == 16)
    assert set(seen) == {(None, 28)}


@pytest.mark.parametrize("kind", ["coroutine", "thread"])
async def test_what_the_worker_does_for_a_job_is_not_done_in_its_variables(
    store: FakeStore, tasks: FakeTasks, make_worker: MakeWorker, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    seen: dict[str, str | None] = {}

    def noting(name: str) -> Callable[..., Any]:
        original = getattr(store, name)

        async def call(*args: Any, **options: Any) -> Any:
            seen[name] = who.get()
            return await original(*args, **options)

        return call

    for name in ("settle", "save_progress", "claim"):
        monkeypatch.setattr(store, name, noting(name))

    def body(ctx: Context) -> None:
        who.set("a job")
        ctx.progress(0.5)

    async def coroutine(ctx: Context) -> None:
        body(ctx)

    row = store.put(tasks.add(coroutine if kind == "coroutine" else body, name="body"))
    worker = make_worker()
    await worker.start()
    await store.until(lambda: row.state is State.COMPLETED and row.progress is not None)
    store.put("body")
    await store.until(lambda: store.count(State.COMPLETED) == 2)
    assert seen == {"settle": None, "save_progress": None, "claim": None}
