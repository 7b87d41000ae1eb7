"""Two tenants on one store, with the same names: what is one's is not the other's, for programs and their workers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

from taskflowmq import Context, TaskFlow
from taskflowmq.bootstrap.supervise import introduction
from taskflowmq.core.errors import InvalidJob, JobNotFound, QueueNotFound, SchemaMismatch
from taskflowmq.core.job import State
from taskflowmq.core.waiting import WaitCode
from taskflowmq.ports.waiting import find_unserved
from taskflowmq.testing.waiting import wait_until
from taskflowmq.worker import WorkerOptions


class Program(NamedTuple):
    """One program, as it is deployed for a tenant."""

    app: TaskFlow
    #: The tenants of the jobs that its workers ran.
    ran: list[str]


def deploy(url: str, tenant: str) -> Program:
    app, ran = TaskFlow(url, tenant=tenant, store_timeout=60), list[str]()

    @app.task(name="mail", queue="post")
    async def mail(ctx: Context, to: str = "") -> str:
        ran.append(ctx.job.tenant)
        return tenant

    return Program(app, ran)


@pytest.fixture
async def blue(database_url: str) -> AsyncIterator[Program]:
    """The program of one tenant, open."""
    program = deploy(database_url, "blue")
    async with program.app:
        yield program


@pytest.fixture
async def red(database_url: str, blue: Program) -> AsyncIterator[Program]:
    """The same of another tenant, on the same store."""
    program = deploy(database_url, "red")
    async with program.app:
        yield program


async def put(program: Program, count: int) -> list[Any]:
    """Store some jobs."""
    return [await program.app.asend("mail", {"to": str(number)}) for number in range(count)]


async def test_each_worker_runs_the_jobs_of_its_own_tenant_only(blue: Program, red: Program) -> None:
    handles = await put(blue, 3) + await put(red, 2)
    assert await blue.app.worker(run_duties=False).arun_until_idle() == 3
    assert (blue.ran, red.ran) == (["blue"] * 3, [])
    assert (await handles[-1].ajob()).state is State.PENDING
    assert await red.app.worker(run_duties=False).arun_until_idle() == 2
    assert [(await handle.ajob()).result for handle in handles] == ["blue"] * 3 + ["red"] * 2


@pytest.mark.parametrize("tenants", [("blue", "red"), ("all",)])
async def test_a_worker_may_serve_several_tenants(blue: Program, red: Program, tenants: tuple[str, ...]) -> None:
    async with blue.app.worker(tenants=tenants, concurrency=2, poll=60):
        handles = await put(red, 4) + await put(blue, 4)
        assert [await handle.aresult(timeout=60) for handle in handles] == ["blue"] * 8
    assert sorted(blue.ran) == ["blue"] * 4 + ["red"] * 4


async def test_a_worker_of_another_tenant_alone_serves_that(blue: Program, red: Program) -> None:
    await put(blue, 1)
    (handle,) = await put(red, 1)
    assert await blue.app.worker(tenants=["red"], run_duties=False).arun_until_idle() == 1
    assert (await handle.ajob()).state is State.COMPLETED
    assert blue.ran == ["red"]


async def test_a_pause_stops_one_tenants_queue(blue: Program, red: Program) -> None:
    with pytest.raises(QueueNotFound):
        await red.app.queues.apause("post")
    (held,), (free,) = await put(blue, 1), await put(red, 1)
    await blue.app.queues.apause("post")
    assert [one.paused_at is not None for one in await red.app.queues.alist()] == [False]
    async with blue.app.worker(tenants=("all",), concurrency=2):
        assert await free.aresult(timeout=60) == "blue"
        why = await held.awhy()
        assert why.text.startswith("queue 'post' of tenant 'blue' is paused since ")
        assert why.fix == "taskflow queues resume post --tenant blue"
        await blue.app.queues.aresume("post")
        assert await held.aresult(timeout=60) == "blue"


async def test_counts_queues_tasks_and_jobs_are_a_tenants_own(blue: Program, red: Program) -> None:
    handles = await put(blue, 3) + await put(red, 2)
    await blue.app.queues.aset_retention("post", completed="1d")
    for program, count in ((blue, 3), (red, 2)):
        stats = await program.app.jobs.astats()
        assert stats.states["pending"] == count
        (queue,) = await program.app.queues.alist()
        assert (queue.tenant, queue.name, queue.states) == (program.app.tenant, "post", {"pending": count})
        assert len((await program.app.jobs.alist()).items) == count
    assert (await red.app.queues.alist())[0].retention.completed_ms is None
    everything = await blue.app.store.stats.count_all()
    assert everything.states["pending"] == 5
    assert [(queue.tenant, queue.name) for queue in everything.queues] == [("blue", "post"), ("red", "post")]
    with pytest.raises(JobNotFound):
        await blue.app.jobs.aget(handles[-1].id)


async def test_a_task_is_announced_where_its_workers_serve_it(blue: Program, database_url: str) -> None:
    async def announced(tenant: str) -> list[str]:
        return [task.name for task in await blue.app.store.intake.list_tasks(tenant) if task.args_schema]

    extra = TaskFlow(database_url, tenant="green", store_timeout=60)
    async with extra:
        extra.task(name="late")(lambda: None)
        async with extra.worker(tenants=("blue", "red"), concurrency=1):
            assert [await announced(tenant) for tenant in ("blue", "red", "green")] == [["late", "mail"], ["late"], []]
        async with extra.worker(tenants=("all",), concurrency=1):
            assert await announced("green") == ["late"]


async def test_a_job_whose_tenant_no_worker_serves_says_so(blue: Program, red: Program) -> None:
    (handle,) = await put(red, 1)
    async with blue.app.worker(concurrency=1):
        why = await handle.awhy()
        assert why is not None
        assert (why.code, why.stuck) == (WaitCode.NO_WORKER_FOR_TENANT, True)
        assert str(why) == (
            "no living worker serves tenant 'red' (1 worker for other tenants): start one: "
            "taskflow worker [APP] --tenants red"
        )
        (found,) = await find_unserved(blue.app.store)
        # A list of many jobs does not count what is ahead of each.
        assert (found.view.id, found.wait) == (handle.id, msgspec.structs.replace(why, ahead=None))
        assert await find_unserved(blue.app.store, ["blue"]) == []
        async with red.app.worker(concurrency=1):
            await handle.aresult(timeout=60)


async def test_only_idle_workers_of_the_tenant_are_woken(blue: Program, red: Program) -> None:
    """Both workers would look again after a minute only."""
    async with blue.app.worker(concurrency=1, poll=60), red.app.worker(concurrency=1, poll=60):
        for program in (blue, red, blue):
            (handle,) = await put(program, 1)
            assert await handle.aresult(timeout=30) == program.app.tenant


async def test_a_worker_says_whom_it_serves_where_that_is_not_only_its_app(red: Program) -> None:
    def said(*tenants: str) -> str:
        return introduction(red.app, WorkerOptions(tenants=tenants)).split(": ", 1)[1].split("tasks")[0]

    assert [said(), said("red")] == ["queues all; ", "queues all; "]
    assert said("red", "blue") == "tenants red, blue; queues all; "
    assert said("all") == "tenants all; queues all; "


def test_no_app_belongs_to_every_tenant() -> None:
    with pytest.raises(InvalidJob, match="cannot be 'all'"):
        TaskFlow("sqlite://", tenant="all")


async def test_what_a_worker_is_given_is_listed(red: Program) -> None:
    async with red.app.worker(tenants=("red", "blue"), concurrency=1):

        async def served() -> bool:
            return b'"tenants":["red","blue"]' in (await red.app.store.workers.list_workers())[0].info

        await wait_until(served, what="the worker to introduce itself")


@pytest.fixture
def unfinished(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """The address of a store in which names are still unique over all tenants."""
    monkeypatch.setattr("taskflowmq.stores.sqlite.schema.finishing", list)
    return f"sqlite:///{tmp_path / 'jobs.db'}"


async def test_in_an_unfinished_store_only_jobs_with_anothers_names_are_refused(
    unfinished: str, caplog: pytest.LogCaptureFixture
) -> None:
    blue, red = deploy(unfinished, "blue"), deploy(unfinished, "red")

    @red.app.task(name="own", queue="of-red")
    async def own() -> str:
        red.ran.append("own")
        return "mine"

    async with blue.app, red.app:
        await put(blue, 1)
        handle = await own.aenqueue()
        with pytest.raises(SchemaMismatch, match="db migrate --finish"):
            await red.app.asend("mail", {"to": "me"})
        async with red.app.worker(concurrency=1):
            assert await handle.aresult(timeout=60) == "mine"
        async with blue.app.worker(concurrency=1, tenants=("red", "blue")):
            await wait_until(lambda: blue.ran == ["blue"], what="the job of blue to run beside what is refused of red")
    assert "the tasks of tenant red are not announced until a restart" in caplog.text
