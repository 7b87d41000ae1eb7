"""Ends bodies at their deadline: a stop request first; after the grace, their jobs are settled without them.

A scan over the slots, not a heap: slots are few, jobs per second many, and a heap would keep every ended job alive
until its deadline.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from taskflowmq.worker.deps import WorkerDeps
from taskflowmq.worker.running.executor import Executor
from taskflowmq.worker.running.run import TIMEOUT, Run

log = logging.getLogger("taskflowmq.worker")

#: Longest pause between scans: how late a deadline may be noticed.
SCAN_SECONDS = 0.1


class Timeouts:
    """Watches the deadlines of running bodies.

    Args:
        deps: the worker's ports.
        executor: whose bodies are watched.
        on_stuck: called when a body ignored its timeout; its slot is lost until it ends.
    """

    def __init__(self, deps: WorkerDeps, executor: Executor, on_stuck: Callable[[str], object]) -> None:
        self._deps = deps
        self._executor = executor
        self._on_stuck = on_stuck
        self._some = executor.deadline_began

    async def run(self) -> None:
        """Scan while a body with a deadline runs, sleep otherwise; until cancelled."""
        clock = self._deps.clock
        while True:
            self._some.clear()
            pause = self._scan(clock.monotonic())
            if pause is None:
                await self._some.wait()
            else:
                await clock.sleep(pause)

    def _scan(self, now: float) -> float | None:
        pause: float | None = None
        for run in list(self._executor.runs.values()):
            if run.ended or run.deadline is None:
                continue
            left = run.deadline - now
            if left <= 0:
                left = self._overdue(run, left)
            pause = min(pause if pause is not None else SCAN_SECONDS, max(left, 0.001))
        return pause

    def _overdue(self, run: Run, left: float) -> float:
        """Send the body a stop request, or settle its job without it; return seconds until the next scan."""
        grace = self._deps.options.grace
        if run.stop is None:
            run.ask_to_stop(TIMEOUT)
            return grace
        if left > -grace:
            return grace + left
        self._executor.give_up_on(run)
        self._on_stuck(f"the body of job {run.job.id} ({run.job.task}) ignored its timeout")
        return SCAN_SECONDS
