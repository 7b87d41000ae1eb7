"""How often a source may fail to sign in.

What must stay true: a source that has not failed is never held up by one that has.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable

import msgspec

from taskflowmq.server.edge.problems import Problem

#: Failures that cost nothing, and how long they count, in seconds.
FREE = 5
COUNT_FOR_S = 900.0
#: How long a source waits after the first failure beyond; twice as long after each further one.
FIRST_WAIT_S = 15.0
#: Sources that are remembered; beyond, the one that failed longest ago is forgotten.
MOST_SOURCES = 10_000


class _Failures(msgspec.Struct):
    count: int
    last: float
    until: float


class SignIns:
    """Counts failed sign-ins by source, in this process.

    Args:
        clock: monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        #: The source that failed longest ago comes first.
        self._failed: dict[str, _Failures] = {}

    def check(self, source: str) -> None:
        """Return if a source may try now.

        Raises:
            Problem: 429, it has failed too often; the answer says when it may try again.
        """
        found = self._failed.get(source)
        left = 0.0 if found is None else found.until - self._clock()
        if left > 0:
            seconds = math.ceil(left)
            detail = f"Too many failed sign-ins from this address. Try again in {seconds} s"
            raise Problem(429, "too_many_sign_ins", detail, headers=(("Retry-After", str(seconds)),))

    def fail(self, source: str) -> None:
        """Record a failure."""
        now = self._clock()
        found = self._failed.pop(source, None)
        count = 1 if found is None or now - found.last > COUNT_FOR_S else found.count + 1
        wait = 0.0 if count < FREE else min(FIRST_WAIT_S * 2.0 ** min(count - FREE, 16), COUNT_FOR_S)
        self._failed[source] = _Failures(count, now, now + wait)
        if len(self._failed) > MOST_SOURCES:
            del self._failed[next(iter(self._failed))]

    def succeed(self, source: str) -> None:
        """Forget the failures of a source."""
        self._failed.pop(source, None)
