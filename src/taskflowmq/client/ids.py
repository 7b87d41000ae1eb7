"""Where new ids come from: UUIDv7, increasing within a process, random between processes.

Random bytes are drawn in blocks, because one ``os.urandom`` per id costs more than all the rest of an id. A
forked child must not draw the numbers that its parent will draw: every factory starts again after a fork.
"""

from __future__ import annotations

import os
import struct
import threading
import time
import weakref
from collections.abc import Callable
from uuid import UUID

from taskflowmq.client.forks import notice_fork, on_fork
from taskflowmq.core.errors import InvalidJob
from taskflowmq.core.ids import uuid7

_NUMBERS = struct.Struct("512Q")
#: A step of the clock further back than this is followed; a smaller one is bridged by counting on.
_MAX_BACKWARD_US = 10_000_000
#: Whether this process is a copy is checked once per this time: between two ids of a list there is no time for a fork.
_FORK_US = 1_000


class IdFactory:
    """Makes ids that increase in the order in which they are made; safe to share between threads."""

    def __init__(self, time_ns: Callable[[], int] = time.time_ns) -> None:
        self._time_ns = time_ns
        self._start_again()
        _factories.add(self)

    def _start_again(self) -> None:
        self._lock = threading.Lock()
        self._random: list[int] = []
        self._last_us = 0
        self._look_at_us = 0

    def __call__(self) -> UUID:
        """Return the next id."""
        now_us = self._time_ns() // 1000
        # Compared with a time that was computed before: a subtraction for each id would cost a tenth of it.
        if now_us >= self._look_at_us:
            notice_fork()
            self._look_at_us = now_us + _FORK_US
        with self._lock:
            if now_us <= self._last_us:
                now_us = self._after_last(now_us)
            self._last_us = now_us
            if not self._random:
                self._random.extend(_NUMBERS.unpack(os.urandom(_NUMBERS.size)))
            bits = self._random.pop()
        return uuid7(now_us, bits)

    def _after_last(self, now_us: int) -> int:
        """Return the time of an id that is made when the clock shows no later time than at the last one."""
        if now_us > self._last_us - _MAX_BACKWARD_US:
            return self._last_us + 1
        self._look_at_us = 0  # of a time that the clock will not show for long
        return now_us


_factories: weakref.WeakSet[IdFactory] = weakref.WeakSet()


def _after_fork() -> None:
    for factory in tuple(_factories):
        factory._start_again()


on_fork(_after_fork)

#: The factory of this process.
new_id = IdFactory()


def parse_id(given: UUID | str, pointer: str = "/id") -> UUID:
    """Return an id, given as a UUID or as text.

    Raises:
        InvalidJob: it is no UUID; names the pointer.
    """
    if isinstance(given, UUID):
        return given
    try:
        return UUID(given)
    except (ValueError, TypeError, AttributeError):
        raise InvalidJob.at(pointer, f"must be a UUID, got {given!r:.80}") from None
