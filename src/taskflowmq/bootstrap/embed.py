"""A worker inside a program: the app's store and tasks, the duties, and one object that starts and ends them."""

from __future__ import annotations

import logging
from typing import Any, Self

from taskflowmq.client.app import BaseApp
from taskflowmq.client.sync import sync_twin
from taskflowmq.ports.tasks import Runs
from taskflowmq.ports.telemetry import NoTelemetry
from taskflowmq.scheduler import all_duties
from taskflowmq.worker import Health, SystemClock, Worker, WorkerOptions

log = logging.getLogger("taskflowmq.worker")


class EmbeddedWorker:
    """Runs the jobs of an app on the loop that starts it.

    ``async with app.worker(concurrency=10): …`` starts it and drains it at the end; ``await app.worker().run()``
    works until it is asked to drain. Tasks with ``process=True`` run in threads here: only ``taskflow worker`` can
    start processes of the app.

    Args:
        app: opened when the worker starts.
        options: fields of :class:`WorkerOptions`.
    """

    def __init__(self, app: BaseApp, options: dict[str, Any]) -> None:
        self._app = app
        self._options = WorkerOptions(**options)
        self._worker: Worker | None = None
        self._hub = app.hub

    async def _built(self) -> Worker:
        await self._app.aopen()
        if self._worker is None:
            _warn_of_processes(self._app)
            store, options = self._app.store, self._options
            telemetry = self._app.telemetry or NoTelemetry()
            clock = SystemClock()
            duties = all_duties(store, clock, telemetry, lease=options.lease, sweep=options.sweep, poll=options.poll)
            self._worker = Worker(
                store,
                self._app.tasks,
                options,
                clock=clock,
                telemetry=telemetry,
                duties=duties if options.run_duties else (),
            )
        return self._worker

    async def start(self) -> None:
        """Begin to work; returns at once."""
        await (await self._built()).start()

    async def run(self) -> int:
        """Work until asked to drain; return how many jobs were handed back."""
        return await (await self._built()).run()

    async def drain(self, timeout: float | None = None) -> int:
        """Claim no more and wait for running jobs; return how many did not finish in time and were handed back.

        Args:
            timeout: seconds; None means the option ``drain_timeout``.
        """
        if self._worker is None:
            return 0
        worker, self._worker = self._worker, None
        return await worker.drain(timeout)

    async def arun_until_idle(self) -> int:
        """Run every job that is ready or due, and those that they enqueue; return how many bodies ended."""
        worker = await self._built()
        try:
            return await worker.run_until_idle()
        finally:
            self._worker = None
            await worker.stop()

    run_until_idle = sync_twin(arun_until_idle)

    def health(self) -> Health | None:
        """Tell whether claims make progress; None before the start."""
        return None if self._worker is None else self._worker.health()

    async def __aenter__(self) -> Self:
        """Start working."""
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Drain."""
        await self.drain()


def _warn_of_processes(app: BaseApp) -> None:
    names = sorted(task.name for task in app.tasks if task.runs is Runs.PROCESS)
    if names:
        log.warning("embedded worker: %s run in threads here and cannot be killed", ", ".join(names))
