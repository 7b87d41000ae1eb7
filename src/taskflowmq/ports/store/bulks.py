"""Bulk operations: accepted here, done in chunks by a duty."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol
from uuid import UUID

from taskflowmq.core.audit import Caller
from taskflowmq.core.bulk import Bulk, BulkResult, NewBulk
from taskflowmq.core.redaction import Redaction


class BulkStep(NamedTuple):
    """What one step of the duty did for an operation.

    Args:
        worked: whether there was something to do; if not, another process does it, or it must wait.
        wait_ms: milliseconds until the next step may be taken.
        jobs: how many were acted on.
    """

    worked: bool
    wait_ms: float = 0.0
    jobs: int = 0


class Bulks(Protocol):
    """Operations by hand on many jobs. An operation is found by tenant and id."""

    async def create(self, new: NewBulk, *, by: Caller | None = None) -> Bulk:
        """Accept an operation. A repeat, by its id or its Idempotency-Key, returns what was stored first.

        With ``by``, the act is added to the audit in the same transaction, here and in what follows.

        Raises:
            IdempotencyMismatch: the key was used for another request.
        """
        ...

    async def get(self, tenant: str, bulk_id: UUID) -> Bulk | None:
        """Return an operation, or None."""
        ...

    async def list_bulks(self, tenant: str, *, limit: int, before: UUID | None = None) -> list[Bulk]:
        """Return operations, newest first, below an id."""
        ...

    async def results(self, bulk_id: UUID, *, first_chunk: int, limit: int) -> Sequence[Sequence[BulkResult]]:
        """Return what became of each job, by chunk, from one on."""
        ...

    async def stop(self, tenant: str, bulk_id: UUID, *, by: Caller | None = None) -> Bulk | None:
        """End an operation; the jobs that it has not reached stay untouched. None: there is none.

        Raises:
            Conflict: it has ended otherwise.
        """
        ...

    async def undo(self, tenant: str, bulk_id: UUID, *, by: Caller | None = None) -> Bulk | None:
        """End an operation that has not begun. None: there is none.

        Raises:
            Conflict: it has begun, or ended.
        """
        ...

    async def live(self, limit: int, after: str = "") -> list[Bulk]:
        """Return operations of all tenants that have not ended: those that can continue now, in turn, before others.

        Args:
            limit: most operations.
            after: the tenant that had the last turn; the next one begins.

        One of each tenant comes before the second one of any, and of a tenant the one that has done least, so that
        neither a large one nor many of one tenant hold up others. Those that wait for their undo or rate follow, the
        next one first.
        """
        ...

    async def step(self, bulk: Bulk, hidden: Redaction | None = None) -> BulkStep:
        """Take the next step of an operation: collect ids, act on one chunk, or end it.

        Args:
            bulk: the operation.
            hidden: what its filter does not see of a payload.

        A chunk, what became of its jobs, and how far the operation is are committed together, under a lock that one
        process holds: so nothing is done twice, whatever process dies in between.
        """
        ...

    async def fail(self, bulk_id: UUID, problem: str) -> None:
        """End an operation that cannot continue."""
        ...

    async def prune(self, limit: int) -> int:
        """Delete operations that ended long ago; return how many rows."""
        ...
