"""What readers see of queues, and what operators do. Queues are of the whole store."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping

import msgspec

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

    async def pause(self, queue: str) -> None:
        """Stop claims from a queue; running jobs continue. Creates the queue if it is new."""

        def write(conn: sqlite3.Connection) -> None:
            run_steps(conn, self._names.queue(queue, self._now()))
            conn.execute(q.pause_queue, {"name": queue, "now": self._now()})

        await self._writer.run(write)
        self._stats.forget()

    async def resume(self, queue: str) -> None:
        """Allow claims from a queue again."""
        params = {"name": queue, "now": self._now()}
        await self._writer.run(lambda conn: conn.execute(q.resume_queue, params))
        self._stats.forget()
        await self._notifier.wake([queue])

    async def set_retention(self, queue: str, ages: Mapping[str, int | None]) -> None:
        """Keep ended jobs of a queue for another time than all others. Creates the queue if it is new."""

        def write(conn: sqlite3.Connection) -> None:
            run_steps(conn, self._names.queue(queue, self._now()))
            conn.execute(q.set_retention, {"name": queue, "retention": msgspec.json.encode(ages).decode()})

        await self._writer.run(write)
        self._stats.forget()
