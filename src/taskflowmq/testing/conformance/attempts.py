"""The history of a job: one line per attempt that ended otherwise than well, and the current or final one."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from taskflowmq.core.retention import DAY_MS, Retention
from taskflowmq.core.transitions import (
    Crashed,
    Discarded,
    Failed,
    HandedBack,
    Lost,
    Outcome,
    Snoozed,
    Stopped,
    Succeeded,
    TimedOut,
)
from taskflowmq.testing.conformance.intake import ERROR
from taskflowmq.testing.conformance.support import NOON, RETRY_S, Rig, StoreSuite, decoded


async def _history(rig: Rig, job_id: UUID) -> list[tuple[int, int, str]]:
    attempts = await rig.store.jobs.attempts("default", job_id)
    return [(attempt.attempt, attempt.lease_no, attempt.outcome) for attempt in attempts]


class TestAttempts(StoreSuite):
    """Jobs.attempts."""

    async def test_a_job_that_never_ran_has_none(self, rig: Rig) -> None:
        assert await rig.store.jobs.attempts("default", (await rig.put()).id) == []

    async def test_the_running_attempt_is_shown(self, rig: Rig) -> None:
        held = await rig.running()
        (attempt,) = await rig.store.jobs.attempts("default", held.id)
        assert (attempt.attempt, attempt.lease_no, attempt.outcome) == (1, 1, "running")
        assert (attempt.started_at, attempt.finished_at, attempt.error) == (NOON, None, None)
        assert attempt.worker

    async def test_where_each_ran_and_how_long_it_had_waited(self, rig: Rig) -> None:
        job = await rig.put(max_attempts=5, delay_ms=60_000)
        await rig.after(63)
        held = await rig.claim_one()
        rig.clock.advance(10)
        await rig.apply(held, Failed(ERROR))
        await rig.after(RETRY_S + 4)
        held = await rig.claim_one()
        await rig.apply(held, Discarded(ERROR))
        rig.clock.advance(100)
        await rig.store.jobs.retry("default", job.id)
        held = await rig.claim_one()
        attempts = await rig.store.jobs.attempts("default", job.id)
        assert [one.waited for one in attempts] == [3.0, RETRY_S + 4, None], (
            "a round begun by hand: since when is unknown"
        )
        assert [one.round for one in attempts] == [1, 1, 2]
        assert {(one.host, one.pid) for one in attempts} == {("host", 42)}
        await rig.apply(held, Failed(ERROR))
        await rig.after(RETRY_S)
        await rig.apply(await rig.claim_one(), Succeeded(b"1"))
        attempts = await rig.store.jobs.attempts("default", job.id)
        assert attempts[-1].waited == RETRY_S
        assert attempts[-1].host == "host"

    async def test_where_it_ran_is_kept_longer_than_the_worker(self, rig: Rig) -> None:
        job = await rig.put(max_attempts=5)
        worker = await rig.worker()
        await rig.apply(await rig.claim_one(worker), Snoozed(1000 * 86_400_000))
        await rig.store.workers.end(worker)

        async def host() -> str | None:
            await rig.store.upkeep.prune(Retention(), 1000)
            [attempt] = await rig.store.jobs.attempts("default", job.id)
            return attempt.host

        await rig.store.queues.set_retention("default", "default", {"completed_ms": 40 * DAY_MS})
        for _ in range(2):
            rig.clock.advance(20 * 86_400)
            assert await host() == "host"
        rig.clock.advance(4 * 86_400)
        assert await host() is None

    async def test_a_whole_life_in_order(self, rig: Rig) -> None:
        job = await rig.put(max_attempts=5)
        endings: list[tuple[Outcome, str]] = [
            (Failed(ERROR), "failed"),
            (Snoozed(1000), "snoozed"),
            (TimedOut(ERROR), "timeout"),
            (Lost(), "lost"),
            (HandedBack(), ""),
            (Crashed(ERROR), "crashed"),
            (Succeeded(b"1"), "completed"),
        ]
        expected = []
        for lease_no, (outcome, word) in enumerate(endings, 1):
            held = await rig.claim_one(isolated=word == "completed")
            await rig.apply(held, outcome)
            if word:
                # A refunded attempt keeps the number that it ran under.
                expected.append((held.attempt, lease_no, word))
            await rig.after(10)
        assert await _history(rig, job.id) == expected

    @pytest.mark.parametrize(
        ("outcome", "word"),
        [
            (Succeeded(b"1"), "completed"),
            (Discarded(ERROR), "discarded"),
            (Failed(ERROR, retry=False), "failed"),
            (Stopped(by_handler=True, error=ERROR), "cancelled"),
        ],
    )
    async def test_the_final_attempt_is_shown_once(self, rig: Rig, outcome: Outcome, word: str) -> None:
        held = await rig.running()
        rig.clock.advance(2)
        await rig.apply(held, outcome)
        (attempt,) = await rig.store.jobs.attempts("default", held.id)
        assert (attempt.attempt, attempt.lease_no, attempt.outcome) == (1, 1, word)
        assert (attempt.started_at, attempt.finished_at) == (NOON, NOON + timedelta(seconds=2))
        assert attempt.worker

    async def test_errors_are_kept_per_attempt(self, rig: Rig) -> None:
        job = await rig.put(max_attempts=2)
        for n in (1, 2):
            await rig.apply(await rig.claim_one(), Failed(b'{"type":"E","message":"%d","traceback":""}' % n))
            await rig.after(RETRY_S)
        attempts = await rig.store.jobs.attempts("default", job.id)
        assert [decoded(attempt.raw_error)["message"] for attempt in attempts] == ["1", "2"]

    async def test_a_new_round_keeps_the_old_attempts(self, rig: Rig) -> None:
        held = await rig.running()
        await rig.apply(held, Discarded(ERROR))
        await rig.store.jobs.retry("default", held.id)
        await rig.apply(await rig.claim_one(), Failed(ERROR))
        assert await _history(rig, held.id) == [(1, 1, "discarded"), (1, 2, "failed")]

    async def test_a_job_cancelled_before_it_ran_has_none(self, rig: Rig) -> None:
        job = await rig.put()
        await rig.store.jobs.cancel("default", job.id, actor="me")
        assert await rig.store.jobs.attempts("default", job.id) == []

    async def test_foreign_jobs_show_nothing(self, rig: Rig) -> None:
        held = await rig.running()
        assert await rig.store.jobs.attempts("other", held.id) == []

    async def test_the_history_of_a_job_that_polls_for_ever_has_a_bound(self, rig: Rig) -> None:
        job, worker = await rig.put(max_attempts=3), await rig.worker()
        for turn in range(1, 131):
            await rig.apply(await rig.claim_one(worker), Failed(ERROR) if turn in (5, 20) else Snoozed(0))
            await rig.after(RETRY_S)
        attempts = await rig.store.jobs.attempts("default", job.id)
        assert [attempt.lease_no for attempt in attempts] == [*range(1, 11), *range(41, 131)]
        assert (attempts.total, attempts.gap) == (130, 30)
        assert attempts.counts == {"snoozed": 128, "failed": 2}
        await rig.claim_one()
        attempts = await rig.store.jobs.attempts("default", job.id)
        assert (attempts[-1].outcome, attempts.total) == ("running", 131)

    async def test_what_is_counted_of_a_history_goes_with_the_job(self, rig: Rig) -> None:
        job, worker = await rig.put(), await rig.worker()
        for _ in range(105):
            await rig.apply(await rig.claim_one(worker), Snoozed(0))
            await rig.after(1)
        await rig.apply(await rig.claim_one(), Succeeded(b"1"))
        assert (await rig.store.jobs.attempts("default", job.id)).total == 106
        await rig.store.jobs.delete("default", job.id)
        gone = await rig.store.jobs.attempts("default", job.id)
        assert (list(gone), gone.total) == ([], 0)
