"""Intake against other people's open transactions, and batches that must be all or nothing."""

from __future__ import annotations

import asyncio

import msgspec
import pytest
from tests.stores.postgres.conftest import Connect, add_worker, new_job, request_for

from taskflowmq.core.errors import Conflict, IdempotencyInFlight, InvalidJob, StoreUnavailable
from taskflowmq.core.job import IdempotencyKey, UniqueKey
from taskflowmq.core.transitions import Succeeded, decide
from taskflowmq.ports.store import Settled
from taskflowmq.stores.postgres import PostgresOptions, PostgresStore, rows

pytestmark = pytest.mark.postgres


async def test_one_conflict_in_a_plain_batch_stores_none_of_it(store: PostgresStore) -> None:
    known = new_job(args=b'{"n":1}')
    await store.intake.enqueue([known])
    fresh = [new_job() for _ in range(5)]
    with pytest.raises(Conflict):
        await store.intake.enqueue([*fresh, msgspec.structs.replace(known, args=b'{"n":2}')])
    assert await store.jobs.get_many("default", [job.id for job in fresh]) == []


async def test_a_batch_larger_than_a_statement_is_still_all_or_none(store: PostgresStore) -> None:
    known = new_job(args=b'{"n":1}')
    await store.intake.enqueue([known])
    fresh = [new_job() for _ in range(2500)]
    with pytest.raises(Conflict):
        await store.intake.enqueue([*fresh, msgspec.structs.replace(known, args=b'{"n":2}')])
    assert (await store.stats.count("default")).states["pending"] == 1
    answers = await store.intake.enqueue([known, *fresh])
    assert [answer.replayed for answer in answers] == [True] + [False] * 2500
    assert (await store.stats.count("default")).states["pending"] == 2501


@pytest.mark.parametrize("args", [b'{"a":"\\u0000"}', b"{not json", b'"\xff"', b"1\x1f2"])
async def test_what_the_database_cannot_hold_is_an_invalid_job(store: PostgresStore, args: bytes) -> None:
    fine = new_job()
    with pytest.raises(InvalidJob):
        await store.intake.enqueue([fine, new_job(args=args)])
    assert await store.jobs.get("default", fine.id) is None


@pytest.mark.parametrize(
    ("args", "plain"),
    [
        (b'{"n":12,"t":"na\\"ive \xc3\xa9 \\n"}', True),
        (b"[1.5,-2,[]]", True),
        (b'{"a":"\\u0000"}', False),
        (b'"\\ud800"', False),
        (b'[1e5,-1.5E+400,"12e7","3e4567 is none"]', False),
        (b'[1e5,-1.5E+400,1e-999,"12e7"]', True),
        (b"1e5000", False),
        (b"[-1.5E+0400]", False),
        (b"1e-20000", False),
        (b"1E+20000", False),
        (b"1E20000", False),
        (b"[1e-9,2E999,3e+999,4.5]", True),
        (b"0." + b"1" * 9_000 + b"e-999", True),
        (b"1" * 9_000 + b"e999", True),
        (b"1" * 140_000, False),
        (b"0." + b"1" * 16_384, False),
    ],
)
async def test_only_what_every_reader_takes_is_stored_without_a_look(
    store: PostgresStore, args: bytes, plain: bool
) -> None:
    assert rows.is_plainly_storable(args, len(args)) is plain
    job = new_job(args=args)
    if plain:
        await store.intake.enqueue([job])
        known = await store.jobs.get("default", job.id)
        assert known is not None
        assert known.raw_args == args


async def test_an_idempotency_key_in_an_open_transaction_is_in_flight(postgres_url: str, connect: Connect) -> None:
    store = PostgresStore(postgres_url, PostgresOptions(tries=1))
    await store.open()
    conn = await connect()
    async with conn.transaction():
        await conn.execute("""INSERT INTO taskflow.tenant (name) VALUES ('default') ON CONFLICT DO NOTHING""")
    async with conn.transaction():
        await conn.execute("""
            INSERT INTO taskflow.idempotency (tenant_id, key, fingerprint, job_ids, created, created_at)
            SELECT id, 'k', 'f', '{}', '{}', now() FROM taskflow.tenant""")
        with pytest.raises(IdempotencyInFlight):
            await store.intake.enqueue([new_job()], idempotency=IdempotencyKey("k", "f"))
    await store.close()


@pytest.mark.slow
async def test_a_unique_key_in_an_open_transaction_does_not_hold_up_others(
    store: PostgresStore, connect: Connect
) -> None:
    key = UniqueKey(key="k")
    conn = await connect()
    transaction = conn.transaction()
    await transaction.start()
    first = new_job(unique=key)
    await store.intake.make_names([first])
    await store.intake.enqueue_on(conn, [first])
    waiting = asyncio.create_task(store.intake.enqueue([new_job(unique=key)]))
    assert (await store.intake.enqueue([new_job()]))[0].created
    assert not waiting.done(), "the other one waited for as long as this one"
    with pytest.raises(StoreUnavailable):
        await waiting
    await transaction.commit()
    [answer] = await store.intake.enqueue([new_job(unique=key)])
    assert (answer.id, answer.created) == (first.id, False)


async def test_a_callers_open_transaction_that_met_a_key_does_not_stop_its_holder(
    store: PostgresStore, connect: Connect
) -> None:
    worker = await add_worker(store)
    holder = new_job(unique=UniqueKey(key="k"))
    await store.intake.enqueue([holder])
    conn = await connect()
    async with conn.transaction():
        [answer] = await store.intake.enqueue_on(conn, [new_job(unique=UniqueKey(key="k"))])
        assert answer.id == holder.id
        [held] = await store.claims.claim(request_for(worker))
        async with asyncio.timeout(30):
            assert await store.claims.settle([decide(held, Succeeded(), rand=0.5)]) == [Settled.APPLIED]
    assert await store.upkeep.check() == []


async def test_a_wake_up_of_the_callers_transaction_comes_with_its_commit(
    store: PostgresStore, connect: Connect
) -> None:
    conn = await connect()
    async with store.notifier.listen([], ["mail"]) as ready:
        async with conn.transaction():
            await store.intake.enqueue_on(conn, [new_job(queue="mail")])
        async with asyncio.timeout(30):
            assert await anext(ready) == ("default", "mail")


async def test_an_enqueue_wakes_and_closing_sends_what_is_still_to_be_sent(
    store: PostgresStore, postgres_url: str
) -> None:
    program = PostgresStore(postgres_url)
    await program.open()
    async with store.notifier.listen([], ["mail"]) as ready, asyncio.timeout(30):
        await program.intake.enqueue([new_job(queue="mail")])
        assert await anext(ready) == ("default", "mail")
        await program.intake.enqueue([new_job(queue="mail")])
        await program.close()
        assert await anext(ready) == ("default", "mail")


async def test_names_made_by_others_meet(store: PostgresStore, postgres_url: str) -> None:
    """Many programs meet a new queue, task and tenant at once; each gets the same numbers."""
    others = [PostgresStore(postgres_url, PostgresOptions(pool_size=2)) for _ in range(3)]
    for other in others:
        await other.open()
    jobs = [new_job(queue="new", task="new", tenant="new", priority=n % 3) for n in range(12)]
    await asyncio.gather(*(each.intake.enqueue(jobs[n::4]) for n, each in enumerate([store, *others])))
    worker = await add_worker(store)
    claimed = await store.claims.claim(request_for(worker, tenants=("new",), tasks=("new",)))
    assert {(job.queue, job.task, job.tenant) for job in claimed} == {("new", "new", "new")}
    assert len(claimed) == 12
    for other in others:
        await other.close()
