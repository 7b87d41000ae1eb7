"""Declaring tasks, collecting them in apps, and the options of a job."""

from __future__ import annotations

import functools
import sys
import types
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import msgspec
import pytest

from taskflowmq import Context, InvalidJob, Retry, TaskFlow, Unique, WrongContext, task
from taskflowmq.ports.tasks import Runs


def test_options_of_the_declaration_reach_the_job() -> None:
    app = TaskFlow("sqlite:///unused.db")

    @app.task(queue="mail", retry=Retry(max_attempts=5), timeout=timedelta(minutes=1), priority=-3)
    async def send(ctx: Context, to: str) -> str: ...  # type: ignore[empty-body]

    new = send.job("a").new
    assert (new.task, new.queue, new.max_attempts, new.timeout_ms, new.priority) == ("send", "mail", 5, 60_000, -3)
    assert send.wants_context
    assert send.runs is Runs.COROUTINE
    assert app.tasks.names() == ("send",)


def test_options_of_the_call_win_and_add_up() -> None:
    @task(timeout=10)
    def fn(x: int) -> None: ...

    at = datetime(2030, 1, 1, tzinfo=UTC)
    bound = fn.using(queue="a", priority=1, tags=["x"], meta={"k": 1}).using(priority=2, run_at=at, timeout=None)
    new = bound.using(expires_in=60, max_attempts=1).job(1).new
    assert (new.queue, new.priority, new.run_at, new.timeout_ms) == ("a", 2, at, None)
    assert (new.tags, new.meta, new.expires_in_ms, new.max_attempts) == (("x",), b'{"k":1}', 60_000, 1)


@pytest.mark.parametrize(
    ("options", "pointer"),
    [
        ({"delay": -1}, "/delay"),
        ({"delay": float("nan")}, "/delay"),
        ({"delay": "soon"}, "/delay"),
        ({"run_at": datetime(2030, 1, 1)}, "/run_at"),  # noqa: DTZ001
        ({"run_at": datetime(2030, 1, 1, tzinfo=UTC), "delay": 1}, "/run_at"),
        ({"run_at": "2030-01-01T00:00:00Z"}, "/run_at"),
        ({"run_at": datetime.max.replace(tzinfo=timezone(timedelta(hours=-14)))}, "/run_at"),
        ({"priority": 101}, "/priority"),
        ({"priority": True}, "/priority"),
        ({"queue": "no spaces"}, "/queue"),
        ({"timeout": 0}, "/timeout"),
        ({"max_attempts": 0}, "/max_attempts"),
        ({"tags": "one"}, "/tags"),
        ({"tags": ["a\x00"]}, "/tags/0"),
        ({"meta": []}, "/meta"),
        ({"meta": {"x": float("nan")}}, "/meta/x"),
        ({"unique": "\ud800"}, "/unique_key"),
        ({"unique": 3}, "/unique"),
        ({"expires_in": -5}, "/expires_in"),
        ({"expires_in": 0}, "/expires_in"),
        ({"idempotency_key": ""}, "/idempotency_key"),
    ],
)
def test_a_wrong_option_is_named(options: dict[str, Any], pointer: str) -> None:
    @task
    def fn() -> None: ...

    with pytest.raises(InvalidJob) as caught:
        fn.using(**options)  # type: ignore[arg-type]
    assert [error.pointer for error in caught.value.errors] == [pointer]


def test_an_option_that_does_not_exist_is_refused() -> None:
    @task
    def fn() -> None: ...

    with pytest.raises(TypeError, match="'dealy' is not an option; options are: delay"):
        fn.using(dealy=3)  # type: ignore[call-arg]


@pytest.mark.parametrize(
    ("option", "hint"),
    [
        ({"max_attempts": 1}, r"use retry=Retry\(max_attempts=1\)"),
        ({"delay": 5}, r"use task\.using\(delay=…\)"),
        ({"tags": ["a"]}, r"use task\.using\(tags=…\)"),
    ],
)
def test_an_option_of_a_job_is_none_of_a_task(option: dict[str, Any], hint: str) -> None:
    """It would have no effect."""
    with pytest.raises(TypeError, match=hint):

        @TaskFlow().task(**option)
        def work() -> None: ...


