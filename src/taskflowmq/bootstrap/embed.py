"""A worker inside a program: the app's store and tasks, the duties, and one object that starts and ends them."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any, Self

from taskflowmq.bootstrap.addresses import spec_of_task, specs_of_hooks
from taskflowmq.bootstrap.duties import duties_of
from taskflowmq.bootstrap.parent import is_body
from taskflowmq.bootstrap.spawn import Program, body_launcher
from taskflowmq.client.app import BaseApp
from taskflowmq.client.hub import Hold
from taskflowmq.client.session import Session
from taskflowmq.client.sync import sync_twin
from taskflowmq.core.errors import WrongContext
from taskflowmq.ports.tasks import Runs
from taskflowmq.ports.telemetry import NoTelemetry
from taskflowmq.worker import Health, SystemClock, Worker, WorkerIdentity, WorkerOptions
from taskflowmq.worker.running.process_pool import Launch


class EmbeddedWorker:
    """Runs the jobs of an app on the loop that starts it.

    ``async with app.worker(concurrency=10): …`` starts it and drains it at the end; ``await app.worker().run()``
    works until a drain is requested. Tasks with ``process=True`` run in processes that import them from their modules,
    so a program that starts a worker does that below ``if __name__ == "__main__":``, as for ``multiprocessing``.

    Args:
        app: kept open from the start of the worker to its end, whatever closes it meanwhile.
        options: fields of :class:`WorkerOptions`.
    """

    def __init__(self, app: BaseApp, options: dict[str, Any]) -> None:
        self._app = app
        self._options = WorkerOptions(**options)
        self._worker: Worker | None = None
        self._hold: Hold[Session] | None = None
        self._hub = app.hub

    async def _built(self, *, processes: bool = True) -> Worker:
        if is_body():
            raise WrongContext(
                "this process was started to run the bodies of a worker, and imports the program for that: "
                'start workers below `if __name__ == "__main__":`'
            )
        if self._worker is None:
            launch = _launcher(self._app, self._options) if processes else None
            # Not aopen(): a call that closes the app must not close the worker's store.
            self._hold = await self._hub.keep()
            store, options = self._hold.session.store, self._options
            telemetry = self._app.telemetry or NoTelemetry()
            self._worker = Worker(
                store,
                self._app.tasks,
                options,
                clock=SystemClock(),
                telemetry=telemetry,
                duties=duties_of(store, options, telemetry),
                launch=launch,
                identity=WorkerIdentity.embedded(self._app.tenant, self._app.release),
            )
        return self._worker

    async def start(self) -> None:
        """Begin to work; returns at once.

        Raises:
            WrongContext: a process task is defined where no other process finds it.
            StoreUnavailable: the store cannot be reached.
        """
        worker = await self._built()
        try:
            await worker.start()
        except BaseException:
            # What did not start is not drained.
            self._worker = None
            await self._let_go()
            raise

    async def run(self) -> int:
        """Work until a drain is requested; return how many jobs were handed back."""
        worker = await self._built()
        try:
            return await worker.run()
        finally:
            await self._let_go()

    async def drain(self, timeout: float | None = None) -> int:
        """Claim no more and wait for running jobs; return how many did not finish in time and were handed back.

        Args:
            timeout: seconds; None means the option ``drain_timeout``.
        """
        if self._worker is None:
            return 0
        worker, self._worker = self._worker, None
        try:
            return await worker.drain(timeout)
        finally:
            await self._let_go()

    async def arun_until_idle(self) -> int:
        """Run every job that is ready or due, and those that they enqueue; return how many bodies ended.

        For tests: also the tasks that want a process run in threads.
        """
        worker = await self._built(processes=False)
        try:
            return await worker.run_until_idle()
        finally:
            self._worker = None
            try:
                await worker.stop()
            finally:
                await self._let_go()

    run_until_idle = sync_twin(arun_until_idle)

    async def _let_go(self) -> None:
        """Release the app's store; it stays open until the app is closed."""
        hold, self._hold = self._hold, None
        if hold is not None:
            await hold.release()

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


def _launcher(app: BaseApp, options: WorkerOptions) -> Launch | None:
    """Return what starts processes for the app's process tasks; None if it has none.

    Raises:
        WrongContext: some of them, or hooks, are defined where no other process finds them.
    """
    tasks = [task for task in app.tasks if task.runs is Runs.PROCESS]
    if not tasks:
        return None
    variables = {**os.environ, "PYTHONPATH": os.pathsep.join(str(Path(folder).absolute()) for folder in sys.path)}
    if app.spec is not None:
        return body_launcher(Program(spec=app.spec, url=app.url, variables=variables), options)
    specs = {task.name: spec_of_task(task) for task in tasks}
    lost = sorted(name for name, spec in specs.items() if spec is None)
    if lost:
        raise WrongContext(
            f"process tasks must be defined in a module that another process can import: {', '.join(lost)} "
            "cannot be imported"
        )
    program = Program(
        spec=None,
        url=app.url,
        tasks=tuple(spec for spec in specs.values() if spec is not None),
        hooks=tuple(specs_of_hooks(app.tasks.hooks)),
        variables=variables,
    )
    return body_launcher(program, options)
