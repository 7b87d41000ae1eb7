"""Handlers that are looked at while they run. Each waits until it is let go, so that nothing depends on time."""

from __future__ import annotations

import asyncio
import threading
import time
from pathlib import Path

from taskflowmq import task

#: Of the threads of this process: let the bodies end.
go = threading.Event()


async def inner_wait(secret: str) -> None:
    await asyncio.Event().wait()


async def outer_wait(secret: str) -> None:
    await inner_wait(secret)


@task
async def waits(secret: str) -> None:
    await outer_wait(secret)


@task
async def gathers() -> None:
    await asyncio.gather(asyncio.create_task(inner_wait(""), name="left"), asyncio.create_task(inner_wait("")))


@task
async def groups() -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(inner_wait(""), name="member")


@task
async def spins() -> None:
    while True:
        busy_part()
        await asyncio.sleep(0)


def busy_part() -> None:
    # Many times as long as a thread keeps the interpreter: else whoever looks comes only where this gives it up.
    until = time.monotonic() + 0.05
    while time.monotonic() < until:
        sum(range(100))


@task
def blocks_in_thread(secret: str) -> None:
    deep_in_thread(secret)


def deep_in_thread(secret: str) -> None:
    while not go.wait(0.01):
        busy_part()


def until_there(path: str) -> None:
    while not Path(path).exists():
        busy_part()


@task(process=True)
def works_in_process(path: str) -> None:
    until_there(path)


@task(process=True)
async def awaits_in_process(path: str) -> None:
    while not await asyncio.to_thread(Path(path).exists):  # noqa: ASYNC110 - a file tells nobody
        await asyncio.sleep(0.01)


def is_profiled() -> bool:
    return any(thread.name == "taskflow-profile" for thread in threading.enumerate())


def until_profiled() -> None:
    while not is_profiled():
        busy_part()


@task
def ends_profiled_in_thread() -> None:
    until_profiled()


@task(process=True)
def ends_profiled_in_process() -> None:
    until_profiled()


@task
async def ends_profiled_on_loop() -> None:
    while not is_profiled():  # noqa: ASYNC110 - what it waits for is a thread that tells nobody
        await asyncio.sleep(0.01)
