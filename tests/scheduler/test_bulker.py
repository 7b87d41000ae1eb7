"""The duty that carries out bulk operations: one chunk of each in turn, and none that fails holds up the others."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

import pytest

from taskflowmq.client.ids import new_id
from taskflowmq.core.bulk import Bulk, BulkAction, BulkState, NewBulk
from taskflowmq.core.job import NewJob, State
from taskflowmq.core.redaction import Redaction, read_rules
from taskflowmq.ports.store.bulks import BulkStep
from taskflowmq.ports.tasks import TaskNotice
from taskflowmq.ports.telemetry import NoTelemetry
from taskflowmq.scheduler import Bulker
from taskflowmq.scheduler.bulker import AT_ONCE
from taskflowmq.stores.sqlite import SqliteStore
from taskflowmq.testing.clock import VirtualClock
from taskflowmq.testing.conformance.support import NOON


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(NOON)


@pytest.fixture
async def store(clock: VirtualClock) -> AsyncIterator[SqliteStore]:
    store = SqliteStore(":memory:", clock=clock)
    await store.open()
    yield store
    await store.close()


def duty(store: SqliteStore, clock: VirtualClock) -> Bulker:
    return Bulker(store, clock, NoTelemetry(), 1.0)


async def put(
    store: SqliteStore, clock: VirtualClock, count: int, queue: str = "default", tenant: str = "default"
) -> list[UUID]:
    first = int((clock.now() - timedelta(seconds=1)).timestamp() * 1000) << 80 | 7 << 76 | 2 << 62
    jobs = [NewJob(id=UUID(int=first + n), task="task", args=b"{}", queue=queue, tenant=tenant) for n in range(count)]
    await store.intake.enqueue(jobs)
    clock.advance(0.001)
    return [job.id for job in jobs]


async def start(store: SqliteStore, text: str, **more: object) -> Bulk:
    fields = {"id": new_id(), "tenant": "default", "action": BulkAction.CANCEL, "actor": "me", "filter": text, **more}
    return await store.bulks.create(NewBulk(**fields))  # type: ignore[arg-type]


async def state(store: SqliteStore, bulk: Bulk) -> BulkState:
    found = await store.bulks.get(bulk.tenant, bulk.id)
    assert found is not None
    return found.state


async def test_an_idle_store_is_asked_once_per_interval(store: SqliteStore, clock: VirtualClock) -> None:
    assert await duty(store, clock).turn() is None


async def test_a_turn_ends_what_can_end_and_waits_for_the_next_undo(store: SqliteStore, clock: VirtualClock) -> None:
    ids = await put(store, clock, 3)
    now, later = await start(store, ""), await start(store, "", undo_ms=500)
    pause = await duty(store, clock).turn()
    assert pause == pytest.approx(0.5)
    assert (await state(store, now), await state(store, later)) == (BulkState.DONE, BulkState.WAITING)
    views = await store.jobs.get_many("default", ids)
    assert {view.state for view in views} == {State.CANCELLED}
    clock.advance(0.5)
    assert await duty(store, clock).turn() is None
    assert await state(store, later) is BulkState.DONE


async def test_two_operations_take_turns(
    store: SqliteStore, clock: VirtualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await put(store, clock, 1200)
    one, two = await start(store, ""), await start(store, "queue:default")
    taken: list[UUID] = []
    step = store.bulks.step

    async def noted(bulk: Bulk, hidden: Redaction | None) -> BulkStep:
        answer = await step(bulk, hidden)
        if answer.jobs:
            taken.append(bulk.id)
        return answer

    monkeypatch.setattr(store.bulks, "step", noted)
    await duty(store, clock).turn()
    assert taken == [one.id, two.id] * 3


async def test_one_that_cannot_continue_does_not_hold_up_the_others(
    store: SqliteStore, clock: VirtualClock, caplog: pytest.LogCaptureFixture
) -> None:
    await put(store, clock, 2)
    wrong, right = await start(store, "key_of_a_later_version:1"), await start(store, "")
    await asyncio.wait_for(duty(store, clock).turn(), 30)
    assert (await state(store, wrong), await state(store, right)) == (BulkState.FAILED, BulkState.DONE)
    found = await store.bulks.get("default", wrong.id)
    assert found is not None
    assert found.problem is not None
    assert found.problem.startswith("BadFilter: ")
    assert [record.levelname for record in caplog.records if str(wrong.id) in record.getMessage()] == ["WARNING"]


@pytest.mark.parametrize("announced", [False, True])
async def test_an_operation_by_a_field_that_is_hidden_meanwhile_fails_and_acts_on_nothing(
    store: SqliteStore, clock: VirtualClock, announced: bool
) -> None:
    ids = await put(store, clock, 3)
    bulks = [await start(store, text) for text in ("-args.token:keep", "args.token:keep", "-meta.a.token:1")]
    rules = () if announced else read_rules(["token"])
    if announced:
        await store.intake.announce_tasks("default", [TaskNotice("task", b"{}", b'{"redact": ["token"]}')])
    await asyncio.wait_for(Bulker(store, clock, NoTelemetry(), 1.0, rules).turn(), 30)
    for bulk in bulks:
        found = await store.bulks.get("default", bulk.id)
        assert found is not None
        assert (found.state, found.total) == (BulkState.FAILED, 0)
        assert found.problem is not None
        assert "is redacted by the rule" in found.problem
        assert "name the jobs by their ids" in found.problem
    views = await store.jobs.get_many("default", ids)
    assert {view.state for view in views} == {State.PENDING}


async def test_slow_operations_hold_up_no_other_and_no_other_tenant(store: SqliteStore, clock: VirtualClock) -> None:
    await put(store, clock, 5, "mail")
    slow = [await start(store, "queue:mail", rate=1) for _ in range(2 * AT_ONCE)]
    taken_back = [await start(store, "", undo_ms=600_000) for _ in range(AT_ONCE)]
    assert await duty(store, clock).turn() == pytest.approx(1)
    new = [await start(store, "queue:other"), await start(store, "queue:other", tenant="blue")]
    assert await duty(store, clock).turn() == pytest.approx(1)
    assert [await state(store, bulk) for bulk in new] == [BulkState.DONE] * 2
    assert {await state(store, bulk) for bulk in slow} == {BulkState.RUNNING}
    assert {await state(store, bulk) for bulk in taken_back} == {BulkState.WAITING}


async def test_a_large_operation_of_each_of_many_tenants_holds_up_none(
    store: SqliteStore, clock: VirtualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"tenant-{n:02}" for n in range(AT_ONCE + 3)]
    for name in names:
        await put(store, clock, 10, tenant=name)
        await start(store, "", rate=1, tenant=name)
    first: list[str] = []
    step = store.bulks.step

    async def noted(bulk: Bulk, hidden: Redaction | None) -> BulkStep:
        first.append(bulk.tenant)
        return await step(bulk, hidden)

    monkeypatch.setattr(store.bulks, "step", noted)
    await duty(store, clock).turn()
    assert set(first[: 2 * AT_ONCE]) == set(names)
