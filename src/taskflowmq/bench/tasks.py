"""The app whose jobs the bench runs: typed arguments, as in any program."""

from __future__ import annotations

import asyncio
import time

from taskflowmq import Context, Retry, TaskFlow

QUEUE = "bench"

app = TaskFlow()


@app.task(name="bench.noop", queue=QUEUE, retry=Retry(max_attempts=3))
async def noop(number: int, text: str, tags: list[str]) -> int:
    """Do nothing with about 100 bytes of typed arguments."""
    return number


@app.task(name="bench.nap", queue=QUEUE)
async def nap(seconds: float) -> None:
    """Sleep, as a job that waits for a network does."""
    await asyncio.sleep(seconds)


@app.task(name="bench.pickup", queue=QUEUE)
async def pickup(sent_ns: int) -> float:
    """Return the milliseconds since ``sent_ns``, a wall clock reading on this machine."""
    return (time.time_ns() - sent_ns) / 1e6


@app.task(name="bench.thread", queue=QUEUE)
def thread_noop(number: int) -> int:
    """Do nothing in a thread."""
    return number


@app.task(name="bench.crash", queue=QUEUE)
async def hold(ctx: Context, seconds: float) -> int:
    """Hold a slot; used to time the re-run after a kill."""
    await asyncio.sleep(seconds if ctx.job.crashes + ctx.job.losses == 0 else 0)
    return ctx.attempt
