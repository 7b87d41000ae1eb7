"""What readers see of queues, and what operators do. A queue is found by tenant and name."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from taskflowmq.core.audit import Action, Caller
from taskflowmq.core.job import QueueRef
from taskflowmq.core.pauses import read_pause
from taskflowmq.core.retention import read_retention
from taskflowmq.stores.common.audit import queue_act, queue_before
from taskflowmq.stores.common.counting import Counts
from taskflowmq.stores.common.queues import CommonQueues
from taskflowmq.stores.sqlite.audit import append_act
from taskflowmq.stores.sqlite.names import Names
from taskflowmq.stores.sqlite.notifier import SqliteNotifier
from taskflowmq.stores.sqlite.queries import q
from taskflowmq.stores.sqlite.rows import maybe_time
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

    async def pause(
        self,
        tenant: str,
        queue: str,
        *,
        actor: str | None = None,
        reason: str | None = None,
        by: Caller | None = None,
    ) -> None:
        """Stop claims from a queue; running jobs continue. Creates the queue if it is new."""
        given = {"actor": actor, "reason": reason}

        def write(conn: sqlite3.Connection) -> None:
            made = self._made(conn, tenant, queue)
            self._audit(conn, Action.QUEUE_PAUSE, made, by, {"paused": {"by": actor, "reason": reason}})
            conn.execute(q.pause_queue, {**made, **given, "now": self._now()})

        await self._writer.run(write)
        self._stats.forget()

    async def resume(self, tenant: str, queue: str, *, by: Caller | None = None) -> None:
        """Allow claims from a queue again."""

        def write(conn: sqlite3.Connection) -> None:
            known = {"tenant_id": run_steps(conn, self._names.stored_tenant(tenant)), "name": queue}
            self._audit(conn, Action.QUEUE_RESUME, known, by, {"paused": None})
            conn.execute(q.resume_queue, {**known, "now": self._now()})

        await self._writer.run(write)
        self._stats.forget()
        await self._notifier.wake([QueueRef(tenant, queue)])

    async def set_retention(
        self, tenant: str, queue: str, ages: Mapping[str, int | None], *, by: Caller | None = None
    ) -> None:
        """Set the retention of a queue's ended jobs. Creates the queue if it is new."""
        retention = msgspec.json.encode(ages).decode()

        def write(conn: sqlite3.Connection) -> None:
            made = self._made(conn, tenant, queue)
            self._audit(conn, Action.QUEUE_RETENTION, made, by, {"retention": ages})
            conn.execute(q.set_retention, {**made, "retention": retention})

        await self._writer.run(write)
        self._stats.forget()

    def _audit(
        self, conn: sqlite3.Connection, action: Action, queue: dict[str, Any], by: Caller | None, after: dict[str, Any]
    ) -> None:
        """Add to the audit what is about to be changed of a queue, if an operator does."""
        if by is not None:
            row = conn.execute(q.read_queue, queue).fetchone()
            before = None
            if row is not None:
                before = queue_before(read_pause(maybe_time(row[0]), row[1]), read_retention(row[2]))
            append_act(conn, self._now(), queue_act(action, queue["name"], by, before, after))

    def _made(self, conn: sqlite3.Connection, tenant: str, queue: str) -> dict[str, Any]:
        """Return a queue as statements name it; make it if it is new."""
        tenant_id = run_steps(conn, self._names.tenant(tenant))
        run_steps(conn, self._names.queue(tenant_id, queue, self._now()))
        return {"tenant_id": tenant_id, "name": queue}
