"""What tenants share a file with: nothing, neither claims nor counts nor limits; who is alone pays for none of it."""

from __future__ import annotations

import asyncio
import socket
import sqlite3

import pytest
from tests.stores.sqlite.conftest import OpenStore, claim, new_job, new_worker
from tests.stores.sqlite.test_plans import large, plan

from taskflowmq.core.errors import InvalidJob
from taskflowmq.core.job import QueueRef
from taskflowmq.core.transitions import Discarded, Succeeded, decide
from taskflowmq.ports.store import StoreStats
from taskflowmq.stores.sqlite import SqliteStore
from taskflowmq.stores.sqlite.stats import SqliteStats


async def test_a_claim_serves_those_tenants_that_it_names(store: SqliteStore) -> None:
    worker = await new_worker(store)
    for tenant in ("default", "a", "b", "c"):
        await store.intake.enqueue([new_job(tenant=tenant), new_job(tenant=tenant, queue=f"of-{tenant}")])
    assert await claim(store, worker, tenants=("nobody",)) == []
    # The first finds lanes of others among its own, the next ones do not even read them.
    for tenants in (("a",), ("default", "nobody"), ("b", "c")):
        found = await claim(store, worker, tenants=tenants)
        assert sorted({job.tenant for job in found}) == [name for name in tenants if name != "nobody"]
        assert len(found) == 2 * len({job.tenant for job in found})
    await store.intake.enqueue([new_job(tenant=tenant) for tenant in ("default", "a", "b")])
    assert {job.tenant for job in await claim(store, worker, tenants=())} == {"default", "a", "b"}


@pytest.mark.parametrize("tenants", [("a", "b"), ()])
async def test_tenants_take_turns(store: SqliteStore, tenants: tuple[str, ...]) -> None:
    worker = await new_worker(store)
    await store.intake.enqueue([new_job(tenant="a", queue=f"q{n}") for n in range(4) for _ in range(20)])
    await store.intake.enqueue([new_job(tenant="b") for _ in range(20)])
    took = [job.tenant for _ in range(20) for job in await claim(store, worker, 1, tenants=tenants)]
    assert took.count("a") == took.count("b") == 10


async def test_a_task_that_a_tenant_gets_later_is_claimed(open_store: OpenStore) -> None:
    store, other = await open_store(), await open_store()
    worker = await new_worker(store)
    tasks = ("early", "late", "never")
    await other.intake.enqueue([new_job("early", tenant="a"), new_job("late", tenant="b")])
    assert [job.task for job in await claim(store, worker, tasks=tasks, tenants=("a",))] == ["early"]
    late = new_job("late", tenant="a")
    await other.intake.enqueue([late])
    assert [job.id for job in await claim(store, worker, tasks=tasks, tenants=("a",))] == [late.id]
    assert [job.tenant for job in await claim(store, worker, tasks=tasks, tenants=())] == ["b"]


async def test_what_a_tenant_lacks_is_looked_for_once(store: SqliteStore, monkeypatch: pytest.MonkeyPatch) -> None:
    worker = await new_worker(store)
    await store.intake.enqueue([new_job(tenant="a") for _ in range(3)])
    sent: list[str] = []
    await store._writer.run(lambda conn: conn.set_trace_callback(sent.append))
    for _ in range(3):
        assert len(await claim(store, worker, 1, ("task", "never"), ("a",))) == 1
    assert sum("json_group_object(name, id)" in text for text in sent) == 1


async def test_a_queue_is_paused_for_its_tenant_alone(store: SqliteStore) -> None:
    worker = await new_worker(store)
    await store.intake.enqueue([new_job(tenant="a"), new_job(tenant="b")])
    await store.queues.pause("a", "default")
    assert set(await store.claims.paused_queues()) == {QueueRef("a", "default")}
    assert [job.tenant for job in await claim(store, worker, tenants=())] == ["b"]
    await store.queues.resume("nobody", "default")
    await store.queues.resume("a", "default")
    assert [job.tenant for job in await claim(store, worker, tenants=())] == ["a"]
    assert "nobody" not in {view.tenant for view in (await store.stats.count_all()).queues}


async def test_each_tenant_may_have_so_many_queues(open_store: OpenStore) -> None:
    store = await open_store(max_queues=2)
    for tenant in ("a", "b"):
        await store.intake.enqueue([new_job(tenant=tenant, queue="one"), new_job(tenant=tenant, queue="two")])
        with pytest.raises(InvalidJob, match="at its limit of 2 queues"):
            await store.intake.enqueue([new_job(tenant=tenant, queue="three")])
        with pytest.raises(InvalidJob, match="at its limit of 2 queues"):
            await store.intake.enqueue([new_job(tenant=tenant, queue="two", priority=1)])


async def test_queues_and_tasks_of_one_name_are_two(store: SqliteStore) -> None:
    await store.queues.set_retention("a", "default", {"completed_ms": 5})
    await store.queues.set_retention("b", "default", {})
    kept = {view.tenant: view.retention.completed_ms for view in (await store.stats.count_all()).queues}
    assert kept == {"a": 5, "b": None}
    await store.intake.enqueue(
        [new_job("only-a", tenant="a"), new_job("both", tenant="a"), new_job("both", tenant="b")]
    )
    assert [view.name for view in await store.intake.list_tasks("a")] == ["both", "only-a"]
    assert [view.name for view in await store.intake.list_tasks("b")] == ["both"]
    assert await store.intake.list_tasks("nobody") == []


