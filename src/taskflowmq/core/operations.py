"""What a user may do to a job by hand, by the job's state: cancel it, retry it, reschedule it, move it, delete it.

A store reads where the job is, calls :func:`cancel`, :func:`retry`, :func:`reschedule`, :func:`move` or
:func:`delete`, and writes the move that it returns. It writes only if the job is still in that place. If the job has
moved meanwhile, the store writes nothing and begins again, :data:`MOST_LOOKS` times. A store that reads and writes in
one transaction that excludes every other writer needs one read.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import Enum, StrEnum
from typing import Generic, NamedTuple, TypeVar
from uuid import UUID

from taskflowmq.core.errors import Conflict, InvalidJob, JobNotFound, NotWaiting
from taskflowmq.core.job import FINAL, State
from taskflowmq.core.transitions import LEGAL

#: If a job has moved between read and write this many times in a row, the operation is refused.
MOST_LOOKS = 20
#: Most jobs of one request that names them.
MOST_SELECTED = 200

A = TypeVar("A")


class CancelAnswer(StrEnum):
    """What a request to cancel did."""

    #: The job had not started; it is cancelled now.
    CANCELLED = "cancelled"
    #: The job is running; its worker will receive a stop request.
    REQUESTED = "requested"
    #: The job had already ended; nothing changed.
    FINAL = "final"
    NOT_FOUND = "not_found"


class RetryAnswer(StrEnum):
    """What a request to retry by hand did."""

    NEW_ROUND = "new_round"
    DUE_NOW = "due_now"
    CONFLICT = "conflict"
    NOT_FOUND = "not_found"


class RescheduleAnswer(StrEnum):
    """What a request to reschedule did."""

    #: It waits until the new time.
    RESCHEDULED = "rescheduled"
    #: The new time is not in the future: it is ready.
    DUE_NOW = "due_now"
    CONFLICT = "conflict"
    NOT_FOUND = "not_found"


class MoveAnswer(StrEnum):
    """What a request to move to another queue or priority did."""

    MOVED = "moved"
    #: It has that queue and that priority already; nothing changed.
    UNCHANGED = "unchanged"
    CONFLICT = "conflict"
    NOT_FOUND = "not_found"


class DeleteAnswer(StrEnum):
    """What a request to delete did."""

    DELETED = "deleted"
    CONFLICT = "conflict"
    NOT_FOUND = "not_found"


Answer = CancelAnswer | RetryAnswer | RescheduleAnswer | MoveAnswer | DeleteAnswer


class NewTime(NamedTuple):
    """When a job is to run instead.

    Args:
        at: the time; None: after the delay, by the store's clock.
        delay_ms: the delay.
    """

    at: datetime | None = None
    delay_ms: int = 0

    def on(self, now: datetime) -> datetime:
        """Return the time.

        Args:
            now: the store's time.
        """
        return now + timedelta(milliseconds=self.delay_ms) if self.at is None else self.at


class LaneName(NamedTuple):
    """A lane of a tenant, by its names."""

    queue: str
    priority: int
    share: str


class NewLane(NamedTuple):
    """Where a job is to wait instead.

    Args:
        queue: the other queue; None: the same.
        priority: the other priority; None: the same.
    """

    queue: str | None = None
    priority: int | None = None

    def of(self, lane: LaneName) -> LaneName:
        """Return the lane for a job that is in one; it keeps its share.

        Args:
            lane: where the job is.
        """
        return LaneName(
            lane.queue if self.queue is None else self.queue,
            lane.priority if self.priority is None else self.priority,
            lane.share,
        )


class Move(Enum):
    """What a store writes."""

    #: ready → outcome (cancelled); its unique key is freed.
    CANCEL_READY = "cancel_ready"
    #: waiting → outcome (cancelled); its unique key is freed.
    CANCEL_WAITING = "cancel_waiting"
    #: It stays in running; a cancel request is noted.
    REQUEST_CANCEL = "request_cancel"
    #: outcome (dead) → ready, in a new round: all counters but the fence begin at 0.
    BEGIN_ROUND = "begin_round"
    #: waiting for its time → ready, as if the time had come.
    MAKE_DUE = "make_due"
    #: ready → waiting, scheduled for a time that is given.
    PARK = "park"
    #: It stays in waiting, for another time.
    SET_DUE = "set_due"
    #: ready → ready, in another lane.
    CHANGE_LANE_READY = "change_lane_ready"
    #: It stays in waiting, for another lane.
    CHANGE_LANE_WAITING = "change_lane_waiting"
    #: Its outcome and attempts go; its bare id is kept.
    DELETE = "delete"
    #: Both in one transaction: it is cancelled where it is, and deleted.
    PURGE_READY = "purge_ready"
    PURGE_WAITING = "purge_waiting"

    @property
    def steps(self) -> tuple[Move, ...]:
        """The moves that are written for it, one after the other in one transaction."""
        return _STEPS.get(self, (self,))

    @property
    def makes_ready(self) -> bool:
        """Whether workers of the job's queue are to be woken."""
        return self in _MAKE_READY


