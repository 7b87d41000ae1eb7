"""A small server in a thread of its own, beside a loop that untrusted clients must not delay.

A worker's supervisor renews leases; a loop that is busy with requests of untrusted clients would renew them too late,
and healthy jobs would be run again. What must stay true: no request is read, parsed or answered on the owner's loop;
it is queried for probes at most once a second, however often they come.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

from taskflowmq.server.edge.connections import ConnectionLimits
from taskflowmq.server.edge.gate import Gate
from taskflowmq.server.run import base_url, serving

#: Probes come from a handful of addresses, every few seconds.
LIMITS = ConnectionLimits(most=256, most_new_per_address=64)

T = TypeVar("T")


def asked_of(loop: asyncio.AbstractEventLoop, ask: Callable[[], Awaitable[T]]) -> Callable[[], Awaitable[T]]:
    """Return a function that any loop can call, and that runs on this one."""

    async def answer() -> T:
        return await ask()

    async def asked() -> T:
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(answer(), loop))

    return asked


@asynccontextmanager
async def serving_aside(
    application: Gate, sock: socket.socket, loop_factory: Callable[[], asyncio.AbstractEventLoop]
) -> AsyncIterator[str]:
    """Serve an application from a thread of its own while the body runs, and give its address.

    Args:
        application: every call of it to this loop goes through :func:`asked_of`.
        sock: where it listens.
        loop_factory: makes the thread's loop.
    """
    owner = asyncio.get_running_loop()
    began: asyncio.Future[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = owner.create_future()
    ended: asyncio.Future[None] = owner.create_future()

    async def serve() -> None:
        stop = asyncio.Event()
        async with serving(application, sock, LIMITS):
            owner.call_soon_threadsafe(began.set_result, (asyncio.get_running_loop(), stop))
            await stop.wait()

    def run() -> None:
        error: BaseException | None = None
        try:
            with asyncio.Runner(loop_factory=loop_factory) as runner:
                runner.run(serve())
        except BaseException as caught:  # noqa: BLE001 - it belongs to the owner
            error = caught
        owner.call_soon_threadsafe(finish, error)

    def finish(error: BaseException | None) -> None:
        told = ended if began.done() else began
        if error is None:
            ended.set_result(None)
        elif not told.done():
            told.set_exception(error)

    threading.Thread(target=run, name="taskflow-probes", daemon=True).start()
    loop, stop = await began
    try:
        yield base_url(sock)
    finally:
        loop.call_soon_threadsafe(stop.set)
        await ended
