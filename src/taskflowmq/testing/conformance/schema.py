"""Opening, closing and the shape of the store."""

from __future__ import annotations

import asyncio

from taskflowmq.core.errors import TaskFlowError
from taskflowmq.testing.clock import VirtualClock
from taskflowmq.testing.conformance.support import NewStore, Rig, StoreSuite


class TestSchema(StoreSuite):
    """Store: open, close, ping, url; Schema."""

    async def test_an_open_store_is_migrated(self, rig: Rig) -> None:
        assert await rig.store.schema.version() >= 1
        assert await rig.store.schema.pending_sql() == []
        assert await rig.store.schema.migrate() == []
        await rig.store.schema.check_client()

    async def test_opening_and_closing_twice_is_fine(self, new_store: NewStore, clock: VirtualClock) -> None:
        store = new_store(clock)
        await store.close()
        await store.open()
        await store.open()
        await Rig(store, clock).put()
        await store.close()
        await store.close()

    async def test_a_closed_store_opens_again_with_its_jobs(self, new_store: NewStore, clock: VirtualClock) -> None:
        first = new_store(clock)
        await first.open()
        job = await Rig(first, clock).put()
        await first.close()
        second = new_store(clock)
        await second.open()
        assert (await Rig(second, clock).claim_one()).id == job.id
        await second.close()

    async def test_many_programs_may_open_a_new_database_at_once(
        self, new_store: NewStore, clock: VirtualClock
    ) -> None:
        stores = [new_store(clock) for _ in range(4)]
        await asyncio.gather(*(store.open() for store in stores))
        await asyncio.gather(*(Rig(store, clock).put() for store in stores))
        assert len(await Rig(stores[0], clock).claim(await Rig(stores[1], clock).worker())) == 4
        await asyncio.gather(*(store.close() for store in stores))

    async def test_work_under_way_is_finished_by_close(
        self, new_store: NewStore, clock: VirtualClock, rig: Rig
    ) -> None:
        store = new_store(clock)
        await store.open()
        driver = Rig(store, clock)
        jobs = [driver.job() for _ in range(20)]
        under_way = [asyncio.ensure_future(driver.enqueue(job)) for job in jobs]
        await asyncio.sleep(0)
        await store.close()
        answers = await asyncio.gather(*under_way, return_exceptions=True)
        # Each call was answered: stored, or a refusal that the caller can act on. Stored means stored (I1).
        for job, answer in zip(jobs, answers, strict=True):
            if isinstance(answer, BaseException):
                assert isinstance(answer, TaskFlowError), answer
            else:
                await rig.view(job.id)

    async def test_a_ping_proves_that_the_store_answers(self, rig: Rig) -> None:
        assert 0 <= await rig.store.ping() < 60

    async def test_the_address_shows_no_password(self, rig: Rig) -> None:
        assert rig.store.url
        assert "secret" not in rig.store.url

    async def test_without_a_virtual_clock_real_time_rules(
        self, new_store: NewStore, rig: Rig, clock: VirtualClock
    ) -> None:
        store = new_store(None)
        await store.open()
        seen = (await store.stats.count("default")).as_of
        assert seen.tzinfo is not None
        assert abs((seen - clock.now()).total_seconds()) > 3600, "the store should not know the virtual clock"
        await store.close()
