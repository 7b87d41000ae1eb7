"""Polls what is wanted of running jobs, to cancel or to inspect them: one query a second, only while there are jobs."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable

from taskflowmq.core.errors import TaskFlowError
from taskflowmq.core.inspection import Question
from taskflowmq.worker.claiming.fetcher import Fetcher
from taskflowmq.worker.deps import WorkerDeps
from taskflowmq.worker.running.executor import Executor
from taskflowmq.worker.running.run import CANCEL

log = logging.getLogger("taskflowmq.worker")

INTERVAL = 0.9


class CancelWatch:
    """Stops bodies whose jobs have a cancel request, and passes on requests for stacks and profiles.

    Args:
        deps: the worker's ports.
        executor: whose bodies are stopped.
        fetcher: says when jobs arrive, and cancels those that have not started.
        inspect: takes the requests for stacks and profiles.
    """

    def __init__(
        self,
        deps: WorkerDeps,
        executor: Executor,
        fetcher: Fetcher,
        inspect: Callable[[Iterable[Question]], None],
    ) -> None:
        self._deps = deps
        self._executor = executor
        self._fetcher = fetcher
        self._inspect = inspect

    async def run(self) -> None:
        """Poll and stop bodies, until cancelled."""
        while True:
            if not self._executor.runs:
                self._fetcher.arrived.clear()
                await self._fetcher.arrived.wait()
            await self._deps.clock.sleep(INTERVAL)
            if self._executor.runs:
                await self.look()

    async def look(self) -> None:
        """Poll once. An outage only delays: the requests stay in the store."""
        try:
            found = await self._deps.store.claims.requests(self._deps.worker_id)
        except TaskFlowError as error:
            log.debug("the requests for running jobs could not be read: %s", error)
            return
        if found.inspect:
            self._inspect(found.inspect)
        wanted = set(found.cancel)
        if not wanted:
            return
        self._fetcher.drop(wanted)
        for run in list(self._executor.runs.values()):
            if run.job.id in wanted:
                run.ask_to_stop(CANCEL)
