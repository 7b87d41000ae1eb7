"""Drive a coroutine and publish, in shared memory, while the loop is inside it.

A body that blocks the loop cannot be asked who it is; the supervisor reads it from the ``STEPPED`` cell, kills the
child, and charges this job alone (DESIGN section 7).
"""

from __future__ import annotations

from collections.abc import Awaitable, Coroutine, Generator
from types import CoroutineType, coroutine
from typing import Any

from taskflowmq.worker import forks
from taskflowmq.worker.slots import STEPPED


@coroutine
def stepped(body: Coroutine[Any, Any, Any], cells: memoryview, index: int) -> Generator[Any, Any, Any]:
    """Await ``body``, with ``cells[STEPPED] = index + 1`` whenever its own code runs."""
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
            if forks.copied:
                forks.leave_if_copied()
            cells[STEPPED] = 0
        try:
            value = yield future
        except BaseException as caught:  # noqa: BLE001 - passed on into the body, whatever it is
            value, error = None, caught


def as_coroutine(body: Awaitable[Any]) -> Coroutine[Any, Any, Any]:
    """Return something with send and throw, also for an awaitable that is no coroutine."""
    if type(body) is CoroutineType:
        return body
    return _await(body)


async def _await(body: Awaitable[Any]) -> Any:
    return await body
