"""The history of jobs: figures per minute, queue and task, how they are added up, and percentiles of them. Pure.

A duration is counted in one of :data:`BUCKETS` buckets whose bounds never change, so figures of any processes, minutes
and versions can be added up. Sums are whole microseconds: the order in which figures are added changes nothing.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from enum import StrEnum
from itertools import accumulate
from operator import add
from uuid import UUID

import msgspec

from taskflowmq.core.job import Ended, HeldJob, JobKind, State
from taskflowmq.core.transitions import Transition

MINUTE_S, HOUR_S, DAY_S = 60, 3_600, 86_400
#: Figures of a minute may still come this long after its end: they are appended every ten seconds.
SETTLED_S = 120
#: Buckets up to an hour. One more, the last, holds what took longer.
BUCKETS = 40
FIRST_S, LAST_S = 0.001, 3_600.0
#: Between the bounds of a bucket: 1.473.
RATIO: float = (LAST_S / FIRST_S) ** (1 / (BUCKETS - 1))
#: The upper bound of each bucket, in seconds; it belongs to the bucket.
BOUNDS = (*(FIRST_S * RATIO**number for number in range(BUCKETS - 1)), LAST_S)
#: The relative error of a percentile between :data:`FIRST_S` and :data:`LAST_S`: at most 21.4 %. Below it is at most a
#: millisecond.
ERROR = math.sqrt(RATIO) - 1
#: The percentiles that are reported.
QUANTILES = (0.5, 0.95, 0.99)


class By(StrEnum):
    """What figures are grouped by."""

    NONE = "none"
    QUEUE = "queue"
    TASK = "task"
    #: The host that the process ran on. What no process did is of none: jobs that wait, or never start.
    NODE = "node"


class HistoryKept(msgspec.Struct, frozen=True, kw_only=True):
    """How long figures are kept: those of minutes, which are joined into hours then, and those of hours."""

    minutes_s: int = 2 * DAY_S
    hours_s: int = 90 * DAY_S


class Figures(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What happened to the jobs of one kind in a span of time, as it is stored.

    A statement of the store that ends jobs without a worker adds figures of its own, some of them negative: a worker
    that reports a retry does not know that the store cancelled the job instead.
    """

    #: Claims, and those of them that were handed back.
    started: int = 0
    returned: int = 0
    #: Attempts that failed, by whatever: an error, their timeout, a crash, a lost worker.
    failed: int = 0
    timed_out: int = 0
    crashed: int = 0
    lost: int = 0
    #: Failed attempts after which the job runs again.
    retried: int = 0
    snoozed: int = 0
    #: Jobs that ended.
    completed: int = 0
    dead: int = 0
    cancelled: int = 0
    #: Those cancelled while they were ready: no claim took them out of the backlog.
    cancelled_ready: int = 0
    #: Bucket, count, bucket, count …, of those that are not empty; the sum and the longest in microseconds.
    wait: tuple[int, ...] = ()
    wait_us: int = 0
    wait_max_us: int = 0
    run: tuple[int, ...] = ()
    run_us: int = 0
    run_max_us: int = 0
    #: Of the jobs that failed, the one made last.
    failed_job: UUID | None = None


#: The fields of :class:`Figures` that are counts.
COUNTS = Figures.__struct_fields__[: Figures.__struct_fields__.index("wait")]
_PLACES = {name: place for place, name in enumerate(COUNTS)}


class Durations:
    """Durations by bucket."""

    __slots__ = ("counts", "longest_us", "sum_us")

    def __init__(self) -> None:
        self.counts = [0] * (BUCKETS + 1)
        self.sum_us = self.longest_us = 0

    @property
    def total(self) -> int:
        """How many there are."""
        return sum(self.counts)

    def take(self, seconds: Sequence[float]) -> None:
        """Count durations, in seconds."""
        # Sorted, so that a batch costs two searches per bucket and not one per duration.
        ordered = sorted(seconds)
        counts, start, size = self.counts, 0, len(ordered)
        while start < size:
            bucket = bisect_left(BOUNDS, ordered[start])
            end = size if size == 1 or bucket == BUCKETS else bisect_right(ordered, BOUNDS[bucket], start)
            counts[bucket] += end - start
            start = end
        if ordered:
            self.sum_us += int(1e6 * sum(ordered) + 0.5)
            longest_us = int(1e6 * ordered[-1] + 0.5)
            if longest_us > self.longest_us:
                self.longest_us = longest_us

    def add(self, sparse: Sequence[int], sum_us: int, longest_us: int) -> None:
        """Add durations as :class:`Figures` holds them."""
        counts = self.counts
        for place in range(0, len(sparse) - 1, 2):
            counts[min(sparse[place], BUCKETS)] += sparse[place + 1]
        self.sum_us += sum_us
        if longest_us > self.longest_us:
            self.longest_us = longest_us

    def sparse(self) -> tuple[int, ...]:
        """Return bucket, count, bucket, count … of those that are not empty."""
        return tuple(value for bucket, count in enumerate(self.counts) if count for value in (bucket, count))

    def percentiles(self, quantiles: Sequence[float] = QUANTILES) -> tuple[float | None, ...]:
        """Return percentiles (nearest rank) in seconds, right within :data:`ERROR`; None where nothing was measured."""
        running = list(accumulate(self.counts))
        if not running[-1]:
            return (None,) * len(quantiles)
        longest = self.longest_us / 1e6
        found = (bisect_left(running, max(math.ceil(part * running[-1]), 1)) for part in quantiles)
        return tuple(min(_middle(bucket, longest), longest) for bucket in found)


