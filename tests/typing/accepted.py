"""Uses of the public API that a type checker must accept, with the types that it must see."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, assert_type

from taskflowmq import BoundTask, Context, Handle, JobRequest, JobView, Retry, State, Task, TaskFlow, Unique, task
from taskflowmq.contrib.fastapi import JobSender

app = TaskFlow("sqlite:///typing.db")


@dataclass
class Receipt:
    number: int


@app.task
async def bare(to: str, count: int = 1) -> Receipt:
    return Receipt(count)


@app.task(queue="mail", retry=Retry(max_attempts=5, initial=1), timeout=timedelta(seconds=30))
async def with_context(ctx: Context, to: str, *, subject: str = "") -> str:
    assert_type(ctx.attempt, int)
    return to


@app.task(name="plain-one", process=True, priority=-5)
def plain(x: int) -> int:
    return x


@task
def detached(ctx: Context, x: float) -> list[int]:
    return [int(x)]


@task(unique=Unique(by=("x",), period=60))
async def nothing(x: int) -> None: ...


app.include([detached, nothing])


async def asynchronous() -> None:
    handle = await bare.aenqueue("a", count=2)
    assert_type(handle, Handle[Receipt])
    assert_type(await handle.aresult(timeout=1), Receipt)
    assert_type(await handle.astate(), State)
    assert_type(await handle.ajob(), JobView)
    assert_type(await with_context.aenqueue("a", subject="s"), Handle[str])
    assert_type(await nothing.aenqueue(1), Handle[None])
    assert_type(await detached.using(delay=60, priority=-5).aenqueue(1.5), Handle[list[int]])
    handles = await app.aenqueue_many([bare.job("a"), plain.using(priority=5).job(1)])
    assert_type(handles, list[Handle[Any]])
    assert_type(await app.asend("plain-one", {"x": 1}, queue="q"), Handle[Any])
    await app.queues.apause("mail")
    async with app, app.worker(concurrency=4):
        assert_type(await bare("a"), Receipt)


def blocking() -> None:
    handle = bare.enqueue("a")
    assert_type(handle, Handle[Receipt])
    assert_type(handle.result(timeout=timedelta(seconds=1)), Receipt)
    assert_type(handle.state(), State)
    assert_type(plain.enqueue(x=1).result(), int)
    assert_type(plain(3), int)
    assert_type(with_context.job("a", subject="b"), JobRequest[str])
    assert_type(app.job("01a201e9-42cf-792f-a853-bf220f4c2167"), Handle[Any])
    assert_type(app.jobs.get(handle.id), JobView)
    assert_type(app.send("bare", {"to": "a"}), Handle[Any])
    at = datetime(2030, 1, 1, tzinfo=UTC)
    bound = bare.using(run_at=at, unique=Unique(by="to", on_conflict="raise"), tags=["x"], meta={"a": 1}, timeout=None)
    assert_type(bound.using(queue="q").enqueue("a"), Handle[Receipt])
    app.open()
    app.close()


def takes_any_int_task(one: Task[[int], int]) -> Handle[int]:
    return one.enqueue(1)


def takes_a_bound_one(one: BoundTask[[int], int]) -> Handle[int]:
    return one.enqueue(1)


takes_any_int_task(plain)
takes_a_bound_one(plain.using(delay=1))
wider: Handle[object] = plain.enqueue(1)


async def in_a_request(jobs: JobSender) -> None:
    assert_type(await jobs.aenqueue(bare, "a@example.org", count=2), Handle[Receipt])
    assert_type(jobs.enqueue(with_context.using(delay=60), "a@example.org", subject="hi"), Handle[str])
