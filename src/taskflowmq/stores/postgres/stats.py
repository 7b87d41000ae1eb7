"""How many jobs there are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from taskflowmq.core.job import QueueRef, State
from taskflowmq.core.pauses import read_pause
from taskflowmq.core.retention import read_retention
from taskflowmq.core.validation import UNUSED_AFTER
from taskflowmq.ports.store import QueueView, StoreSizes, StoreStats, TableSize
from taskflowmq.stores.common.counting import Counts, listed
from taskflowmq.stores.postgres.names import Names
from taskflowmq.stores.postgres.pool import Pool
from taskflowmq.stores.postgres.queries import q

#: The tenant that the index of jobs by tenant leaves out.
FIRST_TENANT = 1


class PostgresStats(Counts):
    """Counts on PostgreSQL."""

    def __init__(self, pool: Pool, names: Names, now: Callable[[], datetime | None]) -> None:
        super().__init__(self._count_to)
        self._pool = pool
        self._names = names
        self._now = now

    async def sizes(self) -> StoreSizes:
        """Return the engine and its sizes; reads no table of jobs."""
        whole = await self._pool.fetchrow(q.read_database)
        return StoreSizes(
            engine="PostgreSQL",
            version=whole["version"],
            bytes=whole["bytes"],
            tables=[TableSize(**dict(row)) for row in await self._pool.fetch(q.list_tables)],
            xid_age=await self._pool.fetchval(q.read_xid_age),
        )

    async def list_ready_tenants(self) -> list[str]:
        """Return the tenants that have ready jobs, by name."""
        return [row["name"] for row in await self._pool.fetch(q.list_ready_tenants)]

    async def _count_to(self, tenant: str | None, most: int | None) -> StoreStats:
        now = await self._pool.fetchval(q.read_now, self._now())
        tenant_id = None if tenant is None else await self._names.tenant(tenant)
        queues: Sequence[Any] = []
        counted: Sequence[Any] = []
        if tenant is None or tenant_id is not None:
            queues = await self._pool.fetch(q.list_queues, self._now(), UNUSED_AFTER, tenant_id)
            counted = await self._count_states(tenant_id, most)
        states = {str(state): 0 for state in State if state not in (State.BLOCKED, State.SUSPENDED)}
        of_lanes: Counter[tuple[int, str]] = Counter()
        for row in counted:
            states[row["state"]] = states.get(row["state"], 0) + row["jobs"]
            if row["lane_id"] is not None:
                of_lanes[row["lane_id"], row["state"]] += row["jobs"]
        views = [_view(row, states) for row, states in await self._by_queue(queues, of_lanes)]
        shown = listed(views, {QueueRef(row["tenant"], row["name"]) for row in queues if row["used"]})
        age = await self._pool.fetchval(q.read_xid_age)
        return StoreStats(states=states, queues=shown, as_of=now, exact=most is not None, xid_age=age)

    async def _count_states(self, tenant_id: int | None, most: int | None) -> Sequence[Any]:
        """Count a tenant's jobs; in a store with one tenant these are all jobs, and that costs no join."""
        if tenant_id is None or not await self._pool.fetchval(q.find_other_tenant, tenant_id):
            return await self._pool.fetch(q.count_states, most)
        statement = q.count_first_tenant_states if tenant_id == FIRST_TENANT else q.count_tenant_states
        return await self._pool.fetch(statement, most, tenant_id)

    async def _by_queue(
        self, queues: Sequence[Any], of_lanes: Counter[tuple[int, str]]
    ) -> list[tuple[Any, dict[str, int]]]:
        """Return each queue's row with its jobs per state."""
        lanes = await self._names.find_lanes([lane_id for lane_id, _ in of_lanes])
        found: dict[int, dict[str, int]] = {row["id"]: {} for row in queues}
        for (lane_id, state), jobs in of_lanes.items():
            # A queue that was made between the two statements is counted with the next answer.
            if (mine := found.get(lanes[lane_id].queue_id)) is not None:
                mine[state] = mine.get(state, 0) + jobs
        return [(row, found[row["id"]]) for row in queues]


def _view(row: Any, states: dict[str, int]) -> QueueView:
    return QueueView(
        tenant=row["tenant"],
        name=row["name"],
        states=states,
        oldest_ready_age=row["oldest_ready_age"],
        retention=read_retention(row["retention"]),
        pause=read_pause(row["paused_at"], row["pause"]),
    )
