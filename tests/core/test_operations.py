"""What a user may do by hand: every operation in every state."""

from __future__ import annotations

from uuid import UUID

import pytest

from taskflowmq.core import operations
from taskflowmq.core.errors import Conflict, JobNotFound
from taskflowmq.core.job import FINAL, State
from taskflowmq.core.operations import CancelAnswer, DeleteAnswer, Move, RetryAnswer, check
from taskflowmq.core.transitions import LEGAL

JOB = UUID(int=7)
WAITING = (State.SCHEDULED, State.RETRYING, State.BLOCKED, State.SUSPENDED)
#: Where each move leads; a request changes no state, and a deleted job has none.
LEADS_TO = {
    Move.CANCEL_READY: State.CANCELLED,
    Move.CANCEL_WAITING: State.CANCELLED,
    Move.BEGIN_ROUND: State.PENDING,
    Move.MAKE_DUE: State.PENDING,
}


@pytest.mark.parametrize("decide", [operations.cancel, operations.retry, operations.delete])
@pytest.mark.parametrize("state", State)
def test_no_move_is_illegal(decide, state):
    move = decide(state).move
    assert move not in LEADS_TO or LEADS_TO[move] in LEGAL[state]


@pytest.mark.parametrize("decide", [operations.cancel, operations.retry, operations.delete])
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
def test_what_has_ended_can_be_deleted(state):
    expected = (DeleteAnswer.DELETED, Move.DELETE) if state.final else (DeleteAnswer.CONFLICT, None)
    assert operations.delete(state) == expected


def test_workers_are_woken_where_a_job_becomes_ready():
    assert {move for move in Move if move.makes_ready} == {Move.BEGIN_ROUND, Move.MAKE_DUE}


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
