"""Replay or stale: what a transition means if the store no longer holds its fence (I2, I3).

A worker, its supervisor and the rescuer repeat a settle whose answer was lost, each under the fence that it knows. The
store writes one transition per fence. For any other, it reads what it holds of the fence, and :func:`judge` decides
whether that is the effect of this very transition.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from taskflowmq.core.job import Ended, State
from taskflowmq.core.transitions import LEGAL, Transition

_RUNNING, _COMPLETED, _PENDING = State.RUNNING, State.COMPLETED, State.PENDING
#: Only the attempt rows of a job's last claims are certain to be kept (``bound_attempts``).
KEPT_CLAIMS = 90


class StoredFate(NamedTuple):
    """What the store holds of a fence: where its job is now, and how the attempt of this fence ended."""

    #: The job's state now, whatever the fence; None if there is no such job (any more).
    state: State | None
    #: The ``lease_no`` at the job's place; None if there is no such job.
    lease_no: int | None
    #: The word in the attempt's row of this fence; None if there is no row.
    ended: Ended | None


class Verdict(StrEnum):
    """What a transition is to the store."""

    #: The job runs under this fence: the transition may be written.
    HELD = "held"
    #: The store holds the effect of this very transition.
    REPLAYED = "replayed"
    #: The fence was settled otherwise, or the store holds nothing of it any more.
    STALE = "stale"


def judge(change: Transition, stored: StoredFate) -> Verdict:
    """Say what a transition is to the store.

    Args:
        change: the transition that is to be written.
        stored: what the store holds of its fence, read as of one moment.
    """
    if stored.state is _RUNNING and stored.lease_no == change.counters.lease_no:
        return Verdict.HELD
    return Verdict.REPLAYED if _holds_effect(change, stored) else Verdict.STALE


def left_by(change: Transition) -> StoredFate:
    """Return what a store holds of a fence right after this transition was written."""
    return StoredFate(change.to, change.counters.lease_no, change.ended)


def _holds_effect(change: Transition, stored: StoredFate) -> bool:
    claims_since = -1 if stored.lease_no is None else stored.lease_no - change.counters.lease_no
    if claims_since < 0:
        # The job was deleted, with all that was known of the fence, or no claim ever had this fence.
        return False
    if change.completed_by_caller and stored.state is _COMPLETED and claims_since == 0:
        # The effect of the handler's own transaction: what the worker decided afterwards is void, not late.
        return True
    if stored.ended != change.ended:
        # The attempt's row says who settled the fence. It is written with the transition and outlives every move of
        # the job; only a completion and a hand-back write none. So where the job is cancelled and there is no row, it
        # was handed back first: a failure, a snooze or a loss under a cancel request leaves its row. Two that may
        # settle one fence never share a word unless they decide the same: a rescuer says lost, a supervisor crashed,
        # timeout or nothing, and the worker alone says the rest, once per attempt.
        return False
    later = _LATER[change.to]
    if claims_since == 0:
        return stored.state in later
    if change.ended is None and claims_since >= KEPT_CLAIMS:
        # The row may have been there and is not kept: what looks like a hand-back may have been a rescue.
        return False
    # Claimed again: only from where a job becomes ready once more. Nothing leaves completed and cancelled.
    return _PENDING in later


def _later(state: State) -> frozenset[State]:
    found, todo = {state}, [state]
    while todo:
        new = LEGAL[todo.pop()] - {_RUNNING} - found
        found |= new
        todo += new
    return frozenset(found)


#: Where a job may be under the same fence after a transition to this state, that is until it is claimed again. That
#: a cancel request turns a move into ``cancelled`` is covered: whatever is not final may be cancelled later as well.
_LATER: dict[State, frozenset[State]] = {state: _later(state) for state in State}
