"""Enqueueing by name alone is like enqueueing where the function is: same options, same keys, same refusals (N3)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import msgspec
import pytest
from tests.server.conftest import started

from taskflowmq import InvalidJob, Retry, TaskFlow, Unique, UnknownTask
from taskflowmq.core.errors import StoreUnavailable
from taskflowmq.ports.tasks import TaskNotice, TaskView
from taskflowmq.server.app import create_app


def declare(app: TaskFlow) -> None:
    @app.task(queue="mail", retry=Retry(max_attempts=7), priority=-5, timeout=2.5, unique=Unique())
    async def mail(to: str, n: int = 3) -> str:
        return to

    @app.task(unique=Unique(by="to", until="start", period=timedelta(minutes=5), on_conflict="raise"))
    async def brief(to: str, n: int = 3) -> None: ...

    @app.task(unique=Unique(by=lambda args: args["to"]))
    async def odd(to: str) -> None: ...


@pytest.fixture
async def program(database_url: str) -> AsyncIterator[TaskFlow]:
    """A program that has the functions, and has announced them."""
    app = TaskFlow(database_url)
    declare(app)
    async with app:
        yield app


@pytest.fixture
async def stranger(program: TaskFlow) -> AsyncIterator[TaskFlow]:
    """A program beside it without any function."""
    async with TaskFlow(program.url) as app:
        yield app


@pytest.mark.parametrize("task", ["mail", "brief"])
async def test_a_job_by_name_is_the_job_of_the_function(task: str, program: TaskFlow, stranger: TaskFlow) -> None:
    for options in ({}, {"priority": 4, "queue": "other", "timeout": None}, {"unique": None, "max_attempts": 2}):
        here = await program.aprepare(task, {"to": "a"}, **options)
        there = await stranger.aprepare(task, {"to": "a"}, **options)
        same = msgspec.structs.replace(there, id=here.id)
        assert same == here


async def test_a_job_by_name_meets_the_unique_job_of_the_function(program: TaskFlow, stranger: TaskFlow) -> None:
    first = await program.tasks["mail"].aenqueue("a")
    second = await stranger.asend("mail", {"n": 3, "to": "a"})  # what the function would take by default
    assert (second.id, second.created) == (first.id, False)


@pytest.mark.parametrize(
    ("args", "pointer"),
    [
        ({"to": 5}, "/args/to"),
        ({}, "/args/to"),
        ({"to": "a", "nope": 1}, "/args/nope"),
        ({"to": "a", "n": "3"}, "/args/n"),
    ],
)
async def test_arguments_are_checked_by_name_too(args: dict[str, Any], pointer: str, stranger: TaskFlow) -> None:
    with pytest.raises(InvalidJob) as refused:
        await stranger.asend("mail", args)
    assert [error.pointer for error in refused.value.errors] == [pointer]


async def test_a_key_that_only_a_function_can_make_must_be_given(stranger: TaskFlow) -> None:
    with pytest.raises(InvalidJob, match="a function of the declaring program") as refused:
        await stranger.asend("odd", {"to": "a"})
    assert refused.value.errors[0].pointer == "/unique_key"
    assert (await stranger.asend("odd", {"to": "a"}, unique="a")).created
    assert (await stranger.asend("odd", {"to": "a"}, unique=None)).created


async def test_a_task_of_an_older_worker_works_as_before(program: TaskFlow, stranger: TaskFlow) -> None:
    notice = program.tasks["mail"].notice()
    await program.store.intake.announce_tasks("default", [TaskNotice("old", notice.args_schema)])
    job = await stranger.aprepare("old", {"to": "a"})
    assert (job.queue, job.priority, job.max_attempts, job.timeout_ms, job.unique) == ("default", 0, 3, None, None)


@pytest.mark.parametrize("options", [b"[]", b'{"queue":5}', b'{"unique":{"period":0}}', b'{"unique":{"until":"x"}}'])
async def test_options_that_make_no_sense_do_not_stop_anybody(
    options: bytes, program: TaskFlow, stranger: TaskFlow, caplog: pytest.LogCaptureFixture
) -> None:
    await program.store.intake.announce_tasks("default", [TaskNotice("strange", b'{"properties":5}', options)])
    assert (await stranger.aprepare("strange", {"to": 1})).queue == "default"
    assert "options of task strange are unusable" in caplog.text


async def test_options_of_a_newer_program_are_read_as_far_as_they_are_known(
    program: TaskFlow, stranger: TaskFlow
) -> None:
    await program.store.intake.announce_tasks("default", [TaskNotice("newer", b"{}", b'{"queue":"q","weight":3}')])
    assert (await stranger.aprepare("newer", {})).queue == "q"


async def test_a_change_is_noticed_and_an_outage_is_not(
    program: TaskFlow, stranger: TaskFlow, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (await stranger.aprepare("mail", {"to": "a"})).queue == "mail"
    await program.store.intake.announce_tasks("default", [TaskNotice("mail", b"{}", b'{"queue":"post"}')])
    assert (await stranger.aprepare("mail", {"to": "a"})).queue == "mail"
    monkeypatch.setattr("taskflowmq.client.session.KNOWN_FOR_S", 0.0)
    assert (await stranger.aprepare("mail", {"to": "a"})).queue == "post"

    async def away(tenant: str) -> list[TaskView]:
        raise StoreUnavailable("the store is away")

    monkeypatch.setattr(stranger.store.intake, "list_tasks", away)
    assert (await stranger.aprepare("mail", {"to": "a"})).queue == "post"
    with pytest.raises(StoreUnavailable):
        monkeypatch.setattr("taskflowmq.client.session.UNKNOWN_FOR_S", 0.0)
        await stranger.aprepare("nobody", {})


async def test_the_first_requests_that_come_together_all_find_the_task(stranger: TaskFlow) -> None:
    """The second one came while the first was asking the store, and was told that there is no such task."""
    jobs = await asyncio.gather(*(stranger.aprepare("mail", {"to": str(n)}) for n in range(20)))
    assert {job.queue for job in jobs} == {"mail"}
    answers = await asyncio.gather(*(stranger.aprepare("nobody", {}) for _ in range(5)), return_exceptions=True)
    assert {type(answer) for answer in answers} == {UnknownTask}


async def test_the_list_of_tasks_shows_the_options(program: TaskFlow, stranger: TaskFlow) -> None:
    for app in (program, stranger):
        gate = create_app(app)
        transport = httpx.ASGITransport(app=gate, client=("127.0.0.1", 50_000))
        async with started(gate), httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            items = (await client.get("/api/v1/tasks")).json()["items"]
            refused = await client.post("/api/v1/jobs", json={"task": "mail", "args": {"to": 5}})
        shown = {item["name"]: item["options"] for item in items}
        assert shown["mail"] == {
            "queue": "mail",
            "priority": -5,
            "max_attempts": 7,
            "timeout": 2.5,
            "unique": {"by": None, "until": "finish", "period": None, "on_conflict": "return"},
        }
        assert shown["brief"]["unique"] == {"by": ["to"], "until": "start", "period": 300.0, "on_conflict": "raise"}
        assert shown["odd"]["unique"]["by"] == "function"
        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/args/to")
