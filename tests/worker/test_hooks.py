"""Hooks around bodies, in the life of a worker, and after failures; on loop and threads. Processes: tests/faults."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import logging
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
from tests.worker.conftest import MakeWorker
from tests.worker.fakes import FakeStore, FakeTasks

from taskflowmq import AttemptError, Cancel, Context, Discard, FailedJob, HookFailed, Retry, TaskFlow, current_context
from taskflowmq.core.job import State
from taskflowmq.ports.hooks import Hooks
from taskflowmq.worker.running import reports
from taskflowmq.worker.running.lifecycle import STOP_SECONDS

who: contextvars.ContextVar[str] = contextvars.ContextVar("who", default="nobody")


@pytest.fixture(params=["coroutine", "thread"])
def add(request: pytest.FixtureRequest, tasks: FakeTasks) -> Callable[..., str]:
    """Adds a plain function as a task of either kind."""

    def add(fn: Callable[..., Any], **options: Any) -> str:
        if request.param == "thread":
            return tasks.add(fn, **options)

        async def coroutine() -> Any:
            return fn()

        return tasks.add(coroutine, **{"name": fn.__name__, **options})

    return add


async def test_hooks_nest_in_order_and_run_where_the_body_does(
    store: FakeStore, tasks: FakeTasks, make_worker: MakeWorker, add: Callable[..., str]
) -> None:
    seen: list[tuple[str, int]] = []

    def note(what: str) -> None:
        seen.append((what, threading.get_ident()))

    @tasks.hooks.around
    def first(ctx: Context) -> Iterator[None]:
        note(f"first in, job {ctx.attempt}")
        yield
        note("first out")

    @tasks.hooks.around
    async def second(ctx: Context) -> AsyncIterator[None]:
        assert current_context() is ctx
        await asyncio.sleep(0)
        note("second in")
        token = who.set("hook")
        async with asyncio.timeout(60):
            yield
        who.reset(token)
        note("second out")

    @tasks.hooks.around
    def third(ctx: Context) -> Iterator[None]:
        assert who.get() == "hook"
        note("third in")
        yield
        note("third out")

    def body() -> str:
        note(f"body of {who.get()}")
        assert current_context().attempt == 1
        return "done"

    row = store.put(add(body))
    assert await make_worker().run_until_idle() == 1
    assert row.state is State.COMPLETED, row.error
    assert row.last.result == b'"done"'
    order = ["first in, job 1", "second in", "third in", "body of hook", "third out", "second out", "first out"]
    assert [what for what, _ in seen] == order
    threads = dict(seen)
    assert threads["first in, job 1"] == threads["body of hook"] == threads["third out"] == threads["first out"]
    assert threads["second in"] == threads["second out"] == threading.get_ident()
    assert who.get() == "nobody"


def convert(error: Exception) -> None:
    match error:
        case KeyError():
            return
        case LookupError():
            raise Discard("not there") from error
        case _:
            raise error


@pytest.mark.parametrize("kind", ["sync", "async"])
async def test_what_leaves_the_hook_is_what_the_job_is_judged_by(
    store: FakeStore, tasks: FakeTasks, make_worker: MakeWorker, add: Callable[..., str], kind: str
) -> None:
    if kind == "sync":

        @tasks.hooks.around
        def hook(ctx: Context) -> Iterator[None]:
            try:
                yield
            except Exception as error:
                convert(error)

    else:

        @tasks.hooks.around
        async def ahook(ctx: Context) -> AsyncIterator[None]:
            try:
                yield
            except Exception as error:
                await asyncio.sleep(0)
                convert(error)

    def swallowed() -> None:
        raise KeyError

    def replaced() -> None:
        raise IndexError

    def kept() -> None:
        raise ValueError("as it was")

    def steers() -> None:
        raise Cancel

    names = [add(fn, retry=Retry(max_attempts=1)) for fn in (swallowed, replaced, kept, steers)]
    rows = [store.put(name, max_attempts=1) for name in names]
    await make_worker().run_until_idle()
    assert [row.state for row in rows] == [State.COMPLETED, State.DEAD, State.DEAD, State.CANCELLED]
    assert rows[0].last.result is None
    assert rows[1].error["type"] == "Discard"
    assert rows[2].error["message"] == "as it was"
    assert rows[2].error["traceback"].count("in kept") == 1


async def test_a_hook_that_yields_never_or_twice_or_raises_fails_the_attempt_and_says_who(
    store: FakeStore, tasks: FakeTasks, make_worker: MakeWorker, add: Callable[..., str]
) -> None:
    ran: list[str] = []

    def hook(ctx: Context) -> Iterator[None]:
        match ctx.job.task:
            case "never":
                return
            case "twice":
                yield
            case "own":
                raise RuntimeError("of its own")
        yield

    async def ahook(ctx: Context) -> AsyncIterator[None]:
        match ctx.job.task:
            case "anever":
                return
            case "atwice":
                yield
        yield

    tasks.hooks.around(hook)
    tasks.hooks.around(ahook)
    expected = {
        "never": "hook must yield exactly once: it ended without a yield",
        "twice": "hook must yield exactly once: it yielded a second time",
        "own": "of its own",
        "anever": "ahook must yield exactly once: it ended without a yield",
        "atwice": "ahook must yield exactly once: it yielded a second time",
        "fine": "",
    }
    rows = {name: store.put(add(lambda: ran.append("ran"), name=name), max_attempts=1) for name in expected}
    await make_worker().run_until_idle()
    for name, row in rows.items():
        if name == "fine":
            assert row.state is State.COMPLETED
        else:
            assert row.error["message"].endswith(expected[name]), name
    assert len(ran) == 3  # twice, atwice, fine


@pytest.mark.slow
async def test_the_time_of_a_hook_is_the_jobs(store: FakeStore, tasks: FakeTasks, make_worker: MakeWorker) -> None:
    left: list[str] = []

    @tasks.hooks.around
    async def slow(ctx: Context) -> AsyncIterator[None]:
        try:
            await asyncio.sleep(600)
            yield
        finally:
            left.append(ctx.job.task)

    def thread() -> None:
        raise AssertionError

    async def coroutine() -> None:
        raise AssertionError

    # Long enough for a busy machine to enter both hooks.
    rows = [store.put(tasks.add(fn, timeout=1), max_attempts=1) for fn in (thread, coroutine)]
    worker = make_worker(grace=10)
    await worker.start()
    await store.until(lambda: store.count(State.DEAD) == 2 and len(left) == 2)
    assert [row.error["type"] for row in rows] == ["TimeoutError"] * 2
    assert sorted(left) == ["coroutine", "thread"]
    assert worker.health().tainted is None  # the thread is free again


async def test_hooks_of_the_wrong_kind_are_refused_and_the_same_one_is_added_once() -> None:
    app, hooks = TaskFlow("sqlite:///unused.db"), Hooks()

    def plain(ctx: Context) -> None: ...
    async def coroutine(ctx: Context) -> None: ...
    def generator(ctx: Context) -> Iterator[None]:
        yield

    @contextlib.contextmanager
    def managed(ctx: Context) -> Iterator[None]:
        yield

    def nothing() -> Iterator[None]:
        yield

    for wrong in (plain, coroutine, managed, int, "hook"):
        with pytest.raises(TypeError, match="generator function"):
            app.around(wrong)  # type: ignore[type-var]
    with pytest.raises(TypeError, match="cannot be called as hook"):
        app.around(nothing)  # type: ignore[type-var]
    for add in (app.on_worker_start, app.on_worker_stop, app.on_error):
        with pytest.raises(TypeError, match="only an around hook yields"):
            add(generator)
        with pytest.raises(TypeError, match="a hook is a function"):
            add(int)
    with pytest.raises(TypeError, match="cannot be called as hook"):
        app.on_error(plain)  # type: ignore[type-var]
    assert app.around(generator) is app.around(generator) is generator
    assert len(app.tasks.hooks.arounds) == 1
    assert hooks.on_worker_start(plain) is hooks.on_worker_start(plain)
    assert len(hooks.starts) == 1


async def test_start_and_stop_hooks_run_once_and_share_their_state_with_handlers(
    store: FakeStore, tasks: FakeTasks, make_worker: MakeWorker
) -> None:
    done: list[object] = []

    @tasks.hooks.on_worker_start
    async def opens(state: Any) -> None:
        state.http = "client"

    @tasks.hooks.on_worker_start
    def blocks(state: Any) -> None:
        state.thread = threading.get_ident()
        assert state.thread != threading.main_thread().ident  # it may block: the loop goes on

    @tasks.hooks.on_worker_stop
    async def closes(state: Any) -> None:
        done.append(state.http)

    @tasks.hooks.on_worker_stop
    def same_thread(state: Any) -> None:
        done.append(threading.get_ident() == state.thread)

    @tasks.hooks.on_worker_stop
    def fails(state: Any) -> None:
        raise SystemExit(3)

    async def body(ctx: Context) -> str:
        with pytest.raises(AttributeError, match=r"no on_worker_start hook has set state\.nothing"):
            _ = ctx.state.nothing
        return str(ctx.state.http)

    rows = [store.put(tasks.add(body)) for _ in range(3)]
    worker = make_worker()
    await worker.start()
    await store.until(lambda: store.count(State.COMPLETED) == 3)
    assert rows[0].last.result == b'"client"'
    assert not done
    await worker.drain()
    await worker.stop()
    assert done == [True, "client"]  # the last registered first


async def test_a_start_hook_that_fails_keeps_the_worker_from_serving(
    store: FakeStore, tasks: FakeTasks, make_worker: MakeWorker
) -> None:
    stopped: list[object] = []

    @tasks.hooks.on_worker_start
    def fails(state: Any) -> None:
        raise LookupError("no such database")

    tasks.hooks.on_worker_stop(stopped.append)
    row = store.put(tasks.add(lambda: None, name="body"))
    worker = make_worker()
    with pytest.raises(HookFailed, match="fails") as caught:
        await worker.start()
    assert str(caught.value.__cause__) == "no such database"
    assert not worker.health().ok
    assert (row.state, store.leases, stopped) == (State.PENDING, {}, [])


async def test_a_worker_that_is_told_to_end_waits_for_no_start_hook(
    store: FakeStore, tasks: FakeTasks, make_worker: MakeWorker
) -> None:
    begun = asyncio.Event()

    @tasks.hooks.on_worker_start
    async def hangs(state: Any) -> None:
        begun.set()
        await asyncio.sleep(600)

    worker = make_worker()
    starting = asyncio.create_task(worker.start())
    await begun.wait()
    assert await worker.drain(0) == 0
    await starting
    assert not any(store.leases.values())


async def test_stop_hooks_that_hang_are_left(
    store: FakeStore, tasks: FakeTasks, make_worker: MakeWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("taskflowmq.worker.running.lifecycle.STOP_SECONDS", 0.2)
    assert STOP_SECONDS > 0.2
    free = threading.Event()

    @tasks.hooks.on_worker_stop
    def hangs(state: Any) -> None:
        free.wait(60)

    worker = make_worker()
    await worker.start()
    began = time.monotonic()
    await worker.stop()
    assert time.monotonic() - began < 10
    free.set()


async def test_on_error_hears_of_each_failed_attempt_and_changes_nothing(
    store: FakeStore, tasks: FakeTasks, make_worker: MakeWorker, caplog: pytest.LogCaptureFixture
) -> None:
    heard: list[tuple[str, str, bool, str]] = []

    @tasks.hooks.on_error
    async def report(job: FailedJob, error: BaseException) -> None:
        assert job.args == {}
        assert job.final is (job.retry_in is None)
        heard.append((job.task, job.outcome, job.final, f"{type(error).__name__}: {error}"))

    @tasks.hooks.on_error
    def broken(job: FailedJob, error: BaseException) -> None:
        raise SystemExit(4)

    async def raises() -> None:
        raise ValueError("no")

    def discards() -> None:
        raise Discard("never")

    async def sleeps() -> None:
        await asyncio.sleep(600)

    async def cancels() -> None:
        raise Cancel

    store.put(tasks.add(raises), max_attempts=2)
    store.put(tasks.add(discards))
    store.put(tasks.add(sleeps, timeout=0.05), max_attempts=1)
    store.put(tasks.add(cancels))
    with caplog.at_level(logging.ERROR, "taskflowmq.worker"):
        worker = make_worker()
        await worker.run_until_idle()
        await worker.stop()
    assert sorted(heard) == [
        ("discards", "discarded", True, "Discard: never"),
        ("raises", "failed", False, "ValueError: no"),
        ("raises", "failed", True, "ValueError: no"),
        ("sleeps", "timeout", True, max(heard)[3]),
    ]
    assert max(heard)[3].startswith("AttemptError: TimeoutError: stopped after")
    assert (store.count(State.CANCELLED), store.count(State.DEAD)) == (1, 3)
    assert sum("broken failed" in record.getMessage() for record in caplog.records) == 1


async def test_on_error_hooks_that_hang_bound_what_waits(
    store: FakeStore, tasks: FakeTasks, make_worker: MakeWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reports, "LAST_SECONDS", 0.1)
    free, begun = threading.Event(), 0

    @tasks.hooks.on_error
    def hangs(job: FailedJob, error: BaseException) -> None:
        nonlocal begun
        begun += 1
        free.wait(60)

    async def fails() -> None:
        raise ValueError

    name = tasks.add(fails)
    count = reports.MAX_WAITING + 50
    for _ in range(count):
        store.put(name, max_attempts=1)
    worker = make_worker(concurrency=50)
    assert await worker.run_until_idle() == count  # no job waits for a hook
    waiting = [task for task in asyncio.all_tasks() if task.get_name() == "taskflow-on-error"]
    assert len(waiting) <= reports.MAX_WAITING
    await worker.stop()
    assert begun <= reports.AT_ONCE
    free.set()


def test_an_attempt_error_shows_what_is_known() -> None:
    error = AttemptError("ValueError", "no", "Traceback", "crashed")
    assert (str(error), error.type, error.outcome) == ("ValueError: no", "ValueError", "crashed")
