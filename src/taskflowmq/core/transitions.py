"""What happens next to a running job: ``decide(job, outcome) → Transition``, and the table of legal moves.

A transition is a value. A store writes it only where the fence still fits, so deciding twice, or deciding on two
machines, is harmless: one of them matches the row and the other is counted as stale (I2, I3).

Charges (I5): a claim has already charged the attempt. It is refunded when the handler was not to blame: hand-back,
snooze, crash, loss. Failures and timeouts spend ``max_attempts``; crashes and losses spend budgets of their own.
"""

from __future__ import annotations

from uuid import UUID

import msgspec

from taskflowmq.core.fingerprint import ErrorKind, kind_of
from taskflowmq.core.job import ClaimedJob, Counters, Ended, HeldJob, Reason, State
from taskflowmq.core.retry import MAX_CRASHES, MAX_LOSSES, Retry, rescue_delay_ms

#: Members as globals: looking one up in its enumeration takes as long as making a struct (Python 3.11).
_COMPLETED = State.COMPLETED

LEGAL: dict[State, frozenset[State]] = {
    State.SCHEDULED: frozenset({State.PENDING, State.CANCELLED}),
    State.RETRYING: frozenset({State.PENDING, State.CANCELLED}),
    State.BLOCKED: frozenset({State.PENDING, State.CANCELLED}),
    State.SUSPENDED: frozenset({State.PENDING, State.CANCELLED}),
    # To scheduled by hand only.
    State.PENDING: frozenset({State.RUNNING, State.CANCELLED, State.SCHEDULED}),
    State.RUNNING: frozenset(
        {State.COMPLETED, State.CANCELLED, State.DEAD, State.PENDING, State.RETRYING, State.SCHEDULED}
    ),
    # Only a new round leaves a final state (redrive).
    State.DEAD: frozenset({State.PENDING}),
    State.COMPLETED: frozenset(),
    State.CANCELLED: frozenset(),
}


class Succeeded(msgspec.Struct, frozen=True, gc=False):
    """The handler returned. ``result`` is JSON; ``result_error`` says why it could not be stored whole."""

    result: bytes | None = None
    result_error: str | None = None


class Failed(msgspec.Struct, frozen=True, gc=False):
    """The handler raised. ``retry_after_ms`` overrides the policy's delay; ``retry`` False ends the round."""

    error: bytes
    retry: bool = True
    retry_after_ms: int | None = None


class TimedOut(msgspec.Struct, frozen=True, gc=False):
    """The handler ran past its timeout and was stopped."""

    error: bytes


class Snoozed(msgspec.Struct, frozen=True, gc=False):
    """The handler asked to be run again later; costs no attempt."""

    delay_ms: int


class Stopped(msgspec.Struct, frozen=True, gc=False):
    """The body ended because of a cancel request, or by raising ``Cancel``."""

    by_handler: bool
    error: bytes | None = None


class Discarded(msgspec.Struct, frozen=True, gc=False):
    """The handler raised ``Discard``: dead at once, without further attempts."""

    error: bytes


class Invalid(msgspec.Struct, frozen=True, gc=False):
    """The stored arguments do not fit the task's signature: no attempt can help."""

    error: bytes


class HandedBack(msgspec.Struct, frozen=True, gc=False):
    """Drain, recycle, pause, or never started: the job goes back to its queue as if it had never been claimed."""


class Crashed(msgspec.Struct, frozen=True, gc=False):
    """The process died with the job in it."""

    error: bytes | None = None


class Lost(msgspec.Struct, frozen=True, gc=False):
    """The whole worker was lost: its lease ended without a renewal."""


Outcome = Succeeded | Failed | TimedOut | Snoozed | Stopped | Discarded | Invalid | HandedBack | Crashed | Lost


