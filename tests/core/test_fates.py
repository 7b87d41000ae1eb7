"""Replay or stale, for everything that a transition and a store can say: what a job can go through decides.

The expected answers come from walking through the life of a job after each transition, move by move, and not from the
rules of ``core/fates.py``: a transition is a replay where its life leads and no other one's does.
"""

from __future__ import annotations

from collections import Counter
from itertools import product
from typing import Any
from uuid import UUID

import msgspec
import pytest

from taskflowmq.core.fates import KEPT_CLAIMS, StoredFate, Verdict, judge, left_by
from taskflowmq.core.job import Counters, Ended, HeldJob, State
from taskflowmq.core.retry import MAX_CRASHES, MAX_LOSSES
from taskflowmq.core.transitions import (
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
    Transition,
    decide,
    obey_cancel,
)

from .strategies import ERROR

LEASE = 14
#: How many claims may lie between the fence and the job's place: a fence that nobody ever had, the same one, a later
#: one, and one so much later that the row of the attempt may be gone.
SINCE = (-1, 0, 1, KEPT_CLAIMS)
REPORTS: list[tuple[Outcome, dict[str, int]]] = [
    (Succeeded(b"1"), {}),
    (Failed(ERROR), {}),
    (Failed(ERROR, retry=False), {}),
    (TimedOut(ERROR), {}),
    (TimedOut(ERROR), {"attempt": 3}),
    (Snoozed(5), {}),
    (Stopped(by_handler=True), {}),
    (Stopped(by_handler=False), {}),
    (Discarded(ERROR), {}),
    (Invalid(ERROR), {}),
    (HandedBack(), {}),
    (Crashed(), {}),
    (Crashed(), {"crashes": MAX_CRASHES - 1}),
    (Lost(), {}),
    (Lost(), {"losses": MAX_LOSSES - 1}),
]


def change_of(outcome: Outcome, **counted: int) -> Transition:
    held = HeldJob(UUID(int=7), 3, Counters(**{"attempt": 1, "lease_no": LEASE, **counted}))
    return decide(held, outcome, rand=0.5)


CHANGES = [change_of(outcome, **counted) for outcome, counted in REPORTS]


# ------------------------------------------------------------------------------------------------- the life of a job


def moves(state: State, since: int, ended: Ended | None) -> set[tuple[State, int, Ended | None]]:
    """Return where a job can be one event later: due, put off, cancelled, expired, redriven, claimed, settled."""
    if state in (State.RETRYING, State.SCHEDULED):
        return {(State.PENDING, since, ended), (State.CANCELLED, since, ended)}
    if state is State.DEAD:
        return {(State.PENDING, since, ended)}
    if state is State.PENDING:
        later = {0: 1, 1: KEPT_CLAIMS}.get(since, since)
        claimed = {(State.RUNNING, later, ended), (State.RUNNING, later, None if later == KEPT_CLAIMS else ended)}
        return claimed | {(State.CANCELLED, since, ended), (State.SCHEDULED, since, ended)}
    if state is State.RUNNING:
        settled = (State.COMPLETED, State.CANCELLED, State.DEAD, State.PENDING, State.RETRYING, State.SCHEDULED)
        return {(after, since, ended) for after in settled}
    return set()


def life_after(change: Transition) -> set[tuple[State, int, Ended | None]]:
    """Return everything that a store may hold of a fence that this transition settled; with a cancel request too."""
    todo = {(change.to, 0, change.ended), (obey_cancel(change).to, 0, change.ended)}
    found = set()
    while todo:
        one = todo.pop()
        found.add(one)
        todo |= moves(*one) - found
    return found


LIVES = [(change, life_after(change)) for change in CHANGES]


def expected(change: Transition, state: State | None, since: int, ended: Ended | None) -> Verdict:
    if state is State.RUNNING and since == 0:
        return Verdict.HELD
    if state is None:
        return Verdict.STALE
    if change.completed_by_caller and (state, since) == (State.COMPLETED, 0):
        return Verdict.REPLAYED
    held = (state, since, ended)
    own = held in life_after(change)
    others = any(held in life for other, life in LIVES if other.ended != change.ended)
    return Verdict.REPLAYED if own and not others else Verdict.STALE


def test_every_transition_against_everything_that_a_store_can_hold() -> None:
    counted: Counter[Verdict] = Counter()
    wrong = []
    places = [(None, -1), *product([state for state in State if state not in (State.BLOCKED, State.SUSPENDED)], SINCE)]
    for change, by_caller, (state, since), ended in product(CHANGES, (False, True), places, (None, *Ended)):
        asked = msgspec.structs.replace(change, completed_by_caller=by_caller)
        stored = StoredFate(state, None if state is None else LEASE + since, ended)
        verdict = judge(asked, stored)
        counted[verdict] += 1
        if verdict is not expected(asked, state, since, ended):
            wrong.append((verdict, asked, stored))
    assert wrong == []
    assert counted.total() == len(CHANGES) * 2 * len(places) * (1 + len(Ended))
    assert set(counted) == set(Verdict)


