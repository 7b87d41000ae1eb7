"""What readers see of queues, and what operators do. A queue is found by tenant and name."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from taskflowmq.core.job import QueueRef
from taskflowmq.stores.common.counting import Counts
from taskflowmq.stores.common.queues import CommonQueues
from taskflowmq.stores.sqlite.names import Names
from taskflowmq.stores.sqlite.notifier import SqliteNotifier
from taskflowmq.stores.sqlite.queries import q
from taskflowmq.stores.sqlite.steps import run_steps
from taskflowmq.stores.sqlite.writer import Writer


class SqliteQueues(CommonQueues):
    """Implements :class:`~taskflowmq.ports.store.Queues`."""

    def __init__(
        self, writer: Writer, names: Names, notifier: SqliteNotifier, stats: Counts, now: Callable[[], int]
    ) -> None:
        super().__init__(stats)
        self._writer = writer
        self._names = names
        self._notifier = notifier
        self._now = now

    async def pause(self, tenant: str, queue: str) -> None:
        """Stop claims from a queue; running jobs continue. Creates the queue if it is new."""

        def write(conn: sqlite3.Connection) -> None:
            conn.execute(q.pause_queue, {**self._made(conn, tenant, queue), "now": self._now()})

        await self._writer.run(write)
        self._stats.forget()

    async def resume(self, tenant: str, queue: str) -> None:
        """Allow claims from a queue again."""

        def write(conn: sqlite3.Connection) -> None:
            tenant_id = run_steps(conn, self._names.stored_tenant(tenant))
            conn.execute(q.resume_queue, {"tenant_id": tenant_id, "name": queue, "now": self._now()})

        await self._writer.run(write)
        self._stats.forget()
        await self._notifier.wake([QueueRef(tenant, queue)])

    async def set_retention(self, tenant: str, queue: str, ages: Mapping[str, int | None]) -> None:
        """Set the retention of a queue's ended jobs. Creates the queue if it is new."""
        retention = msgspec.json.encode(ages).decode()

        def write(conn: sqlite3.Connection) -> None:
            conn.execute(q.set_retention, {**self._made(conn, tenant, queue), "retention": retention})

        await self._writer.run(write)
        self._stats.forget()

    def _made(self, conn: sqlite3.Connection, tenant: str, queue: str) -> dict[str, Any]:
        """Return a queue as statements name it; make it if it is new."""
        tenant_id = run_steps(conn, self._names.tenant(tenant))
        run_steps(conn, self._names.queue(tenant_id, queue, self._now()))
        return {"tenant_id": tenant_id, "name": queue}
