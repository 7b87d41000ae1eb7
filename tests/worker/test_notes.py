"""A worker that makes no progress says so: in its health, its log and its row, where doctor finds it."""

from __future__ import annotations

import asyncio

import pytest
from tests.worker.conftest import MakeWorker
from tests.worker.fakes import FakeStore, FakeTasks

from taskflowmq import TaskFlow
from taskflowmq.client.checks import check_store
from taskflowmq.core.errors import StoreUnavailable
from taskflowmq.core.job import State
from taskflowmq.core.system import Finding
from taskflowmq.testing import VirtualClock
from taskflowmq.testing.waiting import wait_until
from taskflowmq.worker import worker
from taskflowmq.worker.watches import notes
from taskflowmq.worker.watches.notes import Notes


@pytest.fixture(autouse=True)
def in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notes, "LOOK_SECONDS", 0.02)
    monkeypatch.setattr(worker, "PATIENCE_SECONDS", 0.1)


async def test_claims_that_are_not_answered_show(
    store: FakeStore, make_worker: MakeWorker, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    started = make_worker()
    monkeypatch.setattr(worker, "PATIENCE_SECONDS", 60)
    await started.start()
    assert started.health().trouble is None
    monkeypatch.setattr(worker, "PATIENCE_SECONDS", 0.1)
    claim = store.claim

    async def refuse(request: object) -> list[object]:
        raise StoreUnavailable("not now")

    monkeypatch.setattr(store, "claim", refuse)
    await store.until(lambda: "progress" in store.notes)
    assert "has answered no claim for" in str(store.notes["progress"])
    assert "makes no progress: the store has answered no claim" in caplog.text
    assert not started.health().ok
    monkeypatch.setattr(store, "claim", claim)
    await store.until(lambda: store.notes.get("progress") is None)
    await wait_until(lambda: started.health().ok)


async def test_outcomes_that_are_not_stored_show(
    store: FakeStore, tasks: FakeTasks, make_worker: MakeWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def quick() -> None: ...

    settle = store.settle

    async def refuse(transitions: object) -> list[object]:
        raise StoreUnavailable("not now")

    monkeypatch.setattr(store, "settle", refuse)
    store.put(tasks.add(quick))
    started = make_worker()
    await started.start()
    await store.until(lambda: "progress" in store.notes)
    assert "has accepted no outcome of its 1 ended jobs" in str(store.notes["progress"])
    assert not started.health().ok
    monkeypatch.setattr(store, "settle", settle)
    await store.until(lambda: store.count(State.COMPLETED) == 1 and store.notes.get("progress") is None)


async def test_what_the_store_does_not_take_is_said_once(
    store: FakeStore, make_worker: MakeWorker, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    looked = 0
    trouble = worker.Worker._trouble

    def counting(of: worker.Worker) -> str | None:
        nonlocal looked
        looked += 1
        return trouble(of)

    monkeypatch.setattr(worker.Worker, "_trouble", counting)
    started = make_worker()
    await started.start()
    store.away = True
    await wait_until(lambda: "makes no progress" in caplog.text)
    looked = 0
    await wait_until(lambda: looked > 5)
    assert caplog.text.count("makes no progress") == 1
    store.away = False
    await wait_until(lambda: started.health().ok)


async def findings(app: TaskFlow) -> list[Finding]:
    return [finding async for finding in check_store(app.store)]


@pytest.mark.slow
async def test_slots_that_wait_for_jobs_that_cannot_start_show(
    sqlite_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    app = TaskFlow(sqlite_url)

    @app.task
    async def child(n: int) -> int:
        return n

    @app.task
    async def parent(n: int) -> int:
        return await (await child.aenqueue(n)).aresult()

    @app.task
    def parent_in_a_thread(n: int) -> int:
        return child.enqueue(n).result()

    caplog.set_level("INFO")
    async with app, app.worker(concurrency=2, drain_timeout=0.1, grace=0.5):
        parents = [await parent.aenqueue(1), await parent_in_a_thread.aenqueue(2)]
        await wait_until(lambda: "all 2 slots are held by jobs that wait for others" in caplog.text, what="the warning")

        async def doctor_says_so() -> bool:
            return any(
                "wait for others, none of which has started (child)" in one.detail for one in await findings(app)
            )

        await wait_until(doctor_says_so, what="doctor's finding")
        await parents[0].acancel()
        assert await parents[1].aresult(timeout=20) == 2
        await wait_until(lambda: "makes progress again; resolved: all 2 slots" in caplog.text, what="the note to go")
        assert not any("wait for others" in one.detail for one in await findings(app))


async def test_bodies_that_wait_while_their_jobs_run_are_no_news(
    sqlite_url: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    app, gate = TaskFlow(sqlite_url), asyncio.Event()

    @app.task(queue="children")
    async def child(n: int) -> int:
        await gate.wait()
        return n

    @app.task(queue="parents")
    async def parent(n: int) -> int:
        return await (await child.aenqueue(n)).aresult()

    parents = app.worker(concurrency=1, queues=("parents",))
    async with app, parents, app.worker(concurrency=1, queues=("children",)):
        handle = await parent.aenqueue(1)

        async def child_runs() -> bool:
            return any(one.task == "child" and one.state is State.RUNNING for one in (await app.jobs.alist()).items)

        await wait_until(child_runs, what="the child to run")
        looked = 0

        async def look(notes: Notes) -> None:
            nonlocal looked
            await looks(notes)
            looked += 1

        looks = Notes.look
        monkeypatch.setattr(Notes, "look", look)
        await wait_until(lambda: looked >= 6, what="several looks of both workers")
        gate.set()
        assert await handle.aresult(timeout=20) == 1
    assert "slots are held by jobs that wait" not in caplog.text


async def test_a_worker_whose_lease_is_over_is_not_counted_among_the_living(sqlite_url: str) -> None:
    clock = VirtualClock()
    async with TaskFlow(sqlite_url, clock=clock) as app:
        kit = app.worker(concurrency=1, run_duties=False)
        await kit.start()
        before = [one.detail for one in await findings(app) if one.name == "workers"]
        assert before[0].startswith("1 alive")
        clock.advance(60)
        after = [one.detail for one in await findings(app) if one.name == "workers"]
        assert after[0] == "no worker is alive"
        assert "has not renewed its lease" in after[1]
        await kit.drain()
