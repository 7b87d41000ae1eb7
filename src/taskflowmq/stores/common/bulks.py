"""Bulk operations, as far as both engines do the same: what is next is decided in core."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from taskflowmq.core import bulk as rules
from taskflowmq.core.bulk import Bulk, BulkState, Due, NewBulk, Next
from taskflowmq.core.errors import IdempotencyMismatch
from taskflowmq.core.filter_scope import scoped
from taskflowmq.core.job import QueueRef, State
from taskflowmq.core.operations import LaneName
from taskflowmq.core.redaction import Redaction
from taskflowmq.ports.store.bulks import BulkStep
from taskflowmq.stores.common.jobs import CommonJobs, Place
from taskflowmq.stores.common.listing import states_of

#: Chunks that one step collects.
COLLECTED = 10
_MS = timedelta(milliseconds=1)


class Collected(NamedTuple):
    """What one step has collected.

    Args:
        chunks: of ids.
        position: where the search ended.
        complete: whether these were the last.
    """

    chunks: list[list[UUID]]
    position: UUID | None
    complete: bool

    @property
    def jobs(self) -> int:
        """How many ids there are."""
        return sum(map(len, self.chunks))


class Acted(NamedTuple):
    """What became of a chunk, and which queues have ready jobs now."""

    outcomes: dict[UUID, str]
    woken: set[QueueRef]


class CommonBulks(ABC):
    """Base of the bulk operations of both engines."""

    def __init__(self, jobs: CommonJobs) -> None:
        self._jobs = jobs

    async def step(self, bulk: Bulk, hidden: Redaction | None = None) -> BulkStep:
        """Take the next step of an operation."""
        if bulk.collected:
            return await self._act(bulk)
        return BulkStep(await self._store(bulk, await self._collected(bulk, hidden)))

    async def _collected(self, bulk: Bulk, hidden: Redaction | None) -> Collected:
        size = bulk.chunk
        most = size * COLLECTED
        found = await self._jobs.collect(bulk.query(hidden), bulk.created_at, bulk.position, most)
        return Collected(chunks_of(found.ids, size), found.last, found.last is None)

    @abstractmethod
    async def _store(self, bulk: Bulk, found: Collected) -> bool:
        """Store collected ids; return whether no other process has continued."""

    @abstractmethod
    async def _act(self, bulk: Bulk) -> BulkStep:
        """Act on the next chunk, or end the operation."""


def chunks_of(ids: Sequence[UUID], size: int) -> list[list[UUID]]:
    """Return ids in chunks."""
    return [list(ids[at : at + size]) for at in range(0, len(ids), size)]


def states_meant(bulk: Bulk) -> tuple[State, ...]:
    """Return the states of jobs that an operation means; none means any."""
    if bulk.filter is None:
        return ()
    wanted = scoped(bulk.query(), bulk.created_at)
    return () if wanted is None else states_of(wanted) or ()


def new_time_of(bulk: Bulk) -> datetime | None:
    """Return when the jobs of an operation are due then; None: it gives them no other time."""
    return None if bulk.params is None else bulk.params.run_at


def due_of(at: datetime, now: datetime, expiries: Mapping[UUID, datetime]) -> Due:
    """Return the new time of jobs that are rescheduled, as of now."""
    return Due(at, at > now, expiries)


class Targets(dict[UUID, LaneName]):
    """The lanes that jobs are moved to; empty if they are not moved.

    Args:
        bulk: the operation.
        places: where the jobs are.
    """

    def __init__(self, bulk: Bulk, places: Mapping[UUID, Place]) -> None:
        lane = None if bulk.params is None else bulk.params.lane
        super().__init__({} if lane is None else {job_id: lane.of(place.lane) for job_id, place in places.items()})
        #: The jobs that are there already.
        self.there = {job_id for job_id, target in self.items() if target == places[job_id].lane}


def waits(bulk: Bulk, now: datetime) -> tuple[Next, BulkStep]:
    """Return what is next for an operation that has collected all, and the answer of a step that does nothing."""
    following, until = rules.what_next(bulk, now)
    return following, BulkStep(False, 0.0 if until is None else max((until - now) / _MS, 0.0))


def check_repeat(new: NewBulk, fingerprint: str | None, stored: UUID) -> None:
    """Check that a request with the same Idempotency-Key as an earlier one is the same.

    Raises:
        IdempotencyMismatch: it is another.
    """
    if new.key is not None and stored != new.id and fingerprint != new.key.fingerprint:
        raise IdempotencyMismatch("this Idempotency-Key was used with a different request")


#: Decides the state in which a user ends an operation.
Decide = Callable[[Bulk], BulkState | None]
