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
from taskflowmq.ports.store.workers import NewWorker
from taskflowmq.stores.postgres import PostgresOptions, PostgresStore
from taskflowmq.testing.postgres import PostgresServer

Connect = Callable[..., Awaitable[Any]]


def new_job(**fields: Any) -> NewJob:
    """A job with an id of this moment."""
    made = uuid7(time.time_ns() // 1000, random.getrandbits(62))
    return NewJob(**({"id": made, "task": "t", "args": b"{}"} | fields))


def request_for(worker_id: UUID, limit: int = 1000, **fields: Any) -> ClaimRequest:
    """A claim of everything that task "t" has."""
    return ClaimRequest(
        **({"worker_id": worker_id, "tenants": ("default",), "queues": (), "tasks": ("t",), "limit": limit} | fields)
    )


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


class Stranger:
    """A role that may connect to every database of the server, and nothing else."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._opened: list[Any] = []

    async def connect(self, url: str) -> Any:
        """Connect as this role."""
        self._opened.append(await asyncpg.connect(url.replace("taskflow@", f"{self._name}@")))
        return self._opened[-1]

    async def close(self) -> None:
        """Close its connections."""
        while self._opened:
            await self._opened.pop().close()


@pytest.fixture
async def stranger(postgres_server: PostgresServer) -> AsyncIterator[Stranger]:
    """A role without any right, with a name of its own: the server is shared."""
    name = f"stranger_{uuid4().hex[:8]}"
    admin = await asyncpg.connect(postgres_server.url("postgres"))
    await admin.execute(f"CREATE ROLE {name} LOGIN")
    made = Stranger(name)
    yield made
    await made.close()
    await admin.execute(f"DROP ROLE {name}")
    await admin.close()
