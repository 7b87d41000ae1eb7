"""The store: the database that holds the truth.

Rules for every method:

* Times are the store's own. Callers pass durations; a store built with a ``Clock`` uses that clock's ``now`` in
  every statement (tests and simulation), otherwise the database's.
* A method that returns has committed. A method that raises :class:`StoreUnavailable` may or may not have taken
  effect; repeating it with the same arguments is safe (I1–I3).
* Batches are at most :data:`MAX_BATCH`; multi-row writes lock in id order.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol
from uuid import UUID

import msgspec

from taskflowmq.core.job import (
    Attempts,
    ClaimedJob,
    Enqueued,
    IdempotencyKey,
    JobFilter,
    JobView,
    NewJob,
    Page,
)
from taskflowmq.core.operations import CancelAnswer, DeleteAnswer, RetryAnswer
from taskflowmq.core.retention import QueueRetention as QueueRetention
from taskflowmq.core.retention import Retention as Retention
from taskflowmq.core.transitions import Transition
from taskflowmq.ports.tasks import TaskNotice, TaskView
from taskflowmq.ports.workers import Workers

MAX_BATCH = 1_000
#: How much a page of jobs may weigh, unless its first job alone weighs more; what is above it comes with the next page.
MAX_PAGE_BYTES = 4_000_000
#: Jobs that are read whole at once on the way to a page, so that no list needs more memory than these.
PAGE_SLICE = 64


class Settled(StrEnum):
    """What became of a transition."""

    #: The fence fitted and the change is stored.
    APPLIED = "applied"
    #: The store holds the effect of this very transition already: an answer was lost (``core/fates.py``).
    REPLAYED = "replayed"
    #: The fence was settled otherwise, or belongs to another worker by now; the change was dropped.
    STALE = "stale"


class ClaimRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker can take now."""

    worker_id: UUID
    #: Queue names that the worker serves, a set without preference; empty means every queue.
    queues: tuple[str, ...]
    #: Task names that the worker knows; others are stepped over and stay ready.
    tasks: tuple[str, ...]
    #: Most jobs to take, 1…MAX_BATCH.
    limit: int
    #: False: only jobs that never crashed a process. True: only those that did (they run alone).
    isolated: bool = False


class QueueView(msgspec.Struct, frozen=True, kw_only=True):
    """A queue as a reader sees it."""

    name: str
    paused_at: datetime | None
    #: state → number of live jobs
    states: dict[str, int]
    #: seconds since the job that is first in its lane became ready, of the lane where it is longest
    oldest_ready_age: float | None
    #: what of it is different from all other queues
    retention: QueueRetention = QueueRetention()


class StoreStats(msgspec.Struct, frozen=True, kw_only=True):
    """Counts over the store. Exact below 10,000 per state, otherwise as old as ``as_of`` says."""

    states: dict[str, int]
    queues: list[QueueView]
    as_of: datetime
    exact: bool
    #: Transaction ids given out since the oldest one that is not frozen; None where they cannot run out.
    xid_age: int | None = None


