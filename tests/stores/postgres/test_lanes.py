"""Many lanes on PostgreSQL: claims go where something was ready at the last look, and miss nothing for it."""

from __future__ import annotations

import pytest
from tests.stores.postgres.conftest import add_worker, new_job, request_for

from taskflowmq.stores.postgres import PostgresStore, claims, cursors

pytestmark = pytest.mark.postgres


@pytest.fixture(autouse=True)
def any_number_is_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looks, and nothing else, decide: no sweep comes in between, and no look comes by itself."""
    monkeypatch.setattr(claims, "FEW_LANES", 0)
    monkeypatch.setattr(claims, "LOOK_S", 60.0)
    monkeypatch.setattr(cursors, "SWEEP_S", 60.0)


async def test_a_claim_that_would_find_nothing_looks_everywhere_first(store: PostgresStore) -> None:
    worker = await add_worker(store)
    await store.intake.enqueue([new_job(queue="one") for _ in range(4)])
    for _ in range(2):  # the first one sweeps, the second one looks
        assert len(await store.claims.claim(request_for(worker, limit=2))) == 2
    late = new_job(queue="another")
    await store.intake.enqueue([late])
    await store.intake.enqueue([new_job(queue="one")])
    first, *rest = await store.claims.claim(request_for(worker, limit=1))
    assert (first.queue, rest) == ("one", []), "only where something was, as long as there is something"
    assert [job.id for job in await store.claims.claim(request_for(worker, limit=1))] == [late.id]
    assert await store.claims.claim(request_for(worker)) == []


async def test_a_claim_that_was_not_filled_is_followed_by_a_look(store: PostgresStore) -> None:
    worker = await add_worker(store)
    await store.intake.enqueue([new_job(queue="one") for _ in range(3)])
    assert len(await store.claims.claim(request_for(worker, limit=1))) == 1
    assert len(await store.claims.claim(request_for(worker, limit=1))) == 1
    urgent = new_job(queue="another", priority=-5)
    await store.intake.enqueue([urgent])
    assert len(await store.claims.claim(request_for(worker, limit=10))) == 1
    await store.intake.enqueue([new_job(queue="one")])
    found = await store.claims.claim(request_for(worker, limit=10))
    assert found[0].id == urgent.id
    assert [job.queue for job in found] == ["another", "one"]


async def test_a_lane_of_higher_priority_is_seen_at_the_next_look(
    store: PostgresStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = await add_worker(store)
    await store.intake.enqueue([new_job(queue="one") for _ in range(10)])
    for _ in range(2):
        assert len(await store.claims.claim(request_for(worker, limit=2))) == 2
    monkeypatch.setattr(claims, "LOOK_S", 0.0)
    assert len(await store.claims.claim(request_for(worker, limit=2))) == 2
    urgent = new_job(queue="one", priority=-5)
    await store.intake.enqueue([urgent])
    # What the last look found still holds for as long as it was made for.
    store.claims._memories[worker].look_at = 0.0  # type: ignore[attr-defined]
    assert (await store.claims.claim(request_for(worker, limit=1)))[0].id == urgent.id
