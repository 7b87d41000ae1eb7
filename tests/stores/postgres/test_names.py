"""What a process remembers of names may be forgotten at any moment: a connection broke, and somebody noticed."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.stores.postgres.conftest import Connect, add_worker, new_job, request_for

from taskflowmq.core.validation import USE_EVERY
from taskflowmq.stores.postgres import PostgresOptions, PostgresStore
from taskflowmq.stores.postgres.queries import q
from taskflowmq.testing.clock import VirtualClock
from taskflowmq.testing.conformance.support import NOON, Rig

pytestmark = pytest.mark.postgres


def break_during(store: PostgresStore, monkeypatch: pytest.MonkeyPatch, statement: str) -> None:
    """While this statement is under way, a connection breaks, and another caller forgets all names."""
    pool, names = store._pool, store._names
    fetch = pool.fetch

    async def broken(sql: str, *args: Any) -> Any:
        rows = await fetch(sql, *args)
        if sql == statement:
            pool.generation += 1
            await names.known_tasks(("default",), ())
        return rows

    monkeypatch.setattr(pool, "fetch", broken)


@pytest.mark.parametrize("statement", ["ensure_task", "read_tasks", "ensure_queue", "list_lanes"])
async def test_a_break_while_names_are_made_does_not_reach_the_caller(
    store: PostgresStore, monkeypatch: pytest.MonkeyPatch, statement: str
) -> None:
    await store.intake.enqueue([new_job()])  # the tenant is known from here on
    break_during(store, monkeypatch, getattr(q, statement))
    job = new_job(task="another", queue="another")
    (stored,) = await store.intake.enqueue([job])
    view = await store.jobs.get("default", stored.id)
    assert view is not None
    assert (view.task, view.queue) == ("another", "another")


async def test_a_break_while_a_claim_reads_names_does_not_lose_the_claim(
    store: PostgresStore, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker_id = await add_worker(store)
    first = new_job()
    await store.intake.enqueue([first])
    assert [job.id for job in await store.claims.claim(request_for(worker_id))] == [first.id]
    other = PostgresStore(postgres_url)
    await other.open()
    second = new_job(task="another")
    await other.intake.enqueue([second])
    await other.close()
    break_during(store, monkeypatch, q.read_names)
    claimed = await store.claims.claim(request_for(worker_id, tasks=("t", "another")))
    assert [(job.id, job.task, job.tenant) for job in claimed] == [(second.id, "another", "default")]


async def test_use_of_queues_is_stored_once_an_hour_with_one_statement(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = VirtualClock(NOON)
    store = PostgresStore(postgres_url, PostgresOptions(pool_size=2), clock)
    await store.open()
    rig, hour = Rig(store, clock), USE_EVERY.total_seconds()
    await rig.enqueue(rig.job(queue="a"), rig.job(queue="a", priority=1), rig.job(queue="b"))
    sent: list[str] = []
    made = {q.ensure_queue, q.ensure_lane, q.read_lanes, q.note_use}
    fetch = store._pool.fetch

    async def counted(sql: str, *args: Any) -> Any:
        sent.append(sql)
        return await fetch(sql, *args)

    monkeypatch.setattr(store._pool, "fetch", counted)
    for _ in range(3):
        await rig.enqueue(rig.job(queue="a"), rig.job(queue="a", priority=1), rig.job(queue="b"))
    assert not made.intersection(sent)
    timer = store._names._hour
    assert timer is not None
    assert timer.when() - asyncio.get_running_loop().time() == pytest.approx(hour, abs=60)
    timer.cancel()
    store._names._end_hour()  # the hour is over
    clock.advance(hour + 1)
    await rig.enqueue(rig.job(queue="a"), rig.job(queue="b"))
    await rig.enqueue(rig.job(queue="a", priority=1))
    assert [sql for sql in sent if sql in made] == [q.note_use]
    used = await fetch("SELECT used_at FROM taskflow.queue ORDER BY name")
    assert [row["used_at"] for row in used] == [clock.now()] * 2
    await store.close()
    assert store._names._hour is None


async def test_a_queue_that_is_being_changed_keeps_nobody_waiting_who_uses_it(
    postgres_url: str, connect: Connect
) -> None:
    clock = VirtualClock(NOON)
    store = PostgresStore(postgres_url, PostgresOptions(pool_size=2), clock)
    await store.open()
    rig = Rig(store, clock)
    await rig.put(queue="a")
    store._names.close()  # the hour is over
    clock.advance(2 * USE_EVERY.total_seconds())
    holder = await connect()
    async with holder.transaction():
        await holder.execute("UPDATE taskflow.queue SET paused_at = NULL")
        await asyncio.wait_for(rig.put(queue="a"), 20)
    await store.close()
