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

from taskflowmq.core.audit import Act
from taskflowmq.core.bulk import Bulk
from taskflowmq.core.history import Figures
from taskflowmq.core.inspection import Question
from taskflowmq.core.job import Counters, JobKind, NewJob, QueueRef
from taskflowmq.core.job_logs import LogLine
from taskflowmq.core.pauses import Pause
from taskflowmq.core.releases import Release
from taskflowmq.core.retention import QueueRetention
from taskflowmq.core.system import DutyProcess
from taskflowmq.core.views import SavedView
from taskflowmq.core.workers import Command
from taskflowmq.ports.store import DutyFailure
from taskflowmq.ports.tasks import TaskView
from taskflowmq.stores.common.audit import act_row

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
    fingerprint: str | None = None


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
    load: bytes | None = None
    load_at: datetime | None = None
    command: Command | None = None
    command_at: datetime | None = None
    command_by: str | None = None
    release: str | None = None


class Request(Row, frozen=True, kw_only=True, gc=False):
    """An Idempotency-Key and its first answer: (id, created)."""

    fingerprint: str
    answers: tuple[tuple[UUID, bool], ...]
    created_at: datetime


class Stat(Row, frozen=True, kw_only=True, gc=False):
    """Figures of one kind of jobs; ``span``: seconds of a joined row, 0 of one that was appended."""

    minute: datetime
    span: int
    kind: JobKind
    figures: Figures
    #: Who appended it; None: the store, or the duty that joins.
    writer: UUID | None = None


class NodeStat(Row, frozen=True, kw_only=True, gc=False):
    """Joined figures of one node."""

    minute: datetime
    span: int
    tenant: str
    node: str
    figures: Figures


class Group(Row, frozen=True, kw_only=True, gc=False):
    """A group of errors."""

    type: str
    message: str
    task: str
    first_at: datetime
    last_at: datetime
    job_id: UUID
    #: Of the failures that have been joined.
    count: int = 0
    resolved_at: datetime | None = None
    muted_until: datetime | None = None
    changed_at: datetime | None = None
    changed_by: str | None = None
    first_release: str | None = None
    resolved_release: str | None = None


class Failures(Row, frozen=True, kw_only=True, gc=False):
    """Failures of one kind, by tenant and fingerprint; ``span`` as for figures."""

    minute: datetime
    span: int
    key: tuple[str, str]
    count: int
    last_at: datetime
    job_id: UUID
    release: str | None = None


class Asked(Row, frozen=True, kw_only=True, gc=False):
    """A request for the stack or a profile of a running job."""

    question: Question
    worker: UUID
    asked_at: datetime
    asked_by: str
    until: datetime
    answered_at: datetime | None = None
    answer: bytes | None = None


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
        #: What jobs have logged, by job, fence and number.
        self.lines: dict[tuple[UUID, int, int], LogLine] = {}
        #: By tenant and key.
        self.keys: dict[tuple[str, str], Key] = {}
        self.requests: dict[tuple[str, str], Request] = {}
        self.workers: dict[UUID, Member] = {}
        #: By name.
        self.releases: dict[str, Release] = {}
        #: Queue → its pause, or None.
        self.queues: dict[QueueRef, Pause | None] = {}
        #: Queue → when it was used last.
        self.used: dict[QueueRef, datetime] = {}
        #: Queue → what of its retention is its own.
        self.retentions: dict[QueueRef, QueueRetention] = {}
        #: (tenant, task) → what was announced.
        self.tasks: dict[tuple[str, str], TaskView] = {}
        self.duties: dict[str, datetime] = {}
        self.duty_processes: dict[str, DutyProcess | None] = {}
        self.failures: dict[str, DutyFailure] = {}
        self.grace_until: datetime | None = None
        self.late_since: datetime | None = None
        self.batches = 0
        #: Bulk operations, the ids of their chunks with what became of each, and Idempotency-Key → fingerprint and id.
        self.bulks: dict[UUID, Bulk] = {}
        self.chunks: dict[UUID, list[tuple[list[UUID], bytes | None]]] = {}
        self.bulk_keys: dict[tuple[str, str], tuple[str, UUID]] = {}
        #: The history: figures by the number of their row, and minute → how many jobs of each kind were ready.
        self.stat: dict[int, Stat] = {}
        self.node_stat: dict[int, NodeStat] = {}
        self.backlog: dict[datetime, dict[JobKind, int]] = {}
        #: Number → when, and what an operator did, as stores keep it.
        self.acts: dict[int, tuple[datetime, str]] = {}
        self.acts_added = 0
        #: Saved views by tenant and id.
        self.views: dict[tuple[str, UUID], SavedView] = {}
        #: Requests for stacks and profiles, by job and kind.
        self.asked: dict[tuple[UUID, str], Asked] = {}
        #: Groups of errors by tenant and fingerprint, and failures by the number of their row.
        self.groups: dict[tuple[str, str], Group] = {}
        self.failed: dict[int, Failures] = {}

    def next_batch(self) -> int:
        """Return the number of a call that makes jobs ready."""
        self.batches += 1
        return self.batches

    def note(self, now: datetime, act: Act) -> None:
        """Add an act to the audit."""
        self.acts_added += 1
        self.acts[self.acts_added] = now, act_row(act).details

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
        """Drop what is known of a job's attempts, and what they have logged."""
        for key in [key for key in self.lines if key[0] == job_id]:
            del self.lines[key]
        for fence in [fence for fence in self.tried if fence[0] == job_id]:
            del self.tried[fence]
        self.untold.pop(job_id, None)

    def end(self, job_id: UUID, ended: Ended) -> None:
        """Put a job that is in no place any more where the ended are, without its key."""
        self.ended[job_id] = ended
        self.free_key_of(job_id, "start", "finish")

    def add_figures(self, job_id: UUID, figures: Figures, now: datetime, writer: UUID | None = None) -> None:
        """Count what happened to a job without its worker."""
        new = self.jobs[job_id].new
        self.append(JobKind(new.tenant, new.queue, new.task), figures, now, writer=writer)

    def append(self, kind: JobKind, figures: Figures, at: datetime, span: int = 0, writer: UUID | None = None) -> None:
        """Append figures to the minute of a time."""
        minute = at.replace(second=0, microsecond=0)
        row = Stat(minute=minute, span=span, kind=kind, figures=figures, writer=writer)
        self.stat[max(self.stat, default=0) + 1] = row

    def cancel_unstarted(self, job_id: UUID, reason: str, now: datetime) -> bool:
        """Cancel a job that is ready or waiting; False if it is neither."""
        was_ready = job_id in self.ready
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
        self.add_figures(job_id, Figures(cancelled=1, cancelled_ready=int(was_ready)), now)
        return True

    def live(self, job_id: UUID) -> bool:
        """Tell whether a job has not ended."""
        return job_id in self.ready or job_id in self.waiting or job_id in self.running
