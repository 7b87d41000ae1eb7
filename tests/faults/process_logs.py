"""A program with a worker inside, whose process tasks log and then fail, hang, crash, or end well after a while."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import time

from taskflowmq import Context, JobFailed, Retry, TaskFlow

app = TaskFlow()
library = logging.getLogger("some.library")


@app.task(process=True, retry=Retry(max_attempts=1))
def fails(ctx: Context) -> None:
    ctx.log.info("page %d", 3, extra={"size": 7})
    library.warning("slow")
    raise ValueError("no luck")


@app.task(process=True, retry=Retry(max_attempts=1), timeout=0.3)
def hangs(ctx: Context) -> None:
    ctx.log.info("before it hangs")
    while True:
        time.sleep(60)


@app.task(process=True, retry=Retry(max_attempts=1))
def crashes(ctx: Context) -> None:
    ctx.log.info("attempt %d before it crashes", ctx.lease_no)
    os._exit(3)


@app.task(process=True)
def fine(ctx: Context) -> None:
    ctx.log.info("fine")


async def main() -> None:
    async with app:
        handles = [await task.aenqueue() for task in (fails, hangs, crashes, fine)]
        async with app.worker(job_log_records=True, poll=0.05, concurrency=4):
            for handle in handles:
                with contextlib.suppress(JobFailed):
                    await handle.aresult(timeout=60)
        pages = [await app.jobs.alogs(handle.id) for handle in handles]
    told = [[(line.message, line.fields) for line in page.items] for page in pages]
    print(json.dumps(told))


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING)
    asyncio.run(main())
