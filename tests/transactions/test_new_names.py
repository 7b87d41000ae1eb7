"""A name that the store has never seen, first used in a caller's transaction: nobody waits for that transaction."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import asyncpg
import psycopg
import pytest
from sqlalchemy import create_engine
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool
from tests.transactions.conftest import _alchemy

from taskflowmq import JobNotFound, StoreUnavailable, TaskFlow

pytestmark = pytest.mark.postgres

#: Whoever waits for the open transaction is refused after 5 s (the lock timeout), or waits for ever.
PATIENCE_S = 20.0

#: Stores one job of ``app`` in queue ``name``, in a transaction that is open until the second call commits.
Held = tuple[Callable[[TaskFlow, str], Awaitable[UUID]], Callable[[], Awaitable[None]]]
Holder = Callable[[str], Any]


def new_app(url: str, tenant: str = "default") -> TaskFlow:
    app = TaskFlow(url, tenant=tenant)

    @app.task(name="brand-new")
    async def brand_new(n: int) -> int:
        return n

    return app


async def store(app: TaskFlow, conn: Any, queue: str) -> UUID:
    return (await app.tasks["brand-new"].using(conn=conn, queue=queue, priority=7).aenqueue(1)).id


def store_blocking(app: TaskFlow, conn: Any, queue: str) -> UUID:
    return app.tasks["brand-new"].using(conn=conn, queue=queue, priority=7).enqueue(1).id


@asynccontextmanager
async def over_asyncpg(url: str) -> AsyncIterator[Held]:
    conn = await asyncpg.connect(url)
    transaction = conn.transaction()
    await transaction.start()
    yield lambda app, queue: store(app, conn, queue), transaction.commit
    await conn.close()


@asynccontextmanager
async def over_alchemy_async(url: str) -> AsyncIterator[Held]:
    engine = create_async_engine(_alchemy(url, "asyncpg"), poolclass=NullPool)
    async with AsyncSession(engine) as session:
        yield lambda app, queue: store(app, session, queue), session.commit
    await engine.dispose()


@asynccontextmanager
async def over_psycopg(url: str) -> AsyncIterator[Held]:
    conn = await asyncio.to_thread(psycopg.connect, url)
    yield (
        lambda app, queue: asyncio.to_thread(store_blocking, app, conn, queue),
        lambda: asyncio.to_thread(conn.commit),
    )
    conn.close()


@asynccontextmanager
async def over_psycopg_on_the_loop(url: str) -> AsyncIterator[Held]:
    """Blocking code called from a coroutine: it must not wait for the very loop that it blocks."""
    conn = await asyncio.to_thread(psycopg.connect, url)

    async def on_the_loop(app: TaskFlow, queue: str) -> UUID:
        return store_blocking(app, conn, queue)

    yield on_the_loop, lambda: asyncio.to_thread(conn.commit)
    conn.close()


@asynccontextmanager
async def over_alchemy(url: str) -> AsyncIterator[Held]:
    engine = create_engine(_alchemy(url, "psycopg"), poolclass=NullPool)
    session = Session(engine)
    yield (
        lambda app, queue: asyncio.to_thread(store_blocking, app, session, queue),
        lambda: asyncio.to_thread(session.commit),
    )
    session.close()
    engine.dispose()


HOLDERS = [over_asyncpg, over_alchemy_async, over_psycopg, over_psycopg_on_the_loop, over_alchemy]


@pytest.mark.parametrize("holder", HOLDERS)
async def test_others_use_a_new_name_while_the_transaction_that_brought_it_is_open(
    postgres_url: str, holder: Holder
) -> None:
    async with (
        new_app(postgres_url, "new-tenant") as app,
        new_app(postgres_url, "new-tenant") as other,
        holder(postgres_url) as (enqueue, commit),
    ):
        mine = await enqueue(app, "new-queue")
        async with asyncio.timeout(PATIENCE_S):
            theirs = await other.tasks["brand-new"].using(queue="new-queue", priority=7).aenqueue(2)
            assert (await theirs.ajob()).queue == "new-queue"
        with pytest.raises(JobNotFound):
            await other.job(mine).ajob()
        await commit()
        assert (await other.job(mine).ajob()).queue == "new-queue"


async def test_two_transactions_that_bring_the_same_names_in_opposite_order_meet_no_deadlock(postgres_url: str) -> None:
    async with new_app(postgres_url) as app, new_app(postgres_url) as other, asyncio.timeout(PATIENCE_S):
        async with over_asyncpg(postgres_url) as (first, commit_first), over_psycopg(postgres_url) as (second, commit):
            stored = [await first(app, "a"), await second(other, "b"), await first(app, "b"), await second(other, "a")]
            await commit_first()
            await commit()
        assert [(await app.job(one).ajob()).queue for one in stored] == ["a", "b", "b", "a"]


def test_an_app_that_was_opened_by_blocking_code_serves_a_transaction_on_another_loop(postgres_url: str) -> None:
    """The store's connections belong to the loop that opened them, the caller's to the caller's."""
    app = new_app(postgres_url)
    app.open()

    async def place_order() -> UUID:
        async with over_asyncpg(postgres_url) as (enqueue, commit):
            stored = await enqueue(app, "new-queue")
            await commit()
            return stored

    stored = asyncio.run(place_order())
    assert app.job(stored).job().queue == "new-queue"
    app.close()


@pytest.mark.slow
async def test_sql_that_brings_a_new_name_itself_is_named_as_the_cause(postgres_url: str) -> None:
    """Without the library nobody commits the name first; who waits for it is told what for, and heals after it."""
    conn = await asyncpg.connect(postgres_url)
    tenant = await conn.fetchval("SELECT taskflow.tenant_no('default')")
    transaction = conn.transaction()
    await transaction.start()
    await conn.execute("SELECT taskflow.lane_no_v2($1, 'new-queue', 7::smallint, '')", tenant)
    async with new_app(postgres_url) as app:
        new = app.tasks["brand-new"].using(queue="new-queue", priority=7)
        with pytest.raises(StoreUnavailable, match="another transaction is creating this tenant, task or queue name"):
            await new.aenqueue(1)
        await transaction.rollback()
        assert (await new.aenqueue(1)).created
    await conn.close()


async def test_a_snapshot_older_than_the_name_is_told_to_try_again(postgres_url: str) -> None:
    """REPEATABLE READ does not see the name that was committed for it; the next try does."""
    conn = await asyncpg.connect(postgres_url)
    async with new_app(postgres_url) as app:
        with pytest.raises(StoreUnavailable, match="40001"):
            async with conn.transaction(isolation="repeatable_read"):
                await conn.fetch("SELECT FROM taskflow.queue")
                await store(app, conn, "new-queue")
        async with conn.transaction(isolation="repeatable_read"):
            await conn.fetch("SELECT FROM taskflow.queue")
            stored = await store(app, conn, "new-queue")
        assert (await app.job(stored).ajob()).queue == "new-queue"
    await conn.close()