async def fill(store: SqliteStore) -> None:
    """Of each of three tenants other numbers in each state; the first has the number 1."""
    worker = await new_worker(store)
    for times, tenant in enumerate(("default", "a", "b"), 1):
        await store.intake.enqueue([new_job(tenant=tenant, queue="end") for _ in range(7 * times)])
        held = await claim(store, worker, tenants=(tenant,))
        ends = [Discarded(b"{}") if number < 2 * times else Succeeded(b"1") for number in range(len(held))]
        await store.claims.settle([decide(job, end, rand=0) for job, end in zip(held, ends, strict=True)])
        await store.intake.enqueue([new_job(tenant=tenant, queue="later", delay_ms=10**6) for _ in range(3 * times)])
        await store.intake.enqueue([new_job(tenant=tenant, queue="run", priority=-1) for _ in range(times)])
        await store.intake.enqueue([new_job(tenant=tenant, queue="wait") for _ in range(4 * times)])
        await claim(store, worker, times, tenants=(tenant,))
        victims = [new_job(tenant=tenant, delay_ms=10**6) for _ in range(times)]
        await store.intake.enqueue(victims)
        for job in victims:
            await store.jobs.cancel(tenant, job.id, actor="test")


def counted(times: int) -> dict[str, int]:
    parts = {"completed": 5, "dead": 2, "cancelled": 1, "scheduled": 3, "running": 1, "pending": 4, "retrying": 0}
    return {state: times * count for state, count in parts.items()}


@pytest.mark.parametrize("most", [None, 1000, 16, 15, 5])
async def test_counts_are_those_of_a_tenant_up_to_any_number(store: SqliteStore, most: int | None) -> None:
    await fill(store)
    stats: SqliteStats = store.stats
    for times, tenant in enumerate(("default", "a", "b"), 1):
        found: StoreStats = await stats._count_to(tenant, most)
        expected = {state: count if most is None else min(count, most) for state, count in counted(times).items()}
        assert found.states == expected
        assert {view.tenant for view in found.queues} == {tenant}
        live = {view.name: view.states for view in found.queues}
        assert live["later"] == {"scheduled": expected["scheduled"]}
        assert live["wait"] == {"pending": expected["pending"]}
        assert live["run"] == {"running": expected["running"]}
    whole = await stats._count_to(None, None)
    assert whole.states == counted(6)
    assert {(view.tenant, view.name): view.states for view in whole.queues}["b", "wait"] == {"pending": 12}
    assert (await stats._count_to("nobody", most)).states == counted(0)


async def test_a_tenant_that_is_alone_is_counted_without_a_look_at_whose_jobs_they_are(store: SqliteStore) -> None:
    sent: list[str] = []
    await store.intake.enqueue([new_job()])
    await store._reader.run(lambda conn: conn.set_trace_callback(sent.append))
    assert (await store.stats.count("default")).states["pending"] == 1
    assert not any("taskflow_job_tenant" in text or "j.tenant_id" in text for text in sent)
    await store._writer.run(_count_index)


def _count_index(conn: sqlite3.Connection) -> None:
    """The index of jobs by tenant has no entry of it."""
    steps = conn.execute("EXPLAIN QUERY PLAN SELECT count(*) FROM taskflow_job WHERE tenant_id > 1").fetchall()
    assert any("taskflow_job_tenant" in step[3] for step in steps), steps
    assert conn.execute("SELECT count(*) FROM taskflow_job WHERE tenant_id > 1").fetchone() == (0,)


@pytest.mark.parametrize("size", ["empty", "a million rows"])
async def test_ended_jobs_of_a_tenant_are_found_by_the_index(store: SqliteStore, size: str) -> None:
    if size == "a million rows":
        await store.intake.enqueue([new_job(tenant="a") for _ in range(100)])
        await large(store)
    steps = await plan(store, "count_states_of_tenant")
    assert any("SEARCH j USING COVERING INDEX taskflow_job_tenant (tenant_id=?)" in step for step in steps), steps
    lanes = await plan(store, "list_lanes_of_tenant")
    assert any("SEARCH l USING COVERING INDEX sqlite_autoindex_taskflow_lane_1 (queue_id=?)" in step for step in lanes)


async def test_an_older_programs_wake_up_is_any_tenants(store: SqliteStore) -> None:
    """It names a queue; and ours are names that nobody has to it."""
    every, ours = store.notifier.listen([], []), store.notifier.listen(["a", "b"], ["mail"])
    async with every as all_queues, ours as mail:
        folder = store.path.with_name("jobs.db-wake")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
            for listener in folder.iterdir():
                sock.sendto(b"other\nmail", str(listener))
        assert await asyncio.wait_for(anext(all_queues), 30) is None
        heard = {await asyncio.wait_for(anext(mail), 30) for _ in range(2)}
        assert heard == {QueueRef("a", "mail"), QueueRef("b", "mail")}


async def test_a_message_names_each_tenant_once(store: SqliteStore) -> None:
    folder = store.path.with_name("jobs.db-wake")
    folder.mkdir()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(str(folder / "test.sock"))
        await store.notifier.wake([QueueRef("a", "one"), QueueRef("b", "one"), QueueRef("a", "two")])
        assert sock.recv(100) == b"a\tone\ttwo\nb\tone"
