"""Thousands of queues that hold nothing ready: what a claim costs is what the others hold (W8)."""

from __future__ import annotations

from typing import Any

import pytest
from tests.stores.postgres.conftest import add_worker, new_job, request_for

from taskflowmq.stores.postgres import PostgresOptions, PostgresStore, names

pytestmark = pytest.mark.postgres


class Sizes:
    """The largest argument and the largest answer of the statements that a store sent."""

    def __init__(self, store: PostgresStore, monkeypatch: pytest.MonkeyPatch) -> None:
        self.sent = self.got = 0
        fetch = store._pool.fetch

        async def watched(sql: str, *args: Any) -> Any:
            found = await fetch(sql, *args)
            self.sent = max([self.sent, *(len(arg) for arg in args if isinstance(arg, list))])
            self.got = max(self.got, len(found))
            return found

        monkeypatch.setattr(store._pool, "fetch", watched)


async def test_queues_that_hold_nothing_ready_cost_a_claim_nothing(
    store: PostgresStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    idle = 2 * names.MANY_LANES
    worker = await add_worker(store)
    await store.intake.enqueue([new_job(queue=f"idle-{n}", delay_ms=10**9) for n in range(idle)])
    await store.claims.claim(request_for(worker))
    sizes = Sizes(store, monkeypatch)
    for n in range(3):
        assert await store.claims.claim(request_for(worker)) == []
        await store.intake.enqueue([new_job(queue=f"idle-{n}"), new_job(queue="busy", priority=n)])
        assert len(await store.claims.claim(request_for(worker))) == 2
    assert (sizes.sent, sizes.got) < (idle / 2, idle / 2), (sizes.sent, sizes.got)
    assert max(sizes.sent, sizes.got) < 20


async def test_of_many_lanes_pauses_and_new_ones_are_seen(store: PostgresStore, postgres_url: str) -> None:
    worker = await add_worker(store)
    await store.intake.enqueue([new_job(queue=f"idle-{n}", delay_ms=10**9) for n in range(2 * names.MANY_LANES)])
    assert await store.claims.claim(request_for(worker)) == []
    other = PostgresStore(postgres_url, PostgresOptions(pool_size=2))
    await other.open()
    await other.intake.enqueue([new_job(queue="new"), new_job(queue="new", priority=-5)])
    assert [job.priority for job in await store.claims.claim(request_for(worker))] == [-5, 0]
    await other.queues.pause("default", "new")
    await other.intake.enqueue([new_job(queue="new")])
    store._names.forget_lanes()
    assert await store.claims.claim(request_for(worker)) == []
    await other.queues.resume("default", "new")
    assert len(await store.claims.claim(request_for(worker))) == 1
    await other.close()
