"""Wakes the fetcher when the store says that jobs are ready. Losing it costs a poll interval, nothing else."""

from __future__ import annotations

import logging
from collections.abc import Callable

from taskflowmq.worker.backoff import backoff
from taskflowmq.worker.deps import WorkerDeps

log = logging.getLogger("taskflowmq.worker")


class Listener:
    """Listens on the store's notifier and reopens it when it breaks."""

    def __init__(self, deps: WorkerDeps, wake: Callable[[], None]) -> None:
        self._deps = deps
        self._wake = wake

    async def run(self) -> None:
        """Listen until cancelled."""
        errors = 0
        while True:
            try:
                listening = self._deps.store.notifier.listen(self._deps.tenants, self._deps.options.queues)
                async with listening as ready:
                    async for _ in ready:
                        errors = 0
                        self._wake()
            except Exception as error:  # noqa: BLE001 - polling continues whatever happens to the listener
                log.debug("the wake-up channel failed, polling continues: %s: %s", type(error).__name__, error)
            errors += 1
            await self._deps.clock.sleep(backoff(errors))
