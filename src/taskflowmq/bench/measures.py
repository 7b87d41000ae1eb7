"""The measures, one function each. Every one uses the public API and the worker exactly as it is shipped."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import statistics
import sys
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from datetime import datetime
from typing import Any

from taskflowmq import TaskFlow
from taskflowmq.bench import machine, tasks

WAIT_S = 300.0
TEXT = "x" * 60


async def enqueue_single(count: int, concurrency: int) -> float:
    """Enqueue one job per call from ``concurrency`` callers and return jobs per second."""
    share = count // concurrency

    async def caller(first: int) -> None:
        for number in range(first, first + share):
            await tasks.noop.aenqueue(number, TEXT, ["a", "b"])

    begin = time.perf_counter()
    await asyncio.gather(*(caller(index * share) for index in range(concurrency)))
    return share * concurrency / (time.perf_counter() - begin)


async def enqueue_bulk(app: TaskFlow, count: int, batch: int = 1_000) -> float:
    """Enqueue jobs in lists of ``batch`` and return jobs per second."""
    begin = time.perf_counter()
    await _store(app, count, batch)
    return count / (time.perf_counter() - begin)


async def _store(app: TaskFlow, count: int, batch: int = 1_000) -> list[Any]:
    handles: list[Any] = []
    for first in range(0, count, batch):
        jobs = [tasks.noop.job(number, TEXT, ["a", "b"]) for number in range(first, min(first + batch, count))]
        handles += await app.aenqueue_many(jobs)
    return handles


@contextlib.asynccontextmanager
async def worker(url: str, *, processes: int = 1, concurrency: int | None = None) -> AsyncIterator[int]:
    """Run ``taskflow worker`` with the bench's app as a process of its own; yield its pid."""
    command = [sys.executable, "-m", "taskflowmq.cli", "worker", "taskflowmq.bench.tasks:app", "--queues", tasks.QUEUE]
    command += ["--processes", str(processes)]
    if concurrency is not None:
        command += ["--concurrency", str(concurrency)]
    environment = {**os.environ, "TASKFLOW_DATABASE_URL": url}
    # INFO lines are written as in production; their reader is the kernel's.
    nowhere = asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(*command, env=environment, stderr=nowhere, stdout=nowhere)
    try:
        yield process.pid
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        await process.wait()


async def drain(app: TaskFlow, url: str, count: int, *, processes: int) -> float:
    """Enqueue ``count`` no-op jobs, let a fresh worker run them, and return jobs per second by the store's clock."""
    handles = await _store(app, count)
    edge = 500
    async with worker(url, processes=processes):
        for handle in reversed(handles[-edge:]):  # the last one first: it is the one to wait for
            await handle.aresult(timeout=WAIT_S)
    first = min([_must(job.started_at) for job in await _jobs(handles[:edge])])
    last = max([_must(job.finished_at) for job in await _jobs(handles[-edge:])])
    return count / (last - first).total_seconds()


async def pick_up(url: str, count: int) -> tuple[float, float]:
    """Enqueue one job at a time to an idle worker; return p50 and p99 of enqueue → body in milliseconds."""
    times: list[float] = []
    async with worker(url):
        await (await tasks.pickup.aenqueue(time.time_ns())).aresult(timeout=WAIT_S)
        for _ in range(count):
            handle = await tasks.pickup.aenqueue(time.time_ns())
            times.append(await handle.aresult(timeout=WAIT_S))
    ranked = sorted(times)
    return statistics.median(ranked), ranked[min(len(ranked) - 1, int(len(ranked) * 0.99))]


async def idle_cost(url: str, seconds: float) -> tuple[float, float]:
    """Let a worker idle; return its tree's PSS in megabytes and its share of one core in percent."""
    async with worker(url) as pid:
        await (await tasks.noop.aenqueue(0, TEXT, [])).aresult(timeout=WAIT_S)
        await asyncio.sleep(2)
        before, begin = machine.cpu_seconds(pid), time.perf_counter()
        await asyncio.sleep(seconds)
        used = machine.cpu_seconds(pid) - before
        return machine.pss_mb(pid), 100 * used / (time.perf_counter() - begin)


async def run_all(url: str) -> None:
    """Run what has been enqueued so far, so that the next measure starts with an empty queue."""
    last = await tasks.noop.using(priority=100).aenqueue(0, TEXT, [])
    async with worker(url):
        await last.aresult(timeout=WAIT_S)


async def median_of(rounds: int, measure: Callable[[], Coroutine[Any, Any, float]]) -> float:
    """Run a measure several times and return the median."""
    return statistics.median([await measure() for _ in range(rounds)])


async def _jobs(handles: list[Any]) -> list[Any]:
    return [await handle.ajob() for handle in handles]


def _must(at: datetime | None) -> datetime:
    if at is None:
        raise RuntimeError("a drained job has no times: the worker did not finish it")
    return at
