"""How many jobs there are, in the whole store."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from taskflowmq.core.job import State
from taskflowmq.core.retention import read_retention
from taskflowmq.ports.store import QueueView, StoreStats
from taskflowmq.stores.common.counting import Counts, listed
from taskflowmq.stores.sqlite.names import UNUSED_AFTER_US
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

    def __init__(self, readers: tuple[Reader, Reader], now: Callable[[], int]) -> None:
        super().__init__(self._count_to)
        self._reader, self._slow = readers
        self._now = now

    async def _count_to(self, most: int | None) -> StoreStats:
        # Counting to the end takes its time: on a thread of its own, beside those who read something small.
        reader = self._slow if most is None else self._reader
        return await reader.run(lambda conn: _count(conn, self._now(), most))


def _count(conn: sqlite3.Connection, now: int, most: int | None) -> StoreStats:
    states = dict.fromkeys((state.value for state in LISTED), 0)
    queues: dict[str, QueueView] = {}
    used: set[str] = set()
    since = {"since": now - UNUSED_AFTER_US}
    for name, paused_at, oldest, retention, in_use in conn.execute(q.list_queues, since).fetchall():
        if in_use:
            used.add(name)
        age = None if oldest is None else max(now - oldest, 0) / 1_000_000
        queues[name] = QueueView(
            name=name,
            paused_at=maybe_time(paused_at),
            states={},
            oldest_ready_age=age,
            retention=read_retention(retention),
        )
    for state, queue, jobs in conn.execute(q.count_states, {"most": -1 if most is None else most}).fetchall():
        states[state] += jobs
        if queue is not None:
            queues[queue].states[state] = jobs
    shown = listed(queues.values(), used)
    return StoreStats(states=states, queues=shown, as_of=from_us(now), exact=most is not None)
