"""A program with a worker inside, and handlers that do not come back. It prints how its end went."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import AsyncIterator

from taskflowmq import Context, TaskFlow, current_context

app = TaskFlow()
begun: set[str] = set()
BODIES = ("sleeps", "swallows", "stuck")


@app.around
async def around(ctx: Context) -> AsyncIterator[None]:
    yield


@app.task(process=True)
def who() -> list[int]:
    return [os.getpid(), os.getppid()]


@app.task(process=True)
def spins() -> None:
    while True:
        pass


@app.task
async def sleeps() -> None:
    begun.add(current_context().job.task)
    await asyncio.sleep(600)


@app.task
async def swallows() -> None:
    begun.add(current_context().job.task)
    while True:
        try:
            await asyncio.sleep(600)
        except asyncio.CancelledError:
            continue


@app.task
def stuck() -> None:
    begun.add(current_context().job.task)
    time.sleep(600)


async def main() -> dict[str, object]:
    async with app:
        async with app.worker(drain_timeout=0.5, concurrency=10, poll=0.1):
            pids = await (await who.aenqueue()).aresult(timeout=60)
            jobs = [await app.asend(name) for name in BODIES]
            spinning = await spins.aenqueue()
            while begun != set(BODIES) or await spinning.astate() != "running":  # noqa: ASYNC110
                await asyncio.sleep(0.05)
            began = time.monotonic()
        drained = time.monotonic() - began
        states = [[(view := await job.ajob()).state, view.counters.attempt] for job in [*jobs, spinning]]
    return {"pid": os.getpid(), "who": pids, "drained": drained, "states": states}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(main())), flush=True)
    # Not sys.exit: whatever holds up the interpreter's end shows.
    sys.stderr.write("the loop has ended\n")
