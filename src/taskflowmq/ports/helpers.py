"""Helper threads for blocking calls, which a program can neither use up nor shut down.

A loop's default executor is the program's: a handler's ``asyncio.to_thread`` may occupy it for any time, and the
interpreter closes it as soon as its main thread has ended. A store that waited for it could not end a transaction, nor
close, until the program's calls are over.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

T = TypeVar("T")


def in_thread(fn: Callable[..., T], *args: Any, **kwargs: Any) -> Future[T]:
    """Run a call in a daemon thread of its own.

    Returns:
        what waits for it; cancelling that does not end the call.
    """
    future: Future[T] = Future()
    future.set_running_or_notify_cancel()

    def work() -> None:
        try:
            result = fn(*args, **kwargs)
        except BaseException as error:  # noqa: BLE001 - handed on to who waits
            future.set_exception(error)
        else:
            future.set_result(result)

    try:
        threading.Thread(target=work, name="taskflow-helper", daemon=True).start()
    except RuntimeError:
        # From Python 3.12 on, exit hooks start no threads: the loop waits, and no other thread is there.
        work()
    return future


async def aside(fn: Callable[..., T], *args: Any) -> T:
    """Run a call in a thread of its own, and wait for it without blocking the loop."""
    return await asyncio.wrap_future(in_thread(fn, *args))
