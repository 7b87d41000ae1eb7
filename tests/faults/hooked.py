"""An app with hooks of every kind; each says in the ledger where it ran. Also a program with a worker inside."""

from __future__ import annotations

import asyncio
import json
import os
import threading
from collections.abc import AsyncIterator, Iterator
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from taskflowmq import Context, FailedJob, Retry, TaskFlow, current_context

app = TaskFlow()
tenant: ContextVar[str] = ContextVar("tenant", default="none")


def note(event: str, **fields: Any) -> None:
    line = json.dumps({"event": event, "pid": os.getpid(), **fields}) + "\n"
    with Path(os.environ["TEST_LEDGER"]).open("a") as ledger:
        ledger.write(line)


@app.on_worker_start
def begins(state: Any) -> None:
    note("start")
    if Path(os.environ["TEST_LEDGER"] + ".broken").exists():
        raise LookupError("no such service")
    state.pid = os.getpid()


@app.on_worker_stop
async def ends(state: Any) -> None:
    note("stop", mine=state.pid == os.getpid())


@app.around
def outer(ctx: Context) -> Iterator[None]:
    here = threading.get_ident()
    note("in", job=ctx.job.task)
    yield
    note("out", job=ctx.job.task, same=here == threading.get_ident())


@app.around
async def inner(ctx: Context) -> AsyncIterator[None]:
    await asyncio.sleep(0)
    tenant.set(ctx.job.task)
    async with asyncio.timeout(60):
        yield


@app.on_error
def hears(job: FailedJob, error: BaseException) -> None:
    note("error", job=job.task, outcome=job.outcome, kind=f"{type(error).__name__}: {error}", args=job.args)


def tell() -> list[Any]:
    return [tenant.get(), current_context().state.pid == os.getpid()]


@app.task(process=True)
def in_process() -> list[Any]:
    # A body may turn loops of its own, whatever hooks there are.
    return [*asyncio.run(asyncio.sleep(0, tell())), os.getpid()]


@app.task(process=True, retry=Retry(max_attempts=1))
def fails_in_process(n: int) -> None:
    raise ValueError("no")


@app.task(process=True, retry=Retry(max_attempts=1))
def crashes_in_process() -> None:
    os._exit(3)


@app.task
def in_thread() -> list[Any]:
    return tell()


@app.task
async def on_loop() -> list[Any]:
    return tell()


async def main() -> dict[str, object]:
    async with app, app.worker(concurrency=4, poll=0.1):
        done = await (await in_process.aenqueue()).aresult(timeout=60)
    return {"pid": os.getpid(), "done": done}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(main())), flush=True)
