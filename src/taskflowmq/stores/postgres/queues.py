"""What readers see of queues, and what operators do. A queue is found by tenant and name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from taskflowmq.core.audit import Action, Caller
from taskflowmq.core.job import QueueRef
from taskflowmq.core.pauses import read_pause
from taskflowmq.core.retention import read_retention
from taskflowmq.stores.common.audit import queue_act, queue_before
from taskflowmq.stores.common.counting import Counts
from taskflowmq.stores.common.queues import CommonQueues
from taskflowmq.stores.postgres.audit import append_act
from taskflowmq.stores.postgres.names import Names
from taskflowmq.stores.postgres.notifier import PostgresNotifier
from taskflowmq.stores.postgres.pool import Pool
from taskflowmq.stores.postgres.queries import q


class _Change(NamedTuple):
    """What the audit says of a change of a queue."""

    action: Action
    queue: str
    tenant_id: int | None
    after: Mapping[str, Any]


class PostgresQueues(CommonQueues):
    """Queues on PostgreSQL."""

    def __init__(
        self,
        pool: Pool,
        names: Names,
        notifier: PostgresNotifier,
        stats: Counts,
        now: Callable[[], datetime | None],
        forget_positions: Callable[[], None],
    ) -> None:
        super().__init__(stats)
        self._pool = pool
        self._names = names
        self._notifier = notifier
        self._now = now
        self._forget_positions = forget_positions

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
        tenant_id = await self._names.make_queue(QueueRef(tenant, queue))
        change = _Change(Action.QUEUE_PAUSE, queue, tenant_id, {"paused": {"by": actor, "reason": reason}})
        await self._change(change, by, q.pause_queue, self._now(), queue, tenant_id, actor, reason)
        self._names.forget_lanes()
        self._stats.forget()

    async def resume(self, tenant: str, queue: str, *, by: Caller | None = None) -> None:
        """Allow claims from a queue again."""
        tenant_id = await self._names.tenant(tenant)
        change = _Change(Action.QUEUE_RESUME, queue, tenant_id, {"paused": None})
        await self._change(change, by, q.resume_queue, queue, self._now(), tenant_id)
        self._names.forget_lanes()
        self._forget_positions()
        self._stats.forget()
        await self._notifier.wake([QueueRef(tenant, queue)])

    async def set_retention(
        self, tenant: str, queue: str, ages: Mapping[str, int | None], *, by: Caller | None = None
    ) -> None:
        """Set the retention of a queue's ended jobs. Creates the queue if it is new."""
        tenant_id = await self._names.make_queue(QueueRef(tenant, queue))
        change = _Change(Action.QUEUE_RETENTION, queue, tenant_id, {"retention": ages})
        await self._change(change, by, q.set_retention, queue, msgspec.json.encode(ages).decode(), tenant_id)
        self._stats.forget()

    async def _change(self, change: _Change, by: Caller | None, statement: str, *args: Any) -> None:
        """Change a queue, and add that to the audit if an operator does."""
        if by is None:
            await self._pool.fetch(statement, *args)
            return

        async def together(conn: Any) -> None:
            async with conn.transaction():
                row = await conn.fetchrow(q.lock_queue, change.tenant_id, change.queue)
                await conn.fetch(statement, *args)
                before = None if row is None else queue_before(read_pause(row[0], row[1]), read_retention(row[2]))
                await append_act(conn, self._now(), queue_act(change.action, change.queue, by, before, change.after))

        await self._pool.run(together)
