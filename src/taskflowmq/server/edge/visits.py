"""How many jobs the visitors of a public demonstration may enqueue.

What must stay true: what one address does costs the server a bounded amount, and so does what all of them do.
"""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable

from taskflowmq.server.edge.problems import Problem

HOUR_S = 3_600.0


class Visits:
    """Counts jobs by source, in this process; every hour begins at zero.

    Args:
        per_hour: how many of one source, and of all.
        clock: monotonic seconds.
    """

    def __init__(self, per_hour: tuple[int, int], clock: Callable[[], float] = time.monotonic) -> None:
        self._each, self._all = per_hour
        self._clock = clock
        self._ends = clock() + HOUR_S
        self._seen: Counter[str] = Counter()

    def take(self, source: str) -> int:
        """Count a job of a source; return how many it may enqueue yet in this hour.

        Raises:
            Problem: 429, there were too many; the answer says when the hour ends.
        """
        now = self._clock()
        if now >= self._ends:
            # No source is remembered for longer than an hour, and not more of them than there may be jobs.
            self._seen.clear()
            self._ends = now + HOUR_S
        if self._seen[source] >= self._each or self._seen.total() >= self._all:
            seconds = math.ceil(self._ends - now)
            minutes = math.ceil(seconds / 60)
            detail = f"No more demo jobs in this hour: {self._each} per address. The next hour begins in {minutes} min"
            raise Problem(429, "too_many_demo_jobs", detail, headers=(("Retry-After", str(seconds)),))
        self._seen[source] += 1
        return self._each - self._seen[source]
