"""What jobs have in common is settled once (client.options.JobTemplate): never longer than it is true."""

from __future__ import annotations

import gc
import weakref
from types import SimpleNamespace

from taskflowmq import TaskFlow, Unique, task
from taskflowmq.client.options import check_options
from taskflowmq.ports.context import running

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


class _Run:
    """As much of the run of a handler as an enqueue looks at."""

    def __init__(self) -> None:
        self.context = SimpleNamespace(headers={"traceparent": TRACE})


@task
async def plain(number: int) -> None:
    """Take a number."""


@task(unique=Unique(by=["number"]))
async def once(number: int) -> None:
    """Take a number, once."""


def test_options_come_and_go_with_each_call() -> None:
    TaskFlow("sqlite:///unused.db").include(plain)
    urgent = plain.using(queue="urgent", priority=-5, tags=["a"])
    jobs = [plain.job(1), urgent.job(2), plain.job(3), plain.using(queue="other").job(4), urgent.job(5)]
    found = [(job.new.args, job.new.queue, job.new.priority, job.new.tags) for job in jobs]
    assert found == [
        (b'{"number":1}', "default", 0, ()),
        (b'{"number":2}', "urgent", -5, ("a",)),
        (b'{"number":3}', "default", 0, ()),
        (b'{"number":4}', "other", 0, ()),
        (b'{"number":5}', "urgent", -5, ("a",)),
    ]
    assert len({job.new.id for job in jobs}) == len(jobs)


async def test_who_asked_stays_with_who_asked() -> None:
    app = TaskFlow("sqlite:///unused.db")
    app.include(plain)
    prepared = [
        await app.aprepare("plain", {"number": number}, actor=actor, **options)  # type: ignore[arg-type]
        for number, (actor, options) in enumerate(
            [("a", {}), ("b", {}), (None, {}), ("a", {"queue": "other"}), ("a", {}), (None, {})]
        )
    ]
    assert [(job.headers, job.queue) for job in prepared] == [
        (b'{"actor":"a"}', "default"),
        (b'{"actor":"b"}', "default"),
        (None, "default"),
        (b'{"actor":"a"}', "other"),
        (b'{"actor":"a"}', "default"),
        (None, "default"),
    ]


def test_a_key_made_of_arguments_is_made_for_each_job() -> None:
    TaskFlow("sqlite:///unused.db").include(once)
    keys = [once.job(number).new.unique for number in (1, 2, 1)]
    assert keys[0] is not None
    assert keys[0] == keys[2] != keys[1]


def test_a_handlers_trace_stays_with_the_handlers_jobs() -> None:
    TaskFlow("sqlite:///unused.db").include(plain)
    assert plain.job(1).new.headers is None
    token = running.set(_Run())  # type: ignore[arg-type]  # a whole run needs a worker
    try:
        assert TRACE.encode() in (plain.job(2).new.headers or b"")
    finally:
        running.reset(token)
    assert plain.job(3).new.headers is None


def test_a_task_of_two_apps_takes_each_ones_tenant() -> None:
    first = TaskFlow("sqlite:///unused.db", tenant="one", release="1")
    second = TaskFlow("sqlite:///unused.db", tenant="two")
    first.include(plain)
    second.include(plain)
    sent = [app.tasks.get("plain") for app in (first, second)]
    assert all(one is not None for one in sent)
    made = [
        one.request((7,), {}, plain._bound()[1], app.origin).new
        for one, app in zip(sent, (first, second), strict=True)
        if one is not None
    ]
    assert [job.tenant for job in made] == ["one", "two"]
    assert [job.headers is None for job in made] == [False, True]


def test_a_task_keeps_no_connection_of_its_callers() -> None:
    TaskFlow("sqlite:///unused.db").include(plain)

    class Connection:
        """Something that can be told to be alive."""

    mine = Connection()
    gone = weakref.ref(mine)
    options = check_options({"conn": mine})
    assert plain.request((1,), {}, options, plain.origin).new.queue == "default"
    del mine, options
    gc.collect()
    assert gone() is None


def test_requests_that_refer_to_each_other_are_collected() -> None:
    app = TaskFlow("sqlite:///unused.db")

    @app.task
    async def body(number: int) -> None:
        """Take a number."""

    body.fn.requests = [body.job(1)]  # type: ignore[attr-defined]  # what a closure or an attribute does
    gone = weakref.ref(body)
    del body, app
    gc.collect()
    assert gone() is None
