"""Bulk operations: one operation by hand on many jobs, done in chunks by a duty.

The set of jobs is frozen when the operation is accepted: jobs that are newer, or that end later, are not touched. A
first walk collects the ids, in chunks; then each chunk is acted on, once. What may be done to a job is decided by
:mod:`taskflowmq.core.operations`, again when its chunk is acted on: a job that no longer fits is left as it is, and
counted with the reason.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from taskflowmq.core import operations
from taskflowmq.core.errors import BulkNotFound, Conflict, InvalidJob
from taskflowmq.core.filter_text import parse_filter
from taskflowmq.core.job import FINAL, IdempotencyKey, JobFilter, Sort, State
from taskflowmq.core.operations import Answer, Decision, Move, NewLane, NewTime
from taskflowmq.core.redaction import Redaction
from taskflowmq.core.validation import check_int

#: Most jobs of one chunk: they are acted on in one transaction.
CHUNK = 500
#: Seconds in which an operation that destroys can be undone: it does not begin before.
UNDO_S = 8.0
#: Most jobs of one operation that names them.
MOST_IDS = 10_000
#: Most jobs per second that a rate can say.
MOST_RATE = 100_000
#: Most jobs that a count looks for, and for how long, in seconds.
MOST_COUNTED, COUNT_S = 10_000, 0.25
#: How many jobs a dry run shows.
SAMPLE = 5
#: How long an operation that has ended is kept, with what became of each job.
KEPT = timedelta(days=7)
#: Seconds of a rate that may be made up for after a pause.
_CATCH_UP = timedelta(seconds=1)


class BulkAction(StrEnum):
    """What is done to each job."""

    RETRY = "retry"
    CANCEL = "cancel"
    DELETE = "delete"
    #: Cancel what waits, and delete it with what has ended.
    PURGE = "purge"
    #: Make what waits due at another time.
    RESCHEDULE = "reschedule"
    #: Give what waits another queue or priority.
    MOVE = "move"

    @property
    def destroys(self) -> bool:
        """Whether it cannot be taken back, so that it waits for :data:`UNDO_S`."""
        return self is not BulkAction.RETRY


class BulkState(StrEnum):
    """How far an operation is."""

    #: Accepted; it has touched no job.
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    #: Ended by hand; the jobs that it had not reached are untouched.
    STOPPED = "stopped"
    #: Ended by hand before it began.
    UNDONE = "undone"
    #: It cannot continue; ``problem`` says why.
    FAILED = "failed"

    @property
    def ended(self) -> bool:
        """Whether nothing follows."""
        return self not in (BulkState.WAITING, BulkState.RUNNING)


#: What became of one job, by the number that chunks store. 0: nothing yet. Numbers never change.
OUTCOMES = (
    "",
    "new_round",
    "due_now",
    "cancelled",
    "requested",
    "deleted",
    "not_found",
    "conflict",
    "final",
    "changed",
    "moving",
    "rescheduled",
    "expires",
    "moved",
    "unchanged",
)
_CODES = {name: code for code, name in enumerate(OUTCOMES)}
#: Outcomes of jobs that were acted on; the others were left as they were.
_DONE = frozenset({"new_round", "due_now", "cancelled", "requested", "deleted", "rescheduled", "moved", "unchanged"})

_DECIDE: Mapping[BulkAction, Callable[[State | None], Decision[Any]]] = {
    BulkAction.RETRY: operations.retry,
    BulkAction.CANCEL: operations.cancel,
    BulkAction.DELETE: operations.delete,
    BulkAction.PURGE: operations.purge,
    BulkAction.RESCHEDULE: partial(operations.reschedule, later=True),
    BulkAction.MOVE: partial(operations.move, there=False),
}
#: The states of jobs that a purge of a queue means unless others are named: what waits.
PURGED = (State.PENDING, State.SCHEDULED, State.RETRYING)


class Due(NamedTuple):
    """The new time of the jobs of a chunk that are rescheduled.

    Args:
        at: the time.
        later: whether it is in the future.
        expiries: when those of the jobs expire that do.
    """

    at: datetime
    later: bool
    expiries: Mapping[UUID, datetime]


class Params(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What an operation needs beside its jobs, as it is stored.

    Args:
        run_at: the time at which rescheduled jobs are due.
        queue, priority: of jobs that are moved, one of them or both.
    """

    run_at: datetime | None = None
    queue: str | None = None
    priority: int | None = None

    @property
    def lane(self) -> NewLane | None:
        """Where jobs are moved to; None: they are not."""
        return None if self.queue is None and self.priority is None else NewLane(self.queue, self.priority)

    @property
    def told(self) -> dict[str, Any]:
        """What it says, without what it leaves out."""
        named = {"run_at": self.run_at, "queue": self.queue, "priority": self.priority}
        return {name: value for name, value in named.items() if value is not None}


