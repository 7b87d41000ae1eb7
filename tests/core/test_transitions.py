"""Every outcome against every state of the counters: what is charged, what is refunded, where a job may go."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import get_args
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskflowmq.core.job import FINAL, ClaimedJob, Counters, Ended, HeldJob, JobKind, Reason, State
from taskflowmq.core.retry import MAX_CRASHES, MAX_LOSSES, Retry
from taskflowmq.core.transitions import (
    LEGAL,
    Crashed,
    Discarded,
    Failed,
    HandedBack,
    Invalid,
    Lost,
    Outcome,
    Snoozed,
    Stopped,
    Succeeded,
    TimedOut,
    decide,
    obey_cancel,
)

from .strategies import ERROR, delays, held_jobs, outcomes, rands

ID = UUID(int=7)


def held(max_attempts: int = 3, **counted: int) -> HeldJob:
    return HeldJob(ID, max_attempts, Counters(**{"attempt": 1, "lease_no": 1, **counted}))


# ------------------------------------------------------------------------------------------------- for every outcome


@given(held_jobs, outcomes, rands)
def test_a_transition_keeps_the_fence_the_job_and_the_round(job: HeldJob, outcome: Outcome, rand: float) -> None:
    change = decide(job, outcome, rand=rand)
    assert change.job_id == job.id
    assert change.counters.lease_no == job.counters.lease_no
    assert change.counters.round == job.counters.round


@given(held_jobs, outcomes, rands)
def test_a_running_job_only_moves_where_it_may(job: HeldJob, outcome: Outcome, rand: float) -> None:
    assert decide(job, outcome, rand=rand).to in LEGAL[State.RUNNING]


@given(held_jobs, outcomes, rands)
def test_final_moves_say_why_and_have_no_delay(job: HeldJob, outcome: Outcome, rand: float) -> None:
    change = decide(job, outcome, rand=rand)
    assert (change.reason is not None) == (change.to in {State.CANCELLED, State.DEAD})
    if change.to not in {State.SCHEDULED, State.RETRYING}:
        assert change.delay_ms == 0
    assert change.delay_ms >= 0


@given(held_jobs, outcomes, rands)
def test_a_refund_is_one_attempt_and_never_below_zero(job: HeldJob, outcome: Outcome, rand: float) -> None:
    after = decide(job, outcome, rand=rand).counters.attempt
    refunded = isinstance(outcome, Snoozed | HandedBack | Crashed | Lost)
    assert after == (max(job.counters.attempt - 1, 0) if refunded else job.counters.attempt)


@given(held_jobs, outcomes, rands)
def test_crashes_and_losses_grow_by_their_own_cause_only(job: HeldJob, outcome: Outcome, rand: float) -> None:
    change = decide(job, outcome, rand=rand)
    assert change.counters.crashes == job.counters.crashes + isinstance(outcome, Crashed)
    assert change.counters.losses == job.counters.losses + isinstance(outcome, Lost)


@given(held_jobs, outcomes, rands, rands)
def test_deciding_twice_differs_in_the_jitter_at_most(
    job: HeldJob, outcome: Outcome, rand: float, other: float
) -> None:
    first, second = decide(job, outcome, rand=rand), decide(job, outcome, rand=other)
    assert (first.to, first.reason, first.counters, first.ended) == (
        second.to,
        second.reason,
        second.counters,
        second.ended,
    )
    assert decide(job, outcome, rand=rand) == first


@given(held_jobs, outcomes, rands)
def test_a_rescuer_and_a_worker_decide_alike(job: HeldJob, outcome: Outcome, rand: float) -> None:
    job = msgspec.structs.replace(job, kind=JobKind("default", "default", "t"))
    counted = job.counters
    now = datetime(2030, 1, 1, tzinfo=UTC)
    claimed = ClaimedJob(
        id=job.id,
        task="t",
        args=b"{}",
        queue="default",
        priority=0,
        tenant="default",
        round=counted.round,
        attempt=counted.attempt,
        crashes=counted.crashes,
        losses=counted.losses,
        lease_no=counted.lease_no,
        max_attempts=job.max_attempts,
        timeout_ms=None,
        created_at=now,
        run_at=now,
        expires_at=None,
        waited=0.0,
        tags=(),
    )
    assert decide(claimed, outcome, rand=rand) == decide(job, outcome, rand=rand)


@given(held_jobs, outcomes, rands)
def test_every_attempt_but_success_and_hand_back_leaves_a_line(job: HeldJob, outcome: Outcome, rand: float) -> None:
    silent = isinstance(outcome, Succeeded | HandedBack)
    assert (decide(job, outcome, rand=rand).ended is None) == silent


def test_every_outcome_is_decided() -> None:
    samples: dict[type, Outcome] = {
        type(sample): sample
        for sample in (
            Succeeded(),
            Failed(ERROR),
            TimedOut(ERROR),
            Snoozed(1),
            Stopped(True),
            Discarded(ERROR),
            Invalid(ERROR),
            HandedBack(),
            Crashed(),
            Lost(),
        )
    }
    assert set(samples) == set(get_args(Outcome)), "a new outcome needs a sample here"
    for sample in samples.values():
        assert decide(held(), sample, rand=0.5) is not None


# ------------------------------------------------------------------------------------------------------ one by one


def test_success_completes_with_its_result() -> None:
    change = decide(held(), Succeeded(b"42", "cut"), rand=0)
    assert (change.to, change.result, change.result_error, change.error) == (State.COMPLETED, b"42", "cut", None)


@pytest.mark.parametrize(
    ("attempt", "max_attempts", "state"),
    [(1, 1, State.DEAD), (1, 2, State.RETRYING), (2, 2, State.DEAD), (3, 2, State.DEAD), (99, 100, State.RETRYING)],
)
@pytest.mark.parametrize(
    ("outcome", "ended", "reason"),
    [
        (Failed(ERROR), Ended.FAILED, Reason.ATTEMPTS_EXHAUSTED),
        (TimedOut(ERROR), Ended.TIMEOUT, Reason.TIMEOUT),
    ],
)
def test_failures_and_timeouts_are_tried_again_until_the_attempts_are_spent(
    attempt: int, max_attempts: int, state: State, outcome: Outcome, ended: Ended, reason: Reason
) -> None:
    change = decide(held(max_attempts, attempt=attempt), outcome, rand=0)
    assert (change.to, change.ended, change.error) == (state, ended, ERROR)
    assert change.reason is (reason if state is State.DEAD else None)


def test_a_failure_that_must_not_be_retried_ends_the_round() -> None:
    change = decide(held(), Failed(ERROR, retry=False, retry_after_ms=5000), rand=0)
    assert (change.to, change.reason, change.delay_ms) == (State.DEAD, Reason.ATTEMPTS_EXHAUSTED, 0)


@given(delays, rands)
def test_a_delay_that_the_handler_asked_for_wins_over_the_policy(delay_ms: int, rand: float) -> None:
    change = decide(held(), Failed(ERROR, retry_after_ms=delay_ms), policy=Retry(initial=999), rand=rand)
    assert (change.to, change.delay_ms) == (State.RETRYING, delay_ms)


def test_a_retry_after_does_not_buy_attempts() -> None:
    assert decide(held(max_attempts=1), Failed(ERROR, retry_after_ms=5), rand=0).to is State.DEAD


@given(st.integers(1, 50), rands)
def test_the_policys_delay_follows_the_attempt(attempt: int, rand: float) -> None:
    policy = Retry(max_attempts=100, initial=2, factor=3, max_delay=500)
    for outcome in (Failed(ERROR), TimedOut(ERROR)):
        change = decide(held(100, attempt=attempt), outcome, policy=policy, rand=rand)
        assert change.delay_ms == policy.delay_ms(attempt, rand)


def test_without_a_policy_the_default_one_rules() -> None:
    assert [decide(held(9, attempt=n), Failed(ERROR), rand=0).delay_ms for n in (1, 2, 3)] == [1000, 2000, 4000]


@pytest.mark.parametrize(
    ("outcome", "state", "reason", "ended"),
    [
        (Discarded(ERROR), State.DEAD, Reason.DISCARDED, Ended.DISCARDED),
        (Invalid(ERROR), State.DEAD, Reason.INVALID_ARGUMENTS, Ended.FAILED),
        (Stopped(True, ERROR), State.CANCELLED, Reason.CANCELLED_BY_HANDLER, Ended.CANCELLED),
        (Stopped(False, ERROR), State.CANCELLED, Reason.CANCELLED_BY_USER, Ended.CANCELLED),
    ],
)
def test_ends_at_once(outcome: Outcome, state: State, reason: Reason, ended: Ended) -> None:
    change = decide(held(max_attempts=99), outcome, rand=0)
    assert (change.to, change.reason, change.ended, change.error) == (state, reason, ended, ERROR)


def test_a_snooze_is_scheduled_again_for_free() -> None:
    change = decide(held(), Snoozed(1234), rand=0.9)
    assert (change.to, change.delay_ms, change.counters.attempt) == (State.SCHEDULED, 1234, 0)


def test_a_hand_back_is_ready_at_once_for_free() -> None:
    change = decide(held(crashes=1, losses=2), HandedBack(), rand=0.9)
    assert (change.to, change.counters) == (
        State.PENDING,
        Counters(round=1, attempt=0, crashes=1, losses=2, lease_no=1),
    )


@pytest.mark.parametrize(
    ("outcome", "field", "budget", "reason"),
    [
        (Crashed(ERROR), "crashes", MAX_CRASHES, Reason.CRASH_LOOP),
        (Lost(), "losses", MAX_LOSSES, Reason.WORKER_LOST),
    ],
)
def test_crashes_and_losses_end_at_their_budget_whatever_the_attempts(
    outcome: Outcome, field: str, budget: int, reason: Reason
) -> None:
    for before in range(budget + 2):
        change = decide(held(max_attempts=1, **{field: before}), outcome, rand=0)
        last = before + 1 >= budget
        assert change.to is (State.DEAD if last else State.RETRYING)
        assert change.reason is (reason if last else None)


def test_one_lost_worker_does_not_spend_the_crash_budget() -> None:
    assert decide(held(crashes=MAX_CRASHES - 1), Lost(), rand=0).to is State.RETRYING
    assert decide(held(losses=MAX_LOSSES - 1), Crashed(), rand=0).to is State.RETRYING


# ------------------------------------------------------------------------------------------------ cancel requests


@given(held_jobs, outcomes, rands)
def test_a_cancel_request_ends_whatever_would_go_on(job: HeldJob, outcome: Outcome, rand: float) -> None:
    change = decide(job, outcome, rand=rand)
    written = obey_cancel(change)
    if change.to in FINAL:
        assert written == change
    else:
        assert (written.to, written.reason) == (State.CANCELLED, Reason.CANCELLED_BY_USER)
        assert (written.counters, written.ended, written.error) == (change.counters, change.ended, change.error)


# ------------------------------------------------------------------------------------------------------- the table


def test_the_table_names_every_state_and_leads_only_to_known_ones() -> None:
    assert set(LEGAL) == set(State)
    assert all(target in State for targets in LEGAL.values() for target in targets)


def test_only_the_dead_leave_a_final_state() -> None:
    assert {state for state in FINAL if LEGAL[state]} == {State.DEAD}
    assert LEGAL[State.DEAD] == {State.PENDING}


def test_a_body_runs_only_from_ready_and_everything_can_be_cancelled_before() -> None:
    assert {state for state in State if State.RUNNING in LEGAL[state]} == {State.PENDING}
    assert all(State.CANCELLED in LEGAL[state] for state in State if not state.final)


def test_every_live_state_can_reach_every_end() -> None:
    for start in State:
        if start.final:
            continue
        reached, todo = set(), [start]
        while todo:
            state = todo.pop()
            if state not in reached:
                reached.add(state)
                todo += LEGAL[state]
        assert reached >= FINAL, start
