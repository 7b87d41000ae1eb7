"""Why a body is asked to stop; the rest, with real processes, is in tests/faults."""

from __future__ import annotations

import asyncio
import threading
from typing import Any, cast
from uuid import uuid4

from tests.worker.conftest import MakeWorker
from tests.worker.fakes import EPOCH, FakeStore, FakeTasks

from taskflowmq import Context
from taskflowmq.core.directives import Stop
from taskflowmq.core.job import ClaimedJob, State
from taskflowmq.core.transitions import Failed
from taskflowmq.ports.context import WorkerState
from taskflowmq.worker.running.body import _Bodies
from taskflowmq.worker.running.run import Reach
from taskflowmq.worker.slots import LEASE_US
from taskflowmq.worker.watches.lease import LeaseWatch


async def test_a_body_that_nobody_asked_cannot_end_as_asked(
    store: FakeStore, tasks: FakeTasks, make_worker: MakeWorker
) -> None:
    async def gives_up(ctx: Context) -> None:
        assert ctx.stop_reason is None
        raise ctx.stopped()

    row = store.put(tasks.add(gives_up), max_attempts=1)
    await make_worker().run_until_idle()
    assert (row.state, row.error["type"]) == (State.DEAD, "WrongContext")


async def test_stopped_may_be_returned_too_and_a_drain_counts_what_went_back(
    store: FakeStore, tasks: FakeTasks, make_worker: MakeWorker
) -> None:
    begun = threading.Semaphore(0)

    def returns(ctx: Context) -> Stop:
        begun.release()
        while not ctx.cancelled:
            threading.Event().wait(0.005)
        return ctx.stopped()

    def completes(ctx: Context) -> str:
        begun.release()
        while not ctx.cancelled:
            threading.Event().wait(0.005)
        return "done"

    rows = [store.put(tasks.add(fn)) for fn in (returns, completes)]
    worker = make_worker(grace=5)
    await worker.start()
    for _ in rows:
        await asyncio.to_thread(begun.acquire)
    assert await worker.stop() == 1
    assert [row.state for row in rows] == [State.PENDING, State.COMPLETED]


async def test_a_lost_lease_is_told(store: FakeStore, tasks: FakeTasks, make_worker: MakeWorker) -> None:
    reasons: list[str | None] = []
    begun = asyncio.Event()

    async def body(ctx: Context) -> None:
        begun.set()
        try:
            await asyncio.sleep(600)
        finally:
            reasons.append(ctx.stop_reason)

    store.put(tasks.add(body, stops_with_lease=True))
    worker = make_worker()
    await worker.start()
    await begun.wait()
    watch: LeaseWatch = worker._lease
    worker._slots.cells[LEASE_US] = 0  # as it stands after another has taken this worker for dead
    watch.look()
    await worker.stop()
    assert reasons == ["lease_lost"]


def test_a_process_ends_as_asked_only_if_it_was_asked() -> None:
    """An end that was kept from an earlier job would look like a crash of the process."""
    kept: list[Stop] = []

    def body(ctx: Context) -> None:
        if not kept:
            assert bodies.current is not None
            bodies.current.stop = "cancel"  # as the pipe says it
            kept.append(ctx.stopped())
        raise kept[0]

    tasks = FakeTasks()
    counts = (0, 1, 0, 0, 1)
    name = tasks.add(body)
    job = ClaimedJob(uuid4(), name, b"{}", "default", 0, "default", 0.0, (), *counts, EPOCH, EPOCH, None, 3, None)
    with asyncio.Runner() as runner:
        bodies = _Bodies(tasks, Reach(cast(Any, None), cast(Any, None), WorkerState()), runner)
        assert bodies.run(job) is None
        second = bodies.run(job)
    assert isinstance(second, Failed)
    assert b'"type":"Stop"' in second.error
