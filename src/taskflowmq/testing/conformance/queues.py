"""Queues as operators see them: paused, counted, and how long the oldest job has been ready."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from taskflowmq.core.job import JobFilter, QueueRef
from taskflowmq.core.pauses import Pause
from taskflowmq.core.retention import QueueRetention
from taskflowmq.core.transitions import Snoozed, Succeeded
from taskflowmq.core.validation import UNUSED_AFTER, USE_EVERY
from taskflowmq.ports.store import QueueView, Store
from taskflowmq.testing.clock import VirtualClock
from taskflowmq.testing.conformance.support import NOON, NewStore, Rig, StoreSuite


async def _queue(rig: Rig, name: str = "default") -> QueueView:
    (view,) = (view for view in await rig.store.queues.list_queues("default") if view.name == name)
    return view


class TestQueues(StoreSuite):
    """Queues: list_queues, pause, resume."""

    async def test_queues_are_listed_by_name(self, rig: Rig) -> None:
        assert await rig.store.queues.list_queues("default") == []
        for name in ("zoo", "ant", "mail"):
            await rig.put(queue=name)
        assert [view.name for view in await rig.store.queues.list_queues("default")] == ["ant", "mail", "zoo"]

    async def test_a_queue_counts_its_live_jobs(self, rig: Rig) -> None:
        await rig.apply(await rig.running(), Succeeded(b"1"))
        await rig.running()
        await rig.put(delay_ms=1000)
        await rig.enqueue(rig.job(), rig.job(), rig.job(priority=5))
        states = (await _queue(rig)).states
        counted = {state: states.get(state, 0) for state in ("pending", "running", "scheduled", "retrying")}
        assert counted == {"pending": 3, "running": 1, "scheduled": 1, "retrying": 0}

    async def test_the_age_is_that_of_the_oldest_ready_job(self, rig: Rig) -> None:
        await rig.put(delay_ms=20_000)
        assert (await _queue(rig)).oldest_ready_age is None
        rig.clock.advance(5)
        await rig.put(priority=9)
        rig.clock.advance(4)
        await rig.put(priority=-9)
        rig.clock.advance(2)
        assert (await _queue(rig)).oldest_ready_age == pytest.approx(6)
        worker = await rig.worker()
        assert len(await rig.claim(worker)) == 2
        assert (await _queue(rig)).oldest_ready_age is None
        # Age counts from when a job became ready, not from when it was enqueued.
        await rig.after(30)
        rig.clock.advance(1)
        assert (await _queue(rig)).oldest_ready_age == pytest.approx(1)

    async def test_a_queue_that_ran_dry_stays_listed(self, rig: Rig) -> None:
        await rig.completed(queue="mail")
        assert sum((await _queue(rig, "mail")).states.values()) == 0

    async def test_pausing_twice_keeps_the_first_time(self, rig: Rig) -> None:
        await rig.put()
        await rig.store.queues.pause("default", "default")
        rig.clock.advance(5)
        await rig.store.queues.pause("default", "default")
        assert (await _queue(rig)).paused_at == NOON
        await rig.store.queues.resume("default", "default")
        await rig.store.queues.resume("default", "default")
        assert (await _queue(rig)).paused_at is None

    async def test_a_pause_keeps_who_and_why_until_it_ends(self, rig: Rig, other: Rig) -> None:
        await rig.put()
        await rig.store.queues.pause("default", "default", actor="ada", reason='deploy of "über"')
        kept = Pause(NOON, "ada", 'deploy of "über"')
        assert (await _queue(other)).pause == kept
        assert await other.store.claims.paused_queues() == {QueueRef("default", "default"): kept}
        await rig.store.queues.set_retention("default", "default", {"dead_ms": 7})
        assert (await _queue(other)).pause == kept
        await rig.store.queues.resume("default", "default")
        assert (await _queue(other)).pause is None
        assert await other.store.claims.paused_queues() == {}
        # The next pause knows nothing of the one before.
        rig.clock.advance(5.123457)
        await rig.store.queues.pause("default", "default")
        assert (await _queue(other)).pause == Pause(NOON + timedelta(microseconds=5_123_457))
        await rig.store.queues.pause("default", "default", actor="ada", reason="deploy")
        assert (await _queue(other)).pause == Pause(NOON + timedelta(microseconds=5_123_457), "ada", "deploy")
        assert (await _queue(other)).retention == QueueRetention(dead_ms=7)

    async def test_a_paused_queue_gets_another_reason_and_keeps_its_time(self, rig: Rig) -> None:
        await rig.store.queues.pause("default", "default", actor="ada", reason="deploy")
        rig.clock.advance(5)
        await rig.store.queues.pause("default", "default", actor="bob")
        assert (await _queue(rig)).pause == Pause(NOON, "ada", "deploy")
        await rig.store.queues.pause("default", "default", actor="bob", reason="outage")
        assert (await _queue(rig)).pause == Pause(NOON, "bob", "outage")

    async def test_a_new_queue_can_be_paused_before_its_first_job(self, rig: Rig, other: Rig) -> None:
        await rig.store.queues.pause("default", "tomorrow")
        assert (await _queue(rig, "tomorrow")).paused_at == NOON
        await other.put(queue="tomorrow")
        worker = await other.worker()
        assert await other.claim(worker) == []
        await rig.store.queues.resume("default", "tomorrow")
        assert len(await other.claim(worker)) == 1

    async def test_running_jobs_go_on_in_a_paused_queue(self, rig: Rig) -> None:
        held = await rig.running()
        await rig.put()
        await rig.store.queues.pause("default", "default")
        await rig.apply(held, Snoozed(1000))
        await rig.after(2)
        assert (await _queue(rig)).states.get("pending") == 2
        worker = await rig.worker()
        assert await rig.claim(worker) == []
        await rig.store.queues.resume("default", "default")
        assert len(await rig.claim(worker)) == 2

    async def test_a_long_pause_loses_nothing(self, rig: Rig, other: Rig) -> None:
        """Positions that a claimer remembers from before a pause must not hide what came meanwhile."""
        worker = await rig.worker()
        for _ in range(3):
            await rig.enqueue(*(rig.job() for _ in range(10)))
            await rig.claim(worker, 5)
            await other.store.queues.pause("default", "default")
            assert await rig.claim(worker, 5) == []
            rig.clock.advance(600)
            await other.enqueue(*(other.job() for _ in range(10)))
            await other.store.queues.resume("default", "default")
            assert len(await rig.claim(worker, 100)) == 15


#: Longer than the time after which a queue is unused, and than what a program stores of its use only now and then.
_AGES_S = UNUSED_AFTER.total_seconds() + 2 * USE_EVERY.total_seconds()


async def _names(rig: Rig) -> list[str]:
    return [view.name for view in await rig.store.queues.list_queues("default")]


class TestUnusedQueues(StoreSuite):
    """Queues that no program uses any more."""

    @pytest.fixture
    async def opened(self, new_store: NewStore, clock: VirtualClock, store: Store) -> AsyncIterator[Rig]:
        """A third store, which knows no names yet."""
        third = new_store(clock)
        await third.open()
        yield Rig(third, clock)
        await third.close()

    async def test_a_queue_that_is_not_used_for_long_is_not_listed(self, rig: Rig) -> None:
        job_id = await rig.completed(queue="mail")
        rig.clock.advance(UNUSED_AFTER.total_seconds() - 60)
        assert await _names(rig) == ["mail"]
        rig.clock.advance(120)
        assert await _names(rig) == []
        assert (await rig.store.stats.count("default")).states["completed"] == 1
        # The job is still told as it was.
        assert (await rig.view(job_id)).queue == "mail"
        page = await rig.store.jobs.list_jobs(JobFilter(tenant="default", queue="mail"), limit=10, before=None)
        assert [view.id for view in page.items] == [job_id]

    async def test_a_job_brings_its_queue_back_with_those_after_it(self, rig: Rig, other: Rig, opened: Rig) -> None:
        await rig.completed(queue="mail")
        rig.clock.advance(_AGES_S)
        assert await _names(other) == []
        # One program remembers the queue, the next has just heard of it.
        jobs = [await rig.put(queue="mail"), await opened.put(queue="mail"), await rig.put(queue="mail")]
        for each in (rig, other, opened):
            assert await _names(each) == ["mail"]
        worker = await other.worker()
        claimed = await other.claim(worker)
        assert [job.id for job in claimed] == [job.id for job in jobs]
        for job in claimed:
            await other.apply(job, Succeeded(b"1"))
        assert await _names(other) == ["mail"]
        other.clock.advance(_AGES_S)
        assert await _names(other) == []

    @pytest.mark.parametrize("delay_ms", [0, 30 * 86_400_000])
    async def test_a_queue_with_a_live_job_stays(self, rig: Rig, delay_ms: int) -> None:
        await rig.put(queue="mail", delay_ms=delay_ms)
        rig.clock.advance(_AGES_S)
        assert await _names(rig) == ["mail"]

    async def test_a_queue_with_a_running_job_stays(self, rig: Rig) -> None:
        await rig.running(queue="mail")
        rig.clock.advance(_AGES_S)
        assert await _names(rig) == ["mail"]

    async def test_a_paused_queue_stays_and_resuming_is_a_use(self, rig: Rig) -> None:
        await rig.store.queues.pause("default", "mail")
        rig.clock.advance(_AGES_S)
        assert await _names(rig) == ["mail"]
        await rig.store.queues.resume("default", "mail")
        assert await _names(rig) == ["mail"]
        rig.clock.advance(_AGES_S)
        assert await _names(rig) == []
        await rig.store.queues.resume("default", "mail")
        assert await _names(rig) == ["mail"]

    async def test_a_queue_with_a_retention_of_its_own_stays(self, rig: Rig) -> None:
        await rig.store.queues.set_retention("default", "mail", {"completed_ms": 1000})
        rig.clock.advance(_AGES_S)
        assert await _names(rig) == ["mail"]
        await rig.store.queues.set_retention("default", "mail", {"completed_ms": None})
        rig.clock.advance(_AGES_S)
        assert await _names(rig) == []

    async def test_looks_beside_enqueues_hide_no_job(self, rig: Rig, other: Rig) -> None:
        queues = [f"q{number}" for number in range(8)]
        for name in queues:
            await rig.completed(queue=name)
        rig.clock.advance(_AGES_S)
        assert await _names(other) == []
        looks = [other.store.queues.list_queues("default") for _ in queues]
        await asyncio.gather(*(rig.put(queue=name) for name in queues), *looks)
        assert await _names(other) == queues
        assert len(await other.claim(await other.worker())) == len(queues)
