"""A worker that nobody has woken asks one question per poll, and misses nothing for it (ADR 5)."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from tests.stores.postgres.conftest import Connect, add_worker, new_job, request_for

from taskflowmq.stores.postgres import PostgresOptions, PostgresStore, cursors
from taskflowmq.stores.postgres.queries import q

pytestmark = pytest.mark.postgres
NAMES = {text: name for name, text in vars(q).items()}


@pytest.fixture(autouse=True)
def always_due(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every claim comes so long after the last one that a sweep is due."""
    monkeypatch.setattr(cursors, "SWEEP_S", 0.0)
    monkeypatch.setattr(cursors, "SWEEP_SHARE", 0)


@pytest.fixture
async def worker(store: PostgresStore) -> UUID:
    """A worker that has run a job, and found nothing since."""
    made = await add_worker(store)
    await store.intake.enqueue([new_job()])
    assert len(await store.claims.claim(request_for(made))) == 1
    assert await store.claims.claim(request_for(made)) == []
    return made


async def asked(store: PostgresStore, worker: UUID, monkeypatch: pytest.MonkeyPatch) -> tuple[list[str], int]:
    """Claim once; return the statements that it took, and how many jobs it gave."""
    names: list[str] = []
    run = store._pool.run

    async def watched(work: Any) -> Any:
        async def told(conn: Any) -> Any:
            return await work(Told(conn, names))

        return await run(told)

    with monkeypatch.context() as patch:
        patch.setattr(store._pool, "run", watched)
        found = await store.claims.claim(request_for(worker))
    return names, len(found)


class Told:
    """A connection that notes what it is asked."""

    def __init__(self, conn: Any, names: list[str]) -> None:
        self._conn, self._names = conn, names

    def __getattr__(self, method: str) -> Any:
        def call(sql: str, *args: Any) -> Any:
            self._names.append(NAMES[sql])
            return getattr(self._conn, method)(sql, *args)

        return call


async def test_while_there_is_nothing_it_is_one_statement(
    store: PostgresStore, worker: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        assert await asked(store, worker, monkeypatch) == (["peek_lanes"], 0)


async def test_what_it_sees_it_claims_at_once(
    store: PostgresStore, worker: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    await store.intake.enqueue([new_job()])
    names, count = await asked(store, worker, monkeypatch)
    assert (names[0], count) == ("peek_lanes", 1)
    assert "claim_jobs" in names


async def test_a_wake_up_goes_straight_to_its_claim(
    store: PostgresStore, worker: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with store.notifier.listen([], ["default"]) as topics:
        await store.intake.enqueue([new_job()])
        assert await anext(topics) == ("default", "default")
        names, count = await asked(store, worker, monkeypatch)
    assert ("peek_lanes" in names, count) == (False, 1)


async def test_lanes_and_pauses_of_other_programs_are_seen(
    store: PostgresStore, worker: UUID, postgres_url: str
) -> None:
    other = PostgresStore(postgres_url, PostgresOptions(pool_size=2))
    await other.open()
    try:
        await other.intake.enqueue([new_job(queue="new", priority=7)])
        assert len(await store.claims.claim(request_for(worker))) == 1
        await other.queues.pause("default", "new")
        await other.intake.enqueue([new_job(queue="new", priority=7)])
        for _ in range(2):
            assert await store.claims.claim(request_for(worker)) == []
        await other.queues.resume("default", "new")
        assert len(await store.claims.claim(request_for(worker))) == 1
    finally:
        await other.close()


async def test_what_commits_late_behind_the_positions_is_found(
    store: PostgresStore, worker: UUID, connect: Connect
) -> None:
    conn = await connect()
    transaction = conn.transaction()
    await transaction.start()
    late = new_job()
    await store.intake.enqueue_on(conn, [late], wake=False)
    for _ in range(3):
        await store.intake.enqueue([new_job()])
        assert len(await store.claims.claim(request_for(worker))) == 1
        assert await store.claims.claim(request_for(worker)) == []
    await transaction.commit()
    assert [job.id for job in await store.claims.claim(request_for(worker))] == [late.id]


async def test_it_reads_no_rows_of_queues_that_the_worker_does_not_serve(
    store: PostgresStore, connect: Connect
) -> None:
    await store.intake.enqueue([new_job(queue="served"), new_job(queue="foreign")])
    conn = await connect()
    found = await conn.fetch(q.peek_lanes, False, [], [], ["served"], [])
    assert {row["queue"]: row["first_row"] is not None for row in found} == {"served": True, "foreign": False}
    found = await conn.fetch(q.peek_lanes, False, [], [], [], [])
    assert all(row["first_row"] is not None for row in found)
