"""An app that sets defaults for all of its process, at import and in handlers, and handlers that fork."""

from __future__ import annotations

import asyncio
import contextvars
import decimal
import locale
import multiprocessing
import os
import random
import signal
import socket
import sys
import time
import warnings
from collections.abc import Callable
from typing import Any

from taskflowmq import Retry, TaskFlow

if "TEST_LEDGER" in os.environ:  # in a worker; not where a test imports this
    # What people are advised to set at the top of their program. Much shorter than the bodies below.
    socket.setdefaulttimeout(0.2)
    warnings.simplefilter("error")
    random.seed(0)

app = TaskFlow()
who: contextvars.ContextVar[str | None] = contextvars.ContextVar("who", default=None)
ONCE = Retry(max_attempts=1)


@app.task(process=True)
def nap(seconds: float) -> int:
    time.sleep(seconds)
    return os.getpid()


@app.task
async def sets_more() -> None:
    socket.setdefaulttimeout(0.01)
    sys.setrecursionlimit(150)
    sys.stdout.close()
    sys.stderr = None
    random.seed(0)
    locale.setlocale(locale.LC_ALL, "C")


@app.task(process=True)
def leaves() -> int:
    who.set("a job")
    decimal.getcontext().prec = 3
    os.environ["LEFT"] = "behind"
    signal.signal(signal.SIGALRM, lambda *_: os._exit(3))
    signal.setitimer(signal.ITIMER_REAL, 0.3)
    return os.getpid()


@app.task(process=True)
def sees() -> list[Any]:
    time.sleep(0.5)
    return [who.get(), str(decimal.Decimal(1) / 3), os.environ.get("LEFT"), os.getpid()]


def terminates() -> bool:
    """Tell whether a forked process ends when it is asked to."""
    process = multiprocessing.get_context("fork").Process(target=time.sleep, args=(60,))
    process.start()
    process.terminate()
    process.join(10)
    alive = process.is_alive()
    process.kill()
    return not alive


def leaves_a_pool() -> bool:
    """Leave a pool that is busy; tell whether that came to an end."""
    with multiprocessing.get_context("fork").Pool(1) as pool:
        pool.apply_async(time.sleep, (60,))
    return True


FORKS: dict[str, Callable[[], bool]] = {"terminates": terminates, "leaves_a_pool": leaves_a_pool}


def fork(what: str) -> bool:
    with warnings.catch_warnings():  # newer Pythons warn of forks beside threads
        warnings.simplefilter("ignore")
        return FORKS[what]()


@app.task(timeout=30, retry=ONCE)
async def on_loop(what: str) -> bool:
    await asyncio.sleep(0)
    return fork(what)


@app.task(timeout=30, retry=ONCE)
def in_thread(what: str) -> bool:
    return fork(what)


@app.task(timeout=30, retry=ONCE, process=True)
def in_process(what: str) -> bool:
    return fork(what)
