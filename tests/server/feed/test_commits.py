"""Commits that are hard to see: by a caller's own transaction, long after its first write."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import pytest
from tests.server.feed.viewer import viewing

from taskflowmq import TaskFlow
from taskflowmq.testing.waiting import wait_until

pytestmark = pytest.mark.slow


@asynccontextmanager
async def transaction(app: TaskFlow) -> AsyncIterator[tuple[UUID, Callable[[], Any]]]:
    """Store a job in a transaction of the caller's own; give its id, and what commits it."""
    if app.url.startswith("sqlite"):
        conn = sqlite3.connect(app.url.removeprefix("sqlite:///"), isolation_level=None, timeout=30)
        conn.execute("BEGIN IMMEDIATE")

        async def commit() -> None:
            conn.execute("COMMIT")

        try:
            yield app.tasks["greet"].using(conn=conn, wake=False).enqueue("Bob").id, commit
        finally:
            conn.close()
        return
    other = await asyncpg.connect(app.url)
    begun = other.transaction()
    await begun.start()
    try:
        yield (await app.tasks["greet"].using(conn=other, wake=False).aenqueue("Bob")).id, begun.commit
    finally:
        await other.close()


async def test_a_transaction_that_commits_long_after_its_first_write_is_seen(
    client: httpx.AsyncClient, app: TaskFlow, probed: Counter[str]
) -> None:
    """On PostgreSQL its position in the WAL has passed by then: longer ago than a commit takes to become visible."""
    await app.tasks["greet"].aenqueue("Ada")  # makes the names
    async with viewing(client, page="queue=greetings") as viewer:
        await viewer.until("page")
        async with transaction(app) as (job, commit):
            before = probed["revision"]
            await wait_until(lambda: probed["revision"] >= before + 12, 60)
            assert not any(data["new"] for name, data in viewer.seen if name == "page")
            await commit()
        assert (await viewer.until("page"))["new"] == [str(job)]
