"""A program of the version before pauses and resumes beside this one, and knows nothing of who and why."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import closing
from typing import Any

import asyncpg
import pytest

from taskflowmq.bootstrap.stores import make_store

#: What that version's statements do, without its parameters.
PAUSE = {
    "sqlite": "UPDATE taskflow_queue SET paused_at = coalesce(paused_at, unixepoch() * 1000000) WHERE name = 'mail'",
    "postgres": "UPDATE taskflow.queue SET paused_at = clock_timestamp() WHERE name = 'mail' AND paused_at IS NULL",
}
RESUME = {
    "sqlite": "UPDATE taskflow_queue SET paused_at = NULL WHERE name = 'mail'",
    "postgres": "UPDATE taskflow.queue SET paused_at = NULL WHERE name = 'mail'",
}
Older = Callable[[dict[str, str]], Awaitable[None]]


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


@pytest.fixture
def older(url: str) -> Older:
    """Run a statement of the older program."""

    async def run(statement: dict[str, str]) -> None:
        if url.startswith("sqlite"):
            with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as conn, conn:
                conn.execute(statement["sqlite"])
            return
        conn = await asyncpg.connect(url)
        try:
            await conn.execute(statement["postgres"])
        finally:
            await conn.close()

    return run


async def _pause(store: Any) -> Any:
    store.stats.forget()
    (queue,) = await store.queues.list_queues("default")
    return queue.pause


async def test_an_older_pause_shows_nothing_of_an_earlier_one(store: Any, older: Older) -> None:
    await store.queues.pause("default", "mail", actor="ada", reason="deploy")
    await older(PAUSE)
    assert (await _pause(store)).reason == "deploy"
    await older(RESUME)
    assert await _pause(store) is None
    assert await store.claims.paused_queues() == {}
    await older(PAUSE)
    found = await _pause(store)
    assert (found.by, found.reason) == (None, None)


async def test_an_older_pause_gets_a_reason_afterwards_and_keeps_its_time(store: Any, older: Older) -> None:
    await store.queues.pause("default", "mail")
    await store.queues.resume("default", "mail")
    await older(PAUSE)
    since = (await _pause(store)).at
    await store.queues.pause("default", "mail", actor="ada", reason="deploy")
    found = await _pause(store)
    assert (found.at, found.by, found.reason) == (since, "ada", "deploy")