# ------------------------------------------------------------------------------------------------------- one by one

SAME, LATER = LEASE, LEASE + 1


@pytest.mark.parametrize(
    ("outcome", "stored", "verdict"),
    [
        (Succeeded(), (State.COMPLETED, SAME, None), Verdict.REPLAYED),
        (Succeeded(), (State.DEAD, SAME, Ended.LOST), Verdict.STALE),
        (Succeeded(), (State.COMPLETED, LATER, None), Verdict.STALE),
        (Succeeded(), (State.RETRYING, SAME, Ended.LOST), Verdict.STALE),
        (Succeeded(), (State.RUNNING, LATER, None), Verdict.STALE),
        (Succeeded(), (State.RUNNING, SAME, None), Verdict.HELD),
        (Succeeded(), (None, None, None), Verdict.STALE),
        (Failed(ERROR), (State.RETRYING, SAME, Ended.FAILED), Verdict.REPLAYED),
        (Failed(ERROR), (State.RUNNING, LATER, Ended.FAILED), Verdict.REPLAYED),
        (Failed(ERROR), (State.RUNNING, LATER, Ended.LOST), Verdict.STALE),
        # A cancel request turned the retry into an end; the attempt's row is there all the same.
        (Failed(ERROR), (State.CANCELLED, SAME, Ended.FAILED), Verdict.REPLAYED),
        # Handed back and then cancelled: the failure came from somebody who had lost the job.
        (Failed(ERROR), (State.CANCELLED, SAME, None), Verdict.STALE),
        (Snoozed(5), (State.CANCELLED, SAME, None), Verdict.STALE),
        (Stopped(by_handler=False), (State.CANCELLED, SAME, None), Verdict.STALE),
        (Lost(), (State.CANCELLED, SAME, None), Verdict.STALE),
        (HandedBack(), (State.CANCELLED, SAME, None), Verdict.REPLAYED),
        (HandedBack(), (State.CANCELLED, SAME, Ended.CANCELLED), Verdict.STALE),
        # Dead, redriven, and cancelled before it was claimed again.
        (Discarded(ERROR), (State.CANCELLED, SAME, Ended.DISCARDED), Verdict.REPLAYED),
        (Discarded(ERROR), (State.PENDING, SAME, Ended.DISCARDED), Verdict.REPLAYED),
        (Discarded(ERROR), (State.RETRYING, SAME, Ended.DISCARDED), Verdict.STALE),
        # Dead, redriven, and rescheduled before it was claimed again.
        (Discarded(ERROR), (State.SCHEDULED, SAME, Ended.DISCARDED), Verdict.REPLAYED),
        (HandedBack(), (State.SCHEDULED, SAME, None), Verdict.REPLAYED),
        (Snoozed(5), (State.SCHEDULED, SAME, Ended.SNOOZED), Verdict.REPLAYED),
        (HandedBack(), (State.PENDING, SAME, None), Verdict.REPLAYED),
        (HandedBack(), (State.RUNNING, LEASE + 2, None), Verdict.REPLAYED),
        (HandedBack(), (State.RETRYING, SAME, Ended.LOST), Verdict.STALE),
        (HandedBack(), (State.RUNNING, LEASE + KEPT_CLAIMS, None), Verdict.STALE),
        (Lost(), (State.COMPLETED, SAME, None), Verdict.STALE),
        (Crashed(), (State.RETRYING, SAME, Ended.CRASHED), Verdict.REPLAYED),
        (Failed(ERROR), (State.PENDING, LEASE - 1, Ended.FAILED), Verdict.STALE),
    ],
)
def test_a_fence_that_matched_nothing(outcome: Outcome, stored: tuple[Any, Any, Any], verdict: Verdict) -> None:
    assert judge(change_of(outcome), StoredFate(*stored)) is verdict


@pytest.mark.parametrize("change", CHANGES)
def test_a_transition_repeated_at_once_is_a_replay_with_a_cancel_request_and_without(change: Transition) -> None:
    assert judge(change, left_by(change)) is Verdict.REPLAYED
    assert judge(change, left_by(obey_cancel(change))) is Verdict.REPLAYED


@pytest.mark.parametrize("change", CHANGES)
def test_a_report_after_the_callers_own_completion_is_void_only_if_that_was_committed(change: Transition) -> None:
    told = msgspec.structs.replace(change, completed_by_caller=True)
    assert judge(told, StoredFate(State.COMPLETED, LEASE, None)) is Verdict.REPLAYED
    assert judge(told, StoredFate(State.RUNNING, LEASE, None)) is Verdict.HELD
    assert judge(told, StoredFate(State.RUNNING, LATER, Ended.LOST)) is (
        Verdict.REPLAYED if change.ended is Ended.LOST else Verdict.STALE
    )
