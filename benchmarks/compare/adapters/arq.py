"""arq on Redis, on uvloop."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import AsyncIterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import asynccontextmanager
from typing import Any

import uvloop
from arq.connections import ArqRedis, RedisSettings, create_pool
from arq.constants import default_queue_name
from arq.worker import Worker, func

from benchmarks.compare.adapters import common

TASK = "job"
MAX_JOBS = 100
POLL_S = 0.01
POOL_PROCESSES = 2

Context = dict[str, Any]


class Client:
    """Enqueues through a pool; there is no bulk call."""

    def __init__(self, pool: ArqRedis) -> None:
        self._pool = pool

    async def one(self, payload: common.Payload) -> None:
        await self._pool.enqueue_job(TASK, payload)

    async def many(self, payloads: list[common.Payload]) -> None:
        raise NotImplementedError

    async def left(self) -> int:
        # A job stays in the queue's sorted set until it has ended.
        return int(await self._pool.zcard(default_queue_name))


@asynccontextmanager
async def client() -> AsyncIterator[Client]:
    pool = await create_pool(RedisSettings.from_dsn(common.URL))
    yield Client(pool)
    await pool.aclose()


def prepare() -> None:
    """Do nothing: the first job makes the queue."""


def worker(kind: str, concurrency: int) -> None:
    asyncio.set_event_loop(uvloop.new_event_loop())
    Worker(
        [func(_in_pool if kind == "process" else _job(kind), name=TASK)],
        redis_settings=RedisSettings.from_dsn(common.URL),
        ctx={"pool": ProcessPoolExecutor(POOL_PROCESSES)} if kind == "process" else {},
        max_jobs=concurrency or MAX_JOBS,
        poll_delay=POLL_S,
        keep_result=0,
    ).run()


def _job(kind: str) -> Any:
    body = common.async_body(kind)

    async def job(context: Context, payload: common.Payload) -> None:
        await body(payload["sent"])

    return job


async def _in_pool(context: Context, payload: common.Payload) -> None:
    noop = functools.partial(_noop, payload["sent"])
    await asyncio.get_running_loop().run_in_executor(context["pool"], noop)


def _noop(sent: int) -> None:
    common.tick()