_STEPS = {
    Move.PURGE_READY: (Move.CANCEL_READY, Move.DELETE),
    Move.PURGE_WAITING: (Move.CANCEL_WAITING, Move.DELETE),
}
_MAKE_READY = frozenset({Move.BEGIN_ROUND, Move.MAKE_DUE, Move.CHANGE_LANE_READY})
#: Where a job waits for its time. What waits for another job or an event does not become ready by hand.
_TIMED = frozenset({State.SCHEDULED, State.RETRYING})


class Decision(NamedTuple, Generic[A]):
    """What to write, and the answer once it is written; no move is a refusal."""

    answer: A
    move: Move | None = None


def cancel(state: State | None) -> Decision[CancelAnswer]:
    """Decide a request to cancel.

    Args:
        state: where the job is; None if the tenant has no such job.
    """
    if state is None:
        return Decision(CancelAnswer.NOT_FOUND)
    if State.CANCELLED not in LEGAL[state]:
        return Decision(CancelAnswer.FINAL)
    if state is State.RUNNING:  # only its worker knows when the body has stopped
        return Decision(CancelAnswer.REQUESTED, Move.REQUEST_CANCEL)
    return Decision(CancelAnswer.CANCELLED, Move.CANCEL_READY if state is State.PENDING else Move.CANCEL_WAITING)


def retry(state: State | None) -> Decision[RetryAnswer]:
    """Decide a request to retry: a new round for a dead job, due now for one that waits for its time.

    Args:
        state: where the job is; None if the tenant has no such job.
    """
    if state is None:
        return Decision(RetryAnswer.NOT_FOUND)
    if state in FINAL and State.PENDING in LEGAL[state]:
        return Decision(RetryAnswer.NEW_ROUND, Move.BEGIN_ROUND)
    if state in _TIMED:
        return Decision(RetryAnswer.DUE_NOW, Move.MAKE_DUE)
    return Decision(RetryAnswer.CONFLICT)


def reschedule(state: State | None, *, later: bool) -> Decision[RescheduleAnswer]:
    """Decide a request to reschedule: another time for a job that waits, ready or not.

    Args:
        state: where the job is; None if the tenant has no such job.
        later: whether the new time is in the future. A ready job whose time is not stays at its position.
    """
    if state is None:
        return Decision(RescheduleAnswer.NOT_FOUND)
    if state not in _TIMED and state is not State.PENDING:
        return Decision(RescheduleAnswer.CONFLICT)
    if later:
        return Decision(RescheduleAnswer.RESCHEDULED, Move.PARK if state is State.PENDING else Move.SET_DUE)
    return Decision(RescheduleAnswer.DUE_NOW, None if state is State.PENDING else Move.MAKE_DUE)


