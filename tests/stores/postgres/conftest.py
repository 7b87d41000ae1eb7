"""Stores on a fresh PostgreSQL database, and jobs to put into them."""

from __future__ import annotations

import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from taskflowmq.core.ids import uuid7
from taskflowmq.core.job import NewJob
from taskflowmq.ports.store import ClaimRequest
from taskflowmq.ports.workers import NewWorker
from taskflowmq.stores.postgres import PostgresOptions, PostgresStore

Connect = Callable[..., Awaitable[Any]]


def new_job(**fields: Any) -> NewJob:
    """A job with an id of this moment."""
    made = uuid7(time.time_ns() // 1000, random.getrandbits(62))
    return NewJob(**({"id": made, "task": "t", "args": b"{}"} | fields))


def request_for(worker_id: UUID, limit: int = 1000, **fields: Any) -> ClaimRequest:
    """A claim of everything that task "t" has."""
    return ClaimRequest(**({"worker_id": worker_id, "queues": (), "tasks": ("t",), "limit": limit} | fields))


async def add_worker(store: PostgresStore) -> UUID:
    """Register a worker and return its id."""
    worker_id = uuid4()
    await store.workers.register(
        NewWorker(
            id=worker_id, supervisor=uuid4(), host="h", boot_id="b", pid=1, version="0", lease_ms=600_000, info=b"{}"
        )
    )
    return worker_id


@pytest.fixture
async def store(postgres_url: str) -> AsyncIterator[PostgresStore]:
    """An open store."""
    built = PostgresStore(postgres_url, PostgresOptions(pool_size=4))
    await built.open()
    yield built
    await built.close()


@pytest.fixture
async def connect(postgres_url: str) -> AsyncIterator[Connect]:
    """Opens plain connections, to the store's database if no other is named, to stand in for other programs."""
    opened: list[Any] = []

    async def new(url: str = postgres_url) -> Any:
        opened.append(await asyncpg.connect(url))
        return opened[-1]

    yield new
    for conn in opened:
        await conn.close()
