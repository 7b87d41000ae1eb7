"""What a user may do by hand: every operation in every state."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import UUID

import pytest

from taskflowmq.core import operations
from taskflowmq.core.errors import Conflict, InvalidJob, JobNotFound, NotWaiting
from taskflowmq.core.job import FINAL, State
from taskflowmq.core.operations import (
    CancelAnswer,
    DeleteAnswer,
    LaneName,
    Move,
    MoveAnswer,
    NewLane,
    NewTime,
    RescheduleAnswer,
    RetryAnswer,
    check,
)
from taskflowmq.core.transitions import LEGAL

JOB = UUID(int=7)
WAITING = (State.SCHEDULED, State.RETRYING, State.BLOCKED, State.SUSPENDED)
#: Where each move leads; a request changes no state, and a deleted job has none.
LEADS_TO = {
    Move.CANCEL_READY: State.CANCELLED,
    Move.CANCEL_WAITING: State.CANCELLED,
    Move.BEGIN_ROUND: State.PENDING,
    Move.MAKE_DUE: State.PENDING,
    Move.PARK: State.SCHEDULED,
}
MOVED, THERE = partial(operations.move, there=False), partial(operations.move, there=True)
LATER, NOW = partial(operations.reschedule, later=True), partial(operations.reschedule, later=False)
DECISIONS = [operations.cancel, operations.retry, LATER, NOW, MOVED, THERE, operations.delete, operations.purge]


@pytest.mark.parametrize("decide", DECISIONS)
@pytest.mark.parametrize("state", State)
def test_no_move_is_illegal(decide, state):
    move = decide(state).move
    assert move not in LEADS_TO or LEADS_TO[move] in LEGAL[state]


@pytest.mark.parametrize("decide", DECISIONS)
def test_what_is_not_there_is_not_found(decide):
    answer, move = decide(None)
    assert (answer.value, move) == ("not_found", None)


@pytest.mark.parametrize("state", State)
def test_what_has_not_ended_can_be_cancelled(state):
    expected = {
        State.PENDING: (CancelAnswer.CANCELLED, Move.CANCEL_READY),
        State.RUNNING: (CancelAnswer.REQUESTED, Move.REQUEST_CANCEL),
        **dict.fromkeys(WAITING, (CancelAnswer.CANCELLED, Move.CANCEL_WAITING)),
        **dict.fromkeys(FINAL, (CancelAnswer.FINAL, None)),
    }
    assert operations.cancel(state) == expected[state]


@pytest.mark.parametrize("state", State)
def test_what_is_dead_or_waits_for_its_time_can_be_retried(state):
    expected = {
        State.DEAD: (RetryAnswer.NEW_ROUND, Move.BEGIN_ROUND),
        State.SCHEDULED: (RetryAnswer.DUE_NOW, Move.MAKE_DUE),
        State.RETRYING: (RetryAnswer.DUE_NOW, Move.MAKE_DUE),
    }
    assert operations.retry(state) == expected.get(state, (RetryAnswer.CONFLICT, None))


@pytest.mark.parametrize("state", State)
def test_what_waits_ready_or_not_can_be_rescheduled(state):
    later = {
        State.PENDING: (RescheduleAnswer.RESCHEDULED, Move.PARK),
        State.SCHEDULED: (RescheduleAnswer.RESCHEDULED, Move.SET_DUE),
        State.RETRYING: (RescheduleAnswer.RESCHEDULED, Move.SET_DUE),
    }
    now = {
        # It keeps its position.
        State.PENDING: (RescheduleAnswer.DUE_NOW, None),
        State.SCHEDULED: (RescheduleAnswer.DUE_NOW, Move.MAKE_DUE),
        State.RETRYING: (RescheduleAnswer.DUE_NOW, Move.MAKE_DUE),
    }
    assert LATER(state) == later.get(state, (RescheduleAnswer.CONFLICT, None))
    assert NOW(state) == now.get(state, (RescheduleAnswer.CONFLICT, None))


@pytest.mark.parametrize("state", State)
def test_what_waits_ready_or_not_can_be_moved_to_another_lane(state):
    moved = {
        State.PENDING: (MoveAnswer.MOVED, Move.CHANGE_LANE_READY),
        State.SCHEDULED: (MoveAnswer.MOVED, Move.CHANGE_LANE_WAITING),
        State.RETRYING: (MoveAnswer.MOVED, Move.CHANGE_LANE_WAITING),
    }
    assert MOVED(state) == moved.get(state, (MoveAnswer.CONFLICT, None))
    # A job that is there keeps its position.
    assert THERE(state) == ((MoveAnswer.UNCHANGED if state in moved else MoveAnswer.CONFLICT), None)


@pytest.mark.parametrize(
    ("lane", "expected"),
    [
        (NewLane("imports"), LaneName("imports", 5, "eu")),
        (NewLane(priority=0), LaneName("mail", 0, "eu")),
        (NewLane("imports", -7), LaneName("imports", -7, "eu")),
    ],
)
def test_a_new_lane_leaves_what_it_does_not_name_and_the_share(lane, expected):
    assert lane.of(LaneName("mail", 5, "eu")) == expected


def test_a_new_time_is_given_or_counted_from_the_time_of_the_store():
    at = datetime(2031, 5, 6, 12, tzinfo=UTC)
    assert NewTime(at).on(at + timedelta(hours=9)) == at
    assert NewTime(delay_ms=90_000).on(at) == at + timedelta(seconds=90)


@pytest.mark.parametrize(("seconds", "allowed"), [(-1, False), (0, False), (1, True)])
def test_a_job_is_not_rescheduled_to_a_time_at_which_it_is_expired(seconds, allowed):
    due = datetime(2031, 5, 6, 12, tzinfo=UTC)
    operations.check_expiry(due, None)
    if allowed:
        operations.check_expiry(due, due + timedelta(seconds=seconds))
        return
    with pytest.raises(InvalidJob, match=r"run_at: the job expires at 2031-05-06 1[12]:"):
        operations.check_expiry(due, due + timedelta(seconds=seconds))


@pytest.mark.parametrize("state", State)
def test_what_has_ended_can_be_deleted(state):
    expected = (DeleteAnswer.DELETED, Move.DELETE) if state.final else (DeleteAnswer.CONFLICT, None)
    assert operations.delete(state) == expected


@pytest.mark.parametrize("state", State)
def test_what_does_not_run_can_be_purged(state):
    expected = {
        State.PENDING: (DeleteAnswer.DELETED, Move.PURGE_READY),
        State.RUNNING: (DeleteAnswer.CONFLICT, None),
        **dict.fromkeys(WAITING, (DeleteAnswer.DELETED, Move.PURGE_WAITING)),
        **dict.fromkeys(FINAL, (DeleteAnswer.DELETED, Move.DELETE)),
    }
    assert operations.purge(state) == expected[state]


def test_a_purge_is_written_as_a_cancel_and_a_deletion_and_every_other_move_as_itself():
    assert Move.PURGE_READY.steps == (Move.CANCEL_READY, Move.DELETE)
    assert Move.PURGE_WAITING.steps == (Move.CANCEL_WAITING, Move.DELETE)
    assert all(move.steps == (move,) for move in Move if "purge" not in move.value)


def test_workers_are_woken_where_a_job_becomes_ready():
    assert {move for move in Move if move.makes_ready} == {Move.BEGIN_ROUND, Move.MAKE_DUE, Move.CHANGE_LANE_READY}


@pytest.mark.parametrize(
    ("answer", "error", "text"),
    [
        (CancelAnswer.NOT_FOUND, JobNotFound, f"there is no job {JOB}"),
        (RetryAnswer.NOT_FOUND, JobNotFound, f"there is no job {JOB}"),
        (DeleteAnswer.NOT_FOUND, JobNotFound, f"there is no job {JOB}"),
        (CancelAnswer.FINAL, Conflict, f"job {JOB} has ended, so it cannot be cancelled"),
        (
            RetryAnswer.CONFLICT,
            Conflict,
            f"job {JOB} is neither dead nor waiting for its time, so it cannot be retried",
        ),
        (RescheduleAnswer.NOT_FOUND, JobNotFound, f"there is no job {JOB}"),
        (RescheduleAnswer.CONFLICT, NotWaiting, f"job {JOB} runs or has ended, so it cannot be rescheduled"),
        (MoveAnswer.NOT_FOUND, JobNotFound, f"there is no job {JOB}"),
        (
            MoveAnswer.CONFLICT,
            NotWaiting,
            f"job {JOB} runs or has ended, so it cannot be moved to another queue or priority",
        ),
        (DeleteAnswer.CONFLICT, Conflict, f"job {JOB} has not ended, so it cannot be deleted: cancel it first"),
    ],
)
def test_a_refusal_is_an_error_that_says_why(answer, error, text):
    with pytest.raises(error) as refused:
        check(answer, JOB)
    assert str(refused.value) == text


@pytest.mark.parametrize(
    "answer",
    [
        CancelAnswer.CANCELLED,
        CancelAnswer.REQUESTED,
        RetryAnswer.NEW_ROUND,
        RetryAnswer.DUE_NOW,
        RescheduleAnswer.RESCHEDULED,
        RescheduleAnswer.DUE_NOW,
        MoveAnswer.MOVED,
        MoveAnswer.UNCHANGED,
        DeleteAnswer.DELETED,
    ],
)
def test_what_was_done_is_no_error(answer):
    assert check(answer, JOB) is None


def test_who_enqueued_a_job_is_told_of_its_transaction():
    error = operations.not_found(JOB, enqueued_here=True)
    assert str(error) == f"there is no job {JOB}, or its transaction is not committed"


def test_a_job_that_moves_all_the_time_is_a_conflict():
    assert isinstance(operations.moving(JOB), Conflict)
