"""The public app: tasks, a database URL, and a worker when one is wanted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from taskflowmq.bootstrap.stores import make_store
from taskflowmq.client.app import BaseApp
from taskflowmq.core.job import DEFAULT_TENANT
from taskflowmq.ports.clock import Clock
from taskflowmq.ports.store import Store
from taskflowmq.ports.telemetry import Telemetry

if TYPE_CHECKING:
    from taskflowmq.bootstrap.embed import EmbeddedWorker


class TaskFlow(BaseApp):
    """Tasks and the database that their jobs go to.

    Args:
        url: ``sqlite:///file.db`` or ``postgresql://…``. Default: TASKFLOW_DATABASE_URL, else DATABASE_URL,
            else ``sqlite:///taskflow.db``. Nothing is opened before the first use.
        tenant: the workspace that this app's jobs, queues and tasks belong to.
        store_options: fields of the adapter's options, by name: ``{"pool_size": 10}``, ``{"migrate": "manual"}``.
        clock: overrides the database's clock; for tests and simulation.
        telemetry: counts what is enqueued.
        version: of your program; handlers see it as ``ctx.headers["app_version"]``.
        store_timeout: how long a call may wait for the store, in seconds; None: TASKFLOW_STORE_TIMEOUT, else 10.
    """

    def __init__(
        self,
        url: str | None = None,
        *,
        tenant: str = DEFAULT_TENANT,
        store_options: Mapping[str, Any] | None = None,
        clock: Clock | None = None,
        telemetry: Telemetry | None = None,
        version: str | None = None,
        store_timeout: float | None = None,
    ) -> None:
        super().__init__(
            url,
            make_store=self._store,
            tenant=tenant,
            telemetry=telemetry,
            version=version,
            store_timeout=store_timeout,
        )
        self._store_options = store_options
        self._clock = clock

    def _store(self, url: str) -> Store:
        return make_store(url, options=self._store_options, clock=self._clock)

    def open_only(self, what: str) -> None:
        """Restrict what the next opening may make: for commands that must not make a store by mistake.

        Args:
            what: "manual" for a store that exists and fits, "upgrade" for one that exists. A program that asks for
                less by itself ("manual") keeps that.
        """
        given = dict(self._store_options or {})
        if given.get("migrate") not in ("manual", what):
            self._store_options = {**given, "migrate": what}

    def worker(self, **options: Any) -> EmbeddedWorker:
        """Make a worker that runs this app's jobs inside this process: ``async with app.worker(concurrency=10):``.

        Args:
            options: fields of :class:`taskflowmq.worker.WorkerOptions`.

        Raises:
            ValueError: an option is out of bounds.
            TypeError: an option does not exist.
        """
        # Programs that only enqueue do not pay for the worker.
        from taskflowmq.bootstrap.embed import EmbeddedWorker

        return EmbeddedWorker(self, options)
