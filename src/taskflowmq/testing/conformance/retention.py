"""What is deleted and what is kept: only ended jobs, only past their time, and never a live one (I1)."""

from __future__ import annotations

from uuid import UUID

import pytest

from taskflowmq.core.job import State
from taskflowmq.core.retention import NEVER, QueueRetention, Retention
from taskflowmq.core.transitions import Discarded, Failed, Stopped, Succeeded
from taskflowmq.testing.conformance.intake import ERROR
from taskflowmq.testing.conformance.listing import fill
from taskflowmq.testing.conformance.support import Rig, StoreSuite

DAY_S = 86_400
WEEK = Retention(completed_ms=7 * DAY_S * 1000, cancelled_ms=7 * DAY_S * 1000, dead_ms=30 * DAY_S * 1000)
FOREVER = Retention(completed_ms=None, cancelled_ms=None, dead_ms=None)


async def prune(rig: Rig, retention: Retention = WEEK, limit: int = 1000) -> int:
    """Prune until nothing is left to prune, as the duty does, and return how many rows went."""
    total = 0
    for _ in range(100):
        await rig.store.upkeep.maintain()
        gone = await rig.store.upkeep.prune(retention, limit)
        total += gone
        if not gone:
            return total
    raise AssertionError("the pruner never finishes")


