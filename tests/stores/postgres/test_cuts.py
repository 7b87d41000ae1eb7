"""Connections that the server ends halfway: what leaves the store is an error of TaskFlow, never one of the driver."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import psycopg
import pytest
from tests.faults.proxy import Proxy
from tests.stores.postgres.conftest import Connect, add_worker, new_job, request_for

from taskflowmq import Context, Retry, TaskFlow
from taskflowmq.core.directives import Discard
from taskflowmq.core.errors import StoreUnavailable, WrongContext
from taskflowmq.core.transitions import Failed, Succeeded, decide
from taskflowmq.ports.store import Retention
from taskflowmq.stores.postgres import PostgresStore, session
from taskflowmq.stores.postgres.notifier import PostgresNotifier
from taskflowmq.testing.waiting import wait_until

pytestmark = pytest.mark.postgres
LOCK = 20_417
#: The server's last word, and what the driver says where that did not arrive.
CUT = "terminating connection|connection was closed"
#: A row of this table makes COMMIT wait for the lock, and the second row of a key is refused by COMMIT.
SLOW_COMMIT = f"""
    CREATE TABLE public.paid (id int, UNIQUE (id) DEFERRABLE INITIALLY DEFERRED);
    CREATE FUNCTION public.dawdle() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN PERFORM pg_advisory_xact_lock({LOCK}); RETURN NULL; END $$;
    CREATE CONSTRAINT TRIGGER dawdles AFTER INSERT ON public.paid DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION public.dawdle()"""
PAY = "INSERT INTO public.paid VALUES (1)"


async def cut_waiting(admin: Any, event: str) -> None:
    """End the session that waits for such an event, as soon as there is one.

    Args:
        admin: outside a transaction, in which the server would show the first look again and again.
        event: as pg_stat_activity names it.
    """

    async def ends() -> bool:
        return bool(
            await admin.fetch(
                "SELECT pg_terminate_backend(pid, 20000) FROM pg_stat_activity"
                " WHERE datname = current_database() AND backend_type = 'client backend' AND wait_event = $1",
                event,
            )
        )

    await wait_until(ends, timeout=20, what=f"a session that waits for {event}")


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A statement waits for its lock until it is cut, however busy the machine is."""
    for settings in (session.SETTINGS, session.LENT_SETTINGS):
        monkeypatch.setitem(settings, "lock_timeout", "60s")


@pytest.fixture
async def admin(connect: Connect, store: PostgresStore) -> Any:
    """Ends the store's connections."""
    return await connect()


@asynccontextmanager
async def slow_commits(admin: Any) -> AsyncIterator[None]:
    """Have commits of those that have paid wait."""
    await admin.execute(SLOW_COMMIT)
    await admin.execute(f"SELECT pg_advisory_lock({LOCK})")
    try:
        yield
    finally:
        await admin.execute("SELECT pg_advisory_unlock_all()")


async def test_a_transaction_in_which_an_error_was_caught_is_not_taken_for_committed(
    store: PostgresStore, connect: Connect
) -> None:
    witness = await connect()
    await witness.execute("CREATE TABLE public.paid (id int PRIMARY KEY)")
    with pytest.raises(WrongContext, match="a statement in it has failed"):
        async with store.claims.transaction() as conn:
            await conn.execute(PAY)
            with pytest.raises(asyncpg.UniqueViolationError):
                await conn.execute(PAY)
    assert await witness.fetchval("SELECT count(*) FROM public.paid") == 0
    async with store.claims.transaction() as conn:  # a savepoint keeps what went before it, and the connection is whole
        await conn.execute(PAY)
        with pytest.raises(asyncpg.UniqueViolationError):
            async with conn.transaction():
                await conn.execute(PAY)
    assert await witness.fetchval("SELECT count(*) FROM public.paid") == 1


async def test_a_transaction_begins_on_another_connection_if_the_idle_one_was_cut_unnoticed(
    store: PostgresStore, postgres_url: str
) -> None:
    async with store.claims.transaction() as conn:
        idle = await conn.fetchval("SELECT pg_backend_pid()")
    with psycopg.connect(postgres_url, autocommit=True) as blocking:  # the loop hears nothing of the end
        blocking.execute("SELECT pg_terminate_backend(%s, 20000)", (idle,))
    async with store.claims.transaction() as conn:
        assert await conn.fetchval("SELECT pg_backend_pid()") != idle