def test_where_a_body_runs_follows_from_the_function() -> None:
    async def coroutine() -> None: ...
    def plain() -> None: ...
    def killable() -> None: ...

    assert task(coroutine).runs is Runs.COROUTINE
    assert task(plain).runs is Runs.THREAD
    assert task(process=True)(killable).runs is Runs.PROCESS


def test_what_a_task_wants_when_its_lease_is_lost() -> None:
    def plain() -> None: ...

    assert not task(plain).stops_with_lease
    assert task(on_lease_lost="stop")(plain).stops_with_lease
    with pytest.raises(InvalidJob, match="on_lease_lost"):
        task(on_lease_lost="panic")(plain)  # type: ignore[arg-type]


async def stream() -> Any:
    yield 1


def generator() -> Any:
    yield 1


async def inner() -> None: ...


@functools.wraps(inner)
def hides() -> Any: ...


@pytest.mark.parametrize(
    ("fn", "why"),
    [
        (functools.partial(print, 1), "functools.partial"),
        (TaskFlow, "class TaskFlow"),
        (print, "plain function"),
        (lambda: None, "lambda has no name"),
        (stream, "generator"),
        (generator, "generator"),
        (hides, "hides a coroutine function"),
        (task(inner), "is a task: pass it"),
    ],
)
def test_what_cannot_be_a_task_is_refused(fn: Any, why: str) -> None:
    with pytest.raises(TypeError, match=why):
        task(fn)


async def test_calling_a_task_calls_the_function() -> None:
    @task
    async def twice(x: int) -> int:
        return 2 * x

    assert await twice(4) == 8
    assert twice.__name__ == "twice"


def test_two_tasks_of_one_name_are_an_error() -> None:
    app = TaskFlow("sqlite:///unused.db")
    app.task(name="same")(lambda: None)
    with pytest.raises(ValueError, match="two tasks are named 'same'"):
        app.task(name="same")(lambda: None)


def _cell(app: TaskFlow, answer: int) -> None:
    """What a notebook's cell says, run again and again."""

    @app.task
    async def same() -> int:
        return answer

    @app.on_error
    def failed(job: Any, error: Any) -> None: ...


async def test_a_cell_that_is_run_again_replaces_its_task_and_hooks(
    monkeypatch: pytest.MonkeyPatch, sqlite_url: str
) -> None:
    app = TaskFlow(sqlite_url)
    _cell(app, 1)
    with pytest.raises(ValueError, match="two tasks are named 'same'"):
        _cell(app, 2)  # in a program it is a mistake
    monkeypatch.setattr(sys, "ps1", ">>> ", raising=False)
    async with app, app.worker(concurrency=1):
        for answer in (2, 3):
            _cell(app, answer)
            assert await (await app.tasks["same"].aenqueue()).aresult(timeout=20) == answer
    assert (len(app.tasks), len(app.tasks.hooks.errors)) == (1, 1)
    with pytest.raises(ValueError, match="two tasks are named 'same'"):
        app.task(name="same")(lambda: None)


def test_include_collects_detached_tasks() -> None:
    module = types.ModuleType("shop")

    @task
    def pay() -> None: ...

    @task
    def ship() -> None: ...

    module.pay, module.ship, module.other = pay, ship, 3  # type: ignore[attr-defined]
    with pytest.raises(WrongContext, match="belongs to no app"):
        _ = pay.app
    app = TaskFlow("sqlite:///unused.db").include(module).include([pay])
    assert app.tasks.names() == ("pay", "ship")
    assert pay.app is app

    other = TaskFlow("sqlite:///unused.db").include(pay)
    with pytest.raises(WrongContext, match="several apps"):
        _ = pay.app
    assert other.tasks["pay"] is pay
    with pytest.raises(TypeError, match="modules and tasks"):
        app.include("shop")  # type: ignore[arg-type]


def test_a_task_of_one_app_cannot_be_included_in_another() -> None:
    app, other = TaskFlow("sqlite:///a.db"), TaskFlow("sqlite:///b.db")

    @app.task
    def mine() -> None: ...

    with pytest.raises(TypeError, match="belongs to another app"):
        other.include([mine])


