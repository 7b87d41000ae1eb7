"""What a job is: the words of its life, what is stored of it, what a worker claims, what a reader sees.

Places and states: a job's state is the place that holds its id (ready, waiting, running, outcome), so a job is in
exactly one of them (invariant I10). The counters travel with the place, the job row itself is written once.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from itertools import repeat
from operator import attrgetter, eq, itemgetter
from typing import Any, Generic, NamedTuple, TypeVar
from uuid import UUID

import msgspec

from taskflowmq.core.filter_terms import Term
from taskflowmq.core.redaction import Redaction

#: The tenant of jobs where none is named.
DEFAULT_TENANT = "default"


class QueueRef(NamedTuple):
    """Which queue: names are unique within a tenant."""

    tenant: str
    queue: str


class JobKind(NamedTuple):
    """What the figures of the history are kept by."""

    tenant: str
    queue: str
    task: str


class State(StrEnum):
    """Where a job is. ``blocked`` and ``suspended`` are reserved for dependencies and durable waits."""

    SCHEDULED = "scheduled"
    PENDING = "pending"
    RUNNING = "running"
    RETRYING = "retrying"
    BLOCKED = "blocked"
    SUSPENDED = "suspended"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    DEAD = "dead"

    @property
    def final(self) -> bool:
        """Whether a job in this state has ended."""
        return self in FINAL


FINAL = frozenset({State.COMPLETED, State.CANCELLED, State.DEAD})


class Reason(StrEnum):
    """Why a job was cancelled or died."""

    CANCELLED_BY_USER = "cancelled_by_user"
    CANCELLED_BY_HANDLER = "cancelled_by_handler"
    EXPIRED = "expired"
    DEPENDENCY_FAILED = "dependency_failed"
    ATTEMPTS_EXHAUSTED = "attempts_exhausted"
    TIMEOUT = "timeout"
    CRASH_LOOP = "crash_loop"
    WORKER_LOST = "worker_lost"
    DISCARDED = "discarded"
    INVALID_ARGUMENTS = "invalid_arguments"


class Ended(StrEnum):
    """How an attempt that did not complete ended; the word stored in its ``attempt`` row."""

    FAILED = "failed"
    TIMEOUT = "timeout"
    CRASHED = "crashed"
    LOST = "lost"
    SNOOZED = "snoozed"
    CANCELLED = "cancelled"
    DISCARDED = "discarded"


class Flag:
    """Bits that travel with a job's place, so that ending a job reads only the tables that it must."""

    #: The job holds a unique key that is freed when it ends.
    UNIQUE_FINISH = 1
    #: The job holds a unique key that is freed when it is claimed.
    UNIQUE_START = 2


class Counters(msgspec.Struct, frozen=True, gc=False):
    """The counters of a job's life.

    ``round``: +1 at redrive. ``attempt``: charged at claim, refunded as I5 says. ``crashes`` and ``losses`` have
    budgets of their own. ``lease_no`` is the fence: +1 at every claim, never reset.
    """

    round: int = 1
    attempt: int = 0
    crashes: int = 0
    losses: int = 0
    lease_no: int = 0


class UniqueKey(msgspec.Struct, frozen=True, kw_only=True):
    """A resolved request for uniqueness: the key, when it is freed, and what a second job gets."""

    key: str
    #: "finish" | "start" | "time"
    free_at: str = "finish"
    #: With free_at="time": how long the key lives, from the enqueue, in milliseconds.
    period_ms: int | None = None
    #: "return" | "raise" | "replace"
    on_conflict: str = "return"


class NewJob(msgspec.Struct, frozen=True, gc=False):
    """A job to store. Already validated: stores trust it and only check what concurrency decides.

    The client gives its fields by position, which is ten times as fast as by name (ADR 6). Durations are relative to
    the store's clock; ``args``, ``meta`` and ``headers`` are JSON objects as bytes.
    """

    id: UUID
    task: str
    args: bytes
    queue: str = "default"
    priority: int = 0
    share: str = ""
    tenant: str = DEFAULT_TENANT
    #: Due this long after the store's now. Exclusive with run_at.
    delay_ms: int = 0
    run_at: datetime | None = None
    max_attempts: int = 3
    timeout_ms: int | None = None
    expires_in_ms: int | None = None
    unique: UniqueKey | None = None
    tags: tuple[str, ...] = ()
    meta: bytes | None = None
    headers: bytes | None = None
    args_version: int = 1