async def test_a_transaction_that_finds_no_database_says_so(postgres_url: str) -> None:
    proxy = Proxy(postgres_url)
    store = PostgresStore(await proxy.start())
    await store.open()
    try:
        async with store.claims.transaction() as conn:
            assert await conn.fetchval("SELECT 1") == 1
        proxy.cut()
        with pytest.raises(StoreUnavailable):
            async with store.claims.transaction():
                raise AssertionError("there is no connection")
    finally:
        await store.close()
        await proxy.close()


async def test_a_statement_of_a_handler_that_is_cut_is_an_outage(store: PostgresStore, admin: Any) -> None:
    async def body() -> None:
        async with store.claims.transaction() as conn:
            await conn.execute("SELECT pg_sleep(60)")

    cut = asyncio.create_task(body())
    await cut_waiting(admin, "PgSleep")
    with pytest.raises(StoreUnavailable, match=rf"({CUT}).*Nothing of ctx\.transaction\(\) is stored"):
        await cut


@pytest.mark.parametrize("then", ["commit", "use", "complete", "fail"])
async def test_a_connection_that_is_cut_between_two_statements(store: PostgresStore, admin: Any, then: str) -> None:
    await store.intake.enqueue([new_job()])
    (job,) = await store.claims.claim(request_for(await add_worker(store)))

    async def body() -> None:
        async with store.claims.transaction() as conn:
            raw = conn.itself()
            await admin.fetchval(
                "SELECT pg_terminate_backend($1, 20000)", await conn.fetchval("SELECT pg_backend_pid()")
            )
            await wait_until(raw.is_closed, what="the end to be noticed")
            if then == "use":
                await conn.execute("SELECT 1")
            if then == "complete":
                await store.claims.settle_on(conn, decide(job, Succeeded(), rand=0.5))
            if then == "fail":
                raise Discard("the handler's own decision")

    with pytest.raises(Discard if then == "fail" else StoreUnavailable) as caught:
        await body()
    assert then == "fail" or "Nothing of ctx.transaction() is stored" in str(caught.value)
    async with store.claims.transaction() as conn:
        assert await conn.fetchval("SELECT 1") == 1


async def test_a_commit_that_is_cut_says_that_its_outcome_is_not_known(store: PostgresStore, admin: Any) -> None:
    async def body() -> None:
        async with store.claims.transaction() as conn:
            await conn.execute(PAY)

    async with slow_commits(admin):
        cut = asyncio.create_task(body())
        await cut_waiting(admin, "advisory")
        with pytest.raises(StoreUnavailable, match="may or may not have taken effect") as caught:
            await cut
    assert "the job runs again" in str(caught.value)
    assert isinstance(caught.value.__cause__, asyncpg.PostgresError)


async def test_a_job_whose_commit_was_cut_runs_again(postgres_url: str, connect: Connect) -> None:
    app = TaskFlow(postgres_url)

    @app.task(retry=Retry(initial=0.01))
    async def pay(ctx: Context) -> None:
        async with ctx.transaction() as conn:
            await conn.execute(PAY)
            await ctx.complete(ctx.attempt, conn=conn)

    async with app:
        admin = await connect()
        handle = await pay.aenqueue()
        async with slow_commits(admin), app.worker(concurrency=1, poll=0.05):
            await cut_waiting(admin, "advisory")
            await admin.execute("SELECT pg_advisory_unlock_all()")
            assert await handle.aresult(timeout=60) == 2
        (failed, _) = await app.jobs.aattempts(handle.id)
        assert "may or may not have taken effect" in str(failed.error)
        assert await admin.fetchval("SELECT count(*) FROM public.paid") == 1


async def test_the_answers_to_a_handlers_own_sql_and_its_own_errors_pass(store: PostgresStore, admin: Any) -> None:
    await admin.execute(SLOW_COMMIT)
    async with store.claims.transaction() as conn:
        session = await conn.fetchval("SELECT pg_backend_pid()")
    with pytest.raises(asyncpg.UndefinedTableError):
        async with store.claims.transaction() as conn:
            await conn.execute("SELECT * FROM no_such_table")
    with pytest.raises(asyncpg.UniqueViolationError):  # deferred: the answer to COMMIT
        async with store.claims.transaction() as conn:
            await conn.execute(PAY)
            await conn.execute(PAY)
    for error in (ConnectionResetError("of another peer"), TimeoutError(), AttributeError("a mistake")):
        with pytest.raises(type(error)) as caught:
            async with store.claims.transaction():
                raise error
        assert caught.value is error
    async with store.claims.transaction() as conn:
        assert await conn.fetchval("SELECT pg_backend_pid()") == session
    assert await admin.fetchval("SELECT count(*) FROM public.paid") == 0


