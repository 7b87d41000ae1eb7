"""The store waits for none of the program's threads: a handler may fill the loop's executor, or shut it down."""

from __future__ import annotations

import asyncio
import threading

import pytest

from taskflowmq import Context, TaskFlow


async def _fill(release: threading.Event) -> None:
    loop = asyncio.get_running_loop()
    for _ in range(64):
        loop.run_in_executor(None, release.wait)


async def _shut_down(release: threading.Event) -> None:
    await asyncio.get_running_loop().shutdown_default_executor()


@pytest.mark.parametrize("spoil", [_fill, _shut_down])
async def test_an_executor_that_is_used_up_holds_up_no_transaction_and_no_end(sqlite_url: str, spoil: object) -> None:
    app = TaskFlow(sqlite_url)
    release = threading.Event()

    @app.task
    async def pay(ctx: Context) -> None:
        async with ctx.transaction() as conn:
            await ctx.complete("paid", conn=conn)

    try:
        async with asyncio.timeout(60):
            async with app, app.worker(concurrency=1):
                await spoil(release)  # type: ignore[operator]
                handle = await pay.aenqueue()
                assert await handle.aresult(timeout=30) == "paid"
            # Opened and closed anew on the same loop.
            async with app:
                assert (await app.jobs.aget(handle.id)).state == "completed"
    finally:
        release.set()