class NewBulk(msgspec.Struct, frozen=True, kw_only=True):
    """An operation to accept.

    Args:
        id: made by the caller, so that a repeat of the same call is a no-op.
        tenant: whose jobs.
        action: what to do to each.
        filter: which jobs, as text; None if they are named.
        ids: the jobs, each once; empty with a filter.
        reason: why, for others.
        actor: who.
        rate: most jobs per second; None: as fast as it goes.
        undo_ms: how long it waits before it begins.
        due: when rescheduled jobs are to run; a delay counts from the acceptance.
        lane: where jobs are moved to.
        key: the caller's ``Idempotency-Key``.
    """

    id: UUID
    tenant: str
    action: BulkAction
    actor: str
    filter: str | None = None
    ids: tuple[UUID, ...] = ()
    reason: str | None = None
    rate: int | None = None
    undo_ms: int = 0
    due: NewTime | None = None
    lane: NewLane | None = None
    key: IdempotencyKey | None = None


class Bulk(msgspec.Struct, frozen=True, kw_only=True):
    """An operation as readers see it, and as the duty continues it."""

    id: UUID
    tenant: str
    action: BulkAction
    filter: str | None
    reason: str | None
    actor: str
    rate: int | None
    state: BulkState
    created_at: datetime
    undo_until: datetime | None
    started_at: datetime | None
    finished_at: datetime | None
    #: Jobs that were collected so far; all of them once :attr:`collected`.
    total: int
    collected: bool
    #: The last id that was looked at for the collection.
    position: UUID | None
    #: Chunks that were collected, and that were acted on.
    chunks: int
    acted: int
    #: When the next chunk may be acted on, for the rate.
    next_at: datetime | None
    #: How many jobs have which outcome.
    counts: dict[str, int]
    problem: str | None
    params: Params | None = None

    @property
    def done(self) -> int:
        """Jobs that were acted on."""
        return sum(count for name, count in self.counts.items() if name in _DONE)

    @property
    def failed(self) -> int:
        """Jobs that were left as they were, because they no longer fitted."""
        return sum(count for name, count in self.counts.items() if name not in _DONE)

    @property
    def chunk(self) -> int:
        """Jobs of one chunk: with a rate, those of a second."""
        return CHUNK if self.rate is None else min(self.rate, CHUNK)

    def query(self, hidden: Redaction | None = None) -> JobFilter:
        """Return which jobs are meant: those that fitted when the operation was accepted, the oldest first.

        Args:
            hidden: what its operator does not see, and so does not find.

        Raises:
            BadFilter: the filter was stored by a version that knows more.
        """
        query = jobs_for(self.action, self.tenant, self.filter or "")
        return msgspec.structs.replace(query, created_before=self.created_at, sort=Sort.OLDEST, hidden=hidden)


class BulkResult(msgspec.Struct, frozen=True):
    """What became of one job; no outcome: nothing yet."""

    job_id: UUID
    outcome: str | None

    @property
    def failed(self) -> bool:
        """Whether the job was left as it was."""
        return self.outcome is not None and self.outcome not in _DONE


