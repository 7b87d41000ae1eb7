"""Whose jobs a worker runs, and what it says of that."""

from __future__ import annotations

import asyncio
import threading

import pytest
from tests.worker.conftest import MakeWorker
from tests.worker.fakes import FakeStore, FakeTasks

from taskflowmq.core.errors import InvalidJob
from taskflowmq.core.job import QueueRef, State
from taskflowmq.worker import WorkerOptions


async def noop() -> None:
    return None


@pytest.mark.parametrize(
    ("options", "serves", "announces"),
    [
        ({}, ["shop"], ["shop"]),
        ({"tenants": ("a", "b")}, ["a", "b"], ["a", "b"]),
        ({"tenants": ["b"]}, ["b"], ["b"]),
        ({"tenants": ("all",)}, [], ["shop"]),
    ],
)
async def test_a_worker_claims_listens_and_announces_for_the_tenants_that_it_serves(
    store: FakeStore,
    tasks: FakeTasks,
    make_worker: MakeWorker,
    options: dict[str, object],
    serves: list[str],
    announces: list[str],
) -> None:
    name = tasks.add(noop)
    rows = {tenant: store.put_for(tenant, name) for tenant in ("shop", "a", "b")}
    served = set(serves or rows)
    await make_worker(tenant="shop", queues=("default",), **options).start()
    await store.until(lambda: all(rows[tenant].state is State.COMPLETED for tenant in served))
    await store.until(lambda: len(store.claims_made) > 3)
    assert {tenant for tenant, row in rows.items() if row.state is State.PENDING} == rows.keys() - served
    assert {request.tenants for request in store.claims_made} == {tuple(serves)}
    assert store.listened == [(tuple(serves), ("default",))]
    assert store.announced == announces
    assert [one["tenants"] for one in store.introduced] == [serves]


async def test_a_pause_in_one_tenant_gives_back_nothing_of_another(
    store: FakeStore, tasks: FakeTasks, make_worker: MakeWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("taskflowmq.worker.options.MAX_THREADS", 1)
    monkeypatch.setattr("taskflowmq.worker.watches.pauses.INTERVAL", 0.02)
    gate, begun = threading.Event(), threading.Event()

    def body() -> None:
        begun.set()
        gate.wait(60)

    name = tasks.add(body)
    running, mine, other = (store.put_for(tenant, name) for tenant in "aab")
    await make_worker(tenants=("a", "b")).start()
    await store.until(lambda: store.count(State.RUNNING) == 3)
    assert await asyncio.to_thread(begun.wait, 30)
    store.paused = {QueueRef("a", "default")}
    await store.until(lambda: mine.state is State.PENDING)
    assert (running.state, other.state) == (State.RUNNING, State.RUNNING)
    gate.set()
    await store.until(lambda: other.state is State.COMPLETED)
    assert (mine.state, other.counters.attempt) == (State.PENDING, 1)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("shop", "must be a list of tenant names"),
        (("a", "all"), "tenant: cannot be 'all', which stands for every tenant"),
        (("a b",), "tenant: must be"),
    ],
)
def test_what_names_no_tenants_is_refused(wrong: object, said: str) -> None:
    with pytest.raises(InvalidJob, match=said):
        WorkerOptions(tenants=wrong)  # type: ignore[arg-type]
