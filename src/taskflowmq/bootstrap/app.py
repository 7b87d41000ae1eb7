"""The public app: tasks, a database URL, and a worker when one is wanted."""

from __future__ import annotations

from typing import Any

from taskflowmq.bootstrap.stores import make_store
from taskflowmq.client.app import BaseApp
from taskflowmq.ports.clock import Clock
from taskflowmq.ports.store import Store
from taskflowmq.ports.telemetry import Telemetry


class TaskFlow(BaseApp):
    """Tasks and the database that their jobs go to.

    Args:
        url: ``sqlite:///file.db`` or ``postgresql://…``. Default: TASKFLOW_DATABASE_URL, else DATABASE_URL,
            else ``sqlite:///taskflow.db``. Nothing is opened before the first use.
        tenant: the workspace that all jobs of this app belong to.
        store_options: the adapter's own options object (``SqliteOptions``, ``PostgresOptions``).
        clock: overrides the database's clock; for tests and simulation.
        telemetry: counts what is enqueued.
    """

    def __init__(
        self,
        url: str | None = None,
        *,
        tenant: str = "default",
        store_options: Any = None,
        clock: Clock | None = None,
        telemetry: Telemetry | None = None,
    ) -> None:
        super().__init__(url, make_store=self._store, tenant=tenant, telemetry=telemetry)
        self._store_options = store_options
        self._clock = clock

    def _store(self, url: str) -> Store:
        return make_store(url, options=self._store_options, clock=self._clock)

    def worker(self, **options: Any) -> Any:
        """Make a worker that runs this app's jobs inside this process; start it with ``async with`` or
        ``run()``.

        Args:
            options: see ``taskflowmq.worker.WorkerOptions``.
        """
        from taskflowmq.worker import Worker

        return Worker(self, **options)
