"""How fast this worker ends jobs, and therefore how many it may claim ahead."""

from __future__ import annotations

from taskflowmq.ports.store import MAX_BATCH

#: A prefetched job waits here at most about this long.
AHEAD_SECONDS = 0.1
#: Most prefetched jobs: while one full claim is in progress, the jobs of another one can run.
MOST_AHEAD = 2 * MAX_BATCH
#: Weight of the newest measurement.
WEIGHT = 0.5
#: Shorter windows measure noise.
MIN_WINDOW = 0.005


class Throughput:
    """Measures ended jobs per second while the queue has more than this worker takes, over all tasks together.

    Args:
        now: monotonic seconds.
        slots: how many jobs run at once.
    """

    def __init__(self, now: float, slots: int) -> None:
        self._slots = slots
        self._since = now
        self._ended = 0
        self._rate = 0.0

    def measure(self, ended: int, now: float, *, busy: bool) -> None:
        """Take the number of jobs that ended since the start. Idle time resets it: later jobs may differ."""
        window = now - self._since
        if busy and window < MIN_WINDOW:
            return
        # Falls at once, grows by half: too little prefetch costs a round trip, too much delays a job.
        rate = (ended - self._ended) / window if busy else 0.0
        self._rate = rate if rate < self._rate else WEIGHT * rate + (1 - WEIGHT) * self._rate
        self._since, self._ended = now, ended

    def forget(self) -> None:
        """Drop a measurement that was wrong."""
        self._rate = 0.0

    @property
    def prefetch(self) -> int:
        """Return the jobs to claim beyond the free slots: a tenth of a second of work; none if a job takes longer."""
        ahead = int(self._rate * AHEAD_SECONDS)
        return min(ahead, MOST_AHEAD) if ahead >= self._slots else 0