#: All of a job but its id and arguments, as one value: jobs of equal shape are stored together.
shape_of = attrgetter(*(name for name in NewJob.__struct_fields__ if name not in ("id", "args")))
_task_of = attrgetter("task")
_behind_args = itemgetter(slice(NewJob.__struct_fields__.index("args") + 1, None))


def have_one_shape(jobs: Sequence[NewJob]) -> bool:
    """Tell whether jobs, of which there is at least one, differ in nothing but id and arguments."""
    if len(jobs) == 1:
        return True
    # Not by shape_of: reading the fields one by one costs twice as much, and this runs for every job of a list.
    shapes = map(_behind_args, map(msgspec.structs.astuple, jobs))
    first = next(shapes)
    return all(map(eq, shapes, repeat(first))) and len(set(map(_task_of, jobs))) == 1


class Enqueued(msgspec.Struct, frozen=True, gc=False, eq=False):
    """The answer to one enqueued job: its id, or the id of the job that holds its unique key.

    ``created`` says whether this request made the job, at its first try or at an earlier one: a replay of the same id
    is ``created`` and ``replayed``. Only a job whose unique key another job holds is not created. When an
    Idempotency-Key is replayed, ``created`` is that of the first answer.

    The comparison leaves ``at`` out: two stores may give the same answer at different times.
    """

    id: UUID
    created: bool
    #: True when the same id was stored before by the same call (a lost reply), or an Idempotency-Key was replayed.
    replayed: bool = False
    #: The ``created_at`` that this request stored, so that no read is needed for it; None if the store omits it.
    at: datetime | None = None

    def __eq__(self, other: object) -> bool:
        """Compare all but the time."""
        return isinstance(other, Enqueued) and self._said() == other._said()

    def __hash__(self) -> int:
        """Agree with the comparison."""
        return hash(self._said())

    def _said(self) -> tuple[UUID, bool, bool]:
        return self.id, self.created, self.replayed


class IdempotencyKey(msgspec.Struct, frozen=True):
    """A caller's Idempotency-Key with the fingerprint of its request (hex SHA-256)."""

    key: str
    fingerprint: str


class ClaimedJob(msgspec.Struct, frozen=True, gc=False):
    """A job that this worker holds under the fence ``(id, lease_no)``.

    Stores give its fields by position: by name they cost ten times as much, 2 µs a job (ADR 6). What they only keep
    comes last, and of that what is JSON (``stores/common/fields.py``).
    """

    id: UUID
    task: str
    args: bytes
    queue: str
    priority: int
    tenant: str
    #: Seconds from ready to claimed, by the store's clock.
    waited: float
    tags: tuple[str, ...]
    round: int
    attempt: int
    crashes: int
    losses: int
    lease_no: int
    created_at: datetime
    run_at: datetime
    expires_at: datetime | None
    max_attempts: int
    timeout_ms: int | None
    args_version: int = 1
    meta: bytes | None = None
    headers: bytes | None = None


class HeldJob(msgspec.Struct, frozen=True, gc=False):
    """A running job seen by a rescuer: the fence, the counters, and what it counts as."""

    id: UUID
    max_attempts: int
    counters: Counters
    #: Of whose figures it is; None where it was not read.
    kind: JobKind | None = None


#: Of a job's names, times and numbers.
_FIXED_WEIGHT = 1_000


