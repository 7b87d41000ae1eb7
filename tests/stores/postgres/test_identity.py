"""A database that was dropped, made again or swapped under open connections is refused until the right one is back."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from tests.stores.postgres.conftest import Connect, add_worker, new_job, request_for

from taskflowmq.core.errors import StoreUnavailable, TaskFlowError
from taskflowmq.core.job import JobFilter
from taskflowmq.stores.postgres import PostgresOptions, PostgresStore
from taskflowmq.testing.postgres import PostgresServer
from taskflowmq.testing.waiting import wait_until

pytestmark = pytest.mark.postgres


@pytest.fixture
async def store(postgres_url: str) -> AsyncIterator[PostgresStore]:
    """An open store."""
    made = PostgresStore(postgres_url, PostgresOptions(pool_size=3))
    await made.open()
    yield made
    await made.close()


async def refused(store: PostgresStore, match: str) -> None:
    with pytest.raises(TaskFlowError, match=match):
        await store.intake.enqueue([new_job()])
    with pytest.raises(TaskFlowError, match=match):
        await store.jobs.list_jobs(JobFilter(), limit=1, before=None)
    with pytest.raises(TaskFlowError, match=match):
        await store.ping()


async def answers(store: PostgresStore) -> bool:
    try:
        await store.ping()
    except StoreUnavailable:
        return False
    return True


@pytest.mark.slow
async def test_another_database_of_the_same_name_is_refused_and_the_right_one_healed_with(
    store: PostgresStore, postgres_url: str, postgres_server: PostgresServer, connect: Connect
) -> None:
    worker = await add_worker(store)
    name, away = postgres_url.rpartition("/")[2], f"{postgres_url.rpartition('/')[2]}_away"
    admin = await connect(postgres_server.url("postgres"))
    end_all = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1"
    job = new_job()
    await store.intake.enqueue([job])

    await admin.fetch(end_all, name)
    await admin.execute(f'ALTER DATABASE "{name}" RENAME TO "{away}"')
    postgres_server.create_database(name)
    await refused(store, "holds no TaskFlow store any more")
    other = PostgresStore(postgres_url)
    await other.open()
    await other.close()
    await refused(store, "holds another TaskFlow store than this process opened")
    with pytest.raises(StoreUnavailable, match="another TaskFlow store"):
        await store.claims.claim(request_for(worker))

    await admin.fetch(end_all, name)
    await admin.execute(f'DROP DATABASE "{name}"')
    await refused(store, "does not exist")
    await admin.execute(f'ALTER DATABASE "{away}" RENAME TO "{name}"')
    await wait_until(lambda: answers(store), 20, what="the store")
    assert [found.id for found in await store.claims.claim(request_for(worker))] == [job.id]


async def test_tables_that_were_made_again_under_open_connections_are_another_store(
    store: PostgresStore, postgres_url: str, connect: Connect
) -> None:
    await store.intake.enqueue([new_job()])
    admin = await connect()
    await admin.execute("DROP SCHEMA taskflow CASCADE")
    await refused(store, "taskflow db migrate|holds no TaskFlow store any more")
    other = PostgresStore(postgres_url)
    await other.open()
    await other.close()
    await refused(store, "holds another TaskFlow store")


@pytest.mark.slow
async def test_a_copy_of_the_same_store_is_gone_on_with_and_names_are_read_again(
    store: PostgresStore, postgres_url: str, postgres_server: PostgresServer, connect: Connect
) -> None:
    name, copy = postgres_url.rpartition("/")[2], f"{postgres_url.rpartition('/')[2]}_copy"
    admin = await connect(postgres_server.url("postgres"))
    end_all = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1"
    old = new_job()
    await store.intake.enqueue([old])
    await admin.fetch(end_all, name)
    postgres_server.create_database(copy, template=name)
    await wait_until(lambda: answers(store), 20, what="the store")
    await store.intake.enqueue([new_job(queue="made-later")])
    await admin.fetch(end_all, name)
    await admin.execute(f'DROP DATABASE "{name}"')
    await admin.execute(f'ALTER DATABASE "{copy}" RENAME TO "{name}"')

    await wait_until(lambda: answers(store), 20, what="the store")
    again = new_job(queue="made-later")
    await store.intake.enqueue([again])
    taken = await store.claims.claim(request_for(await add_worker(store)))
    assert {(found.id, found.queue) for found in taken} == {(old.id, "default"), (again.id, "made-later")}
    assert await store.upkeep.check() == []
