"""What readers see of queues, and what operators do. A queue is found by tenant and name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

import msgspec

from taskflowmq.core.job import QueueRef
from taskflowmq.stores.common.counting import Counts
from taskflowmq.stores.common.queues import CommonQueues
from taskflowmq.stores.postgres.names import Names
from taskflowmq.stores.postgres.notifier import PostgresNotifier
from taskflowmq.stores.postgres.pool import Pool
from taskflowmq.stores.postgres.queries import q


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

    async def pause(self, tenant: str, queue: str) -> None:
        """Stop claims from a queue; running jobs continue. Creates the queue if it is new."""
        tenant_id = await self._names.make_queue(QueueRef(tenant, queue))
        await self._pool.fetch(q.pause_queue, self._now(), queue, tenant_id)
        self._names.forget_lanes()
        self._stats.forget()

    async def resume(self, tenant: str, queue: str) -> None:
        """Allow claims from a queue again."""
        await self._pool.fetch(q.resume_queue, queue, self._now(), await self._names.tenant(tenant))
        self._names.forget_lanes()
        self._forget_positions()
        self._stats.forget()
        await self._notifier.wake([QueueRef(tenant, queue)])

    async def set_retention(self, tenant: str, queue: str, ages: Mapping[str, int | None]) -> None:
        """Set the retention of a queue's ended jobs. Creates the queue if it is new."""
        tenant_id = await self._names.make_queue(QueueRef(tenant, queue))
        await self._pool.fetch(q.set_retention, queue, msgspec.json.encode(ages).decode(), tenant_id)
        self._stats.forget()
