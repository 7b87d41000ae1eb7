"""What the reference model remembers: plain dictionaries of frozen rows, nothing else.

A row is never changed, only replaced, so a shallow copy of the dictionaries is a snapshot, and putting one back undoes
whatever came after it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from uuid import UUID

import msgspec

from taskflowmq.core.job import Counters, NewJob, QueueRef
from taskflowmq.core.retention import QueueRetention
from taskflowmq.ports.store import DutyFailure
from taskflowmq.ports.tasks import TaskView

#: Of a job's history is kept what it did in its first claims and in its last.
FIRST_CLAIMS, LAST_CLAIMS = 10, 90


class Row(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Base of all rows."""


class Job(Row, frozen=True, kw_only=True, gc=False):
    """A stored job. ``new`` is what was asked for; ``deleted_at`` makes it a bare id."""

    new: NewJob
    created_at: datetime
    run_at: datetime
    expires_at: datetime | None
    deleted_at: datetime | None = None

    @property
    def queue(self) -> QueueRef:
        """Its queue."""
        return QueueRef(self.new.tenant, self.new.queue)


class Ready(Row, frozen=True, kw_only=True, gc=False):
    """A job in its lane. ``batch``: the call that made it ready; ``rank``: its rank within, where that is promised."""

    batch: int
    rank: float
    ready_at: datetime
    expires_at: datetime | None
    counters: Counters
    flags: int


class Waiting(Row, frozen=True, kw_only=True, gc=False):
    """A job that is due later."""

    why: str
    due_at: datetime
    counters: Counters
    flags: int


class Running(Row, frozen=True, kw_only=True, gc=False):
    """A claimed job."""

    worker: UUID
    started_at: datetime
    counters: Counters
    flags: int
    progress: bytes | None = None
    cancel_at: datetime | None = None


class Ended(Row, frozen=True, kw_only=True, gc=False):
    """An ended job."""

    state: str
    reason: str | None
    worker: UUID | None
    started_at: datetime | None
    finished_at: datetime
    counters: Counters
    result: bytes | None = None
    result_error: str | None = None
    error: bytes | None = None
    progress: bytes | None = None


class Tried(Row, frozen=True, kw_only=True, gc=False):
    """An attempt that did not complete."""

    lease_no: int
    round: int
    attempt: int
    ended: str
    worker: UUID
    started_at: datetime
    finished_at: datetime
    error: bytes | None


class Key(Row, frozen=True, kw_only=True, gc=False):
    """A unique key that is held."""

    job_id: UUID
    free_at: str
    until: datetime | None


class Member(Row, frozen=True, kw_only=True, gc=False):
    """A worker."""

    supervisor: UUID
    host: str
    pid: int
    version: str
    started_at: datetime
    lease_until: datetime
    ended_at: datetime | None
    info: bytes


class Request(Row, frozen=True, kw_only=True, gc=False):
    """An Idempotency-Key and its first answer: (id, created)."""

    fingerprint: str
    answers: tuple[tuple[UUID, bool], ...]
    created_at: datetime


class Data:
    """The whole model database."""

    def __init__(self) -> None:
        self.jobs: dict[UUID, Job] = {}
        self.ready: dict[UUID, Ready] = {}
        self.waiting: dict[UUID, Waiting] = {}
        self.running: dict[UUID, Running] = {}
        self.ended: dict[UUID, Ended] = {}
        #: By job and fence.
        self.tried: dict[tuple[UUID, int], Tried] = {}
        #: Job → how often which way of ending is in no row of ``tried`` any more.
        self.untold: dict[UUID, dict[str, int]] = {}
        #: By tenant and key.
        self.keys: dict[tuple[str, str], Key] = {}
        self.requests: dict[tuple[str, str], Request] = {}
        self.workers: dict[UUID, Member] = {}
        #: Queue → since when it is paused, or None.
        self.queues: dict[QueueRef, datetime | None] = {}
        #: Queue → when it was used last.
        self.used: dict[QueueRef, datetime] = {}
        #: Queue → what of its retention is its own.
        self.retentions: dict[QueueRef, QueueRetention] = {}
        #: (tenant, task) → what was announced.
        self.tasks: dict[tuple[str, str], TaskView] = {}
        self.duties: dict[str, datetime] = {}
        self.failures: dict[str, DutyFailure] = {}
        self.grace_until: datetime | None = None
        self.late_since: datetime | None = None
        self.batches = 0

    def next_batch(self) -> int:
        """Return the number of a call that makes jobs ready."""
        self.batches += 1
        return self.batches

    @contextmanager
    def all_or_none(self) -> Iterator[None]:
        """Undo everything inside if it raises."""
        kept = {name: dict(value) if isinstance(value, dict) else value for name, value in vars(self).items()}
        try:
            yield
        except BaseException:
            vars(self).update(kept)
            raise

    def free_key_of(self, job_id: UUID, *when: str) -> None:
        """Free the unique key of a job, if it is one that ends at one of these moments."""
        job = self.jobs[job_id].new
        if job.unique is not None:
            full_key = job.tenant, job.unique.key
            held = self.keys.get(full_key)
            if held is not None and held.job_id == job_id and held.free_at in when:
                del self.keys[full_key]

    def remember(self, job_id: UUID, tried: Tried) -> None:
        """Put an attempt into a job's history, which keeps the first ones and those of the last claims: of the others
        there is a number per way of ending."""
        self.tried[job_id, tried.lease_no] = tried
        above = tried.lease_no - LAST_CLAIMS
        for _, lease_no in [fence for fence in self.tried if fence[0] == job_id and FIRST_CLAIMS < fence[1] <= above]:
            gone, told = self.tried.pop((job_id, lease_no)), self.untold.get(job_id, {})
            self.untold[job_id] = {**told, gone.ended: told.get(gone.ended, 0) + 1}

    def forget_history(self, job_id: UUID) -> None:
        """Drop what is known of a job's attempts."""
        for fence in [fence for fence in self.tried if fence[0] == job_id]:
            del self.tried[fence]
        self.untold.pop(job_id, None)

    def end(self, job_id: UUID, ended: Ended) -> None:
        """Put a job that is in no place any more where the ended are, without its key."""
        self.ended[job_id] = ended
        self.free_key_of(job_id, "start", "finish")

    def cancel_unstarted(self, job_id: UUID, reason: str, now: datetime) -> bool:
        """Cancel a job that is ready or waiting; False if it is neither."""
        place = self.ready.pop(job_id, None) or self.waiting.pop(job_id, None)
        if place is None:
            return False
        ended = Ended(
            state="cancelled",
            reason=reason,
            worker=None,
            started_at=None,
            finished_at=now,
            counters=place.counters,
        )
        self.end(job_id, ended)
        return True

    def live(self, job_id: UUID) -> bool:
        """Tell whether a job has not ended."""
        return job_id in self.ready or job_id in self.waiting or job_id in self.running
