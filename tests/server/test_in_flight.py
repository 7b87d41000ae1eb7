"""A repeat that meets its own first request, not ended yet, is told so: 409, and the first answer a moment later."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import msgspec
import pytest
from tests.server.conftest import connected, declare

from taskflowmq import TaskFlow
from taskflowmq.server.api.v1.idempotency import idempotency_of
from taskflowmq.server.edge.principal import LOCAL
from taskflowmq.server.edge.request_context import RequestContext
from taskflowmq.stores.postgres.rows import jobs_as_json
from taskflowmq.telemetry.prometheus import PrometheusTelemetry
from taskflowmq.wire.job import JobBody

pytestmark = [pytest.mark.postgres, pytest.mark.slow]

BODY = {"task": "greet", "args": {"name": "Ada"}}
KEY = {"Idempotency-Key": "order-7"}


@pytest.fixture
async def app(postgres_url: str) -> AsyncIterator[TaskFlow]:
    """An open app on PostgreSQL: SQLite has one writer, so a repeat there comes after its first request."""
    made = TaskFlow(postgres_url, telemetry=PrometheusTelemetry())
    declare(made)
    async with made:
        # The names of queue and task are made once, in transactions of their own.
        await made.store.jobs.delete("default", await ended(made))
        yield made


async def ended(app: TaskFlow) -> UUID:
    """Store a job, cancel it, and return its id."""
    handle = await app.asend("greet", {"name": "before"})
    await handle.acancel()
    return handle.id


@pytest.fixture
async def stranger(app: TaskFlow) -> AsyncIterator[asyncpg.Connection]:
    """A connection of somebody else."""
    conn = await asyncpg.connect(app.url)
    yield conn
    await conn.close()


@pytest.fixture
async def other_server(app: TaskFlow, stranger: asyncpg.Connection) -> asyncpg.Connection:
    """Another server's connection, where the first request has stored its job and not yet committed."""
    scope: dict[str, Any] = {"method": "POST", "path": "/api/v1/jobs"}
    RequestContext(LOCAL, "default", "", {b"idempotency-key": b"order-7"}).put_into(scope)
    key = idempotency_of(scope, msgspec.convert(BODY, JobBody))
    assert key is not None
    jobs = jobs_as_json([await app.aprepare("greet", {"name": "Ada"})])
    await stranger.execute("BEGIN")
    await stranger.fetch(
        "SELECT * FROM taskflow.enqueue_once($1::json, 'default', $2, $3, NULL)", jobs, key.key, key.fingerprint
    )
    return stranger


@pytest.mark.parametrize("way", ["fast", "framework"])
async def test_a_repeat_during_the_first_request_is_a_conflict_and_afterwards_the_first_answer(
    app: TaskFlow, other_server: asyncpg.Connection, way: str
) -> None:
    async with connected(app, fast_intake=way == "fast") as client:
        early = await client.post("/api/v1/jobs", json=BODY, headers=KEY)
        assert (early.status_code, early.json()["code"]) == (409, "idempotency_in_flight")
        assert int(early.headers["Retry-After"]) >= 1
        assert early.headers["content-type"] == "application/problem+json"
        await other_server.execute("COMMIT")
        later = await client.post("/api/v1/jobs", json=BODY, headers=KEY)
        assert later.status_code == 201
        await only_job(client, later.json()["id"])


async def test_after_a_first_request_that_failed_the_repeat_stores_the_job(
    app: TaskFlow, other_server: asyncpg.Connection
) -> None:
    async with connected(app) as client:
        assert (await client.post("/api/v1/jobs", json=BODY, headers=KEY)).status_code == 409
        await other_server.execute("ROLLBACK")
        later = await client.post("/api/v1/jobs", json=BODY, headers=KEY)
        assert later.status_code == 201
        await only_job(client, later.json()["id"])


async def test_a_request_without_the_key_does_not_wait_for_it(app: TaskFlow, other_server: asyncpg.Connection) -> None:
    async with connected(app) as client:
        assert (await client.post("/api/v1/jobs", json=BODY)).status_code == 201
        # The same word on another route is another key.
        assert (await client.post("/api/v1/jobs/bulk", json={"jobs": [BODY]}, headers=KEY)).status_code == 201


async def test_a_unique_key_in_a_stranger_s_transaction_is_not_called_the_first_request(
    app: TaskFlow, stranger: asyncpg.Connection
) -> None:
    transaction = stranger.transaction()
    await transaction.start()
    held = await app.tasks["greet"].using(unique="u", conn=stranger).aenqueue("Ada")
    async with connected(app) as client:
        refused = await client.post("/api/v1/jobs", json={**BODY, "unique_key": "u"}, headers=KEY)
        assert (refused.status_code, refused.json()["code"]) == (503, "store_unavailable")
        await transaction.commit()
        hit = await client.post("/api/v1/jobs", json={**BODY, "unique_key": "u"}, headers=KEY)
        assert (hit.status_code, hit.json()["id"]) == (200, str(held.id))


async def test_a_lock_that_somebody_keeps_is_refused_within_seconds(
    app: TaskFlow, stranger: asyncpg.Connection
) -> None:
    await stranger.execute("BEGIN")
    await stranger.execute("INSERT INTO taskflow.queue (tenant_id, name) VALUES (1, 'fresh')")
    async with connected(app) as client:
        began = time.monotonic()
        refused = await client.post("/api/v1/jobs", json={**BODY, "queue": "fresh"})
        seconds = time.monotonic() - began
        assert (refused.status_code, refused.json()["code"]) == (503, "store_unavailable")
        assert int(refused.headers["Retry-After"]) >= 1
        assert seconds < 15, "each layer repeated what had waited for the lock already"
        await stranger.execute("ROLLBACK")
        stored = await client.post("/api/v1/jobs", json={**BODY, "queue": "fresh"})
        assert stored.status_code == 201


async def only_job(client: httpx.AsyncClient, job_id: str) -> None:
    """Check that one job is stored, and which."""
    items = (await client.get("/api/v1/jobs")).json()["items"]
    assert [item["id"] for item in items] == [job_id]
