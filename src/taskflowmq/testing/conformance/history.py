"""The history: figures are found by minute, queue and task, joined without a change, and kept for as long as said."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from taskflowmq.core.history import By, Figures, HistoryKept, Total, joined
from taskflowmq.core.job import JobKind, UniqueKey
from taskflowmq.core.transitions import Failed, HandedBack, Outcome, Snoozed, Succeeded
from taskflowmq.ports.store import HistoryQuery, Store
from taskflowmq.testing.clock import VirtualClock
from taskflowmq.testing.conformance.support import LEASE_MS, NOON, TASK, TENANT, NewStore, Rig, StoreSuite

WRITER = UUID(int=5)
KEPT = HistoryKept()
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
ERROR = b'{"type":"E","message":"m","traceback":""}'


def kind(queue: str = "default", task: str = TASK, tenant: str = TENANT) -> JobKind:
    """Return a kind of jobs."""
    return JobKind(tenant, queue, task)


def measured(wait: float, run: float) -> Figures:
    """Return the figures of one job that completed."""
    total = Total()
    total.count("started")
    total.count("completed")
    total.wait.take([wait])
    total.run.take([run])
    return total.figures()


async def read(
    store: Store,
    since: datetime = NOON - DAY,
    until: datetime = NOON + DAY,
    *,
    step: timedelta = 2 * DAY,
    by: By = By.NONE,
    names: tuple[str, ...] | None = None,
    tenant: str = TENANT,
) -> dict[tuple[int, str | None], Figures]:
    """Return the figures of a tenant, added up by step and name."""
    query = HistoryQuery(
        tenant=tenant, since=since, until=until, step_s=round(step.total_seconds()), by=by, names=names
    )
    return {(number, name): joined(parts) for number, name, _, parts in await store.history.read(query)}


async def whole(store: Store, tenant: str = TENANT) -> Figures:
    """Return the figures of a day before and after noon."""
    return (await read(store, tenant=tenant)).get((0, None), Figures())


def move(clock: VirtualClock, at: datetime) -> None:
    """Move time forward."""
    clock.advance((at - clock.now()).total_seconds())


async def rolled_up(store: Store) -> int:
    """Join everything that is due, and return how many rows that were."""
    rows = 0
    while more := await store.history.roll_up(KEPT):
        rows += more
    return rows


class _WithKinds(StoreSuite):
    """Cases on a store that has kinds of jobs."""

    @pytest.fixture
    async def store(self, new_store: NewStore, clock: VirtualClock) -> AsyncIterator[Store]:
        """A store with two tenants, each with two queues and two tasks."""
        store = new_store(clock)
        await store.open()
        rig = Rig(store, clock)
        for tenant in (TENANT, "other"):
            # Names of their own: a store that is not finished has each once.
            mark = "" if tenant == TENANT else "-other"
            await rig.enqueue(
                *(
                    rig.job(task + mark, queue=queue + mark, tenant=tenant, expires_in_ms=1)
                    for queue in ("default", "mail")
                    for task in (TASK, "send")
                )
            )
        clock.advance(1)
        assert await store.upkeep.expire_ready(100) == 8
        clock.advance(59)
        yield store
        violations = await store.upkeep.check()
        await store.close()
        assert violations == []


class TestHistory(_WithKinds):
    """What is appended is found again, whatever was joined meanwhile."""

    async def test_figures_are_found_by_step_and_name(self, store: Store, clock: VirtualClock) -> None:
        await store.history.append(WRITER, {kind(): measured(0.01, 1), kind("mail"): measured(0.02, 2)})
        clock.advance(60)
        await store.history.append(UUID(int=6), {kind("mail", "send"): measured(0.04, 4), kind(): measured(3, 3)})
        since, until = NOON + MINUTE, NOON + 5 * MINUTE
        assert await read(store, since, until, step=MINUTE, by=By.QUEUE) == {
            (0, "default"): measured(0.01, 1),
            (0, "mail"): measured(0.02, 2),
            (1, "default"): measured(3, 3),
            (1, "mail"): measured(0.04, 4),
        }
        assert await read(store, since, until, step=4 * MINUTE, by=By.TASK) == {
            (0, TASK): joined([measured(0.01, 1), measured(0.02, 2), measured(3, 3)]),
            (0, "send"): measured(0.04, 4),
        }
        assert await read(store, since, until, step=4 * MINUTE) == {
            (0, None): joined([measured(0.01, 1), measured(0.02, 2), measured(3, 3), measured(0.04, 4)])
        }
        assert await read(store, since, until, step=4 * MINUTE, by=By.QUEUE, names=("mail", "gone")) == {
            (0, "mail"): joined([measured(0.02, 2), measured(0.04, 4)])
        }
        assert await read(store, since, since + MINUTE, step=MINUTE, by=By.TASK, names=("send",)) == {}

    async def test_a_minute_begins_with_its_first_moment(self, store: Store, clock: VirtualClock) -> None:
        clock.advance(59.999)
        await store.history.append(WRITER, {kind(): measured(0.01, 1)})
        clock.advance(0.001)
        await store.history.append(WRITER, {kind(): measured(0.01, 1)})
        await store.history.append(WRITER, {kind(): measured(0.01, 1)}, age_ms=1)
        since = NOON + MINUTE
        found = await read(store, since, since + 2 * MINUTE, step=MINUTE)
        assert [found[number, None].completed for number in (0, 1)] == [2, 1]

    async def test_a_tenant_sees_its_own_figures(self, store: Store) -> None:
        await store.history.append(
            WRITER, {kind(): measured(1, 1), kind("mail-other", "send-other", "other"): measured(2, 2)}
        )
        assert (await whole(store, "other")).run_us == 2_000_000
        assert (await whole(store)).run_us == 1_000_000
        assert await read(store, tenant="never-used") == {}

    async def test_figures_without_a_queue_or_task_are_left_out(self, store: Store) -> None:
        await store.history.append(
            WRITER,
            {kind("unknown"): measured(1, 1), kind(task="unknown"): measured(1, 1), kind(): measured(2, 2)},
        )
        await store.history.append(WRITER, {})
        assert (await whole(store)).started == 1

    async def test_minutes_that_are_over_are_joined_once(self, store: Store, other: Rig, clock: VirtualClock) -> None:
        await rolled_up(store)
        for minute in range(25):
            for writer in range(3):
                figures = {kind(): measured(0.01 * minute, 1), kind("mail", "send"): measured(1, writer)}
                await store.history.append(UUID(int=writer), figures)
            clock.advance(60)
        before = await read(store, step=MINUTE, by=By.QUEUE)
        # Two nodes at once, as after a step of the clock: a duty's turn is no lock.
        rows = await asyncio.gather(rolled_up(store), rolled_up(other.store))
        # The last two minutes may still receive figures. The fixture has cancelled jobs of four kinds in two tenants.
        assert sum(rows) == 23 * 6 + 8
        assert await rolled_up(store) == 0
        assert await read(store, step=MINUTE, by=By.QUEUE) == before

    async def test_what_comes_late_is_joined_with_what_was_joined(self, store: Store, clock: VirtualClock) -> None:
        await store.history.append(WRITER, {kind(): measured(1, 1)})
        clock.advance(600)
        assert await rolled_up(store) >= 1
        await store.history.append(WRITER, {kind(): measured(1, 1)}, age_ms=600_000)
        assert await rolled_up(store) == 2
        assert (await whole(store)).completed == 2

    async def test_old_minutes_become_hours_and_old_hours_go(self, store: Store, clock: VirtualClock) -> None:
        start = NOON + HOUR
        move(clock, start)
        for _ in range(120):
            await store.history.append(WRITER, {kind(): measured(0.1, 1)})
            clock.advance(60)
        move(clock, start + timedelta(seconds=KEPT.minutes_s) + HOUR - MINUTE)
        await rolled_up(store)
        by_minute = await read(store, start, start + 2 * HOUR, step=MINUTE)
        assert len(by_minute) == 120
        clock.advance(60)
        assert await rolled_up(store) == 60
        by_minute = await read(store, start, start + 2 * HOUR, step=MINUTE)
        assert by_minute[0, None].completed == 60
        assert len(by_minute) == 61
        query = HistoryQuery(tenant=TENANT, since=start, until=start + 2 * HOUR, step_s=3_600, by=By.NONE)
        assert sorted(row.span_s for row in await store.history.read(query)) == [60, 3_600]
        by_hour = await read(store, start, start + 2 * HOUR, step=HOUR)
        assert [by_hour[number, None].completed for number in (0, 1)] == [60, 60]
        move(clock, start + timedelta(seconds=KEPT.hours_s))
        await rolled_up(store)
        await store.history.prune(KEPT, 1000)
        assert (await read(store, start, start + 2 * HOUR, step=HOUR)).keys() == {(0, None), (1, None)}
        clock.advance(3600)
        while await store.history.prune(KEPT, 1):
            pass
        assert (await read(store, start, start + 2 * HOUR, step=HOUR)).keys() == {(1, None)}

    async def test_a_clock_that_steps_back_loses_no_figure(
        self, store: Store, new_store: NewStore, clock: VirtualClock
    ) -> None:
        clock.advance(3600)
        await store.history.append(WRITER, {kind(): measured(1, 1)})
        before = VirtualClock(NOON + 10 * MINUTE)
        stepped = new_store(before)
        await stepped.open()
        await stepped.history.append(WRITER, {kind(): measured(1, 1)})
        await rolled_up(stepped)
        assert (await whole(stepped)).completed == 2
        before.advance(2 * 3600)
        await rolled_up(stepped)
        assert (await whole(stepped)).completed == 2
        assert await rolled_up(stepped) == 0
        await stepped.close()

    async def test_the_backlog_is_counted_once_as_a_minute_begins(
        self, store: Store, rig: Rig, clock: VirtualClock
    ) -> None:
        for queue, task, jobs in (("default", TASK, 3), ("default", "send", 2), ("mail", "send", 1)):
            await rig.enqueue(*(rig.job(task, queue=queue) for _ in range(jobs)))
        await rig.put("send-other", queue="mail-other", tenant="other")
        await rig.put(delay_ms=60_000)
        at = NOON + MINUTE
        clock.advance(1.5)
        assert await store.history.count_backlog() == 58_500
        await rig.put(queue="mail")
        assert await store.history.count_backlog() == 58_500
        later = at + MINUTE
        assert await store.history.read_backlog(TENANT, [at, later], By.QUEUE) == {at: {"default": 5, "mail": 1}}
        assert await store.history.read_backlog(TENANT, [at], By.TASK) == {at: {TASK: 3, "send": 3}}
        assert await store.history.read_backlog(TENANT, [at], By.TASK, ("send",)) == {at: {"send": 3}}
        assert await store.history.read_backlog(TENANT, [at], By.NONE) == {at: {None: 6}}
        assert await store.history.read_backlog("other", [at], By.QUEUE) == {at: {"mail-other": 1}}
        # Half a minute later it would not be what the minute began with.
        clock.advance(88)
        assert await store.history.count_backlog() == 30_500
        assert await store.history.read_backlog(TENANT, [later], By.NONE) == {}
        assert await store.history.read_backlog(TENANT, [], By.NONE) == {}

    async def test_an_empty_backlog_was_counted_too(self, store: Store) -> None:
        await store.history.count_backlog()
        at = NOON + MINUTE
        assert await store.history.read_backlog(TENANT, [at], By.NONE) == {at: {}}

    async def test_of_old_backlogs_the_hours_are_kept(self, store: Store, rig: Rig, clock: VirtualClock) -> None:
        await rig.put()
        minutes = [NOON + HOUR + number * MINUTE for number in (0, 1, 60, 61)]
        for minute in minutes:
            move(clock, minute)
            await store.history.count_backlog()
        move(clock, minutes[-1] + timedelta(seconds=KEPT.minutes_s) + MINUTE)
        assert await store.history.prune(KEPT, 1000) == 4
        counted = await store.history.read_backlog(TENANT, minutes, By.NONE)
        assert counted == {minutes[0]: {None: 1}, minutes[2]: {None: 1}}
        move(clock, minutes[0] + timedelta(seconds=KEPT.hours_s) + MINUTE)
        await store.history.prune(KEPT, 1000)
        assert (await store.history.read_backlog(TENANT, minutes, By.NONE)).keys() == {minutes[2]}


class TestHistoryByNode(_WithKinds):
    """What workers append is found by the host that they ran on, whatever was joined meanwhile."""

    async def by_node(self, store: Store, **wanted: Any) -> dict[tuple[int, str | None], Figures]:
        """Return the figures of the minutes after noon by node."""
        return await read(store, NOON, NOON + HOUR, step=MINUTE, by=By.NODE, **wanted)

    async def test_figures_are_of_the_host_of_their_worker(self, store: Store, rig: Rig, clock: VirtualClock) -> None:
        one, same, other = await rig.worker(host="a"), await rig.worker(host="a"), await rig.worker(host="b")
        await store.history.append(one, {kind(): measured(1, 1), kind("mail", "send"): measured(2, 2)})
        await store.history.append(same, {kind(): measured(3, 3)})
        await store.history.append(other, {kind(): measured(4, 4)})
        await store.history.append(other, {kind("mail-other", "send-other", "other"): measured(5, 5)})
        # Of a process that did not register, it is known what it did and not where.
        await store.history.append(WRITER, {kind(): measured(6, 6)})
        clock.advance(60)
        await store.history.append(one, {kind(): measured(7, 7)})
        expected = {
            (1, "a"): joined([measured(1, 1), measured(2, 2), measured(3, 3)]),
            (1, "b"): measured(4, 4),
            (2, "a"): measured(7, 7),
        }
        for late in (0, 120, 600):
            clock.advance(late)
            await rolled_up(store)
            assert await self.by_node(store) == expected
            assert await self.by_node(store, names=("b", "gone")) == {(1, "b"): measured(4, 4)}
            assert await self.by_node(store, tenant="other") == {(1, "b"): measured(5, 5)}
            assert await self.by_node(store, tenant="never-used") == {}
        assert (await whole(store)).started == 6

    async def test_what_comes_late_is_joined_with_its_node(self, store: Store, rig: Rig, clock: VirtualClock) -> None:
        worker = await rig.worker(host="a")
        await store.history.append(worker, {kind(): measured(1, 1)})
        clock.advance(600)
        await rolled_up(store)
        await store.workers.end(worker)
        await store.history.append(worker, {kind("mail"): measured(2, 2)}, age_ms=600_000)
        expected = {(1, "a"): joined([measured(1, 1), measured(2, 2)])}
        assert await self.by_node(store) == expected
        await rolled_up(store)
        assert await self.by_node(store) == expected

    async def test_nodes_are_joined_once_by_two_duties(
        self, store: Store, rig: Rig, other: Rig, clock: VirtualClock
    ) -> None:
        workers = [await rig.worker(host=host) for host in ("a", "a", "b")]
        for _ in range(25):
            for worker in workers:
                await store.history.append(worker, {kind(): measured(1, 1), kind("mail", "send"): measured(2, 2)})
            clock.advance(60)
        before = await self.by_node(store)
        assert len(before) == 50
        await asyncio.gather(rolled_up(store), rolled_up(other.store))
        assert await self.by_node(store) == before

    async def test_minutes_of_nodes_become_hours_and_old_hours_go(
        self, store: Store, rig: Rig, clock: VirtualClock
    ) -> None:
        worker, start = await rig.worker(host="a"), NOON + HOUR
        move(clock, start)
        for _ in range(120):
            await store.history.append(worker, {kind(): measured(0.1, 1)})
            clock.advance(60)
        await rolled_up(store)
        move(clock, start + timedelta(seconds=KEPT.minutes_s) + HOUR)
        await rolled_up(store)
        query = HistoryQuery(tenant=TENANT, since=start, until=start + 2 * HOUR, step_s=3_600, by=By.NODE)
        found = {(row.number, row.name): row for row in await store.history.read(query)}
        assert {key: (row.span_s, joined(row.parts).completed) for key, row in found.items()} == {
            (0, "a"): (3_600, 60),
            (1, "a"): (60, 60),
        }
        move(clock, start + timedelta(seconds=KEPT.hours_s) + HOUR)
        await rolled_up(store)
        while await store.history.prune(KEPT, 1):
            pass
        by_hour = await read(store, start, start + 2 * HOUR, step=HOUR, by=By.NODE)
        assert by_hour.keys() == {(1, "a")}

    async def test_a_job_that_a_settle_cancels_is_corrected_on_its_node(
        self, store: Store, rig: Rig, clock: VirtualClock
    ) -> None:
        job = await rig.put()
        held = await rig.claim_one(await rig.worker(host="a"))
        assert held.id == job.id
        await store.jobs.cancel(TENANT, held.id, actor="ada")
        await rig.apply(held, Failed(ERROR))
        waits = await rig.put()
        await store.jobs.cancel(TENANT, waits.id, actor="ada")
        for _ in range(2):
            # What is cancelled before it starts is on no node.
            assert await self.by_node(store) == {(1, "a"): Figures(cancelled=1, retried=-1)}
            clock.advance(180)
            await rolled_up(store)

    async def test_no_backlog_was_counted_by_node(self, store: Store) -> None:
        await store.history.count_backlog()
        assert await store.history.read_backlog(TENANT, [NOON + MINUTE], By.NODE) == {}


class TestHistoryOfTheUnstarted(StoreSuite):
    """Jobs that end without a worker are counted where they end."""

    async def counted(self, store: Store) -> dict[str, int]:
        """Return what was counted, without zeros."""
        figures = await whole(store)
        names = ("cancelled", "cancelled_ready", "retried", "returned", "started", "completed")
        return {name: count for name in names if (count := getattr(figures, name))}

    async def test_jobs_cancelled_by_hand(self, store: Store, rig: Rig) -> None:
        ready, later = await rig.put(), await rig.put(delay_ms=60_000)
        for job in (ready, later):
            await store.jobs.cancel(TENANT, job.id, actor="ada")
        assert await self.counted(store) == {"cancelled": 2, "cancelled_ready": 1}
        assert (await read(store, by=By.QUEUE)).keys() == {(0, "default")}
        assert (await read(store, by=By.TASK)).keys() == {(0, TASK)}

    async def test_jobs_that_expire(self, store: Store, rig: Rig, clock: VirtualClock) -> None:
        await rig.enqueue(*(rig.job(expires_in_ms=10) for _ in range(3)))
        await rig.put(expires_in_ms=10, delay_ms=100)
        clock.advance(1)
        assert await store.upkeep.expire_ready(100) == 3
        assert (await store.upkeep.stage_due(100)).expired == 1
        assert await self.counted(store) == {"cancelled": 4, "cancelled_ready": 3}

    async def test_jobs_that_are_replaced(self, store: Store, rig: Rig) -> None:
        newest = UniqueKey(key="k", on_conflict="replace")
        for delay_ms in (0, 60_000, 0):
            await rig.put(unique=newest, delay_ms=delay_ms)
        assert await self.counted(store) == {"cancelled": 2, "cancelled_ready": 1}

    @pytest.mark.parametrize(
        ("outcome", "corrected"),
        [
            (Failed(ERROR), {"cancelled": 1, "retried": -1}),
            (HandedBack(), {"cancelled": 1, "returned": -1}),
            (Snoozed(1000), {"cancelled": 1}),
            # A job that has ended stays what it is, and its worker counts it.
            (Succeeded(), {}),
            (Failed(ERROR, retry=False), {}),
        ],
    )
    async def test_jobs_that_a_settle_cancels(
        self, store: Store, rig: Rig, outcome: Outcome, corrected: dict[str, int]
    ) -> None:
        held = await rig.running()
        await store.jobs.cancel(TENANT, held.id, actor="ada")
        await rig.apply(held, outcome)
        assert await self.counted(store) == corrected

    async def test_jobs_of_a_worker_are_counted_by_the_worker(self, store: Store, rig: Rig) -> None:
        await rig.completed()
        await rig.apply(await rig.running(), Failed(ERROR))
        assert await self.counted(store) == {}

    async def test_held_jobs_say_what_they_count_as(self, store: Store, rig: Rig) -> None:
        worker = await rig.worker(lease_ms=LEASE_MS)
        await rig.put("send", queue="mail")
        await rig.claim_one(worker, tasks=("send",))
        (held,) = await store.workers.held_jobs(worker, 10)
        assert held.kind == JobKind(TENANT, "mail", "send")
