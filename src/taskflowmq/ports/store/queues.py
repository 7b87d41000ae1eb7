"""Queues: what readers see of them, and what operators do."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

import msgspec

from taskflowmq.core.audit import Caller
from taskflowmq.core.pauses import Pause
from taskflowmq.core.retention import QueueRetention


class QueueView(msgspec.Struct, frozen=True, kw_only=True):
    """A queue as a reader sees it."""

    tenant: str
    name: str
    #: state → number of live jobs
    states: dict[str, int]
    #: seconds since the oldest of the lanes' first jobs became ready
    oldest_ready_age: float | None
    #: its own retention, where that differs from the store's
    retention: QueueRetention = QueueRetention()
    #: None: it is not paused
    pause: Pause | None = None

    @property
    def paused_at(self) -> datetime | None:
        """When it was paused; None if it is not."""
        return None if self.pause is None else self.pause.at


class Queues(Protocol):
    """Queues: what readers see of them, and what operators do. A queue is found by tenant and name."""

    async def list_queues(self, tenant: str) -> list[QueueView]:
        """Return every queue of a tenant that is in use, by name (``core.validation.UNUSED_AFTER``)."""
        ...

    async def pause(
        self,
        tenant: str,
        queue: str,
        *,
        actor: str | None = None,
        reason: str | None = None,
        by: Caller | None = None,
    ) -> None:
        """Stop claims from a queue; running jobs continue. Creates the queue if it is new.

        A queue that is paused already stays paused since the same time; a reason replaces who paused it and why.

        Args:
            tenant: the queue's tenant.
            queue: its name.
            actor: who pauses it.
            reason: why.
            by: adds the act to the audit, in the same transaction, here and in what follows.
        """
        ...

    async def resume(self, tenant: str, queue: str, *, by: Caller | None = None) -> None:
        """Allow claims from a queue again, and wake its workers."""
        ...

    async def set_retention(
        self, tenant: str, queue: str, ages: Mapping[str, int | None], *, by: Caller | None = None
    ) -> None:
        """Set the retention of a queue's ended jobs. Creates the queue if it is new.

        Args:
            tenant: the queue's tenant.
            queue: its name.
            ages: fields of :class:`QueueRetention`; those that are not named stay; None restores the store's.
        """
        ...
