"""TaskFlow as shipped: the worker is the ``taskflow worker`` command, and this module is its app.

Typed arguments, INFO lines to the log, metrics, history, every duty: nothing is switched off.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from benchmarks.compare.adapters import common
from taskflowmq import TaskFlow

if TYPE_CHECKING:
    import asyncpg

APP = "benchmarks.compare.adapters.taskflow:app"
ON_POSTGRES = common.URL.startswith("postgresql")
LEFT = "SELECT (SELECT count(*) FROM {0}ready) + (SELECT count(*) FROM {0}waiting) + (SELECT count(*) FROM {0}running)"

app = TaskFlow(common.URL or None)
kind = os.environ.get("BENCH_KIND", "noop")

if kind in ("thread", "process"):
    plain_body = common.sync_body(kind)

    @app.task(name="job", process=kind == "process")
    def job(number: int, sent: int, text: str) -> None:
        plain_body(sent)

else:
    coroutine_body = common.async_body(kind)

    @app.task(name="job")
    async def job(number: int, sent: int, text: str) -> None:
        await coroutine_body(sent)


class Client:
    """Enqueues with the public calls; counts with SQL, because the public counts may be two seconds old."""

    def __init__(self) -> None:
        self._watcher: asyncpg.Connection | None = None

    async def one(self, payload: common.Payload) -> None:
        await job.aenqueue(**payload)

    async def many(self, payloads: list[common.Payload]) -> None:
        await app.aenqueue_many([job.job(**payload) for payload in payloads])

    async def left(self) -> int:
        # Imported here: this module is the worker's program, too, and its memory is measured.
        if not ON_POSTGRES:
            import sqlite3

            with sqlite3.connect(common.URL.removeprefix("sqlite:///")) as connection:
                return int(connection.execute(LEFT.format("taskflow_")).fetchone()[0])
        if self._watcher is None:
            import asyncpg

            self._watcher = await asyncpg.connect(common.URL)
        return int(await self._watcher.fetchval(LEFT.format("taskflow.")))


@asynccontextmanager
async def client() -> AsyncIterator[Client]:
    async with app:
        yield Client()


def prepare() -> None:
    async def opened() -> None:
        async with app:
            await app.jobs.astats()

    asyncio.run(opened())


def worker(kind: str, concurrency: int) -> None:
    os.environ |= {"BENCH_KIND": kind, "TASKFLOW_DATABASE_URL": common.URL}
    command = [sys.executable, "-P", "-m", "taskflowmq.cli", "worker", APP, "--processes", str(common.PROCESSES)]
    command += ["--concurrency", str(concurrency)] if concurrency else []
    os.execv(sys.executable, command)


def serve() -> None:
    os.environ["TASKFLOW_DATABASE_URL"] = common.URL
    os.execv(sys.executable, [sys.executable, "-P", "-m", "taskflowmq.cli", "server", APP, "--port", "0", "--json"])