def key_of(unique: Unique | str, **args: Any) -> Any:
    @task(name="charge")
    def charge(customer: int, amount: float = 1.0, note: str = "") -> None: ...

    return charge.using(unique=unique).job(**args).new.unique


def test_unique_keys_look_at_what_they_are_told_to() -> None:
    every = Unique()
    assert key_of(every, customer=1) == key_of(every, customer=1, note="")
    assert key_of(every, customer=1) != key_of(every, customer=1, note="x")
    by = Unique(by=("customer",))
    assert key_of(by, customer=1, note="a") == key_of(by, customer=1, note="b")
    assert key_of(by, customer=1) != key_of(by, customer=2)
    computed = Unique(by=lambda args: args["customer"] % 10)
    assert key_of(computed, customer=1) == key_of(computed, customer=11)
    assert key_of("my-key", customer=1).key == "my-key"


def test_unique_options_reach_the_store() -> None:
    key = key_of(Unique(until="start", on_conflict="raise"), customer=1)
    assert (key.free_at, key.period_ms, key.on_conflict) == ("start", None, "raise")
    timed = key_of(Unique(period=timedelta(minutes=5), on_conflict="replace"), customer=1)
    assert (timed.free_at, timed.period_ms, timed.on_conflict) == ("time", 300_000, "replace")


def test_a_wrong_unique_is_refused() -> None:
    with pytest.raises(InvalidJob, match=r"unique\.until"):
        Unique(until="never")  # type: ignore[arg-type]
    with pytest.raises(InvalidJob, match=r"unique\.period"):
        Unique(period=0)
    with pytest.raises(InvalidJob, match="'nobody' is not an argument"):
        key_of(Unique(by=("nobody",)), customer=1)


def test_the_url_comes_from_the_argument_else_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TASKFLOW_DATABASE_URL", raising=False)
    monkeypatch.delenv("DATABASE_URL", raising=False)
    assert TaskFlow().url == "sqlite:///taskflow.db"
    monkeypatch.setenv("DATABASE_URL", "postgresql://b/b")
    late = TaskFlow()
    monkeypatch.setenv("TASKFLOW_DATABASE_URL", "postgresql://a/a")
    assert late.url == "postgresql://a/a"
    assert TaskFlow("sqlite:///c.db").url == "sqlite:///c.db"


def test_a_unique_key_of_arguments_that_a_task_has_not_is_refused_where_it_is_declared() -> None:
    app = TaskFlow()

    async def note(customer: int, text: str = "") -> None: ...

    with pytest.raises(InvalidJob, match="'custommer' is not an argument of this task"):
        app.task(unique=Unique(by=("custommer",)))(note)
    app.task(unique=Unique(by=("customer", "text")))(note)


def test_examples_are_announced_with_the_schema_as_they_would_be_stored() -> None:
    @task(examples=[{"to": "ada", "at": datetime(2030, 1, 1, tzinfo=UTC)}, {"to": "grace"}])
    def send(to: str, at: datetime | None = None) -> None: ...

    schema = msgspec.json.decode(send.args_schema())
    assert schema["examples"] == [{"to": "ada", "at": "2030-01-01T00:00:00Z"}, {"to": "grace"}]

    @task
    def plain(to: str) -> None: ...

    assert "examples" not in msgspec.json.decode(plain.args_schema())


@pytest.mark.parametrize(
    ("examples", "pointer"),
    [
        ([{"to": 7}], "/examples/0"),
        ([{"to": "a"}, {}], "/examples/1"),
        ([{"to": "a", "cc": "b"}], "/examples/0"),
        ([{"to": "a"}] * 11, "/examples"),
        ([{"to": "a" * 9_000}] * 2, "/examples"),
        ({"to": "a"}, "/examples"),
    ],
)
def test_an_example_that_could_not_be_enqueued_is_refused_where_it_is_declared(examples: Any, pointer: str) -> None:
    with pytest.raises(InvalidJob) as refused:

        @task(examples=examples)
        def send(to: str) -> None: ...

    assert [error.pointer for error in refused.value.errors] == [pointer]
