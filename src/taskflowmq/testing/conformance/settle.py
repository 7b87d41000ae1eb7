"""Where every decided transition leads, what it charges, and that writing it twice changes nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest

from taskflowmq.core.job import Counters, Reason, State
from taskflowmq.core.operations import CancelAnswer, DeleteAnswer
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
)
from taskflowmq.ports.store import Settled
from taskflowmq.testing.conformance.intake import ERROR
from taskflowmq.testing.conformance.support import NOON, RETRY_S, Rig, StoreSuite, decoded, ids, transition

#: Outcome → state, reason, counters of a first attempt that ended so.
FINALS: list[tuple[Outcome, State, Reason | None]] = [
    (Succeeded(b'{"r":1}'), State.COMPLETED, None),
    (Failed(ERROR, retry=False), State.DEAD, Reason.ATTEMPTS_EXHAUSTED),
    (Discarded(ERROR), State.DEAD, Reason.DISCARDED),
    (Invalid(ERROR), State.DEAD, Reason.INVALID_ARGUMENTS),
    (Stopped(by_handler=True), State.CANCELLED, Reason.CANCELLED_BY_HANDLER),
    (Stopped(by_handler=False), State.CANCELLED, Reason.CANCELLED_BY_USER),
]
MOVES: list[tuple[Outcome, State, Counters, float]] = [
    (Failed(ERROR), State.RETRYING, Counters(attempt=1, lease_no=1), RETRY_S),
    (Failed(ERROR, retry_after_ms=90_000), State.RETRYING, Counters(attempt=1, lease_no=1), 90),
    (TimedOut(ERROR), State.RETRYING, Counters(attempt=1, lease_no=1), RETRY_S),
    (Snoozed(45_000), State.SCHEDULED, Counters(attempt=0, lease_no=1), 45),
    (HandedBack(), State.PENDING, Counters(attempt=0, lease_no=1), 0),
    (Crashed(ERROR), State.RETRYING, Counters(attempt=0, crashes=1, lease_no=1), 0),
    (Lost(), State.RETRYING, Counters(attempt=0, losses=1, lease_no=1), 0),
]
EVERY = [outcome for outcome, *_ in FINALS] + [outcome for outcome, *_ in MOVES]


class TestSettle(StoreSuite):
    """Claims.settle."""

    @pytest.mark.parametrize(("outcome", "state", "reason"), FINALS)
    async def test_final_outcomes(self, rig: Rig, outcome: Outcome, state: State, reason: Reason | None) -> None:
        held = await rig.running()
        rig.clock.advance(3)
        view = await rig.apply(held, outcome)
        assert (view.state, view.reason) == (state, reason)
        assert view.counters == Counters(attempt=1, lease_no=1)
        assert (view.started_at, view.finished_at) == (NOON, NOON + timedelta(seconds=3))
        await rig.after(3600)
        assert await rig.claim(await rig.worker()) == []
        assert await rig.claim(await rig.worker(), isolated=True) == []
        assert await rig.store.jobs.cancel("default", held.id, actor="me") is CancelAnswer.FINAL

    @pytest.mark.parametrize(("outcome", "state", "counted", "wait_s"), MOVES)
    async def test_moves_come_back_when_due(
        self, rig: Rig, outcome: Outcome, state: State, counted: Counters, wait_s: float
    ) -> None:
        held = await rig.running()
        view = await rig.apply(held, outcome)
        assert (view.state, view.reason, view.counters) == (state, None, counted)
        assert (view.finished_at, view.result) == (None, None)
        isolated = counted.crashes > 0
        if wait_s:
            await rig.after(wait_s - 0.5)
            assert await rig.claim(await rig.worker(), isolated=isolated) == []
        await rig.after(1)
        (again,) = await rig.claim(await rig.worker(), isolated=isolated)
        assert (again.id, again.lease_no, again.attempt) == (held.id, 2, counted.attempt + 1)
        assert (again.crashes, again.losses) == (counted.crashes, counted.losses)

    @pytest.mark.parametrize("outcome", [Failed(ERROR), TimedOut(ERROR)])
    async def test_failures_and_timeouts_spend_the_attempts(self, rig: Rig, outcome: Outcome) -> None:
        job = await rig.put(max_attempts=3)
        for attempt in (1, 2, 3):
            held = await rig.claim_one()
            assert held.attempt == attempt
            await rig.apply(held, outcome)
            await rig.after(RETRY_S)
        view = await rig.view(job.id)
        assert view.state is State.DEAD
        assert view.reason is (Reason.TIMEOUT if isinstance(outcome, TimedOut) else Reason.ATTEMPTS_EXHAUSTED)
        assert decoded(view.raw_error) == decoded(ERROR)
        assert (view.id, view.counters) == (job.id, Counters(attempt=3, lease_no=3))

    async def test_crashes_have_a_budget_of_their_own(self, rig: Rig) -> None:
        job = await rig.put(max_attempts=1)
        for crash in range(1, MAX_CRASHES + 1):
            await rig.apply(await rig.claim_one(isolated=crash > 1), Crashed(ERROR))
            await rig.after(100)
        view = await rig.view(job.id)
        assert (view.state, view.reason) == (State.DEAD, Reason.CRASH_LOOP)
        assert view.counters == Counters(attempt=0, crashes=MAX_CRASHES, lease_no=MAX_CRASHES)

    async def test_losses_have_a_budget_of_their_own(self, rig: Rig) -> None:
        job = await rig.put(max_attempts=1)
        for _ in range(MAX_LOSSES):
            await rig.apply(await rig.claim_one(), Lost())
            await rig.after(100)
        view = await rig.view(job.id)
        assert (view.state, view.reason) == (State.DEAD, Reason.WORKER_LOST)
        assert view.counters == Counters(attempt=0, losses=MAX_LOSSES, lease_no=MAX_LOSSES)

    async def test_drains_and_snoozes_cost_no_attempt(self, rig: Rig) -> None:
        await rig.put(max_attempts=1)
        for lease_no in range(1, 13):
            held = await rig.claim_one()
            assert (held.attempt, held.lease_no) == (1, lease_no)
            await rig.apply(held, HandedBack() if lease_no % 2 else Snoozed(1000))
            await rig.after(2)
        assert (await rig.apply(await rig.claim_one(), Succeeded(b"1"))).state is State.COMPLETED

    async def test_the_result_is_kept(self, rig: Rig) -> None:
        result = b'{"r":[1,2.5,null,"\xc3\xbc"]}'
        view = await rig.apply(await rig.running(), Succeeded(result))
        assert decoded(view.raw_result) == decoded(result)
        assert (view.result_error, view.error) == (None, None)

    async def test_no_result_is_no_result(self, rig: Rig) -> None:
        view = await rig.apply(await rig.running(), Succeeded())
        assert view.raw_result in (None, b"null")

    async def test_a_result_that_could_not_be_kept_whole_says_so(self, rig: Rig) -> None:
        view = await rig.apply(await rig.running(), Succeeded(b'"cut"', result_error="cut at 5 bytes"))
        assert (view.state, decoded(view.raw_result), view.result_error) == (
            State.COMPLETED,
            "cut",
            "cut at 5 bytes",
        )

    async def test_one_batch_takes_every_kind(self, rig: Rig) -> None:
        await rig.enqueue(*(rig.job() for _ in EVERY))
        held = await rig.claim(await rig.worker())
        written = [transition(job, outcome) for job, outcome in zip(held, EVERY, strict=True)]
        assert await rig.store.claims.settle(written) == [Settled.APPLIED] * len(EVERY)
        for change in written:
            view = await rig.view(change.job_id)
            assert (view.state, view.reason, view.counters) == (change.to, change.reason, change.counters)

    async def test_answers_come_in_the_order_of_the_transitions(self, rig: Rig) -> None:
        await rig.enqueue(*(rig.job() for _ in range(6)))
        held = await rig.claim(await rig.worker())
        done = [transition(job, Succeeded(b"1")) for job in held]
        await rig.store.claims.settle(done[::2])
        for job in held[1:2]:
            await rig.apply(job, Lost())
        assert await rig.store.claims.settle(list(reversed(done))) == [
            Settled.APPLIED,
            Settled.REPLAYED,
            Settled.APPLIED,
            Settled.REPLAYED,
            Settled.STALE,
            Settled.REPLAYED,
        ]

    async def test_a_thousand_in_one_batch(self, rig: Rig) -> None:
        await rig.enqueue(*(rig.job() for _ in range(1000)))
        held = await rig.claim(await rig.worker(), 1000)
        done = [transition(job, Succeeded(b"1")) for job in held]
        assert await rig.store.claims.settle(done) == [Settled.APPLIED] * 1000
        assert await rig.store.claims.settle(done) == [Settled.REPLAYED] * 1000
        assert (await rig.store.stats.count("default")).states.get("completed") == 1000

    async def test_nothing_to_write_is_fine(self, rig: Rig) -> None:
        assert await rig.store.claims.settle([]) == []

    # --------------------------------------------------------------------------------------- written twice

    async def test_a_repeat_after_a_lost_reply_changes_nothing(self, rig: Rig, other: Rig) -> None:
        for outcome in EVERY:
            held = await rig.running(queue=type(outcome).__name__)
            before = await rig.apply(held, outcome)
            rig.clock.advance(0.001)
            assert await other.settle(held, outcome) is Settled.REPLAYED, outcome
            assert await rig.view(held.id) == before
            assert len(await rig.store.jobs.attempts("default", held.id)) <= 1

    @pytest.mark.parametrize("outcome", [outcome for outcome, *_ in MOVES])
    async def test_a_late_repeat_does_not_touch_the_next_attempt(self, rig: Rig, outcome: Outcome) -> None:
        held = await rig.running()
        await rig.apply(held, outcome)
        await rig.after(100)
        again = await rig.claim_one(isolated=isinstance(outcome, Crashed))
        before = await rig.view(held.id)
        assert await rig.settle(held, outcome) is not Settled.APPLIED
        assert await rig.view(held.id) == before
        assert (await rig.apply(again, Succeeded(b"2"))).state is State.COMPLETED

    async def test_one_fence_twice_in_a_batch_takes_effect_once(self, rig: Rig) -> None:
        held = await rig.running()
        both = [transition(held, Succeeded(b"1")), transition(held, Discarded(ERROR))]
        answers = await rig.store.claims.settle(both)
        assert answers.count(Settled.APPLIED) == 1
        assert (await rig.view(held.id)).state is both[answers.index(Settled.APPLIED)].to

    async def test_a_job_that_was_deleted_meanwhile_is_no_error(self, rig: Rig) -> None:
        held = await rig.running()
        await rig.apply(held, Succeeded(b"1"))
        assert await rig.store.jobs.delete("default", held.id) is DeleteAnswer.DELETED
        for outcome in EVERY:
            assert await rig.settle(held, outcome) is not Settled.APPLIED
        assert await rig.store.jobs.get("default", held.id) is None

    # --------------------------------------------------------------------------------------------- progress

    async def test_progress_is_seen_while_the_job_runs(self, rig: Rig, other: Rig) -> None:
        held = await rig.running()
        await rig.store.claims.save_progress([(held.id, held.lease_no, b'{"done":1}')])
        await rig.store.claims.save_progress([(held.id, held.lease_no, b'{"done":2}')])
        assert decoded((await other.view(held.id)).raw_progress) == {"done": 2}

    @pytest.mark.parametrize("outcome", [Succeeded(b"1"), Discarded(ERROR), Stopped(by_handler=True)])
    async def test_the_last_progress_is_kept_with_the_outcome(self, rig: Rig, outcome: Outcome) -> None:
        held, without = await rig.running(), await rig.running()
        await rig.store.claims.save_progress([(held.id, held.lease_no, b'{"done":7}')])
        assert decoded((await rig.apply(held, outcome)).raw_progress) == {"done": 7}
        assert (await rig.apply(without, outcome)).progress is None
        [listed] = await rig.store.jobs.get_many("default", [held.id])
        assert decoded(listed.raw_progress) == {"done": 7}

    async def test_progress_without_the_fence_is_dropped(self, rig: Rig) -> None:
        first = await rig.running()
        await rig.apply(first, HandedBack())
        second = await rig.claim_one()
        ended = await rig.completed()
        await rig.store.claims.save_progress(
            [(first.id, 1, b"0.1"), (second.id, 2, b"0.2"), (second.id, 3, b"0.3"), (ended, 1, b"0.4")]
        )
        assert decoded((await rig.view(second.id)).raw_progress) == pytest.approx(0.2)
        await rig.store.claims.save_progress([])

    async def test_a_new_attempt_starts_without_progress(self, rig: Rig) -> None:
        held = await rig.running()
        await rig.store.claims.save_progress([(held.id, 1, b"0.5")])
        await rig.apply(held, HandedBack())
        again = await rig.claim_one()
        assert (await rig.view(again.id)).progress is None
        assert ids([again]) == [held.id]