class JobView(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a reader may know of a job, by the names of the REST API.

    The ``raw_`` fields keep JSON as it is stored; it is decoded when it is read.
    """

    id: UUID
    tenant: str
    task: str
    queue: str
    priority: int
    raw_args: bytes
    state: State
    reason: Reason | None
    counters: Counters
    max_attempts: int
    timeout_ms: int | None
    created_at: datetime
    run_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    expires_at: datetime | None
    raw_result: bytes | None
    result_error: str | None
    #: JSON object {"type","message","traceback"}
    raw_error: bytes | None
    raw_progress: bytes | None
    worker: str | None
    cancel_requested_at: datetime | None
    unique_key: str | None
    tags: tuple[str, ...]
    #: Of the group of its last error, if it is dead of one.
    fingerprint: str | None
    raw_meta: bytes | None
    raw_headers: bytes | None

    @property
    def args(self) -> dict[str, Any]:
        """The arguments by name, as plain JSON values."""
        args: dict[str, Any] = msgspec.json.decode(self.raw_args)
        return args

    @property
    def result(self) -> Any:
        """What the task returned, as plain JSON values; None before the end. See also ``handle.result()``."""
        return _decoded(self.raw_result)

    @property
    def error(self) -> dict[str, Any] | None:
        """The last error: ``type``, ``message``, ``traceback``; None if no attempt has failed."""
        error: dict[str, Any] | None = _decoded(self.raw_error)
        return error

    @property
    def progress(self) -> Any:
        """The last progress that the handler published: a number 0…1 or an object; None if it published none."""
        return _decoded(self.raw_progress)

    @property
    def meta(self) -> dict[str, Any] | None:
        """The caller's own data."""
        meta: dict[str, Any] | None = _decoded(self.raw_meta)
        return meta

    @property
    def headers(self) -> dict[str, Any] | None:
        """What travels with the job: trace context, actor, version of the program."""
        headers: dict[str, Any] | None = _decoded(self.raw_headers)
        return headers

    @property
    def round(self) -> int:
        """+1 at each redrive."""
        return self.counters.round

    @property
    def attempt(self) -> int:
        """Tries of this round so far."""
        return self.counters.attempt

    @property
    def crashes(self) -> int:
        """How often the job's process died with it."""
        return self.counters.crashes

    @property
    def losses(self) -> int:
        """How often the job's worker was lost."""
        return self.counters.losses

    @property
    def timeout(self) -> float | None:
        """Seconds that one attempt may run; None: the task's own limit, or none."""
        return None if self.timeout_ms is None else self.timeout_ms / 1000

    @property
    def result_truncated(self) -> bool:
        """Whether the result could not be stored whole; ``result_error`` says why."""
        return self.result_error is not None

    def to_dict(self) -> dict[str, Any]:
        """Return what ``GET /api/v1/jobs/{id}`` answers, but for the attempts: plain values that JSON can hold."""
        values: dict[str, Any] = msgspec.to_builtins({name: getattr(self, name) for name in JOB_NAMES})
        return {**values, "tags": list(self.tags)}

    @property
    def weight(self) -> int:
        """About how many bytes the job takes in an answer: arguments, result, error, names and times."""
        parts = (self.raw_args, self.raw_result, self.raw_error, self.raw_progress, self.raw_meta, self.raw_headers)
        return _FIXED_WEIGHT + sum(len(part) for part in (*parts, *self.tags) if part is not None)


#: What a reader is shown of a job, in this order, in Python, REST and the command line.
JOB_NAMES = (
    "id", "task", "args", "queue", "priority", "state", "reason", "round", "attempt", "max_attempts", "crashes",
    "losses", "created_at", "run_at", "started_at", "finished_at", "expires_at", "timeout", "result",
    "result_truncated", "result_error", "error", "progress", "worker", "cancel_requested_at", "tags", "meta",
    "unique_key", "fingerprint", "tenant",
)  # fmt: skip


def _decoded(raw: bytes | None) -> Any:
    return None if raw is None else msgspec.json.decode(raw)


class Sort(StrEnum):
    """The order of a list of jobs, by id: the time at which a program made them."""

    NEWEST = "newest"
    OLDEST = "oldest"


class JobFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which jobs a reader asks for, and in which order; empty means any."""

    tenant: str = DEFAULT_TENANT
    states: tuple[State, ...] = ()
    queue: str | None = None
    task: str | None = None
    tag: str | None = None
    #: Id of the worker that runs the job, or ran its last attempt.
    worker: UUID | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None
    finished_after: datetime | None = None
    finished_before: datetime | None = None
    #: Of a group of errors: the jobs that are dead of one.
    fingerprint: str | None = None
    #: Further conditions; see ``filter_match``.
    terms: tuple[Term, ...] = ()
    sort: Sort = Sort.NEWEST
    #: What the terms see of a payload: nothing that these rules hide. None: all of it.
    hidden: Redaction | None = None


V = TypeVar("V")


class Page(msgspec.Struct, Generic[V], frozen=True):
    """Jobs, in the order of the filter; ``next`` is the id to continue behind, or None at the end."""

    items: list[V]
    next: UUID | None
    #: How many jobs were looked at for this page.
    looked_at: int = 0
    #: False if the search reached its time limit before the page was full or the list ended.
    complete: bool = True