class Counted(NamedTuple):
    """How many jobs fit; if it is not exact, at least this many."""

    value: int
    exact: bool


def possible_states(action: BulkAction) -> tuple[State, ...]:
    """Return the states in which an action is possible."""
    return tuple(state for state in State if _DECIDE[action](state).move is not None)


def jobs_for(action: BulkAction, tenant: str, text: str) -> JobFilter:
    """Return the filter of a text without the jobs whose state does not allow an action.

    Raises:
        BadFilter: the text is no filter.
    """
    return JobFilter(tenant=tenant, states=possible_states(action), terms=parse_filter(text))


def purge_filter(queue: str, states: Sequence[State] | None) -> str:
    """Return the text of the filter of a purge of a queue.

    Args:
        queue: a checked name.
        states: of the jobs; None: :data:`PURGED`.

    Raises:
        InvalidJob: no state, or one of jobs that a purge does not touch.
    """
    wanted = PURGED if states is None else tuple(dict.fromkeys(states))
    allowed = possible_states(BulkAction.PURGE)
    if not wanted or not set(wanted) <= set(allowed):
        raise InvalidJob.at("/states", f"must name one or more of: {', '.join(allowed)}")
    return f"queue:{queue} state:{','.join(wanted)}"


def check_rate(rate: object) -> int | None:
    """Return a rate in jobs per second; None: as fast as it goes.

    Raises:
        InvalidJob: it is none.
    """
    return None if rate is None else check_int("/rate", rate, 1, MOST_RATE)


def read_action(given: str) -> BulkAction:
    """Return an action that was given by name.

    Raises:
        InvalidJob: it is none.
    """
    try:
        return BulkAction(given)
    except ValueError:
        text = f"{given!r:.40} is not an action; actions are: {', '.join(BulkAction)}"
        raise InvalidJob.at("/action", text) from None


def ended_by(query: JobFilter, states: Sequence[State], at: datetime) -> JobFilter:
    """Return a filter without jobs that ended after a moment, if only ended jobs can fit.

    Args:
        query: the filter.
        states: of jobs that can fit.
        at: the moment.
    """
    if not states or not FINAL.issuperset(states):
        return query
    before = at if query.finished_before is None else min(at, query.finished_before)
    return msgspec.structs.replace(query, finished_before=before)


class Plan(NamedTuple):
    """What to do to the jobs of a chunk."""

    #: By move, the jobs and the answer of each once it is written.
    moves: dict[Move, dict[UUID, str]]
    #: Jobs that are left as they are, with the reason.
    left: dict[UUID, str]


def plan(
    action: BulkAction,
    ids: Sequence[UUID],
    places: Mapping[UUID, State],
    states: Sequence[State],
    due: Due | None = None,
    there: Collection[UUID] = (),
) -> Plan:
    """Decide what is done to jobs.

    Args:
        action: the operation.
        ids: the jobs.
        places: where they are; a job that is missing does not exist.
        states: of jobs that the operation's filter means; none means any.
        due: the new time of jobs that are rescheduled.
        there: those of jobs that are moved which are in their new place already.
    """
    decide = _DECIDE[action] if due is None else partial(operations.reschedule, later=due.later)
    found = Plan({}, {})
    for job_id in ids:
        state = places.get(job_id)
        answer, move = operations.move(state, there=True) if job_id in there else decide(state)
        if move is None:
            found.left[job_id] = _reason(answer)
        elif states and state not in states:
            found.left[job_id] = "changed"
        elif due is not None and operations.expires_before(due.at, due.expiries.get(job_id)):
            found.left[job_id] = "expires"
        else:
            found.moves.setdefault(move, {})[job_id] = str(answer)
    # In one order, so that two operations on the same jobs lock in the same order.
    return Plan({move: found.moves[move] for move in Move if move in found.moves}, found.left)


def _reason(answer: Answer) -> str:
    return str(answer.value)


def params_of(new: NewBulk, now: datetime) -> Params | None:
    """Return what an operation needs beside its jobs: the time of a reschedule is fixed when it is accepted."""
    if new.lane is not None:
        return Params(queue=new.lane.queue, priority=new.lane.priority)
    return None if new.due is None else Params(run_at=new.due.on(now))


