"""Unique keys under concurrency, seen from the callers (RELIABILITY F35, F36)."""

from __future__ import annotations

import asyncio
from collections import Counter

import asyncpg
import pytest

from taskflowmq import NotUnique, State, TaskFlow, Unique
from taskflowmq.testing import adrain

KEYS, CALLERS = 20, 25


async def test_a_race_for_each_key_has_one_winner(app: TaskFlow) -> None:
    @app.task
    async def charge(customer: int, caller: int) -> int:
        return caller

    once = charge.using(unique=Unique(by=("customer",)))
    calls = [once.aenqueue(customer, caller) for caller in range(CALLERS) for customer in range(KEYS)]
    handles = await asyncio.gather(*calls)
    assert sum(handle.created for handle in handles) == KEYS
    assert set(Counter(handle.id for handle in handles).values()) == {CALLERS}
    assert (await app.jobs.astats()).states["pending"] == KEYS


@pytest.mark.slow
@pytest.mark.postgres
async def test_a_key_in_a_strangers_transaction_delays_its_own_job_alone(postgres_url: str) -> None:
    app = TaskFlow(postgres_url)

    @app.task
    async def note(n: int) -> int:
        return n

    held = note.using(unique=Unique(by=(), on_conflict="raise"))
    async with app:
        stranger = await asyncpg.connect(postgres_url)
        transaction = stranger.transaction()
        await transaction.start()
        holder = await held.using(conn=stranger).aenqueue(0)
        waiting = asyncio.create_task(held.aenqueue(1))
        others = await asyncio.gather(*(note.aenqueue(n) for n in range(100)))
        assert all(handle.created for handle in others)
        assert not waiting.done(), "the others waited for as long"
        await transaction.commit()
        with pytest.raises(NotUnique) as caught:
            await waiting
        assert caught.value.holder == str(holder.id)
        await stranger.close()


@pytest.mark.parametrize("ending", ["completed", "dead", "cancelled"])
async def test_a_key_is_free_again_when_its_job_has_ended(app: TaskFlow, ending: str) -> None:
    @app.task
    async def charge(ok: bool) -> None:
        if not ok:
            raise ValueError

    once = charge.using(unique="only-one", max_attempts=1)
    first = await once.aenqueue(ending != "dead")
    if ending == "cancelled":
        await first.acancel()
    else:
        await adrain(app)
    assert await first.astate() is State(ending)
    assert (await once.aenqueue(True)).created
