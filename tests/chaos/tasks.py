"""The tasks of a chaos run. Each body writes the ledger when it begins and when it ends, and says in its result under
which fence it ran: the checker compares that with what the store says.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.faults.tasks import note

from taskflowmq import Context, Retry, Snooze, TaskFlow, current_context, task

#: Failures that a fault may cause (a transaction that is cut off) must not use a job up.
PATIENT = Retry(max_attempts=30, initial=0.2, factor=1.3, max_delay=2)
SOON = Retry(max_attempts=4, initial=0.2, factor=1.5, max_delay=1)


class Meant(Exception):
    """A failure that the task was asked for."""


@contextmanager
def noted(key: str) -> Iterator[dict[str, Any]]:
    """Write the ledger around a body, and yield its result."""
    ctx = current_context()
    where = {"key": key, "program": os.environ.get("CHAOS_PROGRAM", ""), "ppid": os.getppid()}
    note("start", **where, wall=time.time())
    try:
        yield {"key": key, "lease": ctx.lease_no}
    except BaseException:
        note("raise", **where, wall=time.time())
        raise
    note("end", **where, wall=time.time())


@task
async def quick(key: str) -> dict[str, Any]:
    with noted(key) as result:
        return result


@task
async def slow(key: str, seconds: float) -> dict[str, Any]:
    with noted(key) as result:
        await asyncio.sleep(seconds)
        return result


@task
def in_thread(key: str, seconds: float) -> dict[str, Any]:
    with noted(key) as result:
        time.sleep(seconds)
        return result


@task(process=True)
def in_process(key: str, seconds: float) -> dict[str, Any]:
    with noted(key) as result:
        time.sleep(seconds)
        return result


@task(retry=SOON)
async def flaky(ctx: Context, key: str, failures: int) -> dict[str, Any]:
    with noted(key) as result:
        if ctx.attempt <= failures:
            raise Meant(f"attempt {ctx.attempt}")
        return result


@task(retry=Retry(max_attempts=3, initial=0.2, factor=1.5))
async def doomed(key: str) -> None:
    with noted(key):
        raise Meant("as asked")


@task
async def snoozing(ctx: Context, key: str) -> dict[str, Any]:
    with noted(key) as result:
        if ctx.lease_no == 1:
            raise Snooze(0.5)
        return result


@task(retry=PATIENT)
async def effect(ctx: Context, key: str) -> dict[str, Any]:
    """Write a row and complete the job in one transaction: the row is there once, whatever happens."""
    with noted(key) as result:
        async with ctx.transaction() as conn:
            if isinstance(conn, sqlite3.Connection):
                conn.execute("INSERT INTO chaos_effect (job, lease) VALUES (?, ?)", (str(ctx.job.id), ctx.lease_no))
            else:
                insert = "INSERT INTO public.chaos_effect (job, lease) VALUES ($1, $2)"
                await conn.execute(insert, str(ctx.job.id), ctx.lease_no)
            await ctx.complete(result, conn=conn)
        return result


#: Tasks whose bodies fail on purpose, or because a fault reaches into them.
MAY_FAIL = frozenset({"flaky", "doomed", "effect"})

app = TaskFlow()
app.include(sys.modules[__name__])
