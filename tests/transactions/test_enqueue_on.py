"""Jobs in the caller's own transaction: they come with its commit, and leave no trace when it is rolled back."""

from __future__ import annotations

import asyncio
import sqlite3
from typing import Any

import aiosqlite
import pytest

from taskflowmq import InvalidJob, JobNotFound, State, TaskFlow, Unique, WrongContext

ROUNDS = 20
#: One blocking and one async driver of each engine.
FULL_COUNT = [pytest.param(name, marks=pytest.mark.postgres) for name in ("asyncpg", "psycopg")] + [
    "sqlite3",
    "aiosqlite",
]


async def test_a_commit_makes_the_jobs_visible_and_a_rollback_leaves_nothing(note_app: TaskFlow, transact: Any) -> None:
    kept = await transact([1, 2], True)
    gone = await transact([3], False)
    assert [job.id for job in (await note_app.jobs.alist()).items] == sorted(kept, reverse=True)
    with pytest.raises(JobNotFound, match="not committed"):
        await note_app.job(gone[0]).ajob()


@pytest.mark.slow
async def test_no_ghost_and_no_early_start_while_a_worker_polls_hard(note_app: TaskFlow, transact: Any) -> None:
    """RELIABILITY F25."""
    kept: list[Any] = []
    async with note_app.worker(poll=0.01, concurrency=4):
        for number in range(ROUNDS):
            commit = number % 2 == 0
            ids = await transact([number], commit)
            if commit:
                kept.extend(ids)
        for job_id in kept:
            await note_app.job(job_id).aresult(timeout=20)
    assert note_app.started == set(range(0, ROUNDS, 2))  # type: ignore[attr-defined]
    assert {job.id for job in (await note_app.jobs.alist(limit=1000)).items} == set(kept)


@pytest.mark.slow
@pytest.mark.parametrize("driver", FULL_COUNT, indirect=True)
async def test_five_hundred_commits_and_rollbacks_leave_exactly_the_commits(note_app: TaskFlow, transact: Any) -> None:
    """RELIABILITY F25, at its full count."""
    kept: set[Any] = set()
    async with note_app.worker(poll=0.01, concurrency=4):
        for number in range(1_000):
            ids = await transact([number], number % 2 == 0)
            kept.update(ids if number % 2 == 0 else ())
        await asyncio.gather(*(note_app.job(job_id).aresult(timeout=60) for job_id in kept))
    assert note_app.started == set(range(0, 1_000, 2))  # type: ignore[attr-defined]
    page = await note_app.jobs.alist(limit=1_000)
    assert page.next is None
    assert {job.id for job in page.items} == kept


@pytest.fixture
async def sqlite_app(sqlite_url: str) -> Any:
    app = TaskFlow(sqlite_url)

    @app.task
    async def note(n: int) -> int:
        return n

    async with app:
        yield app


def path_of(app: TaskFlow) -> str:
    return app.url.removeprefix("sqlite:///")


async def test_many_jobs_and_jobs_by_name_go_through_the_connection_too(sqlite_app: TaskFlow) -> None:
    note = sqlite_app.tasks["note"]
    async with aiosqlite.connect(path_of(sqlite_app)) as conn:
        await conn.execute("BEGIN")
        handles = await sqlite_app.aenqueue_many([note.job(n) for n in range(5)], conn=conn)
        handles.append(await sqlite_app.asend("note", {"n": 9}, conn=conn, wake=False))
        assert (await sqlite_app.jobs.alist()).items == []
        await conn.commit()
    assert len((await sqlite_app.jobs.alist()).items) == len(handles) == 6


def test_blocking_code_enqueues_through_its_own_connection(sqlite_url: str) -> None:
    app = TaskFlow(sqlite_url)

    @app.task
    def note(n: int) -> int:
        return n

    app.open()
    conn = sqlite3.connect(path_of(app))
    conn.execute("BEGIN")
    handles = app.enqueue_many([note.job(1)], conn=conn)
    handles.append(app.send("note", {"n": 2}, conn=conn))
    handles.append(note.using(conn=conn).enqueue(3))
    conn.commit()
    conn.close()
    assert {job.id for job in app.jobs.list().items} == {handle.id for handle in handles}
    app.close()


async def test_a_unique_key_taken_inside_the_transaction_answers_with_its_holder(sqlite_app: TaskFlow) -> None:
    note = sqlite_app.tasks["note"].using(unique=Unique(by=()))
    async with aiosqlite.connect(path_of(sqlite_app)) as conn:
        await conn.execute("BEGIN")
        first = await note.using(conn=conn).aenqueue(1)
        second = await note.using(conn=conn).aenqueue(2)
        await conn.commit()
    assert (second.id, second.created) == (first.id, False)
    assert await first.astate() is State.PENDING


async def test_the_wrong_kind_of_connection_is_refused(sqlite_app: TaskFlow) -> None:
    note = sqlite_app.tasks["note"]
    blocking = sqlite3.connect(path_of(sqlite_app))
    with pytest.raises(TypeError, match=r"Connection is a blocking connection: use enqueue\(\)"):
        await note.using(conn=blocking).aenqueue(1)
    blocking.close()
    async with aiosqlite.connect(path_of(sqlite_app)) as conn:
        with pytest.raises(TypeError, match=r"is an async connection: write `await ….aenqueue"):
            note.using(conn=conn).enqueue(1)
        with pytest.raises(WrongContext, match="idempotency_key"):
            await note.using(conn=conn, idempotency_key="k").aenqueue(1)
        with pytest.raises(InvalidJob, match="pass them there"):
            note.using(conn=conn).job(1)
    with pytest.raises(TypeError):
        note.using(conn=object()).enqueue(1)
