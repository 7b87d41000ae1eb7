"""taskiq on a Redis list; a job leaves the list when it is taken."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager

from redis.asyncio import Redis
from taskiq_redis import ListQueueBroker

from benchmarks.compare.adapters import common, taskiq_base

broker = ListQueueBroker(common.URL, queue_name=taskiq_base.QUEUE)
job = taskiq_base.task_of(broker)


def client() -> AbstractAsyncContextManager[taskiq_base.Client]:
    return taskiq_base.open_client(broker, job, left)


def prepare() -> None:
    """Do nothing: the first job makes the list."""


def worker(kind: str, concurrency: int) -> None:
    taskiq_base.work(__name__, kind, concurrency)


async def left(redis: Redis) -> int:
    """Return the jobs no worker has taken."""
    return int(await redis.llen(taskiq_base.QUEUE))
