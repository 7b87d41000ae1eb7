"""Bodies that look why they are asked to stop, and end as they are asked to."""

from __future__ import annotations

import asyncio
import threading
import time

from tests.faults.tasks import note

from taskflowmq import Context, Retry, TaskFlow

app = TaskFlow()
ONCE = Retry(max_attempts=1)


def wait_to_be_asked(ctx: Context) -> str:
    note("start")
    while not ctx.cancelled:
        time.sleep(0.01)
    note("asked", reason=ctx.stop_reason)
    return str(ctx.stop_reason)


@app.task(retry=ONCE)
def thread(ctx: Context) -> None:
    wait_to_be_asked(ctx)
    raise ctx.stopped()


@app.task(retry=ONCE)
def thread_that_returns(ctx: Context) -> str:
    return wait_to_be_asked(ctx)


@app.task(retry=ONCE, process=True)
def process(ctx: Context) -> None:
    wait_to_be_asked(ctx)
    raise ctx.stopped()


@app.task(retry=ONCE, process=True)
def deaf_process(ctx: Context) -> None:
    note("start")
    threading.Event().wait(600)


@app.task(retry=ONCE)
async def coroutine(ctx: Context) -> None:
    note("start")
    try:
        await asyncio.sleep(600)
    except asyncio.CancelledError:
        note("asked", reason=ctx.stop_reason)
        raise ctx.stopped() from None
