"""The app on both engines: enqueue, read, wait, steer."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest

from taskflowmq import (
    Conflict,
    Context,
    IdempotencyMismatch,
    InvalidJob,
    JobCancelled,
    JobFailed,
    JobNotFound,
    NotUnique,
    Retry,
    State,
    StoreUnavailable,
    TaskFlow,
    Unique,
    UnknownTask,
)
from taskflowmq.client import watch
from taskflowmq.core.job import JOB_NAMES, Enqueued, IdempotencyKey, NewJob
from taskflowmq.testing import adrain
from taskflowmq.wire.job import JobOut, job_out


@dataclasses.dataclass
class Total:
    amount: int


async def stored(app: TaskFlow) -> int:
    return len((await app.jobs.alist()).items)


async def test_a_job_is_stored_run_and_its_result_typed(app: TaskFlow) -> None:
    @app.task
    async def add(a: int, b: int = 2) -> Total:
        return Total(a + b)

    handle = await add.aenqueue(1)
    assert handle.created
    assert await handle.astate() is State.PENDING
    assert await adrain(app) == 1
    assert await handle.aresult(timeout=30) == Total(3)
    assert (await handle.ajob()).args == {"a": 1}
    assert await app.job(str(handle.id)).aresult() == {"amount": 3}


async def test_a_wrong_argument_stores_nothing(app: TaskFlow) -> None:
    @app.task
    async def add(a: int) -> int:
        return a

    with pytest.raises(InvalidJob):
        await add.aenqueue("one")  # type: ignore[arg-type]
    with pytest.raises(InvalidJob):
        await app.asend("add", {"b": 1})
    assert await stored(app) == 0


async def test_concurrent_enqueues_all_arrive_once(app: TaskFlow) -> None:
    @app.task
    async def note(n: int) -> int:
        return n

    handles = await asyncio.gather(*(note.aenqueue(n) for n in range(300)))
    assert len({handle.id for handle in handles}) == 300
    assert (await app.jobs.astats()).states["pending"] == 300


async def test_many_jobs_are_stored_all_or_none_and_a_repeat_is_a_no_op(app: TaskFlow) -> None:
    @app.task
    async def note(n: int) -> int:
        return n

    @app.task
    async def once(n: int) -> int:
        return n

    requests = [note.using(priority=n % 3).job(n) for n in range(1_500)]
    first = await app.aenqueue_many(requests)
    again = await app.aenqueue_many(requests)
    assert [handle.id for handle in first] == [request.new.id for request in requests]
    assert [handle.id for handle in again] == [handle.id for handle in first]
    taken = Unique(on_conflict="raise")
    await once.using(unique=taken).aenqueue(1)
    with pytest.raises(NotUnique):
        await app.aenqueue_many([note.job(1), once.using(unique=taken).job(1)])
    assert (await app.jobs.astats()).states["pending"] == 1_501
    assert await app.aenqueue_many([]) == []


async def test_a_bulk_that_is_too_large_or_no_jobs_is_refused(app: TaskFlow) -> None:
    @app.task
    async def note(n: int) -> int:
        return n

    with pytest.raises(InvalidJob, match="more than the maximum of 10000"):
        await app.aenqueue_many([note.job(1)] * 10_001)
    with pytest.raises(InvalidJob, match=r"jobs\.0"):
        await app.aenqueue_many([note])  # type: ignore[list-item]
    for no_list in (note.job(1), (note.job(n) for n in range(3))):
        with pytest.raises(InvalidJob, match="jobs: must be a list"):
            await app.aenqueue_many(no_list)  # type: ignore[arg-type]


async def test_unique_jobs_return_raise_or_replace(app: TaskFlow) -> None:
    @app.task
    async def charge(customer: int, amount: int = 0) -> int:
        return amount

    by = ("customer",)
    first = await charge.using(unique=Unique(by=by)).aenqueue(1, 10)
    second = await charge.using(unique=Unique(by=by)).aenqueue(1, 20)
    assert (second.id, second.created) == (first.id, False)
    with pytest.raises(NotUnique) as caught:
        await charge.using(unique=Unique(by=by, on_conflict="raise")).aenqueue(1, 30)
    assert caught.value.holder == str(first.id)
    third = await charge.using(unique=Unique(by=by, on_conflict="replace")).aenqueue(1, 40)
    assert third.created
    assert await first.astate() is State.CANCELLED
    await adrain(app)
    assert await third.aresult(timeout=30) == 40
    assert (await charge.using(unique=Unique(by=by)).aenqueue(1, 50)).created


async def test_an_idempotency_key_answers_with_the_first_job(app: TaskFlow) -> None:
    @app.task
    async def charge(amount: int) -> int:
        return amount

    first = await charge.using(idempotency_key="req-1").aenqueue(10)
    second = await charge.using(idempotency_key="req-1").aenqueue(10)
    assert second.id == first.id
    with pytest.raises(IdempotencyMismatch):
        await charge.using(idempotency_key="req-1").aenqueue(11)
    assert await stored(app) == 1


async def test_a_task_of_another_program_can_be_sent_by_name(app: TaskFlow, database_url: str) -> None:
    with pytest.raises(UnknownTask, match="'resize'"):
        await app.asend("resize", {"width": 1})

    other = TaskFlow(database_url)

    @other.task
    async def resize(width: int) -> int:
        return width

    async with other:
        names = {task.name: task.args_schema for task in await other.store.intake.list_tasks("default")}
        assert names["resize"]
        assert msgspec.json.decode(names["resize"])["required"] == ["width"]
        with pytest.raises(InvalidJob, match=r"args\.width"):
            await other.asend("resize", {"width": "x"})

    async with TaskFlow(database_url) as third:
        handle = await third.asend("resize", {"width": 1}, queue="pictures", delay=60)
        job = await handle.ajob()
        assert (job.queue, job.state) == ("pictures", State.SCHEDULED)
        assert job.args == {"width": 1}


async def test_tasks_added_after_opening_are_announced_with_the_next_job(app: TaskFlow) -> None:
    @app.task
    async def late(n: int) -> int:
        return n

    await late.aenqueue(1)
    assert [task.name for task in await app.store.intake.list_tasks("default") if task.args_schema] == ["late"]


async def test_failed_and_cancelled_jobs_raise_when_awaited(app: TaskFlow) -> None:
    @app.task(retry=Retry(max_attempts=1))
    async def fails() -> None:
        raise ValueError("broken on purpose")

    failed = await fails.aenqueue()
    await adrain(app)
    with pytest.raises(JobFailed, match="ValueError: broken on purpose") as caught:
        await failed.aresult(timeout=30)
    assert caught.value.reason == "attempts_exhausted"

    cancelled = await fails.using(delay=60).aenqueue()
    assert await cancelled.acancel() == "cancelled"
    assert await cancelled.acancel() == "final"
    with pytest.raises(JobCancelled, match="cancelled_by_user"):
        await cancelled.aresult(timeout=30)


async def test_a_timeout_leaves_the_job_alone(app: TaskFlow) -> None:
    @app.task
    async def slow() -> int:
        return 1

    handle = await slow.aenqueue()
    with pytest.raises(TimeoutError, match=str(handle.id)):
        await handle.aresult(timeout=0.05)
    assert await handle.astate() is State.PENDING
    with pytest.raises(InvalidJob, match="timeout"):
        await handle.aresult(timeout=-1)


async def test_many_waiters_share_their_questions(app: TaskFlow, monkeypatch: pytest.MonkeyPatch) -> None:
    @app.task
    async def note(n: int) -> int:
        return n

    handles = await app.aenqueue_many([note.job(n) for n in range(200)])
    asked: list[int] = []
    real = app.store.jobs.get_many

    async def counting(tenant: str, ids: Sequence[UUID]) -> Any:
        asked.append(len(ids))
        return await real(tenant, ids)

    monkeypatch.setattr(app.store.jobs, "get_many", counting)
    # As if all were old enough to be looked at: else each becomes so at its own millisecond.
    monkeypatch.setattr(watch, "_too_young_s", lambda _job_id: 0.0)
    waiting = asyncio.gather(*(handle.aresult(timeout=20) for handle in handles))
    await adrain(app)
    assert await waiting == list(range(200))
    assert len(asked) < 40
    assert max(asked) == 200


async def test_jobs_are_listed_retried_and_deleted(app: TaskFlow) -> None:
    @app.task(retry=Retry(max_attempts=1))
    async def fails() -> None:
        raise ValueError

    @app.task(queue="other")
    async def works() -> None: ...

    dead, done = await fails.aenqueue(), await works.aenqueue()
    waits = await works.using(delay=timedelta(hours=1)).aenqueue()
    with pytest.raises(Conflict):
        await app.jobs.adelete(dead.id)
    await adrain(app)
    page = await app.jobs.alist(state="dead")
    assert [job.id for job in page.items] == [dead.id]
    assert {job.id for job in (await app.jobs.alist(queue="other")).items} == {done.id, waits.id}
    assert {job.id for job in (await app.jobs.alist(state=["completed", State.DEAD])).items} == {dead.id, done.id}
    before = datetime.now(UTC) - timedelta(days=1)
    assert (await app.jobs.alist(created_before=before)).items == []
    assert (await app.jobs.aattempts(dead.id))[0].outcome == "failed"

    assert await app.jobs.aretry(str(dead.id)) == "new_round"
    assert await app.jobs.aretry(waits.id) == "due_now"
    with pytest.raises(Conflict):
        await app.jobs.aretry(done.id)
    await app.jobs.adelete(done.id)
    with pytest.raises(JobNotFound):
        await app.jobs.aget(done.id)
    with pytest.raises(JobNotFound):
        await app.job(uuid4()).aresult(timeout=1)


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ({"state": "sleeping"}, "/state"),
        ({"limit": 0}, "/limit"),
        ({"before": "x"}, "/id"),
        ({"created_after": datetime(2026, 1, 1)}, "/created_after"),  # noqa: DTZ001
        ({"created_after": "2026-01-01T00:00:00Z"}, "/created_after"),
        ({"created_before": datetime.max.replace(tzinfo=UTC)}, "/created_before"),
        ({"queue": "a\x00"}, "/queue"),
        ({"task": "\ud800"}, "/task"),
    ],
)
async def test_a_wrong_filter_is_named(query: dict[str, Any], pointer: str) -> None:
    with pytest.raises(InvalidJob) as caught:
        await TaskFlow("sqlite:///never-opened.db").jobs.alist(**query)
    assert caught.value.errors[0].pointer == pointer


async def test_queues_are_paused_and_resumed(app: TaskFlow) -> None:
    @app.task(queue="mail")
    async def send() -> None: ...

    handle = await send.aenqueue()
    await app.queues.apause("mail")
    assert await adrain(app) == 0
    assert [(queue.name, queue.paused_at is not None) for queue in await app.queues.alist()] == [("mail", True)]
    await app.queues.aresume("mail")
    assert await adrain(app) == 1
    assert await handle.astate() is State.COMPLETED


class LosesAnswers:
    """An intake whose commits succeed and whose answers get lost (RELIABILITY F8)."""

    def __init__(self, inner: Any, losses: int) -> None:
        self._inner = inner
        self.losses = losses

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def enqueue(self, jobs: Sequence[NewJob], *, idempotency: IdempotencyKey | None = None) -> list[Enqueued]:
        answers: list[Enqueued] = await self._inner.enqueue(jobs, idempotency=idempotency)
        if self.losses:
            self.losses -= 1
            raise StoreUnavailable("the connection broke after the commit")
        return answers


async def test_a_lost_answer_makes_no_second_job(app: TaskFlow, monkeypatch: pytest.MonkeyPatch) -> None:
    @app.task
    async def note(n: int) -> int:
        return n

    intake = LosesAnswers(app.store.intake, losses=1)
    monkeypatch.setattr(app.store, "intake", intake)
    handles = await asyncio.gather(*(note.aenqueue(n) for n in range(20)))
    intake.losses = 1
    handles.append(await note.using(unique="k").aenqueue(0))
    intake.losses = 1
    handles.extend(await app.aenqueue_many([note.job(n) for n in range(20)]))
    assert len({handle.id for handle in handles}) == 41
    assert await stored(app) == 41


async def test_a_store_that_stays_away_is_reported(app: TaskFlow, monkeypatch: pytest.MonkeyPatch) -> None:
    @app.task
    async def note(n: int) -> int:
        return n

    monkeypatch.setattr("taskflowmq.client.session.RETRY_PAUSES_S", (0.001, 0.001))
    monkeypatch.setattr(app.store, "intake", LosesAnswers(app.store.intake, losses=99))
    with pytest.raises(StoreUnavailable):
        await note.aenqueue(1)


@pytest.mark.parametrize("how", ["done", "dead"])
async def test_a_view_has_the_names_and_values_of_the_rest_api(sqlite_url: str, how: str) -> None:
    app = TaskFlow(sqlite_url)

    @app.task(queue="q", timeout=5, retry=Retry(max_attempts=1))
    async def work(ctx: Context, a: int) -> dict[str, int]:
        ctx.progress({"rows": a})
        if how == "dead":
            raise ValueError("broken")
        return {"a": a}

    async with app, app.worker(concurrency=1):
        handle = await work.using(meta={"who": "me"}, tags=["x"]).aenqueue(7)
        with contextlib.suppress(JobFailed):
            await handle.aresult(timeout=20)
        view = await handle.ajob()
    assert (view.args, view.meta, view.timeout, view.attempt, view.round) == ({"a": 7}, {"who": "me"}, 5.0, 1, 1)
    assert view.result == ({"a": 7} if how == "done" else None)
    assert (view.error or {}).get("message") == (None if how == "done" else "broken")
    rest = msgspec.json.decode(msgspec.json.encode(job_out(view)))
    assert view.to_dict() == {name: value for name, value in rest.items() if name != "workflow_id"}
    assert set(JOB_NAMES) | {"workflow_id"} == set(JobOut.__struct_fields__)
