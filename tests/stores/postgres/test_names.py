"""What a process remembers of names may be forgotten at any moment: a connection broke, and somebody noticed."""

from __future__ import annotations

from typing import Any

import pytest
from tests.stores.postgres.conftest import add_worker, new_job, request_for

from taskflowmq.stores.postgres import PostgresStore
from taskflowmq.stores.postgres.queries import q

pytestmark = pytest.mark.postgres


def break_during(store: PostgresStore, monkeypatch: pytest.MonkeyPatch, statement: str) -> None:
    """While this statement is under way, a connection breaks, and another caller forgets all names."""
    pool, names = store._pool, store._names
    fetch = pool.fetch

    async def broken(sql: str, *args: Any) -> Any:
        rows = await fetch(sql, *args)
        if sql == statement:
            pool.generation += 1
            await names.known_tasks([])
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
    view = await store.board.get("default", stored.id)
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
