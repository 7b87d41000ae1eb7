"""``make bench-feed``: what viewers of the live feed cost, beside a worker that drains a queue.

Each viewer shows 60 rows of its own and a filter of its own, besides counts, queues and workers. Printed is, per number
of viewers, the processor time of the server and of its connections to the database as a share of one core, the ticks a
second, and how many jobs the worker has ended. Shares are of processor time, so they hold on a busy machine too; jobs
per second do not.

    python -m benchmarks.feed --store postgres --viewers 0,1,8,20 --seconds 20
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import contextlib
import json
import os
import secrets
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import msgspec
import psutil

from taskflowmq import TaskFlow
from taskflowmq.bench import tasks
from taskflowmq.testing.postgres import PostgresServer

ROWS, LIST, FULL = 60, 1_000, 8_000
PROGRAM = [sys.executable, "-c", "from taskflowmq.cli import main; main()"]
#: A caller may have eight streams.
KEYS = [secrets.token_urlsafe(32) for _ in range(8)]
#: What the connections of the measured server call themselves.
NAME = "taskflow-feed-bench"


class Share(msgspec.Struct):
    """What one number of viewers has cost, as shares of one core."""

    viewers: int
    server: float
    database: float
    events: float
    jobs: float


@contextlib.contextmanager
def program(url: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Run a command on the store while the body runs."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("TASKFLOW_")}
    settings = {"TASKFLOW_DATABASE_URL": url, "TASKFLOW_API_KEYS": ",".join(KEYS)}
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL, "text": True}
    started = subprocess.Popen([*PROGRAM, *arguments], env={**env, **settings}, **pipes)
    try:
        yield started
    finally:
        started.terminate()
        started.wait(30)
        assert started.stdout is not None
        started.stdout.close()


def short(job_id: UUID) -> str:
    """Return an id as streams take it."""
    return base64.urlsafe_b64encode(job_id.bytes).decode().rstrip("=")


def used_by(pids: list[int]) -> float:
    """Return the processor time of processes, in seconds."""
    found = 0.0
    for pid in pids:
        with contextlib.suppress(psutil.NoSuchProcess):
            times = psutil.Process(pid).cpu_times()
            found += times.user + times.system
    return found


def backends(store: str) -> list[int]:
    """Return the processes of PostgreSQL that serve the measured server."""
    if store != "postgres":
        return []
    # They show their application's name only in SQL; the title names database, user and client, so it is asked there.
    return [
        process.pid
        for process in psutil.process_iter(["cmdline"])
        if any(NAME in part for part in process.info["cmdline"] or ())
    ]


def declare(app: TaskFlow) -> None:
    """Give an app the task that the worker runs."""

    @app.task(name="bench.noop", queue=tasks.QUEUE)
    async def noop(number: int, text: str, tags: list[str]) -> int:
        return number


#: How many jobs have been enqueued.
put: Counter[TaskFlow] = Counter()


def jobs_of(app: TaskFlow, count: int) -> list[Any]:
    """Return jobs to enqueue."""
    put[app] += count
    return [app.tasks["bench.noop"].job(number, "x" * 60, ["a", "b"]) for number in range(count)]


class Viewer:
    """One open page."""

    def __init__(self, answer: httpx.Response) -> None:
        self._answer = answer
        self.events = 0

    async def read(self) -> None:
        """Read until cancelled."""
        async for line in self._answer.aiter_lines():
            self.events += line.startswith("event: ")


async def measure(store: str, address: str, server: int, app: TaskFlow, viewers: int, seconds: float) -> Share:
    """Open streams, let them settle, and read the counters over some seconds."""
    handles = await app.aenqueue_many(jobs_of(app, max(viewers, 1) * ROWS))
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(httpx.AsyncClient(base_url=address, timeout=60))
        pages = []
        for number in range(viewers):
            mine = handles[number * ROWS : (number + 1) * ROWS]
            params = {
                "ids": ",".join(short(handle.id) for handle in mine),
                "page": f"queue={tasks.QUEUE}&created_after=2026-01-01T00:00:{number:02}Z",
                "stats": "1",
                "queues": "1",
                "workers": "1",
            }
            key = {"X-API-Key": KEYS[number // 8]}
            answer = await stack.enter_async_context(client.stream("GET", "/api/v1/events", params=params, headers=key))
            answer.raise_for_status()
            pages.append(Viewer(answer))
        reading = [asyncio.create_task(page.read()) for page in pages]
        await asyncio.sleep(2)
        clock = asyncio.get_running_loop().time
        early, began = await counters(store, server, app, pages), clock()
        await asyncio.sleep(seconds)
        late, took = await counters(store, server, app, pages), clock() - began
        for task in reading:
            task.cancel()
        await asyncio.gather(*reading, return_exceptions=True)
    return Share(viewers, *((after - before) / took for before, after in zip(early, late, strict=True)))


async def counters(store: str, server: int, app: TaskFlow, pages: list[Viewer]) -> tuple[float, float, float, float]:
    """Return processor time of the server and of its connections, events, and jobs that have ended."""
    states = (await app.store.stats.count("default")).states
    # Counts of live jobs are exact below ten thousand; those of ended jobs may be old.
    ended = put[app] - states["pending"] - states["running"]
    return used_by([server]), used_by(backends(store)), sum(page.events for page in pages), ended


@contextlib.asynccontextmanager
async def load(app: TaskFlow) -> AsyncIterator[None]:
    """Keep the queue full."""

    async def fill() -> None:
        while True:
            counts = await app.store.stats.count("default")
            if counts.states["pending"] < FULL:
                await app.aenqueue_many(jobs_of(app, LIST))
            else:
                await asyncio.sleep(0.05)

    filling = asyncio.create_task(fill())
    try:
        yield
    finally:
        filling.cancel()
        await asyncio.gather(filling, return_exceptions=True)


async def run(store: str, url: str, viewers: list[int], seconds: float) -> list[Share]:
    """Measure each number of viewers, in turns with none."""
    app = TaskFlow(url)
    declare(app)
    # A user of its own names the server's connections in the list of processes.
    mine = url.replace("taskflow@", f"{NAME}@") if store == "postgres" else url
    async with app:
        if store == "postgres":
            await app.store._pool.run(  # type: ignore[attr-defined]
                lambda conn: conn.execute(f'CREATE ROLE "{NAME}" SUPERUSER LOGIN')
            )
        with (
            program(mine, "server", "--port", "0", "--json", "--no-duties") as server,
            program(url, "worker", "taskflowmq.bench.tasks:app", "--queues", tasks.QUEUE, "--processes", "1"),
        ):
            assert server.stdout is not None
            address = json.loads(server.stdout.readline())["url"]
            async with load(app):
                return [await measure(store, address, server.pid, app, count, seconds) for count in viewers]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", choices=("postgres", "sqlite"), default="postgres")
    parser.add_argument("--viewers", default="0,1,8,20,0")
    parser.add_argument("--seconds", type=float, default=20)
    given = parser.parse_args()
    counts = [int(word) for word in given.viewers.split(",")]
    with contextlib.ExitStack() as stack:
        if given.store == "sqlite":
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="taskflow-feed-"))
            url = f"sqlite:///{Path(folder) / 'jobs.db'}"
        else:
            database = PostgresServer.start()
            stack.callback(database.stop)
            url = database.url(database.create_database())
        shares = asyncio.run(run(given.store, url, counts, given.seconds))
    print("viewers  server %  database %  events/s  jobs/s")
    for one in shares:
        print(
            f"{one.viewers:7}  {100 * one.server:8.1f}  {100 * one.database:10.1f}  {one.events:8.1f}  {one.jobs:6.0f}"
        )


if __name__ == "__main__":
    main()
