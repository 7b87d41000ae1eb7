"""Servers as others have set them up: encodings, and defaults of a role that would break what nobody looked at."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import msgspec
import pytest

from taskflowmq.core.errors import InvalidJob, StoreUnavailable
from taskflowmq.core.job import ClaimedJob, JobFilter, State, UniqueKey
from taskflowmq.core.transitions import Discarded, Failed, Succeeded
from taskflowmq.ports.store import Settled
from taskflowmq.ports.tasks import TaskNotice
from taskflowmq.stores.postgres import PostgresStore
from taskflowmq.testing.conformance import topics
from taskflowmq.testing.conformance.support import NewStore, Rig, StoreSuite, decoded, new_worker, transition
from taskflowmq.testing.postgres import DatabasePool, PostgresServer

pytestmark = [pytest.mark.postgres, pytest.mark.slow]
pytest.register_assert_rewrite("taskflowmq.testing.conformance")

#: What somebody may have set for a role or a database, for reasons of their own.
HOSTILE = {
    "default_transaction_isolation": "serializable",
    "TimeZone": "Pacific/Kiritimati",
    "DateStyle": "SQL, DMY",
    "IntervalStyle": "sql_standard",
    "bytea_output": "escape",
    "standard_conforming_strings": "off",
    "statement_timeout": "1ms",
    "lock_timeout": "1ms",
    "idle_in_transaction_session_timeout": "1ms",
    "idle_session_timeout": "1ms",
    # Unlike the others it holds until a new session has set it aside, which takes a loaded machine more than 100 ms.
    "transaction_timeout": "5s",
    "synchronous_commit": "off",
    "row_security": "off",
    "extra_float_digits": "-15",
    "enable_indexscan": "off",
    "client_min_messages": "error",
    "plpgsql.variable_conflict": "use_variable",
}
#: In UTF8, and in no encoding of Western Europe.
TEXT = "日本"
dumps = msgspec.json.encode
#: The second lacks most characters; the third takes every byte and looks at none.
ENCODINGS = ("UTF8", "LATIN1", "SQL_ASCII")
OF_TEXTS = {"TestAttempts": 2, "TestSettle": 2, "TestUnstorable": 2, "TestIntake": 3, "TestForeignText": 3}
#: A caller's session in which only the path is odd.
PATIENT = {name: "0" for name in HOSTILE if name.endswith("_timeout")}
CORE = (
    "TestAttempts",
    "TestCancelling",
    "TestClaims",
    "TestFence",
    "TestIdempotency",
    "TestIntake",
    "TestRetention",
    "TestSettle",
    "TestUnique",
    "TestUnstorable",
    "TestUpkeep",
)


def run_sql(server: PostgresServer, *statements: str, database: str = "postgres") -> None:
    """Run statements as the superuser, each in a transaction of its own."""

    async def run() -> None:
        conn = await asyncpg.connect(server.url(database))
        try:
            for statement in statements:
                await conn.execute(statement)
        finally:
            await conn.close()

    asyncio.run(run())


@pytest.fixture(scope="module")
def hostile_role(postgres_server: PostgresServer) -> str:
    """A role whose every default is another than the server's."""
    name = f"hostile_{uuid4().hex[:8]}"
    settings = [f"ALTER ROLE {name} SET {setting} = '{value}'" for setting, value in HOSTILE.items()]
    settings.append(f"ALTER ROLE {name} SET search_path = public, pg_catalog")
    run_sql(postgres_server, f"CREATE ROLE {name} SUPERUSER LOGIN", *settings)
    return name  # it stays: the databases belong to it, and the server ends with the run


