"""Drive a coroutine and publish, in shared memory, while the loop is inside it.

While a body blocks the loop, the child cannot report it; the supervisor reads the body from the ``STEPPED`` cell, kills
the child, and charges this job alone (DESIGN section 7). A body that swallows its cancellation is dropped at the next
one, once its job has been settled without it: a program that embeds a worker could not end otherwise.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Generator
from types import CoroutineType, coroutine
from typing import Any

from taskflowmq.worker.running import fork_guard
from taskflowmq.worker.slots import STEPPED

log = logging.getLogger("taskflowmq.worker")

#: If an abandoned body waits more often than this in its clean-up, it is considered to never end.
MOST_CLEAN_UPS = 20


@coroutine
def probed(
    body: Coroutine[Any, Any, Any], cells: memoryview, index: int, given_up: Callable[[], bool]
) -> Generator[Any, Any, Any]:
    """Await ``body``, with ``cells[STEPPED] = index + 1`` whenever its own code runs.

    Args:
        body: the handler's coroutine.
        cells: the slot table's.
        index: its slot.
        given_up: whether its job has ended without it: the next exception ends it, whatever it does.
    """
    value: Any = None
    error: BaseException | None = None
    mark = index + 1
    while True:
        cells[STEPPED] = mark
        try:
            if error is None:
                future = body.send(value)
            else:
                thrown, error = error, None
                future = body.throw(thrown)
        except StopIteration as stop:
            return stop.value
        finally:
            if fork_guard.copied:
                fork_guard.leave_if_copied()
            cells[STEPPED] = 0
        try:
            value = yield future
        except BaseException as caught:
            if given_up():
                _drop(body)
                raise
            value, error = None, caught


def _drop(body: Coroutine[Any, Any, Any]) -> None:
    """End an abandoned body: each of its waits is cancelled, those of its clean-up too, then it is dropped."""
    try:
        for _ in range(MOST_CLEAN_UPS):
            # Not close(): on Python 3.11 that leaves asynchronous generators open, and with them the
            # connections that a context manager has lent.
            body.throw(asyncio.CancelledError())
        body.close()
    except (asyncio.CancelledError, StopIteration):
        return
    except BaseException as error:  # noqa: BLE001 - it may refuse even this, or raise on its way out
        log.warning("an abandoned body raised while it was closed: %s", type(error).__name__)


def as_coroutine(body: Awaitable[Any]) -> Coroutine[Any, Any, Any]:
    """Return something with send and throw, also for an awaitable that is not a coroutine."""
    if type(body) is CoroutineType:
        return body
    return _await(body)


async def _await(body: Awaitable[Any]) -> Any:
    return await body
