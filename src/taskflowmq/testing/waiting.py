"""Waiting for something to become true, with a bound and a failure that says what did not happen.

For what can only be seen from outside (another process, a server). Where a signal or an event exists, wait on
that instead.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, overload

T = TypeVar("T")
#: Polls begin this close together, in seconds, and grow to SLOWEST.
FASTEST, SLOWEST = 0.002, 0.1


@overload
async def wait_until(condition: Callable[[], Awaitable[T]], timeout: float = 30.0, *, what: str = "") -> T: ...
@overload
async def wait_until(condition: Callable[[], T], timeout: float = 30.0, *, what: str = "") -> T: ...
async def wait_until(condition: Callable[[], Any], timeout: float = 30.0, *, what: str = "") -> Any:
    """Poll until a condition holds and return its value.

    Args:
        condition: called repeatedly; it may be a coroutine function. Truthy means it holds.
        timeout: seconds for everything, a condition that hangs included.
        what: what is awaited, for the message of the failure.

    Raises:
        TimeoutError: it did not hold in time; the message names what was awaited and the last value seen.
    """
    value: Any = None
    pause = FASTEST
    try:
        async with asyncio.timeout(timeout):
            while True:
                seen = condition()
                value = await seen if isinstance(seen, Awaitable) else seen
                if value:
                    return value
                await asyncio.sleep(pause)
                pause = min(pause * 1.5, SLOWEST)
    except TimeoutError as error:
        raise TimeoutError(_message(condition, timeout, what, value)) from error


def wait_until_sync(condition: Callable[[], T], timeout: float = 30.0, *, what: str = "") -> T:
    """Do the same in blocking code; a condition that hangs is not interrupted."""
    end = time.monotonic() + timeout
    pause = FASTEST
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() >= end:
            raise TimeoutError(_message(condition, timeout, what, value))
        time.sleep(pause)
        pause = min(pause * 1.5, SLOWEST)


def _message(condition: Callable[..., object], timeout: float, what: str, last: object) -> str:
    name = what or getattr(condition, "__qualname__", None) or repr(condition)
    return f"waited {timeout:g} s for {name}; last seen: {last!r:.500}"
