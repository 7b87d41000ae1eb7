"""A worker by itself: it fills its slots, survives its store, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import gc
import logging
import threading
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pytest
from tests.worker.conftest import MakeWorker
from tests.worker.fakes import FakeStore, FakeTasks

from taskflowmq.core.job import ClaimedJob, QueueRef, Reason, State
from taskflowmq.ports.context import Context
from taskflowmq.ports.store import ClaimRequest
from taskflowmq.testing.waiting import wait_until
from taskflowmq.worker.running.run import HandlerContext, Run


async def noop() -> None:
    return None


async def test_jobs_enqueued_later_are_picked_up_by_wake_up(
    store: FakeStore, tasks: FakeTasks, make_worker: MakeWorker
) -> None:
    name = tasks.add(noop)
    await make_worker(poll=60).start()
    await store.until(lambda: len(store.claims_made) > 1)
    row = store.put(name)
    await store.until(lambda: row.state is State.COMPLETED)


async def test_a_thousand_jobs_complete_once_in_batches(
    store: FakeStore, tasks: FakeTasks, make_worker: MakeWorker
) -> None:
    name = tasks.add(noop)
    rows = [store.put(name) for _ in range(5_000)]
    worker = make_worker()
    await worker.start()
    await store.until(lambda: store.count(State.COMPLETED) == 5_000)
    # On a machine that stalls, some are handed back before they start; each completes once.
    assert all([change.to for change in row.history].count(State.COMPLETED) == 1 for row in rows)
    assert len(store.settles) < 1_000
    assert max(request.limit for request in store.claims_made) > 8


async def test_slow_jobs_are_not_prefetched(store: FakeStore, tasks: FakeTasks, make_worker: MakeWorker) -> None:
    gate = asyncio.Event()

    async def wait() -> None:
        await gate.wait()

    name = tasks.add(wait)
    for _ in range(20):
        store.put(name)
    worker = make_worker(concurrency=4)
    await worker.start()
    await store.until(lambda: store.count(State.RUNNING) == 4)
    assert store.count(State.PENDING) == 16
    assert worker.health().ok
    gate.set()
    await store.until(lambda: store.count(State.COMPLETED) == 20)


@pytest.mark.slow
async def test_prefetched_jobs_that_turn_out_slow_go_back_to_their_queue(
    store: FakeStore, tasks: FakeTasks, make_worker: MakeWorker
) -> None:
    gate = asyncio.Event()

    async def mixed(slow: bool) -> None:
        if slow:
            await gate.wait()

    name = tasks.add(mixed)
    rows = [store.put(name, slow=n >= 2_000) for n in range(4_000)]
    await make_worker(concurrency=2).start()
    # Not all quick ones end first: where the machine stood still they went back too, behind slow ones claimed before.
    await store.until(lambda: [row.new.args for row in rows if row.state is State.RUNNING] == [b'{"slow":true}'] * 2)
    assert any(change.to is State.PENDING for row in rows for change in row.history)
    gate.set()
    await store.until(lambda: store.count(State.COMPLETED) == 4_000)


async def test_unknown_tasks_stay_in_the_queue(store: FakeStore, tasks: FakeTasks, make_worker: MakeWorker) -> None:
    row = store.put("from_the_next_release")
    known = store.put(tasks.add(noop))
    worker = make_worker()
    await worker.run_until_idle()
    assert (row.state, row.counters.attempt, known.state) == (State.PENDING, 0, State.COMPLETED)
    tasks.add(noop, name="from_the_next_release")
    await worker.run_until_idle()
    assert row.state is State.COMPLETED


async def test_an_outage_costs_nothing(
    store: FakeStore, tasks: FakeTasks, make_worker: MakeWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = asyncio.Event()

    async def wait() -> int:
        await gate.wait()
        return 1

    refused: list[str] = []

    def refuse(name: str) -> None:
        answer = getattr(store, name)

        async def noted(given: Any) -> Any:
            if store.away:
                refused.append(name)
            return await answer(given)

        monkeypatch.setattr(store, name, noted)

    refuse("settle")
    refuse("claim")
    rows = [store.put(tasks.add(wait)) for _ in range(5)]
    await make_worker().start()
    await store.until(lambda: store.count(State.RUNNING) == 5)
    store.away = True
    gate.set()
    late = store.put(tasks.add(noop))
    await wait_until(lambda: {"settle", "claim"} <= set(refused), what="the outage to be met")
    store.away = False
    await store.until(lambda: store.count(State.COMPLETED) == 6)
    assert all(row.counters.attempt == 1 and len(row.history) == 1 for row in [*rows, late])


async def test_a_lost_reply_is_repeated_and_changes_nothing(
    store: FakeStore, tasks: FakeTasks, make_worker: MakeWorker
) -> None:
    store.lose_replies = 1
    rows = [store.put(tasks.add(noop)) for _ in range(3)]
    worker = make_worker()
    await worker.run_until_idle()
    assert all(len(row.history) == 1 for row in rows)
    assert worker.health().backlog == 0


async def test_a_wake_up_is_one_claim(
    store: FakeStore, tasks: FakeTasks, make_worker: MakeWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("taskflowmq.worker.claiming.fetcher.FIRST_LOOK", 60.0)

    async def body() -> None: ...

    name = tasks.add(body)
    worker = make_worker(poll=60.0)
    await worker.start()
    for number in range(1, 4):
        row = store.put(name)
        await store.until(lambda row=row: row.state is State.COMPLETED)  # type: ignore[misc]
        for _ in range(10):  # whatever else would claim has had its turn
            await asyncio.sleep(0)
        # The first claim may come before or after the first wake-up.
        assert number <= sum(not request.isolated for request in store.claims_made) <= number + 1


async def test_a_job_that_ended_leaves_nothing_to_the_collector(
    store: FakeStore, tasks: FakeTasks, make_worker: MakeWorker
) -> None:
    async def coroutine() -> None:
        await asyncio.sleep(0)

    def thread() -> None: ...

    worker = make_worker()
    for name in (tasks.add(coroutine), tasks.add(thread)):
        store.put(name)
    await worker.run_until_idle()  # what is made once is made
    gc.collect()
    others = _runs()  # of tests before this one
    gc.disable()
    try:
        for name in tasks.names() * 20:
            store.put(name)
        await worker.run_until_idle()
        # The last task ends, and the threads let go of what they ran.
        await wait_until(lambda: len(_runs()) == len(others), what="the runs of ended jobs to go")
    finally:
        gc.enable()


def _runs() -> list[Run | HandlerContext]:
    # By type: isinstance() asks lazy objects of other tests' frameworks for their class, and they import for it.
    return [each for each in gc.get_objects() if type(each) in (Run, HandlerContext)]


async def test_one_transition_that_the_store_refuses_does_not_hold_up_the_others(
    store: FakeStore, tasks: FakeTasks, make_worker: MakeWorker
) -> None:
    async def body(n: int) -> int:
        return n

    name = tasks.add(body)
    rows = [store.put(name, n=n) for n in range(4)]
    store.refuse = lambda transition: transition.job_id == rows[2].id and transition.result is not None
    await make_worker().run_until_idle()
    assert [row.state for row in rows] == [State.COMPLETED] * 4
    assert "not stored" in (rows[2].last.result_error or "")


async def test_drain_lets_running_jobs_finish_and_hands_back_the_rest(
    store: FakeStore, tasks: FakeTasks, make_worker: MakeWorker
) -> None:
    started, gate = asyncio.Event(), asyncio.Event()

    async def wait() -> None:
        started.set()
        await gate.wait()

    rows = [store.put(tasks.add(wait)) for _ in range(3)]
    worker = make_worker(concurrency=1)
    await worker.start()
    await started.wait()
    drained = asyncio.create_task(worker.drain(10))
    await asyncio.sleep(0)
    gate.set()
    assert await drained == 0
    assert [row.state for row in rows] == [State.COMPLETED, State.PENDING, State.PENDING]
    assert [row.counters.attempt for row in rows] == [1, 0, 0]
    assert set(store.leases.values()) == {False}


async def test_what_does_not_drain_in_time_is_handed_back_with_its_attempt(
    store: FakeStore, tasks: FakeTasks, make_worker: MakeWorker
) -> None:
    forever, begun = threading.Event(), threading.Semaphore(0)

    async def coroutine() -> None:
        begun.release()
        await asyncio.Event().wait()

    def thread(ctx: Context) -> None:
        begun.release()
        forever.wait(60)

    rows = [store.put(tasks.add(coroutine)), store.put(tasks.add(thread))]
    worker = make_worker()
    await worker.start()
    for _ in rows:
        await asyncio.to_thread(begun.acquire)
    assert await worker.drain(0.01) == 2
    forever.set()
    assert [(row.state, row.counters.attempt, row.counters.crashes) for row in rows] == [(State.PENDING, 0, 0)] * 2


async def test_a_claim_that_crosses_the_stop_is_handed_back(
    store: FakeStore, tasks: FakeTasks, make_worker: MakeWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, answer = asyncio.Event(), asyncio.Event()
    claim = store.claim

    async def slow_claim(request: ClaimRequest) -> list[ClaimedJob]:
        jobs = await claim(request)
        asked.set()
        await answer.wait()
        return jobs

    monkeypatch.setattr(store, "claim", slow_claim)
    row = store.put(tasks.add(noop))
    worker = make_worker()
    await worker.start()
    await asked.wait()
    stopped = asyncio.create_task(worker.stop())
    await asyncio.sleep(0)
    answer.set()
    assert await stopped == 0
    assert (row.state, row.counters.attempt) == (State.PENDING, 0)


async def test_jobs_that_wait_for_a_thread_can_be_cancelled_and_handed_back(
    store: FakeStore, tasks: FakeTasks, make_worker: MakeWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("taskflowmq.worker.options.MAX_THREADS", 1)
    monkeypatch.setattr("taskflowmq.worker.watches.cancel.INTERVAL", 0.02)
    gate, begun = threading.Event(), threading.Event()

    def body() -> None:
        begun.set()
        gate.wait(60)

    name = tasks.add(body)
    first, second, third = (store.put(name) for _ in range(3))
    worker = make_worker()
    await worker.start()
    await store.until(lambda: store.count(State.RUNNING) == 3)
    assert await asyncio.to_thread(begun.wait, 30)
    store.cancelled = {second.id}
    await store.until(lambda: bool(second.history))
    drained = asyncio.create_task(worker.drain(10))
    await store.until(lambda: bool(third.history))
    gate.set()
    assert await drained == 0
    assert [row.state for row in (first, second, third)] == [State.COMPLETED, State.CANCELLED, State.PENDING]


async def test_a_paused_queue_gets_back_what_has_not_started(
    store: FakeStore, tasks: FakeTasks, make_worker: MakeWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("taskflowmq.worker.options.MAX_THREADS", 1)
    monkeypatch.setattr("taskflowmq.worker.watches.pauses.INTERVAL", 0.02)
    gate, begun = threading.Event(), threading.Event()

    def body() -> None:
        begun.set()
        gate.wait(60)

    name = tasks.add(body)
    rows = [store.put(name) for _ in range(4)]
    await make_worker().start()
    await store.until(lambda: store.count(State.RUNNING) == 4)
    assert await asyncio.to_thread(begun.wait, 30)
    store.paused = {QueueRef("default", "default")}
    await store.until(lambda: store.count(State.PENDING) == 3)
    assert sorted(row.counters.attempt for row in rows) == [0, 0, 0, 1]
    assert store.count(State.RUNNING) == 1, "what has started runs on"
    store.paused = set()
    gate.set()
    await store.until(lambda: store.count(State.COMPLETED) == 4)
    assert all(row.counters.attempt == 1 for row in rows)


async def test_stop_hurries_a_drain(store: FakeStore, tasks: FakeTasks, make_worker: MakeWorker) -> None:
    async def wait() -> None:
        await asyncio.Event().wait()

    row = store.put(tasks.add(wait))
    worker = make_worker()
    await worker.start()
    await store.until(lambda: row.state is State.RUNNING)
    drained = asyncio.create_task(worker.drain(600))
    await asyncio.sleep(0)
    assert await worker.stop() == 1
    assert await drained == 1
    assert row.state is State.PENDING


async def test_cancel_stops_coroutines_and_tells_threads(
    store: FakeStore, tasks: FakeTasks, make_worker: MakeWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("taskflowmq.worker.watches.cancel.INTERVAL", 0.02)

    begun = threading.Event()

    async def coroutine() -> None:
        await asyncio.Event().wait()

    def obedient(ctx: Context) -> str:
        begun.set()
        while not ctx.cancelled:
            threading.Event().wait(0.005)
        return "finished anyway"

    rows = [store.put(tasks.add(coroutine)), store.put(tasks.add(obedient))]
    await make_worker().start()
    await store.until(lambda: store.count(State.RUNNING) == 2)
    assert await asyncio.to_thread(begun.wait, 30)
    store.cancelled = {row.id for row in rows}
    await store.until(lambda: all(row.history for row in rows))
    assert (rows[0].state, rows[0].last.reason) == (State.CANCELLED, Reason.CANCELLED_BY_USER)
    assert rows[1].state is State.COMPLETED


async def test_the_last_progress_is_written_before_the_outcome(
    store: FakeStore, tasks: FakeTasks, make_worker: MakeWorker
) -> None:
    async def body(ctx: Context) -> None:
        for n in range(4):
            ctx.progress(n / 4)

    rows = [store.put(tasks.add(body)) for _ in range(3)]
    await make_worker().run_until_idle()
    assert [row.progress for row in rows] == [b"0.75"] * 3
    assert [row.last.to for row in rows] == [State.COMPLETED] * 3


async def test_the_last_progress_waits_for_an_earlier_one_on_its_way(
    store: FakeStore, tasks: FakeTasks, make_worker: MakeWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On two connections the earlier value could land last, or behind the outcome, where the fence drops it."""
    save, arrived, let_through = store.save_progress, asyncio.Event(), asyncio.Event()

    async def slow_at_first(updates: Sequence[tuple[UUID, int, bytes]]) -> None:
        if not arrived.is_set():
            arrived.set()
            await let_through.wait()
        await save(updates)

    monkeypatch.setattr(store, "save_progress", slow_at_first)

    async def body(ctx: Context) -> None:
        ctx.progress(0.5)
        await arrived.wait()
        ctx.progress(1)
        asyncio.get_running_loop().call_later(0.05, let_through.set)

    row = store.put(tasks.add(body))
    await make_worker().run_until_idle()
    assert (row.progress, row.last.to) == (b"1", State.COMPLETED)


