"""Hands back claimed jobs that have not started when their queue is paused: one query a second, only while there are
such jobs. Running jobs continue.
"""

from __future__ import annotations

import logging

from taskflowmq.core.errors import TaskFlowError
from taskflowmq.core.job import QueueRef
from taskflowmq.worker.claiming.fetcher import Fetcher
from taskflowmq.worker.deps import WorkerDeps
from taskflowmq.worker.running.executor import Executor

log = logging.getLogger("taskflowmq.worker")

INTERVAL = 0.9


class PauseWatch:
    """Watches the jobs that wait for a slot, a thread or a process.

    Args:
        deps: the worker's ports.
        fetcher: holds the prefetched jobs.
        executor: holds those that have a slot already.
    """

    def __init__(self, deps: WorkerDeps, fetcher: Fetcher, executor: Executor) -> None:
        self._deps = deps
        self._fetcher = fetcher
        self._executor = executor

    async def run(self) -> None:
        """Poll until cancelled."""
        while True:
            await self._deps.clock.sleep(INTERVAL)
            if self._fetcher.buffered or self._executor.unstarted():
                await self.look()

    async def look(self) -> None:
        """Poll once. An outage only delays."""
        try:
            paused = await self._deps.store.claims.paused_queues()
        except TaskFlowError as error:
            log.debug("the paused queues could not be read: %s", error)
            return
        if paused:
            self._fetcher.return_queues(paused)
            for run in self._executor.unstarted():
                if QueueRef(run.job.tenant, run.job.queue) in paused:
                    self._executor.recall(run)