async def test_a_statement_under_way_keeps_the_commit_from_being_sent(store: PostgresStore, admin: Any) -> None:
    async def begun() -> bool:
        return bool(
            await admin.fetchval(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'"
            )
        )

    with pytest.raises(WrongContext, match=r"cannot be committed: .*another operation is in progress"):
        async with store.claims.transaction() as conn:
            left = asyncio.create_task(conn.execute("SELECT pg_sleep(60)"))
            await wait_until(begun, what="the statement to be under way")
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError)):
        await left


async def renew(store: PostgresStore, worker: Any) -> None:
    await store.workers.renew([worker], 1000)


async def take_turn(store: PostgresStore, worker: Any) -> None:
    await store.upkeep.take_turn("rescuer", 1, lease_ms=1000)


async def settle(store: PostgresStore, worker: Any) -> None:
    done, failed = await store.claims.claim(request_for(worker))
    await store.claims.settle([decide(done, Succeeded(), rand=0.5), decide(failed, Failed({"type": "x"}), rand=0.5)])


CALLS: dict[str, Callable[[PostgresStore, Any], Awaitable[Any]]] = {
    "ping": lambda store, _: store.ping(),
    "version": lambda store, _: store.schema.version(),
    "enqueue": lambda store, _: store.intake.enqueue([new_job()]),
    "enqueue many": lambda store, _: store.intake.enqueue([new_job() for _ in range(3)]),
    "prune": lambda store, _: store.upkeep.prune(Retention(), 100),
    "stats": lambda store, _: store.stats.count("default"),
    "renew": renew,
    "take_turn": take_turn,
    "settle": settle,
}


@pytest.mark.parametrize("name", CALLS)
async def test_a_call_whose_connection_is_cut(store: PostgresStore, admin: Any, connect: Connect, name: str) -> None:
    locking = await connect()
    worker = await add_worker(store)
    await store.intake.enqueue([new_job(), new_job()])
    # Otherwise its wake-up may be what waits for the tables, and is cut.
    await wait_until(lambda: not store.notifier._waker.running, what="the wake-up to be sent")
    tables = await admin.fetchval(
        "SELECT string_agg(format('taskflow.%I', relname), ', ') FROM pg_class"
        " WHERE relnamespace = 'taskflow'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition"
    )
    async with locking.transaction():
        await locking.execute(f"LOCK TABLE {tables} IN ACCESS EXCLUSIVE MODE")
        call = asyncio.ensure_future(CALLS[name](store, worker))
        await cut_waiting(admin, "relation")
        with pytest.raises(StoreUnavailable) as caught:
            await call
    assert re.search(CUT, str(caught.value))
    assert await store.ping() > 0


async def test_a_migration_that_is_cut(empty_postgres_url: str, connect: Connect) -> None:
    admin = await connect(empty_postgres_url)
    locking = await connect(empty_postgres_url)
    store = PostgresStore(empty_postgres_url)
    another = locking.transaction()
    await another.start()
    await locking.execute("CREATE SCHEMA taskflow")
    opening = asyncio.create_task(store.open())
    await cut_waiting(admin, "transactionid")
    with pytest.raises(StoreUnavailable, match=CUT):
        await opening
    await another.rollback()
    await store.open()
    assert await store.schema.version() > 0
    await store.close()


async def test_no_error_of_the_driver_ends_listening(store: PostgresStore, monkeypatch: pytest.MonkeyPatch) -> None:
    failures = [AttributeError("'NoneType' object has no attribute 'decode'"), asyncpg.InternalClientError("no")]
    probe = PostgresNotifier._probe

    async def fail_first(notifier: PostgresNotifier, conn: Any) -> None:
        if failures:
            raise failures.pop()
        await probe(notifier, conn)

    monkeypatch.setattr(PostgresNotifier, "_probe", fail_first)
    async with store.notifier.listen([], []) as ready:
        await wait_until(lambda: not failures, what="the failures")
        await store.intake.enqueue([new_job()])
        # After a cut None is said: anything may be ready, and what was said meanwhile is lost.
        while await anext(ready) is None:
            await store.intake.enqueue([new_job()])
