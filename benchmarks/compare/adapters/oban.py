"""oban-py on PostgreSQL, with psycopg's C speedups, orjson and uvloop as in its own command line."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import orjson
import uvloop
from oban import Oban, schema
from oban.decorators import worker as oban_worker
from oban.job import Job
from psycopg.types.json import set_json_dumps, set_json_loads

from benchmarks.compare.adapters import common

CONCURRENCY = 200
POOL = 16
LEFT = "SELECT count(*) FROM oban_jobs WHERE state IN ('available', 'scheduled', 'executing', 'retryable')"

set_json_dumps(orjson.dumps)
set_json_loads(orjson.loads)
body = common.async_body("noop")


@oban_worker(queue="default")
class Bench:
    """The one task; the worker sets ``body`` before it starts."""

    async def process(self, job: Job) -> None:
        await body(job.args["sent"])


class Client:
    """Enqueues through a pool of the peer's own making."""

    def __init__(self, oban: Oban, pool) -> None:
        self._oban = oban
        self._pool = pool

    async def one(self, payload: common.Payload) -> None:
        await self._oban.enqueue(Bench.new(payload))

    async def many(self, payloads: list[common.Payload]) -> None:
        await self._oban.enqueue_many([Bench.new(payload) for payload in payloads])

    async def left(self) -> int:
        async with self._pool.connection() as connection:
            row = await (await connection.execute(LEFT)).fetchone()
            return int(row[0])


@asynccontextmanager
async def client() -> AsyncIterator[Client]:
    pool = await Oban.create_pool(common.URL, max_size=POOL)
    try:
        # Never started: enqueueing needs no duty of a running instance.
        yield Client(Oban(pool=pool), pool)
    finally:
        await pool.close()


def prepare() -> None:
    async def install() -> None:
        pool = await Oban.create_pool(common.URL, max_size=1)
        await schema.install(pool)
        await pool.close()

    asyncio.run(install())


def worker(kind: str, concurrency: int) -> None:
    global body
    body = common.async_body(kind)
    uvloop.run(_work(concurrency or CONCURRENCY))


async def _work(concurrency: int) -> None:
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    pool = await Oban.create_pool(common.URL)
    async with Oban(pool=pool, queues={"default": concurrency}):
        await stopping.wait()
    await pool.close()
