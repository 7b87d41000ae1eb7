"""What taskiq's two brokers on Redis share: the task, the client and its own worker command."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol

from redis.asyncio import Redis
from taskiq import AsyncBroker
from taskiq.decor import AsyncTaskiqDecoratedTask
from taskiq.serializers import ORJSONSerializer

from benchmarks.compare.adapters import common

QUEUE = "bench"
BLOCKING = ("thread", "process")
KIND = os.environ.get("BENCH_KIND", "noop")

_waiting_body = common.async_body(KIND)
_blocking_body = common.sync_body(KIND)


async def waiting(payload: common.Payload) -> None:
    await _waiting_body(payload["sent"])


def blocking(payload: common.Payload) -> None:
    _blocking_body(payload["sent"])


def task_of(broker: AsyncBroker) -> AsyncTaskiqDecoratedTask:
    """Register the task of this kind: taskiq puts plain functions into its thread or process pool by itself."""
    broker.with_serializer(ORJSONSerializer())
    return broker.register_task(blocking if KIND in BLOCKING else waiting, task_name="job")


class Left(Protocol):
    """How a broker's queue is counted."""

    async def __call__(self, redis: Redis) -> int: ...


class Client:
    """Enqueues by calling the task; there is no bulk call."""

    def __init__(self, task: AsyncTaskiqDecoratedTask, redis: Redis, left: Left) -> None:
        self._task = task
        self._redis = redis
        self._left = left

    async def one(self, payload: common.Payload) -> None:
        await self._task.kiq(payload)

    async def many(self, payloads: list[common.Payload]) -> None:
        raise NotImplementedError

    async def left(self) -> int:
        return await self._left(self._redis)


@asynccontextmanager
async def open_client(broker: AsyncBroker, task: AsyncTaskiqDecoratedTask, left: Left) -> AsyncIterator[Client]:
    await broker.startup()
    async with Redis.from_url(common.URL) as redis:
        yield Client(task, redis, left)
    await broker.shutdown()


def work(module: str, kind: str, concurrency: int) -> None:
    """Become the peer's own worker command."""
    os.environ["BENCH_KIND"] = kind
    command = [sys.executable, "-P", "-m", "taskiq", "worker", f"{module}:broker", "--log-level", "WARNING"]
    command += ["--workers", str(common.PROCESSES), "--max-async-tasks", str(concurrency or 100)]
    if kind == "process":
        command += ["--use-process-pool", "--max-process-pool-processes", "2"]
    os.execv(sys.executable, command)
