"""A program of the version before deletes jobs beside this one, and leaves their log lines: a duty finds them."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from taskflowmq.bootstrap.stores import make_store
from taskflowmq.core.ids import uuid7
from taskflowmq.core.job import NewJob
from taskflowmq.core.job_logs import Line, NewLines
from taskflowmq.core.retention import Retention

DAY_MS = 86_400_000
WEEK = Retention(completed_ms=7 * DAY_MS, cancelled_ms=7 * DAY_MS, dead_ms=7 * DAY_MS)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest) -> str:
    found: str = request.getfixturevalue(f"{request.param}_url")
    return found


@pytest.fixture
async def store(url: str) -> AsyncIterator[Any]:
    made = make_store(url)
    await made.open()
    yield made
    await made.close()


async def on_table(url: str, action: str, job_id: UUID, other: UUID | None = None) -> int:
    """Delete a job as the older program does, make one look older, or count its lines."""
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as conn, conn:
            return _on_sqlite(conn, action, job_id, other)
    conn = await asyncpg.connect(url)
    try:
        match action:
            case "delete":
                await conn.execute("DELETE FROM taskflow.ready WHERE job_id = $1", job_id)
                await conn.execute("DELETE FROM taskflow.job WHERE id = $1", job_id)
            case "age":
                await conn.execute("UPDATE taskflow.job_log SET job_id = $2 WHERE job_id = $1", job_id, other)
        found: int = await conn.fetchval("SELECT count(*) FROM taskflow.job_log WHERE job_id = $1", other or job_id)
        return found
    finally:
        await conn.close()


def _on_sqlite(conn: sqlite3.Connection, action: str, job_id: UUID, other: UUID | None) -> int:
    match action:
        case "delete":
            conn.execute("DELETE FROM taskflow_ready WHERE job_id = ?", (job_id.bytes,))
            conn.execute("DELETE FROM taskflow_job WHERE id = ?", (job_id.bytes,))
        case "age" if other is not None:
            conn.execute("UPDATE taskflow_job_log SET job_id = ? WHERE job_id = ?", (other.bytes, job_id.bytes))
    query = "SELECT count(*) FROM taskflow_job_log WHERE job_id = ?"
    found: int = conn.execute(query, ((other or job_id).bytes,)).fetchone()[0]
    return found


async def logged(store: Any) -> UUID:
    """Store a job that has logged."""
    job = NewJob(uuid7(int(datetime.now(UTC).timestamp() * 1e6), 1), "task", b"{}")
    await store.intake.enqueue([job])
    lines = [(1, 0, Line(20, "line"))]
    await store.logs.append([NewLines(job_id=job.id, lease_no=1, round=1, attempt=1, lines=lines)])
    return job.id


async def test_lines_that_an_older_program_left_go_when_every_retention_is_over(store: Any, url: str) -> None:
    kept, left = await logged(store), await logged(store)
    await on_table(url, "delete", left)
    await store.upkeep.prune(WEEK, 100)
    assert await on_table(url, "count", left) == 1  # its job might be one that is made this moment
    long_ago = uuid7(int((datetime.now(UTC) - timedelta(days=11)).timestamp() * 1e6), 1)
    assert await on_table(url, "age", left, long_ago) == 1
    assert await store.upkeep.prune(WEEK, 100) >= 1
    assert await on_table(url, "count", long_ago) == 0
    assert await on_table(url, "count", kept) == 1


async def test_none_go_while_a_retention_is_for_ever(store: Any, url: str) -> None:
    left = await logged(store)
    await on_table(url, "delete", left)
    long_ago = uuid7(int((datetime.now(UTC) - timedelta(days=400)).timestamp() * 1e6), 1)
    await on_table(url, "age", left, long_ago)
    await store.upkeep.prune(Retention(completed_ms=None), 100)
    assert await on_table(url, "count", long_ago) == 1