def make_database(server: PostgresServer, encoding: str, user: str) -> str:
    """Create a database of an encoding that the store itself has migrated, and return its name."""
    # Each time another one: a process that gets its tests in another order comes back to an encoding.
    name = f"template_{encoding.lower()}_{uuid4().hex[:8]}"
    run_sql(
        server,
        f"CREATE DATABASE {name} ENCODING '{encoding}' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'",
    )

    async def migrate() -> None:
        store = PostgresStore(server.url(name).replace("taskflow@", f"{user}@"))
        await store.open()
        await store.close()

    asyncio.run(migrate())
    run_sql(server, (Path(__file__).parent / "traps.sql").read_text(), database=name)
    return name


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run what texts pass through in databases of several encodings, all else in one of UTF8."""
    if "databases" in metafunc.fixturenames or "encoding" in metafunc.fixturenames:
        topic = metafunc.cls.__name__ if metafunc.cls is not None else ""
        metafunc.parametrize("encoding", ENCODINGS[: OF_TEXTS.get(topic, 1)], scope="module")


@pytest.fixture(scope="module")
def databases(encoding: str, postgres_server: PostgresServer, hostile_role: str) -> Iterator[DatabasePool]:
    """Databases of an encoding, emptied between tests."""
    pool = DatabasePool(postgres_server, make_database(postgres_server, encoding, hostile_role), reuse=True)
    yield pool
    pool.close()


@pytest.fixture
def new_store(postgres_server: PostgresServer, databases: DatabasePool, hostile_role: str) -> Iterator[NewStore]:
    """Build stores on this test's database, as the role with the odd defaults."""
    name = databases.take()
    url = postgres_server.url(name).replace("taskflow@", f"{hostile_role}@")
    yield lambda clock: PostgresStore(url, clock=clock)
    databases.give_back(name)


globals().update({name: topics()[name] for name in CORE if name != "TestIntake"})
Intake: Any = topics()["TestIntake"]


class TestIntake(Intake):  # type: ignore[misc]
    """What enqueue promises; text that the encoding lacks is refused at the edge."""

    async def test_a_job_reads_back_as_it_was_given(self, rig: Rig, encoding: str) -> None:
        if encoding != "LATIN1":
            await super().test_a_job_reads_back_as_it_was_given(rig)
            return
        with pytest.raises(InvalidJob, match="no equivalent in encoding"):
            await super().test_a_job_reads_back_as_it_was_given(rig)


async def attempts(rig: Rig, job: ClaimedJob) -> list[Any]:
    return [decoded(one.raw_error) for one in await rig.store.jobs.attempts("default", job.id) if one.raw_error]


class TestLimits(StoreSuite):
    """The limits of a role are not those of our sessions."""

    async def test_no_transaction_has_a_time_limit(self, rig: Rig) -> None:
        async with rig.store.claims.transaction() as lent:
            assert await lent.fetchval("SHOW transaction_timeout") == "0"
        assert await rig.store._pool.fetchval("SHOW transaction_timeout") == "0"


class TestTraps(StoreSuite):
    """Functions that any program calls on its own connection mean PostgreSQL's operators, whatever is in its path."""

    async def test_the_traps_are_there(self, rig: Rig) -> None:
        conn = await asyncpg.connect(rig.store.url, server_settings=PATIENT)
        with pytest.raises(asyncpg.RaiseError, match="trapped"):
            await conn.fetchval("SELECT 5::bigint * interval '1 ms'")
        await conn.close()

    @pytest.mark.parametrize("unique", [None, UniqueKey(key="k"), UniqueKey(key="k", free_at="time", period_ms=5)])
    async def test_a_callers_transaction_is_not_trapped(self, rig: Rig, unique: UniqueKey | None) -> None:
        conn = await asyncpg.connect(rig.store.url, server_settings=PATIENT)
        ready, later = rig.job(unique=unique, expires_in_ms=60_000), rig.job(delay_ms=5_000, tags=("a",))
        async with conn.transaction():
            await rig.store.intake.enqueue_on(conn, [ready, later])
        job = await rig.claim_one()
        async with conn.transaction():
            await rig.store.claims.settle_on(conn, transition(job, Failed(error=b"{}")))
        assert (await rig.view(job.id)).state is State.RETRYING
        await conn.close()


