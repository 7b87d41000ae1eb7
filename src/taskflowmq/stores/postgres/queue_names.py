"""Queues by number: what a notification means.

What claims read of lanes is remembered here, so that a wake-up of a known queue needs no query.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from taskflowmq.core.job import QueueRef
from taskflowmq.stores.postgres.pool import Pool
from taskflowmq.stores.postgres.queries import q


class QueueNames:
    """Queues of one database; forgotten when a connection breaks, as it may be another database then."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._generation = pool.generation
        self._names: dict[int, QueueRef] = {}

    def get(self, number: int) -> QueueRef | None:
        """Return a queue, or None if it is not remembered."""
        return self._known().get(number)

    async def read(self, numbers: Sequence[int]) -> list[QueueRef]:
        """Return those queues that exist, and remember them.

        Raises:
            TaskFlowError: the database does not answer, or denies this role to read them.
        """
        # Held: names that were forgotten meanwhile must not return.
        known = self._known()
        found = {
            row["id"]: QueueRef(row["tenant"], row["name"]) for row in await self._pool.fetch(q.read_queues, numbers)
        }
        known.update(found)
        return list(found.values())

    async def find(self, numbers: Iterable[int]) -> list[QueueRef]:
        """Return queues that exist, by their numbers, in order.

        Raises:
            TaskFlowError: as for :meth:`read`.
        """
        found = {number: self.get(number) for number in numbers}
        known = [queue for queue in found.values() if queue is not None]
        unknown = [number for number, queue in found.items() if queue is None]
        return sorted(known + await self.read(unknown) if unknown else known)

    def learn(self, lanes: Iterable[Any], tenants: Mapping[int, str]) -> None:
        """Remember the queues of lanes that were read, of those tenants whose names are known."""
        known = self._known()
        for row in lanes:
            if row["queue_id"] not in known and row["tenant_id"] in tenants:
                known[row["queue_id"]] = QueueRef(tenants[row["tenant_id"]], row["queue"])

    def _known(self) -> dict[int, QueueRef]:
        if self._generation != self._pool.generation:
            self._generation = self._pool.generation
            self._names = {}
        return self._names
