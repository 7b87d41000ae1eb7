"""Queues: what readers see of them, and what operators do."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

import msgspec

from taskflowmq.core.retention import QueueRetention


class QueueView(msgspec.Struct, frozen=True, kw_only=True):
    """A queue as a reader sees it."""

    tenant: str
    name: str
    paused_at: datetime | None
    #: state → number of live jobs
    states: dict[str, int]
    #: seconds since the oldest of the lanes' first jobs became ready
    oldest_ready_age: float | None
    #: its own retention, where that differs from the store's
    retention: QueueRetention = QueueRetention()


class Queues(Protocol):
    """Queues: what readers see of them, and what operators do. A queue is found by tenant and name."""

    async def list_queues(self, tenant: str) -> list[QueueView]:
        """Return every queue of a tenant that is in use, by name (``core.validation.UNUSED_AFTER``)."""
        ...

    async def pause(self, tenant: str, queue: str) -> None:
        """Stop claims from a queue; running jobs continue. Creates the queue if it is new."""
        ...

    async def resume(self, tenant: str, queue: str) -> None:
        """Allow claims from a queue again, and wake its workers."""
        ...

    async def set_retention(self, tenant: str, queue: str, ages: Mapping[str, int | None]) -> None:
        """Set the retention of a queue's ended jobs. Creates the queue if it is new.

        Args:
            tenant: the queue's tenant.
            queue: its name.
            ages: fields of :class:`QueueRetention`; those that are not named stay; None restores the store's.
        """
        ...