class Transition(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One decided change of one running job, to be written under the fence ``(job_id, lease_no)``.

    ``counters`` are those after the change (their ``lease_no`` is the fence). ``to`` is a final state, ``pending``
    (ready again at once) or ``retrying``/``scheduled`` (due after ``delay_ms``). ``ended`` names the attempt row
    to write; None writes none. Where a cancel request waits for the job, a store writes :func:`obey_cancel` of it.
    """

    job_id: UUID
    counters: Counters
    to: State
    reason: Reason | None = None
    delay_ms: int = 0
    ended: Ended | None = None
    result: bytes | None = None
    result_error: str | None = None
    error: bytes | None = None
    #: The handler completed this very fence in a transaction of its own. If that was committed, the store holds the
    #: completion, and this transition is a replay of it.
    completed_by_caller: bool = False
    #: Of an attempt that failed; None where its task is unknown. A store keeps the fingerprint of a dead job.
    kind: ErrorKind | None = None


def decide(job: ClaimedJob | HeldJob, outcome: Outcome, *, policy: Retry | None = None, rand: float) -> Transition:
    """Decide what becomes of a running job.

    Args:
        job: the job under its fence.
        outcome: what happened to the attempt.
        policy: the task's retry policy; the default one where the decider does not know the task.
        rand: a random number, 0 ≤ rand < 1, for the jitter.

    Returns:
        the transition to write.
    """
    held = (
        job.counters
        if isinstance(job, HeldJob)
        else Counters(job.round, job.attempt, job.crashes, job.losses, job.lease_no)
    )
    match outcome:
        case Succeeded():
            return Transition(
                job_id=job.id,
                counters=held,
                to=_COMPLETED,
                result=outcome.result,
                result_error=outcome.result_error,
            )
        case Failed(error, retry, after):
            wait = after if after is not None else (policy or Retry()).delay_ms(held.attempt, rand)
            again = retry and held.attempt < job.max_attempts
            return _failure(job, held, Ended.FAILED, error, Reason.ATTEMPTS_EXHAUSTED, wait if again else None)
        case TimedOut(error):
            wait = (policy or Retry()).delay_ms(held.attempt, rand)
            again = held.attempt < job.max_attempts
            return _failure(job, held, Ended.TIMEOUT, error, Reason.TIMEOUT, wait if again else None)
        case Discarded(error):
            return _failure(job, held, Ended.DISCARDED, error, Reason.DISCARDED, None)
        case Invalid(error):
            return _failure(job, held, Ended.FAILED, error, Reason.INVALID_ARGUMENTS, None)
        case Stopped(by_handler, error):
            reason = Reason.CANCELLED_BY_HANDLER if by_handler else Reason.CANCELLED_BY_USER
            return Transition(
                job_id=job.id, counters=held, to=State.CANCELLED, reason=reason, ended=Ended.CANCELLED, error=error
            )
        case Snoozed(delay_ms):
            return Transition(
                job_id=job.id, counters=_refund(held), to=State.SCHEDULED, delay_ms=delay_ms, ended=Ended.SNOOZED
            )
        case HandedBack():
            return Transition(job_id=job.id, counters=_refund(held), to=State.PENDING)
        case Crashed(error):
            return _crash(job, held, error, rand)
        case Lost():
            return _loss(job, held, rand)


def fingerprint_of(change: Transition) -> str | None:
    """Return the fingerprint that a store keeps of a transition: of a dead job's last error."""
    return change.kind.fingerprint if change.kind is not None and change.to is State.DEAD else None


def obey_cancel(change: Transition) -> Transition:
    """Return what a store writes of a transition when a cancel request waits for its job.

    A final transition stands: the job ended before it could be stopped, and its result or error must not be lost.
    Any other would run the job again, against the request: it becomes ``cancelled``. The attempt still ended as it
    ended, so its row is written.
    """
    if change.to.final:
        return change
    return msgspec.structs.replace(change, to=State.CANCELLED, reason=Reason.CANCELLED_BY_USER)


def _failure(
    job: ClaimedJob | HeldJob, held: Counters, ended: Ended, error: bytes, reason: Reason, wait_ms: int | None
) -> Transition:
    kind = _kind(job, ended, error)
    if wait_ms is None:
        return Transition(
            job_id=job.id, counters=held, to=State.DEAD, reason=reason, ended=ended, error=error, kind=kind
        )
    return Transition(
        job_id=job.id, counters=held, to=State.RETRYING, delay_ms=wait_ms, ended=ended, error=error, kind=kind
    )


def _crash(job: ClaimedJob | HeldJob, held: Counters, error: bytes | None, rand: float) -> Transition:
    counters = msgspec.structs.replace(_refund(held), crashes=held.crashes + 1)
    is_last = counters.crashes >= MAX_CRASHES
    return Transition(
        job_id=job.id,
        counters=counters,
        to=State.DEAD if is_last else State.RETRYING,
        reason=Reason.CRASH_LOOP if is_last else None,
        delay_ms=0 if is_last else rescue_delay_ms(counters.crashes, rand),
        ended=Ended.CRASHED,
        error=error,
        kind=_kind(job, Ended.CRASHED, error),
    )


def _loss(job: ClaimedJob | HeldJob, held: Counters, rand: float) -> Transition:
    counters = msgspec.structs.replace(_refund(held), losses=held.losses + 1)
    is_last = counters.losses >= MAX_LOSSES
    return Transition(
        job_id=job.id,
        counters=counters,
        to=State.DEAD if is_last else State.RETRYING,
        reason=Reason.WORKER_LOST if is_last else None,
        delay_ms=0 if is_last else rescue_delay_ms(counters.losses, rand),
        ended=Ended.LOST,
        kind=_kind(job, Ended.LOST, None),
    )


def _kind(job: ClaimedJob | HeldJob, ended: Ended, error: bytes | None) -> ErrorKind | None:
    if isinstance(job, ClaimedJob):
        return kind_of(job.tenant, job.task, ended, error)
    return None if job.kind is None else kind_of(job.kind.tenant, job.kind.task, ended, error)


def _refund(held: Counters) -> Counters:
    return msgspec.structs.replace(held, attempt=max(held.attempt - 1, 0))
