"""awa on PostgreSQL: its Rust core with coroutines as handlers."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from awa import AsyncClient

from benchmarks.compare.adapters import common

QUEUE = "bench"
CONCURRENCY = 256
POOL = 16


@dataclass
class Bench:
    """The arguments of the one task."""

    number: int
    sent: int
    text: str


class Client:
    """Enqueues one job with an insert and lists with COPY into the queue's storage."""

    def __init__(self, awa: AsyncClient) -> None:
        self._awa = awa

    async def one(self, payload: common.Payload) -> None:
        await self._awa.insert(Bench(**payload), queue=QUEUE)

    async def many(self, payloads: list[common.Payload]) -> None:
        await self._awa.enqueue_many_copy([Bench(**payload) for payload in payloads], queue=QUEUE)

    async def left(self) -> int:
        queues = await self._awa.queue_stats()
        return sum(queue.total_queued for queue in queues if queue.queue == QUEUE)


@asynccontextmanager
async def client() -> AsyncIterator[Client]:
    async with AsyncClient(common.URL, max_connections=POOL) as awa:
        yield Client(awa)


def prepare() -> None:
    async def install() -> None:
        async with AsyncClient(common.URL, max_connections=POOL) as awa:
            await awa.migrate()
            # A fresh database moves to the fast queue storage when its first worker starts, and only while it is empty.
            await start(awa, "noop", 1)
            await awa.shutdown()

    asyncio.run(install())


def worker(kind: str, concurrency: int) -> None:
    asyncio.run(_work(kind, concurrency or CONCURRENCY))


async def start(awa: AsyncClient, kind: str, concurrency: int) -> None:
    """Register the one task and start its worker in this process."""
    body = common.async_body(kind)

    @awa.task(Bench, queue=QUEUE)
    async def job(job) -> None:
        await body(job.args.sent)

    await awa.start([{"name": QUEUE, "max_workers": concurrency}])


async def _work(kind: str, concurrency: int) -> None:
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    async with AsyncClient(common.URL, max_connections=POOL) as awa:
        await start(awa, kind, concurrency)
        await stopping.wait()
        await awa.shutdown()