class DutyTurn(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to "may I run this duty now?"."""

    taken: bool
    #: Milliseconds since the duty ran before this turn, by the store's clock; None if never.
    gap_ms: int | None
    #: Whether a grace is in force, given by this turn or an earlier one: no rescue now.
    grace: bool


class DutyFailure(msgspec.Struct, frozen=True):
    """A duty whose last turn failed."""

    duty: str
    at: datetime
    problem: str


class StagedCount(msgspec.Struct, frozen=True):
    """What a turn of the stager did, and when it must look again (None: nothing is waiting)."""

    staged: int
    expired: int
    next_due_ms: int | None
    #: Queues that received ready jobs, for the wake-up.
    queues: tuple[str, ...] = ()


class Intake(Protocol):
    """How jobs get in."""

    async def enqueue(self, jobs: Sequence[NewJob], *, idempotency: IdempotencyKey | None = None) -> list[Enqueued]:
        """Store jobs, all or none, return one answer per job, in order, and wake the workers of those that are ready.

        An id that is stored already, in the same tenant with the same task and arguments, is a replay: nothing
        changes, also after the job ended. With ``idempotency``, a known key answers with the ids of its first
        request. Unique keys: a key held by another job answers with the holder's id (``created`` False), raises
        :class:`NotUnique`, or replaces a holder that has not started, as the job asks. Expired keys are taken over.

        Raises:
            Conflict: an id exists with other content or in another tenant, or is more than 24 h off.
            NotUnique, IdempotencyMismatch, IdempotencyInFlight, StoreUnavailable.
        """
        ...

    async def enqueue_on(self, conn: Any, jobs: Sequence[NewJob], *, wake: bool = True) -> list[Enqueued]:
        """Store jobs in the caller's open transaction on an async connection or session; commit is the caller's.

        Any loop may call it. Make new names first (:meth:`make_names`). Raises TypeError for an unknown driver.
        """
        ...

    def enqueue_on_sync(self, conn: Any, jobs: Sequence[NewJob], *, wake: bool = True) -> list[Enqueued]:
        """The same on a blocking connection or session."""
        ...

    def knows_names(self, jobs: Sequence[NewJob]) -> bool:
        """Tell whether :meth:`make_names` would have nothing to do; any thread may ask."""
        ...

    async def make_names(self, jobs: Sequence[NewJob]) -> None:
        """Commit the names that these jobs bring: one made in an open transaction keeps all others who need it waiting.
        Does nothing where such a transaction stops all writers anyway (SQLite). Raises StoreUnavailable.
        """
        ...

    async def announce_tasks(self, tasks: Sequence[TaskNotice], *, keep: bool = False) -> None:
        """Store what programs say of their tasks, and that they were seen now.

        The last word counts. With ``keep``, what was announced within the last hour stays: of a program that only
        enqueues, and may be older than the workers. What a notice leaves out (None) stays too.
        """
        ...

    async def list_tasks(self) -> list[TaskView]:
        """Return every task ever announced or enqueued, by name."""
        ...


class Claims(Protocol):
    """How workers get jobs and give them back changed."""

    async def claim(self, request: ClaimRequest) -> list[ClaimedJob]:
        """Take ready jobs for a worker: lowest priority first, equal ones from each queue in turn, first in first out.

        A turn is one of the worker's own; within a queue, its shares take turns (``core.lanes``).
        Each claim charges the job (attempt + 1, lease_no + 1). A worker that has ended gets nothing. Jobs of
        paused queues, unknown tasks and expired jobs are stepped over. Unique keys with free_at="start" end here.
        """
        ...

    async def settle(self, transitions: Sequence[Transition]) -> list[Settled]:
        """Write decided transitions under their fences, in one transaction, and say what became of each, in order.

        A transition becomes what ``core.transitions.obey_cancel`` says if a cancel request waits. A final one frees the
        job's unique key. Of several under one fence one is written. Wakes the queues of jobs that become ready. One bad
        row never fails the batch: a row that the database refuses is stored again without its result or error
        (``result_error`` says so).
        """
        ...

    async def settle_on(self, conn: Any, transition: Transition) -> None:
        """Write one transition in the caller's transaction on an async connection or session.

        Raises:
            LeaseLost: the fence is gone; the caller must roll back.
        """
        ...

    def settle_on_sync(self, conn: Any, transition: Transition) -> None:
        """The same on a blocking connection or session."""
        ...

    def transaction(self) -> AbstractAsyncContextManager[Any]:
        """Open a transaction on a native connection of the store, for ``ctx.transaction()``.

        Raises:
            StoreUnavailable: the database went away; the message says whether anything may be stored.
            WrongContext: the block left nothing that could be committed.
        """
        ...

    async def save_progress(self, updates: Sequence[tuple[UUID, int, bytes]]) -> None:
        """Store (job id, lease_no, JSON) progress of running jobs whose fence still fits; others are dropped."""
        ...

    async def cancel_requests(self, worker_id: UUID) -> list[UUID]:
        """Return the running jobs of a worker for which a cancellation was asked."""
        ...

    async def paused_queues(self) -> set[str]:
        """Return the names of the queues that are paused now."""
        ...

    async def forget(self, worker_id: UUID) -> None:
        """Drop what the adapter remembers of a worker's scan positions (resume, new task list, reconnect)."""
        ...


class Board(Protocol):
    """What readers see and operators do. A job is found by tenant and id; queues and counts are of the whole store."""

    async def get(self, tenant: str, job_id: UUID) -> JobView | None:
        """Return one job, or None."""
        ...

    async def get_many(self, tenant: str, job_ids: Sequence[UUID]) -> list[JobView]:
        """Return the jobs that exist among the ids, in id order."""
        ...

    async def attempts(self, tenant: str, job_id: UUID) -> Attempts:
        """Return a job's attempts that failed, crashed or snoozed, oldest first, and the current or final one."""
        ...

    async def list_jobs(self, query: JobFilter, *, limit: int, before: UUID | None) -> Page:
        """Return jobs newest first, below ``before``; a page ends before it weighs more than :data:`MAX_PAGE_BYTES`.

        A page may be short, even empty; only ``next=None`` ends a list.
        """
        ...

    async def stats(self) -> StoreStats:
        """Return counts per state and queue."""
        ...

    async def cancel(self, tenant: str, job_id: UUID, *, actor: str) -> CancelAnswer:
        """Cancel a job that has not started, or ask the worker of a running one.

        ``core.operations`` decides this, and what follows.

        Raises:
            Conflict: the job has changed its state too often meanwhile.
        """
        ...

    async def retry(self, tenant: str, job_id: UUID) -> RetryAnswer:
        """Dead: new round (attempt, crashes, losses 0). Scheduled or retrying: due now. Otherwise conflict.

        Wakes the queue's workers.

        Raises:
            Conflict: as for :meth:`cancel`.
        """
        ...

    async def delete(self, tenant: str, job_id: UUID) -> DeleteAnswer:
        """Delete an ended job. Its bare id is kept for 24 h, so that a repeated enqueue stays a no-op.

        Raises:
            Conflict: as for :meth:`cancel`.
        """
        ...

    async def list_queues(self) -> list[QueueView]:
        """Return every queue that is in use, by name (``core.validation.UNUSED_AFTER``)."""
        ...

    async def pause(self, queue: str) -> None:
        """Stop claims from a queue; running jobs go on. Creates the queue if it is new."""
        ...

    async def resume(self, queue: str) -> None:
        """Allow claims from a queue again, and wake its workers."""
        ...

    async def set_retention(self, queue: str, ages: Mapping[str, int | None]) -> None:
        """Keep ended jobs of a queue for another time than all others. Creates the queue if it is new.

        Args:
            queue: its name.
            ages: fields of :class:`QueueRetention`; those that are not named stay, None is as for all again.
        """
        ...


class Upkeep(Protocol):
    """Duties: periodic work that any node may do, once per interval for the cluster."""

    async def take_turn(self, duty: str, interval_ms: int, *, lease_ms: int | None = None) -> DutyTurn:
        """Decide in one transaction whether the caller runs this duty now.

        With ``lease_ms`` it also forbids rescues for so long if the silence before may be our own (``core.grace``):
        no lost answer, pause or crash comes between the turn, which ends the silence, and the grace.
        """
        ...

    async def stage_due(self, limit: int) -> StagedCount:
        """Move waiting jobs that are due to ready, each with a new position; those past expiry are cancelled."""
        ...

    async def expire_ready(self, limit: int) -> int:
        """Cancel ready jobs whose ``expires_at`` has passed (reason ``expired``)."""
        ...

    async def prune(self, retention: Retention, limit: int) -> int:
        """Delete ended jobs past retention, expired keys, bare ids and forgotten requests; return how many rows."""
        ...

    async def maintain(self) -> None:
        """Engine-specific upkeep: partitions ahead of time, checkpoints, statistics."""
        ...

    async def note_failure(self, duty: str, problem: str) -> None:
        """Remember why the last turn of a duty failed, for :meth:`failures`."""
        ...

    async def note_success(self, duty: str) -> None:
        """Forget the failure of a duty; costs no write where there is none."""
        ...

    async def failures(self) -> list[DutyFailure]:
        """Return the duties whose last turn failed, by name."""
        ...

    async def check(self) -> list[str]:
        """Verify I10 and friends; return one sentence per violation (doctor and the test oracle)."""
        ...


class Schema(Protocol):
    """The shape of the store and its version."""

    async def version(self) -> int:
        """Return the stored schema version, 0 if there is none."""
        ...

    async def pending_sql(self) -> list[tuple[str, str]]:
        """Return (name, SQL) of the migrations that are not applied yet, and of functions with another text."""
        ...

    async def missing_rights(self) -> list[str]:
        """Return what the database must grant to this program's role for jobs and duties; empty where it has it all."""
        ...

    async def open_schemas(self) -> list[str]:
        """Return where other roles may put objects that our statements would use instead of the database's own."""
        ...

    async def migrate(self) -> list[str]:
        """Apply what is pending, one program at a time, and return its names."""
        ...

    async def check_client(self) -> None:
        """Raise :class:`SchemaMismatch` unless this version of the library can use the schema."""
        ...


class Notifier(Protocol):
    """Sooner than polling, never instead of it. Losing a wake-up costs a poll interval, nothing else."""

    @property
    def enabled(self) -> bool:
        """Whether there are wake-ups at all; without them idle workers look once per poll interval."""
        ...

    async def wake(self, queues: Sequence[str]) -> None:
        """Tell listeners that these queues have ready jobs; coalesced, never raises.

        Of a queue that is not stored, and so has no jobs, nobody need hear.
        """
        ...

    def listen(self, topics: Sequence[str]) -> AbstractAsyncContextManager[AsyncIterator[str]]:
        """Yield queue names as they become ready; no topic means every queue. Heals itself when cut."""
        ...


class Store(Protocol):
    """One database, its parts by noun."""

    @property
    def intake(self) -> Intake:
        """How jobs get in."""
        ...

    @property
    def claims(self) -> Claims:
        """How workers get jobs and give them back."""
        ...

    @property
    def workers(self) -> Workers:
        """Who is believed alive."""
        ...

    @property
    def board(self) -> Board:
        """What readers see and operators do."""
        ...

    @property
    def upkeep(self) -> Upkeep:
        """The periodic work."""
        ...

    @property
    def schema(self) -> Schema:
        """The shape of the store."""
        ...

    @property
    def notifier(self) -> Notifier:
        """How idle workers are woken."""
        ...

    @property
    def url(self) -> str:
        """The database's address without its password."""
        ...

    async def open(self) -> None:
        """Connect. Migrates an empty database, checks the version of another. Idempotent."""
        ...

    async def close(self) -> None:
        """Finish what is under way and disconnect. Idempotent."""
        ...

    async def ping(self) -> float:
        """Ask the database for a trivial answer that proves it can commit, and return the seconds it took."""
        ...