def move(state: State | None, *, there: bool) -> Decision[MoveAnswer]:
    """Decide a request to move: another lane for a job that waits, ready or not.

    Args:
        state: where the job is; None if the tenant has no such job.
        there: whether it is in that lane already.
    """
    if state is None:
        return Decision(MoveAnswer.NOT_FOUND)
    if state not in _TIMED and state is not State.PENDING:
        return Decision(MoveAnswer.CONFLICT)
    if there:
        return Decision(MoveAnswer.UNCHANGED)
    ready = state is State.PENDING
    return Decision(MoveAnswer.MOVED, Move.CHANGE_LANE_READY if ready else Move.CHANGE_LANE_WAITING)


def expires_before(due: datetime, expires_at: datetime | None) -> bool:
    """Tell whether a job expires before a new time, so that it would never start."""
    return expires_at is not None and due >= expires_at


def check_expiry(due: datetime, expires_at: datetime | None) -> None:
    """Return if a job does not expire before its new time.

    Raises:
        InvalidJob: it does, so it would never start.
    """
    if expires_at is not None and expires_before(due, expires_at):
        text = f"the job expires at {expires_at:%Y-%m-%d %H:%M:%S} UTC: choose a time before that"
        raise InvalidJob.at("/run_at", text)


def delete(state: State | None) -> Decision[DeleteAnswer]:
    """Decide a request to delete: only a job that has ended can be deleted.

    Args:
        state: where the job is; None if the tenant has no such job.
    """
    if state is None:
        return Decision(DeleteAnswer.NOT_FOUND)
    if state in FINAL:
        return Decision(DeleteAnswer.DELETED, Move.DELETE)
    return Decision(DeleteAnswer.CONFLICT)


def purge(state: State | None) -> Decision[DeleteAnswer]:
    """Decide a request to purge: what waits is cancelled and deleted, what has ended is deleted. What runs goes on.

    Args:
        state: where the job is; None if the tenant has no such job.
    """
    if state is None:
        return Decision(DeleteAnswer.NOT_FOUND)
    if state is State.RUNNING or state in FINAL:
        return delete(state)
    return Decision(DeleteAnswer.DELETED, Move.PURGE_READY if state is State.PENDING else Move.PURGE_WAITING)


#: Why each operation is refused where the job exists.
_REFUSED: dict[type[Answer], str] = {
    CancelAnswer: "has ended, so it cannot be cancelled",
    RetryAnswer: "is neither dead nor waiting for its time, so it cannot be retried",
    RescheduleAnswer: "runs or has ended, so it cannot be rescheduled",
    MoveAnswer: "runs or has ended, so it cannot be moved to another queue or priority",
    DeleteAnswer: "has not ended, so it cannot be deleted: cancel it first",
}


def not_found(job_id: UUID, *, enqueued_here: bool = False) -> JobNotFound:
    """Return the error for a job that the tenant does not have.

    Args:
        job_id: the job.
        enqueued_here: whether the caller has enqueued it, maybe in a transaction of its own.
    """
    why = ", or its transaction is not committed" if enqueued_here else ""
    return JobNotFound(f"there is no job {job_id}{why}")


def moving(job_id: UUID) -> Conflict:
    """Return the error for a job that has moved between read and write :data:`MOST_LOOKS` times."""
    return Conflict(f"job {job_id} changed state during every try of this operation: try again")


def check(answer: Answer, job_id: UUID) -> None:
    """Return if the operation was done.

    Raises:
        JobNotFound: there is no such job.
        Conflict: the job's state does not allow the operation (:class:`NotWaiting` for reschedule and move); nothing
            changed.
    """
    if answer.value == "not_found":
        raise not_found(job_id)
    if answer.value in ("conflict", "final"):
        refusal = NotWaiting if isinstance(answer, RescheduleAnswer | MoveAnswer) else Conflict
        raise refusal(f"job {job_id} {_REFUSED[type(answer)]}")
