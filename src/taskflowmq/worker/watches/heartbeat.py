"""Renews the lease of an embedded worker. Children do not run this: their supervisor renews all in one statement."""

from __future__ import annotations

import logging
import os
from collections.abc import Awaitable, Callable

from taskflowmq.core.workers import Command
from taskflowmq.worker.backoff import backoff, jittered
from taskflowmq.worker.deps import WorkerDeps
from taskflowmq.worker.store_log import StoreLog
from taskflowmq.worker.watches.load import LoadMeter

log = logging.getLogger("taskflowmq.worker")


class Heartbeat:
    """Keeps one lease alive.

    Args:
        deps: the worker's ports.
        on_command: called with what an operator wants of the worker, after each renewal.
        on_renewed: called with the monotonic time before the renewal was sent.
        on_lost: called when the worker was ended by a rescuer; running bodies continue (their fenced completion is
            tried), new jobs need a new identity.
    """

    def __init__(
        self,
        deps: WorkerDeps,
        on_lost: Callable[[], Awaitable[None]],
        on_renewed: Callable[[float], None],
        on_command: Callable[[Command | None], None],
    ) -> None:
        self._deps = deps
        self._on_command = on_command
        self._meter = LoadMeter(os.getpid(), deps.clock.monotonic())
        self._on_renewed = on_renewed
        self._on_lost = on_lost
        self._store_log = StoreLog(deps.store, deps.clock, "lease")

    async def run(self) -> None:
        """Renew until cancelled."""
        errors = 0
        while True:
            pause = jittered(self._deps.options.heartbeat) if not errors else backoff(errors, longest=2.0)
            await self._deps.clock.sleep(pause)
            try:
                await self.beat()
                errors = 0
                self._store_log.worked()
            except Exception as error:  # noqa: BLE001 - a heartbeat that ends is a worker that is rescued
                errors += 1
                if not self._store_log.failed(error):
                    log.warning("the lease was not renewed: %s: %s", type(error).__name__, error)

    async def beat(self) -> None:
        """Renew once."""
        worker_id, began = self._deps.worker_id, self._deps.clock.monotonic()
        loads = [self._meter.load(began)]
        alive = await self._deps.store.workers.renew([worker_id], self._deps.options.lease_ms, loads=loads)
        if worker_id in alive:
            self._on_renewed(began)
            self._on_command(alive[worker_id])
        elif worker_id == self._deps.worker_id:
            self._deps.telemetry.event("lease_lost")
            log.warning("worker %s lost its lease: a rescuer considered it lost", worker_id)
            await self._on_lost()
