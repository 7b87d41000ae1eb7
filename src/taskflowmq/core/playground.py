"""The playground: stress tests in the browser. Which jobs a run enqueues and when, and what became of them. Pure."""

from __future__ import annotations

import random
from collections import Counter, OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from itertools import islice
from typing import NamedTuple
from uuid import UUID

import msgspec

from taskflowmq.core.errors import InvalidJob
from taskflowmq.core.feed import JobProbe
from taskflowmq.core.history import Durations
from taskflowmq.core.job import State


class Kind(StrEnum):
    """What a job of the playground does."""

    QUICK = "quick"
    SLOW = "slow"
    CPU = "cpu"
    RETRIED = "retried"


#: The queue of all jobs of the playground, and a tag that all of them have.
QUEUE = TAG = "playground"
#: Kind → the task that does it.
TASKS: Mapping[Kind, str] = {kind: f"{TAG}.{kind}" for kind in Kind}
#: Bounds of a run: jobs per second, seconds, and jobs in all.
LEAST_RATE, MOST_RATE = 0.1, 1_000.0
LEAST_SECONDS, MOST_SECONDS = 1.0, 600.0
MOST_JOBS = 100_000
MOST_WEIGHT = 100
#: Points of a chart; above that every other one is left out.
MOST_POINTS = 240
#: Seconds of which the present throughput is the mean.
LATELY_S = 5.0
_ENDED = frozenset({State.COMPLETED, State.CANCELLED, State.DEAD})
#: What an attempt that has begun, and has not failed yet, adds to the number of attempts.
_UNDECIDED = frozenset({State.RUNNING, State.COMPLETED, State.CANCELLED})


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What a run shall do.

    Args:
        rate: jobs per second.
        seconds: for so long.
        mix: weights of the kinds.
        fail: share of the jobs that fail at every attempt, 0…1.
    """

    rate: float
    seconds: float
    mix: Mapping[Kind, int]
    fail: float

    @property
    def total(self) -> int:
        """How many jobs that are."""
        return max(round(self.rate * self.seconds), 1)

    def due(self, elapsed: float) -> int:
        """Return how many jobs must have been enqueued a number of seconds after the start."""
        return self.total if elapsed >= self.seconds else min(int(self.rate * elapsed), self.total)

    def check(self) -> Order:
        """Return it.

        Raises:
            InvalidJob: there would be too many jobs, or none of any kind. What a single field may be, the wire says.
        """
        if self.total > MOST_JOBS:
            raise InvalidJob.at(
                "/rate", f"times seconds is {self.total:,} jobs, more than the maximum of {MOST_JOBS:,}"
            )
        if not any(self.mix.values()):
            raise InvalidJob.at("/mix", "must give at least one kind of job a weight")
        return self


class Planned(NamedTuple):
    """One job to enqueue."""

    kind: Kind
    number: int
    fails: bool


def plan(order: Order, seed: str) -> Iterator[Planned]:
    """Return the jobs of a run, in order; a seed repeats them.

    Exactly the share of all jobs that was asked for fails, whatever their number; which kinds these are is by chance.
    """
    dice = random.Random(seed)
    kinds, weights = list(order.mix), list(order.mix.values())
    for number in range(1, order.total + 1):
        fails = int(number * order.fail + 1e-9) > int((number - 1) * order.fail + 1e-9)
        yield Planned(dice.choices(kinds, weights)[0], number, fails)


class Point(NamedTuple):
    """How far a run was at a time after its start: sums since then, and what waits and runs."""

    seconds: float
    enqueued: int
    completed: int
    failed: int
    dead: int
    waiting: int
    running: int


class Tally:
    """What became of the jobs of a run, as far as it was looked at.

    Only jobs that have not ended are kept and looked at again; a job counts once, when it has ended.
    """

    def __init__(self) -> None:
        #: Jobs that have not ended → attempts that failed; in the order in which they were enqueued.
        self._open: OrderedDict[UUID, int] = OrderedDict()
        self._running: set[UUID] = set()
        self._measured: set[UUID] = set()
        self._turn = 0
        self.enqueued = self.failed = self.gone = 0
        self.ended: Counter[State] = Counter()
        self.by_worker: Counter[str] = Counter()
        self.waits, self.runs = Durations(), Durations()
        self.points: list[Point] = [Point(0.0, 0, 0, 0, 0, 0, 0)]

    @property
    def running(self) -> int:
        """Jobs that run."""
        return len(self._running)

    @property
    def open(self) -> int:
        """Jobs that have not ended."""
        return len(self._open)

    @property
    def waiting(self) -> int:
        """Jobs that neither run nor have ended."""
        return len(self._open) - len(self._running)

    def add(self, job_ids: Sequence[UUID]) -> None:
        """Take jobs that were enqueued."""
        self.enqueued += len(job_ids)
        self._open.update(dict.fromkeys(job_ids, 0))

    def next_ids(self, limit: int) -> list[UUID]:
        """Return jobs to look at: those that run, the oldest, and of the others each in its turn.

        Workers take the oldest first, so these change soonest; but jobs that wait for a retry are old, too.
        """
        running = list(islice(self._running, limit // 2))
        oldest = islice(self._open, limit // 2)
        found = dict.fromkeys((*running, *oldest))
        rest = limit - len(found)
        if rest > 0 and len(self._open) > len(found):
            start = self._turn % len(self._open)
            found.update(dict.fromkeys(islice(self._open, start, start + rest)))
            self._turn = 0 if start + rest >= len(self._open) else start + rest
        return list(found)

    def take(self, asked: Sequence[UUID], probes: Sequence[JobProbe]) -> bool:
        """Count what was seen of jobs; tell whether anything was new.

        Args:
            asked: the jobs that were looked at.
            probes: those of them that exist.
        """
        news, missing = False, set(asked)
        for probe in probes:
            missing.discard(probe.id)
            news |= self._take(probe)
        for job_id in missing:
            if self._open.pop(job_id, None) is not None:
                self._running.discard(job_id)
                self._measured.discard(job_id)
                self.gone += 1
                news = True
        return news

    def mark(self, seconds: float) -> None:
        """Add a point of the chart."""
        done, dead = self.ended[State.COMPLETED], self.ended[State.DEAD]
        self.points.append(Point(seconds, self.enqueued, done, self.failed, dead, self.waiting, self.running))
        if len(self.points) > MOST_POINTS:
            # The sums of the others hold what was between.
            del self.points[-2:0:-2]

    def throughput(self, seconds: float) -> float | None:
        """Return how many jobs ended per second lately; None: nothing is known yet.

        Args:
            seconds: since the start, now.
        """
        last = self.points[-1]
        first = next((one for one in reversed(self.points) if seconds - one.seconds >= LATELY_S), self.points[0])
        if last.seconds <= first.seconds:
            return None
        ended = last.completed + last.dead - first.completed - first.dead
        return ended / (last.seconds - first.seconds)

    def _take(self, probe: JobProbe) -> bool:
        before = self._open.get(probe.id)
        if before is None:  # it has ended, and was looked at twice
            return False
        failed = max(probe.attempt - (probe.state in _UNDECIDED), before)
        news = failed != before
        self.failed += failed - before
        self._open[probe.id] = failed
        if probe.started_at is not None and probe.id not in self._measured:
            self._measured.add(probe.id)
            if probe.attempt == 1 and probe.round == 1:
                self.waits.take([max((probe.started_at - probe.run_at).total_seconds(), 0.0)])
        if probe.state is State.RUNNING:
            news |= probe.id not in self._running
            self._running.add(probe.id)
        elif probe.id in self._running:
            self._running.discard(probe.id)
            news = True
        if probe.state in _ENDED:
            self._end(probe)
            news = True
        return news

    def _end(self, probe: JobProbe) -> None:
        del self._open[probe.id]
        self._measured.discard(probe.id)
        self.ended[probe.state] += 1
        if probe.worker is not None:
            self.by_worker[probe.worker] += 1
        if probe.started_at is not None and probe.finished_at is not None:
            self.runs.take([max((probe.finished_at - probe.started_at).total_seconds(), 0.0)])
