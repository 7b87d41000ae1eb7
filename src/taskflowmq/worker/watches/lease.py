"""How long this worker may rely on its own lease, on the monotonic clock (RELIABILITY rule 5).

The store's clock decides who is rescued; here only durations count, from the moment before a renewal was sent. So a
body that stops by this clock has stopped before any rescuer may act, whatever the clocks say.
"""

from __future__ import annotations

import logging

from taskflowmq.worker.deps import WorkerDeps
from taskflowmq.worker.running.executor import Executor
from taskflowmq.worker.running.lease_left import LeaseLeft
from taskflowmq.worker.running.run import LEASE_LOST, Run

log = logging.getLogger("taskflowmq.worker")

INTERVAL = 0.1
#: Seconds before the end of the lease at which the process of bodies that must not outlive it is killed; at most this
#: share of the lease.
KILL_SECONDS, KILL_SHARE = 0.5, 1 / 6


def kill_before(lease: float) -> float:
    """Return how long before the end of its lease a child with such bodies is killed."""
    return min(KILL_SECONDS, lease * KILL_SHARE)


class LeaseWatch:
    """Stops bodies that must not outlive the lease. Costs nothing while no such body runs.

    Args:
        deps: the worker's ports.
        executor: whose bodies are stopped.
        cells: of the slot table, for the rest of the lease.
    """

    def __init__(self, deps: WorkerDeps, executor: Executor, cells: memoryview) -> None:
        self._deps = deps
        self._executor = executor
        self._lease = LeaseLeft(deps, cells)
        self._some = executor.exclusive_began

    async def run(self) -> None:
        """Check while such a body runs, sleep otherwise; until cancelled."""
        while True:
            self._some.clear()
            if not self._exclusive():
                await self._some.wait()
            await self._deps.clock.sleep(INTERVAL)
            self.look()

    def look(self) -> None:
        """Send these bodies a stop request, if it is time."""
        asked = [] if self._lease.holds() else [run for run in self._exclusive() if run.stop is None]
        if asked:
            log.warning('the lease was not renewed in time: stopping %d jobs with on_lease_lost="stop"', len(asked))
            self._deps.telemetry.event("lease_lost")
            for run in asked:
                run.ask_to_stop(LEASE_LOST)

    def _exclusive(self) -> list[Run]:
        return [run for run in self._executor.runs.values() if run.spec.stops_with_lease]
