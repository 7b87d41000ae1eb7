"""Tasks that hurt, and a ledger that shows what really ran: one line per start and end, appended and synced."""

from __future__ import annotations

import asyncio
import ctypes
import json
import os
import re
import resource
import signal
import sys
import time
from typing import Any

from taskflowmq import Retry, TaskFlow, current_context, task


def note(event: str, **more: Any) -> None:
    """Append one line to the ledger; it is there even if this process dies next."""
    ctx = current_context()
    line = {
        "event": event,
        "job": str(ctx.job.id),
        "lease": ctx.lease_no,
        "attempt": ctx.attempt,
        "pid": os.getpid(),
        "at": time.monotonic(),
    }
    fd = os.open(os.environ["TEST_LEDGER"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        # A line of its own even after one that a kill has cut.
        os.write(fd, b"\n" + json.dumps({**line, **more}).encode() + b"\n")
        os.fsync(fd)
    finally:
        os.close(fd)


@task
async def quick(n: int) -> int:
    note("start", n=n)
    return n


@task
async def padded(padding: str) -> int:
    note("start")
    return len(padding)


@task(retry=Retry(max_attempts=10))
async def nap(seconds: float) -> int:
    note("start")
    await asyncio.sleep(seconds)
    note("end")
    return current_context().lease_no


@task
async def stop_with_the_write_lock() -> int:
    """Stop the whole program, supervisor included, while it holds SQLite's write lock; the first time only."""
    note("start")
    if current_context().lease_no == 1:
        async with current_context().transaction() as conn:
            conn.execute("CREATE TABLE IF NOT EXISTS theirs (x)")
            note("holds")
            os.killpg(os.getpgid(0), signal.SIGSTOP)
            time.sleep(60)  # noqa: ASYNC251 - the signal may come a moment later: not after the commit
    return current_context().lease_no


@task
async def hold() -> None:
    """Run until the file TEST_HOLD is gone."""
    note("start")
    while os.path.exists(os.environ["TEST_HOLD"]):  # noqa: ASYNC110, ASYNC240, PTH110 - set by another process
        await asyncio.sleep(0.3)


@task(process=True)
def process_hold() -> None:
    """Do the same in a process."""
    note("start")
    while os.path.exists(os.environ["TEST_HOLD"]):  # noqa: PTH110 - set by another process
        time.sleep(0.1)


@task
def thread_nap(seconds: float) -> str:
    note("start")
    time.sleep(seconds)
    note("end")
    return "slept"


@task
async def spin(seconds: float) -> str:
    note("start")
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pass
    note("end")
    return "spun"


@task
def backtrack(seconds: float) -> float:
    """Match a careless pattern, which keeps the interpreter lock, for longer and longer; return the longest time."""
    note("start")
    end, length, longest = time.monotonic() + seconds, 18, 0.0
    while (began := time.monotonic()) < end:
        re.match(r"(a+)+$", "a" * length + "b")
        longest = max(longest, time.monotonic() - began)
        length += 1
    note("end")
    return longest


@task(process=True)
def process_backtrack() -> None:
    """Keep the interpreter lock of a process until it is killed."""
    note("start")
    re.match(r"(a+)+$", "a" * 200 + "b")


@task(timeout=1, retry=Retry(max_attempts=1))
async def spin_forever() -> None:
    note("start")
    while True:
        pass


@task(timeout=1, retry=Retry(max_attempts=1))
async def block_the_loop() -> None:
    note("start")
    time.sleep(60)  # noqa: ASYNC251 - this is the fault


@task(timeout=1, retry=Retry(max_attempts=1))
async def swallow_cancellation() -> None:
    note("start")
    while True:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            continue


@task(timeout=1, retry=Retry(max_attempts=1))
def thread_forever() -> None:
    note("start")
    while True:
        time.sleep(0.01)


@task(timeout=1, retry=Retry(max_attempts=1))
def hold_the_interpreter() -> None:
    note("start")
    ctypes.PyDLL(None).sleep(60)  # PyDLL keeps the interpreter lock, as a careless C extension does


@task(timeout=1, process=True, retry=Retry(max_attempts=1))
def process_forever() -> None:
    note("start")
    while True:
        pass


@task(process=True)
def process_square(n: int) -> int:
    note("start")
    return n * n


@task(process=True)
def process_nap(seconds: float) -> None:
    note("start")
    time.sleep(seconds)


@task(process=True)
def process_pill() -> None:
    note("start")
    os._exit(7)


@task
async def pill() -> None:
    note("start")
    await asyncio.sleep(0.2)
    os.kill(os.getpid(), signal.SIGKILL)


@task(process=True, retry=Retry(max_attempts=1))
def hog() -> int:
    note("start")
    limit = 512 * 1024 * 1024
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    return len(bytearray(4 * limit))


@task
async def unstorable(kind: str) -> Any:
    note("start")
    match kind:
        case "lambda":
            return lambda: None
        case "nan":
            return float("nan")
        case "deep":
            value: list[Any] = []
            for _ in range(100_000):
                value = [value]
            return value
        case "exit":
            raise SystemExit(3)
        case "str":
            raise Unspeakable
        case _:
            raise BaseException("as bad as it gets")


@task
def leave_an_orphan() -> None:
    note("start")
    os.system("(sleep 0.2 &) >/dev/null 2>&1")


class Unspeakable(Exception):
    def __str__(self) -> str:
        raise RuntimeError("not even this")


app = TaskFlow()
app.include(sys.modules[__name__])
