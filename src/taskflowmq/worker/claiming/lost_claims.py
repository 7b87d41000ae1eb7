"""Finds jobs that this worker holds by the store and does not know: a claim took effect, and its answer was lost.

Such a job is running under a lease that is renewed, so no rescuer would ever settle it (I4). It never started, so it
is handed back with a refund. A mistake is harmless: a job that was settled meanwhile has lost its fence.
"""

from __future__ import annotations

import asyncio
import logging
from uuid import UUID

from taskflowmq.core.errors import TaskFlowError
from taskflowmq.core.printable import counted
from taskflowmq.core.transitions import HandedBack, decide
from taskflowmq.ports.chance import chance
from taskflowmq.ports.store import MAX_BATCH
from taskflowmq.worker.claiming.fetcher import Fetcher
from taskflowmq.worker.deps import WorkerDeps
from taskflowmq.worker.running.executor import Executor
from taskflowmq.worker.settling.completer import Completer

log = logging.getLogger("taskflowmq.worker")

#: The interval of checks without a cause: the database may apply a claim long after its client abandoned it.
INTERVAL = 60.0
#: The delay after a claim that failed: time for the store to recover, or to finish what the client no longer awaits.
SOON = 1.0
#: More than a worker can hold: its slots and a full prefetch.
LIMIT = 20 * MAX_BATCH


class LostClaims:
    """Compares the jobs that the store lists with those known here.

    Args:
        deps: the worker's ports.
        fetcher: knows the claimed jobs that wait, and whether a claim is in progress.
        executor: knows the jobs that run.
        completer: knows the jobs whose end is not stored yet.
    """

    def __init__(self, deps: WorkerDeps, fetcher: Fetcher, executor: Executor, completer: Completer) -> None:
        self._deps = deps
        self._fetcher = fetcher
        self._executor = executor
        self._completer = completer
        #: A claim failed: its jobs may be ours all the same.
        self._suspicion = fetcher.failed

    async def run(self) -> None:
        """Check after each failed claim, and at intervals, until cancelled."""
        while True:
            await self._cause()
            try:
                await self.look()
            except TaskFlowError as error:
                log.debug("the store could not be checked for lost claims: %s", error)
                self._suspicion.set()

    async def look(self) -> int:
        """Hand back jobs that are not known here, and return how many."""
        held = await self._deps.store.workers.held_jobs(self._deps.worker_id, LIMIT)
        if not held:
            return 0
        # A claim in flight would look lost; once it is answered, its jobs are known.
        await self._fetcher.quiet()
        known = self._known()
        lost = [decide(job, HandedBack(), rand=chance.random()) for job in held if job.id not in known]
        for first in range(0, len(lost), MAX_BATCH):
            await self._deps.store.claims.settle(lost[first : first + MAX_BATCH])
        if lost:
            self._deps.telemetry.event("claim_lost", len(lost))
            log.warning("handed back after a claim without a response: %s", counted(len(lost), "job"))
        return len(lost)

    def _known(self) -> set[UUID]:
        return self._fetcher.waiting | {run.job.id for run in self._executor.runs.values()} | self._completer.unanswered

    async def _cause(self) -> None:
        """Wait for a failed claim and the delay after it, or for the interval."""
        waits = [asyncio.create_task(wait) for wait in (self._suspicion.wait(), self._deps.clock.sleep(INTERVAL))]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
            await asyncio.gather(*waits, return_exceptions=True)
        if self._suspicion.is_set():
            self._suspicion.clear()
            await self._deps.clock.sleep(SOON)
