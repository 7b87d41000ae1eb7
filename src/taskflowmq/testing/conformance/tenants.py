"""Tenants: queues, tasks, counts and pauses of one are not those of another, whatever their names."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from taskflowmq.core.job import JobFilter, QueueRef, State, UniqueKey
from taskflowmq.core.retention import Retention
from taskflowmq.core.transitions import Discarded, Succeeded
from taskflowmq.ports.store import StoreStats
from taskflowmq.ports.tasks import TaskNotice
from taskflowmq.testing.conformance.intake import ERROR
from taskflowmq.testing.conformance.support import TASK, TENANT, Rig, StoreSuite, ids
from taskflowmq.testing.waiting import wait_until

#: The first tenant of every store, and two others.
TENANTS = (TENANT, "blue", "red")


async def _fill(rig: Rig, tenant: str, count: int, *, queue: str = "default", priority: int = 0) -> None:
    await rig.enqueue(*(rig.job(tenant=tenant, queue=queue, priority=priority) for _ in range(count)))


def _ended(stats: StoreStats) -> tuple[int, int, int]:
    return stats.states["completed"], stats.states["cancelled"], stats.states["dead"]


class TestTenants(StoreSuite):
    """What belongs to a tenant."""

    async def test_the_same_queue_and_task_are_others_in_another_tenant(self, rig: Rig) -> None:
        jobs = {tenant: await rig.put("mail.send", tenant=tenant, queue="mail") for tenant in TENANTS}
        worker = await rig.worker()
        for tenant, job in jobs.items():
            (claimed,) = await rig.claim(worker, tenants=(tenant,), queues=("mail",), tasks=("mail.send",))
            assert (claimed.id, claimed.tenant, claimed.queue) == (job.id, tenant, "mail")
        assert await rig.claim(worker, tenants=(), tasks=("mail.send",)) == []

    @pytest.mark.parametrize("way", ["alone", "alike", "bulk", "keyed", "in_transaction"])
    async def test_whichever_way_a_job_came(self, rig: Rig, way: str) -> None:
        for tenant in TENANTS:
            unique = UniqueKey(key=f"of {way}") if way == "keyed" else None
            jobs = [rig.job(tenant=tenant, unique=unique)]
            if way in ("alike", "bulk"):
                jobs += [rig.job(tenant=tenant, max_attempts=7 if way == "bulk" else jobs[0].max_attempts)]
            if way == "in_transaction":
                await rig.store.intake.make_names(jobs)
                async with rig.store.claims.transaction() as conn:
                    await rig.store.intake.enqueue_on(conn, jobs)
            else:
                await rig.enqueue(*jobs)
            claimed = await rig.claim(await rig.worker(), tenants=(tenant,))
            assert sorted(job.id for job in claimed) == sorted(ids(jobs))

    async def test_one_batch_for_several_tenants(self, rig: Rig) -> None:
        jobs = [rig.job(tenant=tenant, queue=queue) for tenant in TENANTS for queue in ("a", "b")]
        await rig.enqueue(*jobs)
        for tenant in TENANTS:
            claimed = await rig.claim(await rig.worker(), tenants=(tenant,))
            assert {(job.tenant, job.queue) for job in claimed} == {(tenant, "a"), (tenant, "b")}

    async def test_names_made_by_two_programs_at_once(self, rig: Rig, other: Rig) -> None:
        for turn in range(10):
            queue = f"new-{turn}"
            jobs = [rig.job(f"task-{turn}", tenant=tenant, queue=queue) for tenant in (*TENANTS, *TENANTS)]
            await asyncio.gather(*(who.enqueue(job) for who, job in zip((rig, other) * 3, jobs, strict=True)))
            for tenant in TENANTS:
                found = await rig.claim(await rig.worker(), tenants=(tenant,), tasks=(f"task-{turn}",))
                assert [job.queue for job in found] == [queue] * 2

    async def test_a_worker_that_serves_every_tenant_serves_new_ones_too(self, rig: Rig, other: Rig) -> None:
        worker = await rig.worker()
        assert await rig.claim(worker, tenants=()) == []
        for tenant in TENANTS:
            job = await other.put(tenant=tenant)

            async def arrives() -> bool:
                return ids(await rig.claim(worker, tenants=())) == [job.id]  # noqa: B023 - called before it changes

            await wait_until(arrives, what=f"the job of {tenant} to be claimed")

    @pytest.mark.parametrize("tenants", [(), TENANTS])
    async def test_a_task_that_another_program_makes_is_claimed_at_once(
        self, rig: Rig, other: Rig, tenants: tuple[str, ...]
    ) -> None:
        worker, tasks = await rig.worker(), (TASK, "late")
        for tenant in TENANTS:
            await rig.put(tenant=tenant)
        assert len(await rig.claim(worker, tenants=tenants, tasks=tasks)) == len(TENANTS)
        for tenant in TENANTS:  # in lanes that are known
            job = await other.put("late", tenant=tenant)
            assert ids(await rig.claim(worker, tenants=tenants, tasks=tasks)) == [job.id]

    async def test_an_unknown_tenant_has_nothing(self, rig: Rig) -> None:
        await rig.put()
        assert await rig.claim(await rig.worker(), tenants=("unheard-of",)) == []
        assert await rig.store.queues.list_queues("unheard-of") == []
        assert await rig.store.intake.list_tasks("unheard-of") == []
        assert sum((await rig.store.stats.count("unheard-of")).states.values()) == 0

    async def test_tenants_are_served_in_turn_however_many_queues_they_have(self, rig: Rig) -> None:
        for number in range(9):
            await _fill(rig, "red", 6, queue=f"q{number}")
        await _fill(rig, "blue", 30)
        worker, taken = await rig.worker(), Counter[str]()
        for _ in range(40):
            taken[(await rig.claim_one(worker, tenants=("red", "blue"))).tenant] += 1
        assert taken == {"red": 20, "blue": 20}

    async def test_priority_goes_before_the_turns_of_tenants(self, rig: Rig) -> None:
        await _fill(rig, "red", 4, priority=5)
        await _fill(rig, "blue", 4)
        worker = await rig.worker()
        assert [(await rig.claim_one(worker, tenants=())).tenant for _ in range(8)] == ["blue"] * 4 + ["red"] * 4

    async def test_a_pause_is_one_tenants(self, rig: Rig, other: Rig) -> None:
        for tenant in TENANTS:
            await rig.put(tenant=tenant)
        await other.store.queues.pause("blue", "default")
        assert set(await rig.store.claims.paused_queues()) == {QueueRef("blue", "default")}
        assert [(view.tenant, view.paused_at is not None) for view in (await rig.store.stats.count_all()).queues] == [
            ("blue", True),
            (TENANT, False),
            ("red", False),
        ]
        worker = await rig.worker()
        await rig.store.claims.forget(worker)  # as a worker does that hears of a pause
        assert sorted(job.tenant for job in await rig.claim(worker, tenants=())) == [TENANT, "red"]
        await other.store.queues.resume("red", "default")  # which is not paused
        assert set(await rig.store.claims.paused_queues()) == {QueueRef("blue", "default")}
        await other.store.queues.resume("blue", "default")
        await rig.store.claims.forget(worker)
        assert [job.tenant for job in await rig.claim(worker, tenants=())] == ["blue"]

    async def test_counts_queues_and_tasks_are_ones_own(self, rig: Rig) -> None:
        for count, tenant in enumerate(TENANTS, 1):
            for _ in range(count):
                await rig.completed(tenant=tenant)
                await rig.apply_in(tenant, await rig.running(tenant=tenant, queue="died"), Discarded(ERROR))
                cancelled = await rig.put(tenant=tenant, queue="cancelled")
                await rig.store.jobs.cancel(tenant, cancelled.id, actor="me")
            await _fill(rig, tenant, count)
            await rig.put(tenant=tenant, queue=f"of-{tenant}", delay_ms=60_000)
        for count, tenant in enumerate(TENANTS, 1):
            stats = await rig.store.stats.count(tenant)
            assert _ended(stats) == (count, count, count)
            assert (stats.states["pending"], stats.states["scheduled"]) == (count, 1)
            assert {view.name for view in stats.queues} == {"default", "died", "cancelled", f"of-{tenant}"}
            assert {view.tenant for view in await rig.store.queues.list_queues(tenant)} == {tenant}
            (default,) = (view for view in stats.queues if view.name == "default")
            assert default.states == {"pending": count}
        whole = await rig.store.stats.count_all()
        assert _ended(whole) == (6, 6, 6)
        assert (whole.states["pending"], whole.states["scheduled"], len(whole.queues)) == (6, 3, 12)

    async def test_the_tenants_with_ready_jobs_are_listed(self, rig: Rig) -> None:
        assert await rig.store.stats.list_ready_tenants() == []
        await rig.put(tenant=TENANT, delay_ms=60_000)
        await rig.completed(tenant="blue")
        await _fill(rig, "red", 2, queue="a")
        await _fill(rig, "cyan", 1, queue="a")
        await rig.running(tenant="pink")
        assert await rig.store.stats.list_ready_tenants() == ["cyan", "red"]

    async def test_what_programs_say_of_a_task_is_said_in_their_tenant(self, rig: Rig) -> None:
        for tenant in TENANTS:
            said = TaskNotice("ant", f'{{"of":"{tenant}"}}'.encode(), b'{"queue":"a"}')
            await rig.store.intake.announce_tasks(tenant, [said])
        await rig.put("bee", tenant="red")
        for tenant in TENANTS:
            tasks = {task.name: task.args_schema for task in await rig.store.intake.list_tasks(tenant)}
            assert tasks["ant"] == f'{{"of":"{tenant}"}}'.encode()
            assert ("bee" in tasks) == (tenant == "red")

    async def test_lists_find_ones_own_jobs_by_queue_and_task(self, rig: Rig) -> None:
        jobs = {tenant: await rig.put("ant", tenant=tenant, queue="q") for tenant in TENANTS}
        only = await rig.put("bee", tenant="red", queue="p")
        for tenant, job in jobs.items():
            query = JobFilter(tenant=tenant, queue="q", task="ant", states=(State.PENDING,))
            assert ids((await rig.store.jobs.list_jobs(query, limit=10, before=None)).items) == [job.id]
            query = JobFilter(tenant=tenant, queue="p", task="bee")
            found = (await rig.store.jobs.list_jobs(query, limit=10, before=None)).items
            assert ids(found) == ([only.id] if tenant == "red" else [])

    async def test_retention_is_set_for_a_queue_of_one_tenant(self, rig: Rig) -> None:
        done = {tenant: await rig.completed(tenant=tenant) for tenant in TENANTS}
        await rig.store.queues.set_retention("blue", "default", {"completed_ms": 1000})
        rig.clock.advance(60)
        while await rig.store.upkeep.prune(Retention(), 1000):
            pass
        left = {tenant for tenant, job_id in done.items() if await rig.store.jobs.get(tenant, job_id) is not None}
        assert left == {TENANT, "red"}

    async def test_what_becomes_due_names_its_tenant(self, rig: Rig) -> None:
        for tenant in TENANTS:
            await rig.put(tenant=tenant, queue="later", delay_ms=1000)
        rig.clock.advance(2)
        staged = await rig.store.upkeep.stage_due(10)
        assert staged.queues == tuple(QueueRef(tenant, "later") for tenant in sorted(TENANTS))

    async def test_the_kept_turns_of_one_tenant_do_not_hold_back_another(self, rig: Rig) -> None:
        await _fill(rig, "red", 50)
        worker = await rig.worker()
        assert len(await rig.claim(worker, 40, tenants=())) == 40  # blue had nothing: it gets nothing back for that
        await _fill(rig, "blue", 50)
        taken = Counter([(await rig.claim_one(worker, tenants=())).tenant for _ in range(10)])
        assert taken["red"] >= 4

    async def test_jobs_of_another_tenant_cannot_be_settled_into_it(self, rig: Rig) -> None:
        held = await rig.running(tenant="red")
        assert await rig.store.jobs.get("blue", held.id) is None
        await rig.apply_in("red", held, Succeeded(b"1"))
        assert (await rig.store.stats.count("blue")).states["completed"] == 0
        assert (await rig.view(held.id, tenant="red")).task == TASK
