"""taskiq on Redis streams, the broker its documentation recommends where jobs are acknowledged."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager

from redis.asyncio import Redis
from taskiq_redis import RedisStreamBroker

from benchmarks.compare.adapters import common, taskiq_base

NOTHING_YET = b"0-0"
#: More waiting jobs than this are not counted one by one, which would read all of them.
COUNTED = 100

broker = RedisStreamBroker(common.URL, queue_name=taskiq_base.QUEUE)
job = taskiq_base.task_of(broker)


def client() -> AbstractAsyncContextManager[taskiq_base.Client]:
    return taskiq_base.open_client(broker, job, left)


def prepare() -> None:
    async def declare() -> None:
        await broker.startup()
        await broker.shutdown()

    # A group starts with what comes after it: jobs sent before it is there would never run.
    asyncio.run(declare())


def worker(kind: str, concurrency: int) -> None:
    taskiq_base.work(__name__, kind, concurrency)


async def left(redis: Redis) -> int:
    """Return the jobs no worker has read (at most COUNTED once some are read) and those not acknowledged."""
    (group,) = await redis.xinfo_groups(taskiq_base.QUEUE)
    last = group["last-delivered-id"]
    if last == NOTHING_YET:
        return int(await redis.xlen(taskiq_base.QUEUE))
    after = f"({last.decode()}"
    unread = await redis.xrange(taskiq_base.QUEUE, min=after, count=COUNTED)
    return int(group["pending"]) + len(unread)
