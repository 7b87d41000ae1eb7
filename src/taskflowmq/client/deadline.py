"""How long a call may wait for the store: one deadline for every call of a program or a request.

What must stay true: a caller is answered at its deadline, whatever the store or its driver does then. So a caller does
not wait for work that was cancelled: abandoning a statement on a silent connection can take half a minute.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Coroutine
from typing import Any, TypeVar, cast

from taskflowmq.client.environment import InvalidSetting
from taskflowmq.core.errors import StoreUnavailable
from taskflowmq.ports.store import Store

T = TypeVar("T")
VARIABLE = "TASKFLOW_STORE_TIMEOUT"
DEFAULT_S = 10.0
LEAST_S, MOST_S = 0.1, 3_600.0
#: The time that each job of a list adds to the deadline, in seconds.
PER_JOB_S = 0.001
#: Work that was cancelled and has not ended: kept, because a loop holds tasks weakly.
_leaving: set[asyncio.Future[Any]] = set()


def store_timeout(given: float | None = None) -> float:
    """Return the deadline in seconds: what was given, else the environment's, else ten.

    Raises:
        InvalidSetting: it is not a number between 0.1 and 3,600.
    """
    if given is not None:
        return _checked("store_timeout", given)
    text = os.environ.get(VARIABLE)
    return _checked(VARIABLE, text) if text else DEFAULT_S


def _checked(name: str, value: object) -> float:
    try:
        seconds = float(str(value))
    except ValueError:
        seconds = float("nan")
    if not LEAST_S <= seconds <= MOST_S:  # also refuses NaN
        raise InvalidSetting(f"{name} must be {LEAST_S:g}…{MOST_S:g} seconds, got {value!r:.80}")
    return seconds


def too_late(seconds: float) -> StoreUnavailable:
    """Return the error that a caller receives at its deadline."""
    return StoreUnavailable(f"the store did not respond within {seconds:g} s ({VARIABLE})")


async def within(seconds: float, work: Coroutine[Any, Any, T]) -> T:
    """Return what ``work`` returns, if it does so in time.

    Raises:
        StoreUnavailable: it did not; what it does may or may not take effect.
    """
    task = await done_within(seconds, work)
    if task is None:
        raise too_late(seconds)
    return task.result()


async def done_within(seconds: float, work: Coroutine[Any, Any, T]) -> asyncio.Future[T] | None:
    """Return the ended task of ``work``, or None if it does not end in time and is abandoned."""
    task = asyncio.ensure_future(work)
    try:
        done, _ = await asyncio.wait([task], timeout=seconds)
    except asyncio.CancelledError:
        give_up(task)
        raise
    if not done:
        give_up(task)
        return None
    return task


def give_up(task: asyncio.Future[Any]) -> None:
    """Cancel work, and do not wait for its end."""
    if not task.done():
        _leaving.add(task)
        task.add_done_callback(_left)
        task.cancel()


def _left(task: asyncio.Future[Any]) -> None:
    _leaving.discard(task)
    if not task.cancelled():
        task.exception()  # its error has no reader


class _BoundedPart:
    def __init__(self, part: Any, seconds: float) -> None:
        self._part = part
        self._seconds = seconds

    def __getattr__(self, name: str) -> Any:
        """Return the bounded form of a coroutine method, made at its first use."""
        getattr(self._part, name)  # AttributeError at once

        async def bounded(*args: Any, **kwargs: Any) -> Any:
            return await within(self._seconds, getattr(self._part, name)(*args, **kwargs))

        setattr(self, name, bounded)
        return bounded


#: The parts of a store that an app uses.
PARTS = (
    "audit",
    "bulks",
    "claims",
    "errors",
    "history",
    "inspections",
    "intake",
    "jobs",
    "logs",
    "probes",
    "queues",
    "stats",
    "views",
    "workers",
)


class _BoundedStore:
    def __init__(self, store: Store, seconds: float) -> None:
        for name in PARTS:
            setattr(self, name, _BoundedPart(getattr(store, name), seconds))


def bounded(store: Store, seconds: float) -> Store:
    """Return the parts of the store that an app uses, with coroutine methods that return within the deadline."""
    return cast(Store, _BoundedStore(store, seconds))
