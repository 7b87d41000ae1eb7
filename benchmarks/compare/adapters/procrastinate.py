"""procrastinate on PostgreSQL, with psycopg's C speedups and uvloop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg
import uvloop
from procrastinate import App, PsycopgConnector

from benchmarks.compare.adapters import common

CONCURRENCY = 50
POOL = 16
LEFT = "SELECT count(*) FROM procrastinate_jobs WHERE status IN ('todo', 'doing')"


def application(kind: str = "noop", *, pool: int = POOL) -> App:
    """Return an app with the one task: a coroutine, or a plain function that it runs in a thread."""
    app = App(connector=PsycopgConnector(conninfo=common.URL, min_size=1, max_size=pool))
    if kind == "thread":
        plain = common.sync_body(kind)

        @app.task(name="job")
        def job(number: int, sent: int, text: str) -> None:
            plain(sent)

    else:
        body = common.async_body(kind)

        @app.task(name="job")
        async def job(number: int, sent: int, text: str) -> None:
            await body(sent)

    return app


class Client:
    """Enqueues through the app's pool; counts on a connection of its own."""

    def __init__(self, app: App, watcher: psycopg.AsyncConnection) -> None:
        self._task = app.tasks["job"]
        self._watcher = watcher

    async def one(self, payload: common.Payload) -> None:
        await self._task.defer_async(**payload)

    async def many(self, payloads: list[common.Payload]) -> None:
        await self._task.batch_defer_async(*payloads)

    async def left(self) -> int:
        row = await (await self._watcher.execute(LEFT)).fetchone()
        return int(row[0])


@asynccontextmanager
async def client() -> AsyncIterator[Client]:
    app = application()
    async with app.open_async(), await psycopg.AsyncConnection.connect(common.URL, autocommit=True) as watcher:
        yield Client(app, watcher)


def prepare() -> None:
    async def install() -> None:
        app = application()
        async with app.open_async():
            await app.schema_manager.apply_schema_async()

    asyncio.run(install())


def worker(kind: str, concurrency: int) -> None:
    uvloop.run(_work(kind, concurrency or CONCURRENCY))


async def _work(kind: str, concurrency: int) -> None:
    app = application(kind)
    async with app.open_async():
        await app.run_worker_async(concurrency=concurrency, delete_jobs="never")
