"""How many jobs a tenant has, and how many there are in the whole store."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

from taskflowmq.core.job import QueueRef, State
from taskflowmq.core.pauses import read_pause
from taskflowmq.core.retention import read_retention
from taskflowmq.ports.store import QueueView, StoreSizes, StoreStats
from taskflowmq.stores.common.counting import Counts, listed
from taskflowmq.stores.sqlite.files import log_size
from taskflowmq.stores.sqlite.names import UNUSED_AFTER_US, find_tenant
from taskflowmq.stores.sqlite.queries import q
from taskflowmq.stores.sqlite.reader import Reader
from taskflowmq.stores.sqlite.rows import from_us, maybe_time

LISTED = (
    State.PENDING,
    State.RUNNING,
    State.SCHEDULED,
    State.RETRYING,
    State.COMPLETED,
    State.CANCELLED,
    State.DEAD,
)


class SqliteStats(Counts):
    """Implements :class:`~taskflowmq.ports.store.Stats`."""

    def __init__(self, readers: tuple[Reader, Reader], now: Callable[[], int], path: Path) -> None:
        super().__init__(self._count_to)
        self._path = path
        self._reader, self._slow = readers
        self._now = now

    async def sizes(self) -> StoreSizes:
        """Return the engine and its sizes; reads no table of jobs."""
        version, whole, free = await self._reader.run(lambda conn: conn.execute(q.read_file_sizes).fetchone())
        log = log_size(self._path)
        return StoreSizes(engine="SQLite", version=version, bytes=whole, free_bytes=free, log_bytes=log)

    async def list_ready_tenants(self) -> list[str]:
        """Return the tenants that have ready jobs, by name."""
        rows = await self._reader.run(lambda conn: conn.execute(q.list_ready_tenants).fetchall())
        return [name for (name,) in rows]

    async def _count_to(self, tenant: str | None, most: int | None) -> StoreStats:
        # Counting to the end is slow: it has a thread of its own, so that small reads do not wait for it.
        reader = self._slow if most is None else self._reader
        return await reader.run(lambda conn: _count(conn, self._now(), tenant, most))


def _count(conn: sqlite3.Connection, now: int, tenant: str | None, most: int | None) -> StoreStats:
    """Count the jobs of a tenant, or of all (None)."""
    states = dict.fromkeys((state.value for state in LISTED), 0)
    found = None if tenant is None else find_tenant(conn, tenant)
    if tenant is not None and found is None:
        return StoreStats(states=states, queues=[], as_of=from_us(now), exact=most is not None)
    tenant_id = None if found is None else found.id
    queues: dict[QueueRef, QueueView] = {}
    used: set[QueueRef] = set()
    params = {"since": now - UNUSED_AFTER_US, "tenant_id": tenant_id}
    for owner, name, paused_at, pause, oldest, retention, in_use in conn.execute(q.list_queues, params).fetchall():
        ref = QueueRef(owner, name)
        if in_use:
            used.add(ref)
        age = None if oldest is None else max(now - oldest, 0) / 1_000_000
        queues[ref] = QueueView(
            tenant=owner,
            name=name,
            states={},
            oldest_ready_age=age,
            retention=read_retention(retention),
            pause=read_pause(maybe_time(paused_at), pause),
        )
    # A single tenant has all jobs, which are counted without reading each job's tenant.
    one_of_several = found is not None and not found.is_only
    statement = q.count_states_of_tenant if one_of_several else q.count_states
    params = {"most": -1 if most is None else most, "tenant_id": tenant_id}
    for state, owner, queue, jobs in conn.execute(statement, params).fetchall():
        states[state] += jobs
        if queue is not None:
            queues[QueueRef(owner, queue)].states[state] = jobs
    shown = listed(queues.values(), used)
    return StoreStats(states=states, queues=shown, as_of=from_us(now), exact=most is not None)