class TestForeignText(StoreSuite):
    """Text of another script: refused where somebody can be told, and never what keeps a job from ending."""

    async def test_input_is_refused_whatever_it_is_in(self, rig: Rig, encoding: str) -> None:
        good = await rig.put()
        odd = [
            rig.job(args={"to": TEXT}),
            rig.job(tags=(TEXT,)),
            rig.job(meta=dumps({"m": TEXT})),
            rig.job(unique=UniqueKey(key=TEXT)),
        ]
        for job in odd:
            if encoding != "LATIN1":
                await rig.enqueue(job)
                continue
            for batch in ([job], [rig.job(), job]):
                with pytest.raises(InvalidJob, match="UTF8 holds every text"):
                    await rig.enqueue(*batch)
        if encoding == "LATIN1":
            assert [job.id for job in await rig.claim(await rig.worker())] == [good.id]

    async def test_errors_keep_their_words_and_the_job_ends(self, rig: Rig, encoding: str) -> None:
        error = dumps({"type": "ValueError", "message": f'"{TEXT}" \\ …', "traceback": TEXT})
        for outcome, state in ((Failed(error=error), State.RETRYING), (Discarded(error=error), State.DEAD)):
            job = await rig.running()
            assert (await rig.apply(job, outcome)).state is state
            (stored,) = await attempts(rig, job)
            message = stored["message"]
            if encoding != "LATIN1":
                assert message == f'"{TEXT}" \\ …'
            else:
                assert message == '"\\u65e5\\u672c" \\ \\u2026'

    async def test_a_result_is_left_out_and_says_why(self, rig: Rig, encoding: str) -> None:
        view = await rig.apply(await rig.running(), Succeeded(dumps(TEXT)))
        assert view.state is State.COMPLETED
        if encoding != "LATIN1":
            assert decoded(view.raw_result) == TEXT
        else:
            assert (view.result, view.result_error) == (
                None,
                "could not be stored: the encoding of the database lacks its characters",
            )

    async def test_neighbours_of_foreign_text_are_stored_whole(self, rig: Rig) -> None:
        await rig.enqueue(*(rig.job() for _ in range(9)))
        held = await rig.claim(await rig.worker())
        done = [transition(job, Succeeded(dumps(TEXT if n == 4 else n))) for n, job in enumerate(held)]
        assert await rig.store.claims.settle(done) == [Settled.APPLIED] * 9
        found = [decoded((await rig.view(job.id)).raw_result) for n, job in enumerate(held) if n != 4]
        assert found == [0, 1, 2, 3, 5, 6, 7, 8]

    async def test_what_describes_workers_and_tasks_stops_nobody(self, rig: Rig) -> None:
        schema = dumps({"title": TEXT})
        await rig.store.intake.announce_tasks("default", [TaskNotice("task", schema)])
        (task,) = await rig.store.intake.list_tasks("default")
        assert decoded(task.args_schema) == {"title": TEXT}
        worker = msgspec.structs.replace(new_worker(uuid4()), host=TEXT, info=schema)
        await rig.store.workers.register(worker)
        (seen,) = await rig.store.workers.list_workers()
        assert decoded(seen.info) == {"title": TEXT}

    async def test_a_filter_with_foreign_text_is_the_callers_mistake(self, rig: Rig, encoding: str) -> None:
        query = JobFilter(tenant="default", queue=TEXT)
        if encoding != "LATIN1":
            assert (await rig.store.jobs.list_jobs(query, limit=5, before=None)).items == []
            return
        with pytest.raises(InvalidJob, match="UTF8 holds every text"):
            await rig.store.jobs.list_jobs(query, limit=5, before=None)


async def test_a_database_that_takes_no_writes_says_so(postgres_server: PostgresServer, postgres_url: str) -> None:
    conn = await asyncpg.connect(postgres_url)
    name = await conn.fetchval("SELECT current_database()")
    await conn.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    await conn.close()
    store = PostgresStore(postgres_url)
    await store.open()  # reading works
    with pytest.raises(StoreUnavailable, match="default_transaction_read_only is on for this role or database"):
        await store.queues.pause("default", "mail")
    await store.close()
