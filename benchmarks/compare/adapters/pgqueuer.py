"""pgqueuer on PostgreSQL, with asyncpg and uvloop."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import uvloop
from pgqueuer.db import AsyncpgDriver, AsyncpgPoolDriver
from pgqueuer.models import Job
from pgqueuer.qm import QueueManager
from pgqueuer.queries import Queries

from benchmarks.compare.adapters import common

TASK = "job"
BATCH = 500


class Client:
    """Enqueues through a pool."""

    def __init__(self, queries: Queries, pool: asyncpg.Pool) -> None:
        self._queries = queries
        self._pool = pool

    async def one(self, payload: common.Payload) -> None:
        await self._queries.enqueue(TASK, json.dumps(payload).encode())

    async def many(self, payloads: list[common.Payload]) -> None:
        count = len(payloads)
        await self._queries.enqueue([TASK] * count, [json.dumps(p).encode() for p in payloads], [0] * count)

    async def left(self) -> int:
        return int(await self._pool.fetchval("SELECT count(*) FROM pgqueuer"))


@asynccontextmanager
async def client() -> AsyncIterator[Client]:
    async with asyncpg.create_pool(common.URL, min_size=1, max_size=16) as pool:
        yield Client(Queries(AsyncpgPoolDriver(pool)), pool)


def prepare() -> None:
    async def install() -> None:
        connection = await asyncpg.connect(common.URL)
        await Queries(AsyncpgDriver(connection)).install()
        await connection.close()

    asyncio.run(install())


def worker(kind: str, concurrency: int) -> None:
    uvloop.run(_work(kind, concurrency))


async def _work(kind: str, concurrency: int) -> None:
    body = common.async_body(kind)
    manager = QueueManager(Queries(AsyncpgDriver(await asyncpg.connect(common.URL))))

    @manager.entrypoint(TASK)
    async def job(job: Job) -> None:
        await body(json.loads(job.payload or b"{}")["sent"])

    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, manager.shutdown.set)
    # The peer wants room for two batches under its limit of running jobs.
    batch = min(BATCH, concurrency // 2) if concurrency else BATCH
    await manager.run(batch_size=batch, max_concurrent_tasks=concurrency or None)
