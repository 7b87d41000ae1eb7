"""A store on a file of its own, and the few things that the tests of this folder do with it."""

from __future__ import annotations

import itertools
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from taskflowmq.core.ids import uuid7
from taskflowmq.core.job import ClaimedJob, NewJob
from taskflowmq.ports.store import ClaimRequest
from taskflowmq.ports.store.workers import NewWorker
from taskflowmq.stores.sqlite import SqliteOptions, SqliteStore

OpenStore = Callable[..., Awaitable[SqliteStore]]
_numbers = itertools.count(1)


def new_job(task: str = "task", **options: object) -> NewJob:
    """Return a job that nobody has stored."""
    values: dict[str, object] = {"args": b'{"n":1}', **options}
    return NewJob(id=uuid7(time.time_ns() // 1000, uuid4().int + next(_numbers)), task=task, **values)  # type: ignore[arg-type]


async def new_worker(store: SqliteStore, *, lease_ms: int = 60_000) -> UUID:
    """Register a worker and return its id."""
    worker = NewWorker(
        id=uuid4(),
        supervisor=uuid4(),
        host="host",
        boot_id="boot",
        pid=1,
        version="1",
        lease_ms=lease_ms,
        info=b"{}",
    )
    await store.workers.register(worker)
    return worker.id


async def claim(
    store: SqliteStore,
    worker_id: UUID,
    limit: int = 100,
    tasks: tuple[str, ...] = ("task",),
    tenants: tuple[str, ...] = ("default",),
) -> list[ClaimedJob]:
    """Claim from every queue of a tenant."""
    request = ClaimRequest(worker_id=worker_id, tenants=tenants, queues=(), tasks=tasks, limit=limit)
    return await store.claims.claim(request)


@pytest.fixture
def path() -> Iterator[Path]:
    """Where the database is: a short path, because a socket beside it has room for about a hundred characters."""
    with tempfile.TemporaryDirectory(prefix="tf-") as folder:
        yield Path(folder) / "jobs.db"


@pytest.fixture
async def open_store(path: Path) -> AsyncIterator[OpenStore]:
    """Open stores on the test's file; they are closed at its end."""
    async with AsyncExitStack() as stack:

        async def open_one(**options: object) -> SqliteStore:
            store = SqliteStore(path, SqliteOptions(**options))  # type: ignore[arg-type]
            stack.push_async_callback(store.close)
            await store.open()
            return store

        yield open_one


@pytest.fixture
async def store(open_store: OpenStore) -> SqliteStore:
    """One open store."""
    return await open_store()