class TestRetention(StoreSuite):
    """Upkeep.prune."""

    async def test_an_empty_store_has_nothing_to_prune(self, rig: Rig) -> None:
        assert await rig.store.upkeep.prune(WEEK, 100) == 0

    async def test_ended_jobs_are_kept_for_their_time(self, rig: Rig) -> None:
        jobs = await fill(rig)
        rig.clock.advance(6 * DAY_S)
        await prune(rig)
        for state, pair in jobs.items():
            for job_id in pair:
                assert await rig.state(job_id) is state

    async def test_ended_jobs_go_after_their_time_and_the_living_stay(self, rig: Rig) -> None:
        jobs = await fill(rig)
        rig.clock.advance(9 * DAY_S)
        assert await prune(rig) >= 4
        for state, pair in jobs.items():
            for job_id in pair:
                if state in (State.COMPLETED, State.CANCELLED):
                    assert await rig.store.jobs.get("default", job_id) is None
                    assert await rig.store.jobs.attempts("default", job_id) == []
                else:
                    assert await rig.state(job_id) is state

    async def test_the_dead_stay_longer(self, rig: Rig) -> None:
        dead = (await rig.apply(await rig.running(), Discarded(ERROR))).id
        rig.clock.advance(29 * DAY_S)
        await prune(rig)
        assert await rig.state(dead) is State.DEAD
        rig.clock.advance(3 * DAY_S)
        await prune(rig)
        assert await rig.store.jobs.get("default", dead) is None

    async def test_none_keeps_for_ever(self, rig: Rig) -> None:
        jobs = await fill(rig)
        rig.clock.advance(400 * DAY_S)
        await prune(rig, FOREVER)
        for state, pair in jobs.items():
            for job_id in pair:
                assert await rig.state(job_id) is state

    async def test_time_counts_from_the_end_of_a_job_not_from_its_start(self, rig: Rig) -> None:
        held = await rig.running()
        await rig.apply(held, Failed(ERROR))
        old = await rig.completed()
        rig.clock.advance(20 * DAY_S)
        await prune(rig)
        assert await rig.store.jobs.get("default", old) is None
        await rig.store.upkeep.stage_due(10)
        await rig.apply(await rig.claim_one(), Succeeded(b"1"))
        rig.clock.advance(5 * DAY_S)
        await prune(rig)
        assert await rig.state(held.id) is State.COMPLETED
        rig.clock.advance(4 * DAY_S)
        await prune(rig)
        assert await rig.store.jobs.get("default", held.id) is None

    async def test_live_jobs_of_any_age_still_work(self, rig: Rig) -> None:
        pending, scheduled = await rig.put("p"), await rig.put("s", delay_ms=60 * DAY_S * 1000)
        running = await rig.running(task="r")
        for _ in range(50):
            rig.clock.advance(DAY_S)
        await prune(rig)
        rig.clock.advance(11 * DAY_S)
        await prune(rig)
        await rig.store.upkeep.stage_due(10)
        assert (await rig.claim_one(tasks=("p",))).id == pending.id
        assert (await rig.claim_one(tasks=("s",))).id == scheduled.id
        assert (await rig.apply(running, Succeeded(b"1"))).state is State.COMPLETED

    async def test_a_dead_job_that_was_kept_can_be_redriven(self, rig: Rig) -> None:
        dead = (await rig.apply(await rig.running(), Discarded(ERROR))).id
        rig.clock.advance(20 * DAY_S)
        await prune(rig)
        await rig.store.jobs.retry("default", dead)
        assert (await rig.claim_one()).id == dead
        assert len(await rig.store.jobs.attempts("default", dead)) == 2

    async def test_a_small_limit_gets_there_too(self, rig: Rig) -> None:
        await rig.enqueue(*(rig.job() for _ in range(25)))
        for job in await rig.claim(await rig.worker()):
            await rig.settle(job, Stopped(by_handler=True))
        keep = await rig.put()
        rig.clock.advance(9 * DAY_S)
        await prune(rig, limit=4)
        stats = await rig.store.stats.count("default")
        assert {state: count for state, count in stats.states.items() if count} == {"pending": 1}
        assert await rig.state(keep.id) is State.PENDING

    async def test_the_dead_who_stay_are_in_nobodys_way(self, rig: Rig) -> None:
        await rig.enqueue(*(rig.job() for _ in range(30)))
        dead: list[UUID] = []
        gone: list[UUID] = []
        for n, job in enumerate(await rig.claim(await rig.worker())):
            (gone if n % 10 == 9 else dead).append(job.id)
            await rig.settle(job, Succeeded(b"1") if n % 10 == 9 else Discarded(ERROR))
        rig.clock.advance(9 * DAY_S)
        assert await prune(rig, limit=1) >= 3
        assert [await rig.store.jobs.get("default", job_id) for job_id in gone] == [None] * 3
        # Those who come later go as well, and those who stayed in their turn.
        later = await rig.completed()
        rig.clock.advance(9 * DAY_S)
        await prune(rig, limit=1)
        assert await rig.store.jobs.get("default", later) is None
        assert {await rig.state(job_id) for job_id in dead} == {State.DEAD}
        rig.clock.advance(15 * DAY_S)
        await prune(rig, limit=10)
        assert [await rig.store.jobs.get("default", job_id) for job_id in dead] == [None] * 27

    async def test_short_retention_is_kept_to(self, rig: Rig) -> None:
        hour = Retention(completed_ms=3_600_000, cancelled_ms=None, dead_ms=None)
        late = await rig.running()
        for _ in range(3):
            early = await rig.completed(task="early")
            rig.clock.advance(1800)
            await prune(rig, hour)
            assert await rig.state(early) is State.COMPLETED
            rig.clock.advance(1801)
            await prune(rig, hour)
            assert await rig.store.jobs.get("default", early) is None
        await rig.apply(late, Succeeded(b"1"))
        rig.clock.advance(3590)
        await prune(rig, hour)
        assert await rig.state(late.id) is State.COMPLETED
        rig.clock.advance(60)
        await prune(rig, hour)
        assert await rig.store.jobs.get("default", late.id) is None

    @pytest.mark.parametrize("hours", [25, 24 * 9])
    async def test_deleted_jobs_stay_deleted(self, rig: Rig, hours: int) -> None:
        job_id = await rig.completed()
        await rig.store.jobs.delete("default", job_id)
        rig.clock.advance(hours * 3600)
        await prune(rig)
        assert await rig.store.jobs.get("default", job_id) is None
        assert await prune(rig) == 0

    async def test_a_queue_may_keep_its_jobs_for_less_and_another_for_longer(self, rig: Rig) -> None:
        quick, usual, audit = [await rig.completed(queue=queue) for queue in ("quick", "usual", "audit")]
        lost = (await rig.apply(await rig.running(queue="quick"), Discarded(ERROR))).id
        await rig.store.queues.set_retention("default", "quick", {"completed_ms": 3_600_000})
        await rig.store.queues.set_retention("default", "audit", {"completed_ms": 60 * DAY_S * 1000, "dead_ms": NEVER})
        rig.clock.advance(3_700)
        await prune(rig)
        assert [await rig.store.jobs.get("default", one) is None for one in (quick, usual, audit, lost)] == [
            True, False, False, False
        ]  # fmt: skip
        rig.clock.advance(12 * DAY_S)
        await prune(rig)
        assert [await rig.store.jobs.get("default", one) is None for one in (usual, audit, lost)] == [
            True,
            False,
            False,
        ]
        rig.clock.advance(60 * DAY_S)
        await prune(rig)
        assert [await rig.store.jobs.get("default", one) is None for one in (audit, lost)] == [True, True]
        assert await rig.store.upkeep.check() == []

    async def test_a_queue_may_keep_its_jobs_for_ever(self, rig: Rig) -> None:
        kept, gone = [await rig.completed(queue=queue) for queue in ("audit", "usual")]
        await rig.store.queues.set_retention("default", "audit", {"completed_ms": NEVER})
        rig.clock.advance(400 * DAY_S)
        await prune(rig)
        assert await rig.state(kept) is State.COMPLETED
        assert await rig.store.jobs.get("default", gone) is None

    async def test_a_retention_of_a_queue_is_shown_changed_and_taken_back(self, rig: Rig) -> None:
        queues = rig.store.queues
        await queues.set_retention("default", "mail", {"completed_ms": 1000, "dead_ms": 2000})
        await queues.set_retention("default", "mail", {"completed_ms": None, "cancelled_ms": NEVER})
        await queues.pause("default", "mail")
        (view,) = await queues.list_queues("default")
        assert view.retention == QueueRetention(cancelled_ms=NEVER, dead_ms=2000)
        await queues.set_retention("default", "mail", {"cancelled_ms": None, "dead_ms": None})
        (view,) = await queues.list_queues("default")
        assert view.retention == QueueRetention()

    async def test_the_oldest_of_too_many_ended_jobs_go_and_the_dead_stay(self, rig: Rig) -> None:
        dead = (await rig.apply(await rig.running(), Discarded(ERROR))).id
        jobs = []
        for _ in range(6):
            jobs.append(await rig.completed())
            rig.clock.advance(10)
        live = await rig.put(queue="live")
        few = Retention(completed_ms=None, cancelled_ms=None, dead_ms=None, keep=4)
        await prune(rig, few)
        left = [one for one in jobs if await rig.store.jobs.get("default", one) is not None]
        assert left == jobs[-4:]
        assert await rig.state(dead) is State.DEAD
        assert await rig.state(live.id) is State.PENDING
        await prune(rig, Retention(keep=100))
        assert await rig.state(jobs[-1]) is State.COMPLETED

    async def test_many_that_stay_do_not_hide_those_of_another_queue(self, rig: Rig) -> None:
        for _ in range(3):
            await rig.completed(queue="audit")
        gone = [await rig.completed(queue="usual") for _ in range(3)]
        await rig.store.queues.set_retention("default", "audit", {"completed_ms": NEVER})
        rig.clock.advance(12 * DAY_S)
        assert await prune(rig, WEEK, limit=1) == 3
        assert [await rig.store.jobs.get("default", one) for one in gone] == [None] * 3