def _middle(bucket: int, longest: float) -> float:
    """Return the middle of a bucket by ratio, in seconds, which bounds the relative error on both sides."""
    if bucket == 0:
        return FIRST_S
    if bucket == BUCKETS:
        return longest
    return BOUNDS[bucket] / math.sqrt(RATIO)


class Total:
    """Figures that are being added up."""

    __slots__ = ("counts", "failed_job", "run", "wait")

    def __init__(self) -> None:
        self.counts = [0] * len(COUNTS)
        self.wait, self.run = Durations(), Durations()
        self.failed_job: UUID | None = None

    def __getitem__(self, name: str) -> int:
        """Return a count by its name."""
        return self.counts[_PLACES[name]]

    def count(self, name: str, more: int = 1) -> None:
        """Count something more often."""
        self.counts[_PLACES[name]] += more

    def failing(self, job_id: UUID) -> None:
        """Remember the job that failed."""
        if self.failed_job is None or job_id > self.failed_job:
            self.failed_job = job_id

    def add(self, figures: Figures) -> None:
        """Add stored figures."""
        self.counts = list(map(add, self.counts, msgspec.structs.astuple(figures)))
        if figures.wait:
            self.wait.add(figures.wait, figures.wait_us, figures.wait_max_us)
        if figures.run:
            self.run.add(figures.run, figures.run_us, figures.run_max_us)
        if figures.failed_job is not None:
            self.failing(figures.failed_job)

    def figures(self) -> Figures:
        """Return it as it is stored."""
        return Figures(
            **dict(zip(COUNTS, self.counts, strict=True)),
            wait=self.wait.sparse(),
            wait_us=self.wait.sum_us,
            wait_max_us=self.wait.longest_us,
            run=self.run.sparse(),
            run_us=self.run.sum_us,
            run_max_us=self.run.longest_us,
            failed_job=self.failed_job,
        )


#: What a state that an attempt ends in is counted as.
_GOALS = {
    State.COMPLETED: "completed",
    State.DEAD: "dead",
    State.CANCELLED: "cancelled",
    State.RETRYING: "retried",
    State.PENDING: "returned",
}
#: What an attempt is counted as besides a failure.
_FAILURES = {
    Ended.FAILED: None,
    Ended.DISCARDED: None,
    Ended.TIMEOUT: "timed_out",
    Ended.CRASHED: "crashed",
    Ended.LOST: "lost",
}


def count_end(total: Total, change: Transition) -> None:
    """Count how an attempt ended."""
    goal = _GOALS.get(change.to)
    if goal is not None:
        total.count(goal)
    if change.ended is Ended.SNOOZED:
        total.count("snoozed")
    elif change.ended in _FAILURES:
        total.count("failed")
        total.failing(change.job_id)
        kind = _FAILURES[change.ended]
        if kind is not None:
            total.count(kind)


def figures_of(ends: Iterable[tuple[HeldJob, Transition]]) -> dict[JobKind, Figures]:
    """Return the figures of attempts that another process began, whose times are unknown here."""
    totals: dict[JobKind, Total] = {}
    for job, change in ends:
        if job.kind is not None:
            count_end(totals.setdefault(job.kind, Total()), change)
    return {kind: total.figures() for kind, total in totals.items()}


def joined(parts: Iterable[Figures]) -> Figures:
    """Return the sum of figures."""
    total = Total()
    for part in parts:
        total.add(part)
    return total.figures()


encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(list[Figures]).decode


def decode_list(data: bytes | str) -> list[Figures]:
    """Return figures from a JSON array of them."""
    return _decode(data)


def arrived(
    started: Sequence[int], returned: Sequence[int], cancelled: Sequence[int], backlog: Sequence[int | None]
) -> list[int | None]:
    """Return how many jobs became ready in each of consecutive spans: what left the backlog, and its growth.

    So jobs count that were enqueued in transactions of programs that no process of ours sees. The parts are measured
    up to some seconds apart: where that gives less than none, the next spans give it back, so sums stay right.

    Args:
        started, returned, cancelled: of each span: claims, those that were handed back, ready jobs that were cancelled.
        backlog: ready jobs at the start of each span, and at the end of the last; None where they were not counted.

    Returns:
        the counts; None for a span whose start or end was not counted.
    """
    counts: list[int | None] = []
    owed = 0
    for place, (out, back, gone) in enumerate(zip(started, returned, cancelled, strict=True)):
        before, after = backlog[place], backlog[place + 1]
        if before is None or after is None:
            counts.append(None)
            owed = 0
            continue
        came = out - back + gone + after - before - owed
        owed = max(-came, 0)
        counts.append(max(came, 0))
    return counts