def encode_params(params: Params | None) -> str | None:
    """Return the stored form of what an operation needs beside its jobs."""
    return None if params is None else msgspec.json.encode(params).decode()


def decode_params(stored: str | None) -> Params | None:
    """Return it from its stored form."""
    return None if stored is None else msgspec.json.decode(stored, type=Params)


def encode_outcomes(ids: Sequence[UUID], outcomes: Mapping[UUID, str]) -> bytes:
    """Return what became of the jobs of a chunk, one byte each; a job without an outcome kept moving."""
    return bytes(_CODES[outcomes.get(job_id, "moving")] for job_id in ids)


def decode_outcomes(ids: Sequence[UUID], stored: bytes | None) -> list[BulkResult]:
    """Return what became of the jobs of a chunk; None: nothing yet."""
    codes = stored or bytes(len(ids))
    # A later version may have outcomes that this one does not know.
    names = [OUTCOMES[code] if code < len(OUTCOMES) else "unknown" for code in codes]
    return [BulkResult(job_id, name or None) for job_id, name in zip(ids, names, strict=True)]


def added(counts: Mapping[str, int], outcomes: bytes) -> dict[str, int]:
    """Return counts with those of one more chunk."""
    total = dict(counts)
    for code in outcomes:
        total[OUTCOMES[code]] = total.get(OUTCOMES[code], 0) + 1
    return total


class Next(StrEnum):
    """What the duty does next for an operation."""

    COLLECT = "collect"
    ACT = "act"
    FINISH = "finish"
    #: Nothing before a time.
    WAIT = "wait"
    #: It has ended.
    NOTHING = "nothing"


def what_next(bulk: Bulk, now: datetime) -> tuple[Next, datetime | None]:
    """Return what is next, and for :attr:`Next.WAIT` until when.

    Args:
        bulk: the operation, as it is stored now.
        now: the store's time.
    """
    if bulk.state.ended:
        return Next.NOTHING, None
    if not bulk.collected:
        return Next.COLLECT, None
    begins = max(filter(None, (bulk.undo_until, bulk.next_at)), default=now)
    if begins > now:
        return Next.WAIT, begins
    return (Next.ACT if bulk.acted < bulk.chunks else Next.FINISH), None


def next_after(bulk: Bulk, jobs: int, now: datetime) -> datetime | None:
    """Return when the chunk after one of this many jobs may be acted on, by the rate; None: at once."""
    if bulk.rate is None:
        return None
    since = now if bulk.next_at is None else max(bulk.next_at, now - _CATCH_UP)
    return since + timedelta(seconds=jobs / bulk.rate)


def stop(bulk: Bulk) -> BulkState | None:
    """Return the state of an operation that a user stops; None: it is stopped already.

    Raises:
        Conflict: it has ended otherwise.
    """
    if bulk.state in (BulkState.STOPPED, BulkState.UNDONE):
        return None
    if bulk.state.ended:
        raise Conflict(f"bulk operation {bulk.id} is {bulk.state}, so it cannot be stopped")
    return BulkState.STOPPED


def undo(bulk: Bulk) -> BulkState | None:
    """Return the state of an operation that a user takes back before it begins; None: it is undone already.

    Raises:
        Conflict: it has begun, or ended.
    """
    if bulk.state is BulkState.UNDONE:
        return None
    if bulk.state is BulkState.WAITING:
        return BulkState.UNDONE
    why = "has begun: stop it instead" if bulk.state is BulkState.RUNNING else f"is {bulk.state}"
    raise Conflict(f"bulk operation {bulk.id} {why}, so it cannot be undone")


def no_bulk(bulk_id: UUID) -> BulkNotFound:
    """Return the error for an operation that the tenant does not have."""
    return BulkNotFound(f"there is no bulk operation {bulk_id}: those that ended are kept for {KEPT.days} days")
