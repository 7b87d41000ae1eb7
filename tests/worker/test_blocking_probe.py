"""Bodies that were given up on: what they hold is let go, and they do not come back."""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import pytest

from taskflowmq.worker.running.blocking_probe import MOST_CLEAN_UPS, probed
from taskflowmq.worker.slots import SlotTable


async def run_and_give_up(body: Coroutine[Any, Any, Any]) -> None:
    """Run a body until it waits, then cancel it as one whose job has ended without it."""
    table = SlotTable.create(1)

    async def drive() -> None:
        await probed(body, table.cells, 0, lambda: True)

    task = asyncio.create_task(drive())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    table.close()


async def test_what_a_body_holds_is_let_go_when_it_is_dropped(caplog: pytest.LogCaptureFixture) -> None:
    let_go, complaints = [], []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: complaints.append(context))

    @asynccontextmanager
    async def lent(name: str) -> AsyncIterator[None]:
        try:
            yield
        finally:
            try:
                await asyncio.sleep(10)
            finally:
                let_go.append(name)

    async def body() -> None:
        async with lent("connection"), lent("transaction"):
            await asyncio.Event().wait()

    await run_and_give_up(body())
    assert let_go == ["transaction", "connection"]
    gc.collect()
    await asyncio.sleep(0)
    assert complaints == []
    assert caplog.records == []


async def test_what_is_entered_when_a_body_is_dropped_is_left_again() -> None:
    left = []

    @asynccontextmanager
    async def lent() -> AsyncIterator[None]:
        try:
            await asyncio.Event().wait()
            yield
        finally:
            left.append(True)

    async def body() -> None:
        async with lent():
            raise AssertionError("it never gets so far")

    await run_and_give_up(body())
    assert left == [True]


async def test_a_body_that_swallows_every_cancellation_is_cut(caplog: pytest.LogCaptureFixture) -> None:
    swallowed = 0

    async def body() -> None:
        nonlocal swallowed
        while True:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                swallowed += 1

    with caplog.at_level(logging.WARNING):
        await run_and_give_up(body())
    assert swallowed == MOST_CLEAN_UPS
    assert caplog.records == []


async def test_a_body_that_refuses_even_to_be_cut_is_told_of(caplog: pytest.LogCaptureFixture) -> None:
    async def body() -> None:
        refused = False
        while not refused:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                continue
            except GeneratorExit:
                refused = True
        await asyncio.Event().wait()

    with caplog.at_level(logging.WARNING):
        await run_and_give_up(body())
    assert ["raised while it was closed" in record.getMessage() for record in caplog.records] == [True]


async def test_a_body_that_returns_when_it_is_dropped_has_ended() -> None:
    async def body() -> str:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            return "enough"
        return "never"

    await run_and_give_up(body())
