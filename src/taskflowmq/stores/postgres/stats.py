"""How many jobs there are, in the whole store."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from taskflowmq.core.job import State
from taskflowmq.core.retention import read_retention
from taskflowmq.core.validation import UNUSED_AFTER
from taskflowmq.ports.store import QueueView, StoreStats
from taskflowmq.stores.common.counting import Counts, listed
from taskflowmq.stores.postgres.names import Names
from taskflowmq.stores.postgres.pool import Pool
from taskflowmq.stores.postgres.queries import q


class PostgresStats(Counts):
    """Counts on PostgreSQL."""

    def __init__(self, pool: Pool, names: Names, now: Callable[[], datetime | None]) -> None:
        super().__init__(self._count_to)
        self._pool = pool
        self._names = names
        self._now = now

    async def _count_to(self, most: int | None) -> StoreStats:
        now = await self._pool.fetchval(q.read_now, self._now())
        queues = await self._pool.fetch(q.list_queues, self._now(), UNUSED_AFTER)
        counted = await self._pool.fetch(q.count_states, most)
        states = {str(state): 0 for state in State if state not in (State.BLOCKED, State.SUSPENDED)}
        per_queue: dict[str, dict[str, int]] = {row["name"]: {} for row in queues}
        for row in counted:
            states[row["state"]] = states.get(row["state"], 0) + row["jobs"]
            if row["lane_id"] is not None:
                lane = await self._names.lane(row["lane_id"])
                mine = per_queue.setdefault(lane.queue, {})
                mine[row["state"]] = mine.get(row["state"], 0) + row["jobs"]
        views = [
            QueueView(
                name=row["name"],
                paused_at=row["paused_at"],
                states=per_queue[row["name"]],
                oldest_ready_age=row["oldest_ready_age"],
                retention=read_retention(row["retention"]),
            )
            for row in queues
        ]
        shown = listed(views, {row["name"] for row in queues if row["used"]})
        age = await self._pool.fetchval(q.read_xid_age)
        return StoreStats(states=states, queues=shown, as_of=now, exact=most is not None, xid_age=age)