async def test_progress_is_coalesced(store: FakeStore, tasks: FakeTasks, make_worker: MakeWorker) -> None:
    gate = asyncio.Event()

    async def body(ctx: Context) -> None:
        for n in range(100):
            ctx.progress(n / 100)
        await gate.wait()

    row = store.put(tasks.add(body))
    await make_worker().start()
    await store.until(lambda: row.progress is not None)
    assert row.progress == b"0.99"
    gate.set()


async def test_each_job_leaves_one_log_line_without_its_arguments(
    store: FakeStore, tasks: FakeTasks, make_worker: MakeWorker, caplog: pytest.LogCaptureFixture
) -> None:
    async def secret(word: str) -> None:
        raise ValueError("no luck")

    row = store.put(tasks.add(secret), max_attempts=1, word="hunter2")
    with caplog.at_level(logging.INFO, "taskflowmq"):
        await make_worker().run_until_idle()
    lines = [record for record in caplog.records if getattr(record, "job_id", None) == str(row.id)]
    assert [(line.__dict__["task"], line.__dict__["attempt"], line.__dict__["outcome"]) for line in lines] == [
        ("secret", 1, "dead")
    ]
    assert "hunter2" not in caplog.text
    assert "ValueError: no luck" in lines[0].getMessage()


async def test_start_and_stop_can_be_repeated(store: FakeStore, tasks: FakeTasks, make_worker: MakeWorker) -> None:
    worker = make_worker()
    await worker.start()
    await worker.start()
    assert len(store.leases) == 1
    await worker.stop()
    await worker.stop()
    assert not worker.health().ok
