"""What every Python adapter shares: the command line, the jobs, the bodies and the counter they tick.

Standard library only: this runs in the peers' environments.
"""

from __future__ import annotations

import asyncio
import json
import mmap
import os
import random
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

URL = os.environ.get("BENCH_URL", "")
FOLDER = Path(os.environ.get("BENCH_FOLDER", "."))
PROCESSES = int(os.environ.get("BENCH_PROCESSES", "1"))

TOGETHER = 64
BULK = 1_000
SLEEP_S = 0.010
PACE_S = (0.020, 0.060)
FOREVER_S = 86_400.0

Payload = dict[str, Any]


class Client(Protocol):
    """How an asynchronous peer enqueues."""

    async def one(self, payload: Payload) -> None:
        """Enqueue one job and return when it is stored."""

    async def many(self, payloads: list[Payload]) -> None:
        """Enqueue a list of jobs with the peer's bulk call."""

    async def left(self) -> int:
        """Return how many jobs have not been finished."""


class SyncClient(Protocol):
    """How a synchronous peer enqueues; ``one`` is called from 64 threads where callers come together."""

    def one(self, payload: Payload) -> None:
        """Enqueue one job and return when it is stored."""

    def many(self, payloads: list[Payload]) -> None:
        """Enqueue a list of jobs with the peer's bulk call."""

    def left(self) -> int:
        """Return how many jobs have not been finished."""


AsyncOpen = Callable[[], AbstractAsyncContextManager[Client]]
SyncOpen = Callable[[], AbstractContextManager[SyncClient]]


def run(adapter: Any, arguments: list[str]) -> None:
    """Run a command of an adapter module.

    The module defines ``prepare()``, ``worker(kind, concurrency)``, and ``client()`` or, for a synchronous peer,
    ``sync_client()``, which open a client as a context manager; where it has an HTTP endpoint of its own, ``serve()``.
    """
    command, *rest = arguments
    if command == "prepare":
        adapter.prepare()
    elif command == "worker":
        adapter.worker(rest[0], int(rest[1]))
    elif command == "serve":
        adapter.serve()
    elif hasattr(adapter, "client"):
        asyncio.run(_drive(adapter.client, command, rest))
    else:
        _drive_sync(adapter.sync_client, command, rest)


# ------------------------------------------------------------------------------------------------------------- enqueue


def payload(number: int) -> Payload:
    """Return the arguments of one job, about 100 bytes of JSON, with the time of sending."""
    return {"number": number, "sent": time.monotonic_ns(), "text": "x" * 50}


def chunks(count: int) -> Iterator[list[Payload]]:
    """Yield the payloads of ``count`` jobs in lists for the bulk call."""
    for first in range(0, count, BULK):
        yield [payload(number) for number in range(first, min(first + BULK, count))]


def paces(count: int) -> list[float]:
    """Return the pauses before each paced job, the same in every run."""
    chance = random.Random(4)
    return [chance.uniform(*PACE_S) for _ in range(count)]


async def _drive(opened: AsyncOpen, command: str, rest: list[str]) -> None:
    async with opened() as client:
        if command == "left":
            while await asyncio.to_thread(sys.stdin.readline):
                _say({"left": await client.left()})
            return
        begin = time.perf_counter()
        await {"one": _one, "together": _together, "bulk": _bulk, "paced": _paced}[command](client, int(rest[0]))
        _say({"seconds": time.perf_counter() - begin})


async def _one(client: Client, count: int) -> None:
    for number in range(count):
        await client.one(payload(number))


async def _together(client: Client, count: int) -> None:
    numbers = iter(range(count))

    async def caller() -> None:
        for number in numbers:
            await client.one(payload(number))

    await asyncio.gather(*(caller() for _ in range(TOGETHER)))


async def _bulk(client: Client, count: int) -> None:
    for chunk in chunks(count):
        await client.many(chunk)


async def _paced(client: Client, count: int) -> None:
    for number, pause in enumerate(paces(count)):
        await asyncio.sleep(pause)
        await client.one(payload(number))


def _drive_sync(opened: SyncOpen, command: str, rest: list[str]) -> None:
    with opened() as client:
        if command == "left":
            while sys.stdin.readline():
                _say({"left": client.left()})
            return
        begin = time.perf_counter()
        {"one": _one_sync, "together": _together_sync, "bulk": _bulk_sync, "paced": _paced_sync}[command](
            client, int(rest[0])
        )
        _say({"seconds": time.perf_counter() - begin})


def _one_sync(client: SyncClient, count: int) -> None:
    for number in range(count):
        client.one(payload(number))


def _together_sync(client: SyncClient, count: int) -> None:
    with ThreadPoolExecutor(TOGETHER) as callers:
        for done in [callers.submit(lambda number=number: client.one(payload(number))) for number in range(count)]:
            done.result()


def _bulk_sync(client: SyncClient, count: int) -> None:
    for chunk in chunks(count):
        client.many(chunk)


def _paced_sync(client: SyncClient, count: int) -> None:
    for number, pause in enumerate(paces(count)):
        time.sleep(pause)
        client.one(payload(number))


def _say(answer: dict[str, Any]) -> None:
    print(json.dumps(answer), flush=True)


# -------------------------------------------------------------------------------------------------------------- bodies


class Ticks:
    """Counts this process's jobs in eight bytes of a mapped file that the driver reads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._folder = FOLDER  # for good: a child is forked at any time
        self._open()
        # A forked child would count into its parent's file, and both would lose ticks.
        os.register_at_fork(after_in_child=self._open)

    def tick(self) -> None:
        """Count one job."""
        with self._lock:
            self._count[0] += 1

    def _open(self) -> None:
        self._lock = threading.Lock()
        with (self._folder / f"ticks-{os.getpid()}").open("w+b") as file:
            file.truncate(8)
            self._count = memoryview(mmap.mmap(file.fileno(), 8)).cast("Q")


_ticks: Ticks | None = None
_making_ticks = threading.Lock()


def tick() -> None:
    """Count one job of this process."""
    global _ticks
    if _ticks is None:
        with _making_ticks:  # two counters would share a file and lose ticks
            _ticks = _ticks or Ticks()
    _ticks.tick()


def stamp(sent: int) -> None:
    """Write how many nanoseconds ago a job was sent."""
    late = time.monotonic_ns() - sent
    with (FOLDER / f"stamps-{os.getpid()}").open("a") as file:
        file.write(f"{late}\n")


def sync_body(kind: str) -> Callable[[int], None]:
    """Return what a plain function does in a worker of this kind, given the time of sending."""

    def noop(sent: int) -> None:
        tick()

    def sleep(sent: int) -> None:
        time.sleep(SLEEP_S)
        tick()

    def stamped(sent: int) -> None:
        stamp(sent)
        tick()

    def hang(sent: int) -> None:
        tick()
        time.sleep(FOREVER_S)

    return {"sleep": sleep, "stamp": stamped, "hang": hang}.get(kind, noop)


def async_body(kind: str) -> Callable[[int], Awaitable[None]]:
    """Return what a coroutine does in a worker of this kind, given the time of sending."""

    async def noop(sent: int) -> None:
        tick()

    async def sleep(sent: int) -> None:
        await asyncio.sleep(SLEEP_S)
        tick()

    async def stamped(sent: int) -> None:
        stamp(sent)
        tick()

    async def hang(sent: int) -> None:
        tick()
        await asyncio.sleep(FOREVER_S)

    async def thread(sent: int) -> None:
        await asyncio.to_thread(tick)

    return {"sleep": sleep, "stamp": stamped, "hang": hang, "thread": thread}.get(kind, noop)
