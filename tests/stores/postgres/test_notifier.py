"""When NOTIFY is sent: at once after a pause, ever more rarely under load (ADR 5). And what it tells: a number."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any, cast

import asyncpg
import pytest
from tests.stores.postgres.conftest import Connect, Stranger, add_worker, new_job, request_for

from taskflowmq.core.errors import StoreUnavailable
from taskflowmq.core.job import QueueRef
from taskflowmq.stores.postgres import PostgresOptions, PostgresStore, notifier
from taskflowmq.stores.postgres.notifier import CHANNEL, LONGEST_INTERVAL_S, MOST_UNKNOWN, PostgresNotifier
from taskflowmq.stores.postgres.pool import Pool
from taskflowmq.stores.postgres.queries import q
from taskflowmq.stores.postgres.queue_names import QueueNames
from taskflowmq.testing.waiting import wait_until


class Sent:
    """A pool that counts statements, and a time that only tests move."""

    def __init__(self) -> None:
        self.count = 0
        self.now = 100.0

    async def fetch(self, _sql: str, _tenants: list[str], _queues: list[str]) -> None:
        self.count += 1

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> Sent:
    made = Sent()
    monkeypatch.setattr(notifier, "time", made)
    return made


def notifier_of(sent: Sent) -> PostgresNotifier:
    return PostgresNotifier(cast(Pool, cast(Any, sent)), PostgresOptions(), cast(QueueNames, None))


async def ask(sent: Sent, one: PostgresNotifier, after: float) -> int:
    """Wake a queue ``after`` seconds and return how often NOTIFY was sent so far."""
    sent.now += after
    await one.wake([QueueRef("default", "default")])
    one._sooner.set()  # the waker's own timer goes by real time
    for _ in range(6):
        await asyncio.sleep(0)
    return sent.count


async def test_load_is_told_ten_times_a_second_and_a_caller_who_pauses_each_time(sent: Sent) -> None:
    one = notifier_of(sent)
    assert await ask(sent, one, 1.0) == 1
    for _ in range(400):  # two seconds
        await ask(sent, one, 0.005)
    assert 10 <= sent.count <= 2.0 / LONGEST_INTERVAL_S + 6
    for _ in range(5):  # a caller who waits for each job: what was sent before does not hold them up
        before = sent.count
        assert await ask(sent, one, 0.024) == before + 1
    await one.close()


async def test_the_last_one_of_a_burst_is_told_when_its_interval_is_over(sent: Sent) -> None:
    one = notifier_of(sent)
    await ask(sent, one, 1.0)
    assert await ask(sent, one, 0.001) == 1
    sent.now += 0.01
    await wait_until(lambda: sent.count == 2, what="the wake-up that was held back")
    await one.close()


async def test_names_that_nobody_asks_for_any_more_are_forgotten(sent: Sent) -> None:
    one = notifier_of(sent)
    for number in range(200):
        sent.now += 0.001
        await one.wake([QueueRef("default", f"queue-{number}")])
        await asyncio.sleep(0)
    await ask(sent, one, 1.0)
    assert len(one._asked) <= 2
    assert len(one._woken) <= 2
    await one.close()


@pytest.mark.postgres
async def test_who_enters_while_the_last_one_leaves_hears(store: PostgresStore) -> None:
    one = store.notifier
    await store._names.make_queue(QueueRef("default", "mail"))
    first = one.listen([], [])
    await first.__aenter__()
    leaving = asyncio.create_task(first.__aexit__(None, None, None))
    await asyncio.sleep(0)  # it waits for its reader to end
    async with one.listen([], []) as heard, asyncio.timeout(30):
        await leaving
        await one.wake([QueueRef("default", "mail")])
        assert await anext(heard) == ("default", "mail")


@pytest.fixture
async def other(postgres_url: str) -> AsyncIterator[PostgresStore]:
    """The store of another process."""
    built = PostgresStore(postgres_url, PostgresOptions(pool_size=2))
    await built.open()
    yield built
    await built.close()


def count_reads(store: PostgresStore, monkeypatch: pytest.MonkeyPatch) -> list[list[int]]:
    """Return a list that will hold the numbers of each read of queue names."""
    reads: list[list[int]] = []
    fetch = store._pool.fetch

    async def counted(sql: str, *args: Any) -> Any:
        if sql == q.read_queues:
            reads.append(*args)
        return await fetch(sql, *args)

    monkeypatch.setattr(store._pool, "fetch", counted)
    return reads


@pytest.mark.postgres
async def test_a_role_without_rights_that_listens_learns_no_name(
    store: PostgresStore, postgres_url: str, connect: Connect, stranger: Stranger
) -> None:
    """The attack: every role that may connect may LISTEN."""
    heard: list[str] = []
    mallory = await stranger.connect(postgres_url)
    await mallory.add_listener(CHANNEL, lambda *event: heard.append(event[3]))
    names = [f"private-{n}" for n in range(3)]

    async def heard_of(count: int) -> None:
        await wait_until(lambda: len(set(heard)) == count, what=f"{count} queues to be heard of")

    await store.intake.enqueue([new_job(queue=names[0])])
    await heard_of(1)
    conn = await connect()
    async with conn.transaction():
        await store.intake.enqueue_on(conn, [new_job(queue=names[1]), new_job(queue=names[1])])
    await heard_of(2)
    await store.queues.pause("default", names[2])
    await store.queues.resume("default", names[2])
    await heard_of(3)
    numbers = await conn.fetch("SELECT id FROM taskflow.queue WHERE name = ANY($1)", names)
    assert set(heard) == {f"#{row['id']}" for row in numbers}
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await mallory.execute("SELECT name FROM taskflow.queue")


@pytest.mark.postgres
async def test_names_of_numbers_are_read_once(
    store: PostgresStore, other: PostgresStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads = count_reads(store, monkeypatch)
    async with store.notifier.listen([], ["mail"]) as heard, asyncio.timeout(20):
        for _ in range(3):
            await other.intake.enqueue([new_job(queue="mail")])
            assert await anext(heard) == ("default", "mail")
    assert [len(numbers) for numbers in reads] == [1]


@pytest.mark.postgres
async def test_names_that_claims_have_seen_are_not_read_at_all(
    store: PostgresStore, other: PostgresStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads = count_reads(store, monkeypatch)
    await other.intake.enqueue([new_job(queue="mail")])
    assert len(await store.claims.claim(request_for(await add_worker(store)))) == 1
    async with store.notifier.listen([], ["mail"]) as heard, asyncio.timeout(20):
        await other.intake.enqueue([new_job(queue="mail")])
        assert await anext(heard) == ("default", "mail")
    assert reads == []


@pytest.mark.postgres
async def test_a_wake_up_of_a_new_queue_lets_the_next_claim_look_for_its_lane(
    store: PostgresStore, other: PostgresStore
) -> None:
    worker = await add_worker(store)
    assert await store.claims.claim(request_for(worker)) == []
    async with store.notifier.listen([], []) as heard, asyncio.timeout(20):
        await other.intake.enqueue([new_job(queue="new")])
        assert await anext(heard) == ("default", "new")
    assert store._names._lanes_at == float("-inf")
    assert len(await store.claims.claim(request_for(worker))) == 1


@pytest.mark.postgres
async def test_a_name_that_an_older_program_sends_is_heard_also_one_of_digits(
    store: PostgresStore, connect: Connect
) -> None:
    conn = await connect()
    async with store.notifier.listen([], ["mail", "17"]) as heard, asyncio.timeout(20):
        for name in ("mail", "17"):
            await conn.execute("SELECT pg_notify($1, $2)", CHANNEL, name)
            assert await anext(heard) is None, "whose queue it is, that program does not say"


@pytest.mark.postgres
async def test_made_up_notifications_do_no_harm(
    store: PostgresStore, postgres_url: str, stranger: Stranger, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads = count_reads(store, monkeypatch)
    mallory = await stranger.connect(postgres_url)
    odd = ["", "#", "#-1", "#x", "#" + "9" * 7000, "#9999999999", "#0", "#٣"]
    async with store.notifier.listen([], ["mail"]) as heard, asyncio.timeout(30):
        before = store.notifier.heard
        for payload in odd:
            await mallory.execute("SELECT pg_notify($1, $2)", CHANNEL, payload)
        await mallory.execute(f"SELECT pg_notify('{CHANNEL}', '#' || 10000 + n) FROM generate_series(1, 5000) n")
        await wait_until(lambda: store.notifier.heard == before + len(odd) + 5000, what="all that was made up")
        await wait_until(lambda: not store.notifier._namer.running, what="the reads")
        assert max(map(len, reads)) <= MOST_UNKNOWN
        await store.intake.enqueue([new_job(queue="mail")])
        assert await anext(heard) == ("default", "mail")
    assert store.notifier._unknown == set()


@pytest.mark.postgres
async def test_a_name_that_cannot_be_read_costs_a_wake_up_and_no_more(
    store: PostgresStore, other: PostgresStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetch, failed = store._pool.fetch, asyncio.Event()

    async def failing(sql: str, *args: Any) -> Any:
        if sql == q.read_queues and not failed.is_set():
            failed.set()
            raise StoreUnavailable("gone")
        return await fetch(sql, *args)

    monkeypatch.setattr(store._pool, "fetch", failing)
    async with store.notifier.listen([], ["mail"]) as heard, asyncio.timeout(20):
        await other.intake.enqueue([new_job(queue="mail")])
        await failed.wait()
        await other.intake.enqueue([new_job(queue="mail")])
        assert await anext(heard) == ("default", "mail")
