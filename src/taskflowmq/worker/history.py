"""The figures of one process on their way into the history: added up in memory, appended every ten seconds.

What must stay true: no job waits for them, and none costs more for them than its share of a few sums per batch. An
append is never repeated, since its figures would count twice: where the store does not take them, they are lost.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from uuid import UUID

from taskflowmq.core.error_groups import MOST_KINDS, Tally
from taskflowmq.core.errors import TaskFlowError
from taskflowmq.core.history import Total, count_end
from taskflowmq.core.job import ClaimedJob, JobKind, State
from taskflowmq.core.transitions import Transition
from taskflowmq.ports.clock import Clock
from taskflowmq.ports.store import Store

log = logging.getLogger("taskflowmq.worker")

INTERVAL = 10.0

_PENDING = State.PENDING


class HistoryWriter:
    """Adds up what happens to the jobs of a process, and appends it.

    Args:
        store: where to.
        clock: how it waits, and measures how old figures are.
        who: returns the worker that they are of.
    """

    def __init__(self, store: Store, clock: Clock, who: Callable[[], UUID]) -> None:
        self._store = store
        self._clock = clock
        self._who = who
        self._totals: dict[tuple[str, str, str], Total] = {}
        #: What failed, by kind.
        self._tally = Tally()
        self._began = 0.0
        self._drops = False

    def started(self, jobs: Sequence[ClaimedJob]) -> None:
        """Count claimed jobs, of which there is at least one."""
        waits = [job.waited for job in jobs]
        for total, group in self._by_kind(jobs, waits, alike=are_alike(jobs)):
            total.count("started", len(group))
            total.wait.take(group)

    def completed(self, jobs: Sequence[ClaimedJob], run_s: Sequence[float], *, alike: bool) -> None:
        """Count jobs that completed.

        Args:
            jobs: at least one.
            run_s: the seconds that each ran.
            alike: whether they are known to be of one kind.
        """
        for total, group in self._by_kind(jobs, run_s, alike=alike):
            total.count("completed", len(group))
            total.run.take(group)

    def settled(self, change: Transition, job: ClaimedJob, run_s: float) -> None:
        """Count an attempt that ended in any way."""
        total = self._total((job.tenant, job.queue, job.task))
        count_end(total, change)
        if change.kind is not None:
            self._tally.add(job.tenant, job.task, change, self._clock.monotonic())
        if run_s > 0 and change.to is not _PENDING:
            total.run.take((run_s,))

    async def run(self) -> None:
        """Append what there is every ten seconds, until cancelled."""
        while True:
            await self._clock.sleep(INTERVAL)
            await self.flush()

    async def flush(self) -> None:
        """Append what there is now; what the store does not take is dropped, which is logged once."""
        if not self._totals:
            return
        totals, self._totals = self._totals, {}
        seconds = self._clock.monotonic() - self._began
        figures = {JobKind._make(kind): total.figures() for kind, total in totals.items()}
        left_out, failures = self._tally.left_out, self._tally.take(self._clock.monotonic())
        if left_out:
            log.warning("%d failures of more than %d kinds are not counted by kind", left_out, MOST_KINDS)
        try:
            # The middle of their time decides which minute they belong to.
            await self._store.history.append(self._who(), figures, age_ms=round(500 * min(seconds, 2 * INTERVAL)))
            if failures:
                await self._store.errors.append(failures, writer=self._who())
        except TaskFlowError as error:
            if not self._drops:
                log.warning("the figures of %.0f s are missing in the history: %s", seconds, error)
            self._drops = True
        else:
            self._drops = False

    def _total(self, kind: tuple[str, str, str]) -> Total:
        total = self._totals.get(kind)
        if total is None:
            if not self._totals:
                self._began = self._clock.monotonic()
            total = self._totals[kind] = Total()
        return total

    def _by_kind(
        self, jobs: Sequence[ClaimedJob], values: Sequence[float], *, alike: bool
    ) -> Sequence[tuple[Total, Sequence[float]]]:
        """Return values by the kind of their jobs, each with its total."""
        if alike:
            first = jobs[0]
            return ((self._total((first.tenant, first.queue, first.task)), values),)
        groups: dict[tuple[str, str, str], list[float]] = {}
        for job, value in zip(jobs, values, strict=True):
            groups.setdefault((job.tenant, job.queue, job.task), []).append(value)
        return [(self._total(kind), group) for kind, group in groups.items()]


def are_alike(jobs: Sequence[ClaimedJob]) -> bool:
    """Tell whether jobs, of which there is at least one, are of one kind; False may be wrong."""
    first = jobs[0]
    tenant, queue, task = first.tenant, first.queue, first.task
    # By identity: a store gives the jobs of one claim the same names, and comparing triples costs four times as much.
    for job in jobs:  # noqa: SIM110 - a generator costs as much again
        if job.task is not task or job.queue is not queue or job.tenant is not tenant:
            return False
    return True
