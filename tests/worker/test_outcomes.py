"""Whatever a body does, its job ends in the state that its author would expect."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest
from tests.worker.conftest import MakeWorker
from tests.worker.fakes import FakeStore, FakeTasks

from taskflowmq.core.directives import Cancel, Discard, RetryAfter, Snooze
from taskflowmq.core.errors import InvalidJob
from taskflowmq.core.job import Ended, Reason, State
from taskflowmq.core.retry import Retry
from taskflowmq.ports.context import Context, current_context
from taskflowmq.worker.running.body import BodyContext
from taskflowmq.worker.running.run import Run

DOCS = Path(__file__).parents[2] / "docs"


async def test_coroutines_and_functions_complete_with_their_results(
    store: FakeStore, tasks: FakeTasks, make_worker: MakeWorker
) -> None:
    async def double(n: int) -> int:
        await asyncio.sleep(0)
        return 2 * n

    def triple(n: int) -> int:
        return 3 * n

    rows = [store.put(tasks.add(double), n=4), store.put(tasks.add(triple), n=4)]
    assert await make_worker().run_until_idle() == 2
    assert [(row.state, row.last.result) for row in rows] == [(State.COMPLETED, b"8"), (State.COMPLETED, b"12")]


async def test_the_context_is_passed_and_current_in_coroutines_and_threads(
    store: FakeStore, tasks: FakeTasks, make_worker: MakeWorker
) -> None:
    async def on_loop(ctx: Context) -> list[Any]:
        return [ctx.attempt, ctx is current_context(), ctx.idempotency_key.endswith(":1")]

    def in_thread(ctx: Context) -> list[Any]:
        return [ctx.attempt, ctx is current_context(), ctx.idempotency_key.endswith(":1")]

    rows = [store.put(tasks.add(on_loop)), store.put(tasks.add(in_thread))]
    await make_worker().run_until_idle()
    assert [row.last.result for row in rows] == [b"[1,true,true]"] * 2


async def test_a_handler_finds_the_documented_names_on_its_context_and_no_other(
    store: FakeStore, tasks: FakeTasks, make_worker: MakeWorker
) -> None:
    seen: list[Context] = []

    async def on_loop(ctx: Context) -> None:
        seen.append(ctx)

    def in_thread(ctx: Context) -> None:
        seen.append(ctx)

    for body in (on_loop, in_thread):
        store.put(tasks.add(body))
    await make_worker().run_until_idle()
    text = "".join(page.read_text(encoding="utf-8") for page in DOCS.glob("*.md"))
    documented = set(re.findall(r"\bctx\.([a-z]\w*)", text))
    for found in (*seen, BodyContext(cast(Run, None))):
        assert {name for name in dir(type(found)) + list(vars(found)) if not name.startswith("_")} == documented
    assert len(seen) == 2


async def test_a_failing_job_is_tried_three_times_and_dies(
    store: FakeStore, tasks: FakeTasks, make_worker: MakeWorker
) -> None:
    async def fail() -> None:
        raise ValueError("no luck")

    row = store.put(tasks.add(fail))
    await make_worker().run_until_idle()
    assert (row.state, row.last.reason, row.counters.attempt) == (State.DEAD, Reason.ATTEMPTS_EXHAUSTED, 3)
    assert [past.to for past in row.history] == [State.RETRYING, State.RETRYING, State.DEAD]
    assert row.error["type"] == "ValueError"
    assert row.error["message"] == "no luck"
    assert "test_outcomes.py" in row.error["traceback"]
    assert "executor.py" not in row.error["traceback"]


@pytest.mark.parametrize(
    ("directive", "state", "reason", "attempt"),
    [
        (Snooze(5), State.SCHEDULED, None, 0),
        (RetryAfter(5), State.RETRYING, None, 1),
        (Cancel("not wanted"), State.CANCELLED, Reason.CANCELLED_BY_HANDLER, 1),
        (Discard("hopeless"), State.DEAD, Reason.DISCARDED, 1),
    ],
)
@pytest.mark.parametrize("returned", [False, True])
async def test_directives_steer_the_job_raised_or_returned(
    store: FakeStore,
    tasks: FakeTasks,
    make_worker: MakeWorker,
    directive: Exception,
    state: State,
    reason: Reason | None,
    attempt: int,
    returned: bool,
) -> None:
    async def body() -> Any:
        if returned:
            return directive
        raise directive

    row = store.put(tasks.add(body))
    worker = make_worker()
    await worker.start()
    await store.until(lambda: bool(row.history))
    assert (row.state, row.last.reason, row.counters.attempt) == (state, reason, attempt)
    if state in (State.SCHEDULED, State.RETRYING):
        assert row.last.delay_ms == 5000


async def test_exceptions_that_the_policy_excludes_are_not_retried(
    store: FakeStore, tasks: FakeTasks, make_worker: MakeWorker
) -> None:
    async def fail() -> None:
        raise KeyError("x")

    row = store.put(tasks.add(fail, retry=Retry(not_on=(LookupError,))))
    await make_worker().run_until_idle()
    assert (row.state, row.counters.attempt) == (State.DEAD, 1)


class Unspeakable(Exception):
    def __str__(self) -> str:
        raise RuntimeError("not even this")


class Rude(BaseException):
    pass


@pytest.mark.parametrize(
    "error", [SystemExit(3), KeyboardInterrupt(), Rude("x"), Unspeakable(), asyncio.CancelledError(), StopIteration()]
)
@pytest.mark.parametrize("threaded", [False, True])
async def test_no_exception_ends_the_worker(
    store: FakeStore, tasks: FakeTasks, make_worker: MakeWorker, error: BaseException, threaded: bool
) -> None:
    async def on_loop() -> None:
        raise error

    def in_thread() -> None:
        raise error

    async def fine() -> str:
        return "fine"

    bad = store.put(tasks.add(in_thread if threaded else on_loop), max_attempts=1)
    worker = make_worker()
    await worker.run_until_idle()
    good = store.put(tasks.add(fine))
    await worker.run_until_idle()
    assert (bad.state, bad.last.ended) == (State.DEAD, Ended.FAILED)
    assert good.state is State.COMPLETED


def nested(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    "make",
    [
        lambda: nested,
        lambda: float("nan"),
        lambda: {"x": float("inf")},
        lambda: nested(100_000),
        lambda: "\ud800",
        object,
        lambda: "a\x00b",
    ],
)
async def test_a_result_that_cannot_be_stored_still_completes_the_job(
    store: FakeStore, tasks: FakeTasks, make_worker: MakeWorker, make: Callable[[], Any]
) -> None:
    result = make()

    async def body() -> Any:
        return result

    row = store.put(tasks.add(body))
    await make_worker().run_until_idle()
    assert row.state is State.COMPLETED
    assert row.last.result is None
    assert row.last.result_error


async def test_a_huge_result_is_cut_and_flagged_and_a_huge_error_is_cut(
    store: FakeStore, tasks: FakeTasks, make_worker: MakeWorker
) -> None:
    async def large() -> str:
        return "x" * 1_000_000

    async def loud() -> None:
        raise ValueError("é\x00" * 3_000_000)

    rows = [store.put(tasks.add(large)), store.put(tasks.add(loud), max_attempts=1)]
    await make_worker().run_until_idle()
    assert rows[0].state is State.COMPLETED
    assert "1000002 bytes" in (rows[0].last.result_error or "")
    assert len(rows[0].last.result or b"") < 10_000
    assert len(rows[1].last.error or b"") < 65_536
    assert b"\\u0000" not in (rows[1].last.error or b"")


async def test_arguments_that_do_not_fit_end_the_job_without_running_it(
    store: FakeStore, tasks: FakeTasks, make_worker: MakeWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def body(n: int) -> None:
        raise AssertionError("must not run")

    row = store.put(tasks.add(body))

    def refuse(args: bytes) -> dict[str, Any]:
        raise InvalidJob.at("/args/n", "is missing")

    monkeypatch.setattr(tasks.get("body"), "decode", refuse)
    await make_worker().run_until_idle()
    assert (row.state, row.last.reason) == (State.DEAD, Reason.INVALID_ARGUMENTS)
    assert "args.n" in row.error["message"]


async def test_a_coroutine_that_is_too_slow_is_cancelled_and_timed_out(
    store: FakeStore, tasks: FakeTasks, make_worker: MakeWorker
) -> None:
    ended: list[str] = []

    async def slow() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            ended.append("finally")

    row = store.put(tasks.add(slow, timeout=0.05), max_attempts=1)
    await make_worker().run_until_idle()
    assert (row.state, row.last.reason, ended) == (State.DEAD, Reason.TIMEOUT, ["finally"])
    assert "0.05" in row.error["message"]
    assert "await asyncio.sleep(60)" in row.error["traceback"]


async def test_bodies_that_ignore_their_timeout_are_timed_out_without_them(
    store: FakeStore, tasks: FakeTasks, make_worker: MakeWorker
) -> None:
    release, let_go = asyncio.Event(), threading.Event()

    async def stubborn() -> None:
        while not release.is_set():
            try:
                await release.wait()
            except asyncio.CancelledError:
                continue

    def stuck() -> None:
        let_go.wait(60)

    rows = [
        store.put(tasks.add(stubborn, timeout=0.05), max_attempts=1),
        store.put(tasks.add(stuck, timeout=0.5), max_attempts=1),
    ]
    await asyncio.wait_for(make_worker().run_until_idle(), 60)
    let_go.set()
    assert [row.last.reason for row in rows] == [Reason.TIMEOUT] * 2
    assert "let_go.wait(60)" in rows[1].error["traceback"]
    release.set()


async def test_a_job_completed_in_the_callers_transaction_is_not_settled_again(
    store: FakeStore, tasks: FakeTasks, make_worker: MakeWorker, caplog: pytest.LogCaptureFixture
) -> None:
    async def body(ctx: Context) -> str:
        async with ctx.transaction() as conn:
            await ctx.complete({"written": True}, conn=conn)
        return "ignored"

    row = store.put(tasks.add(body))
    with caplog.at_level("INFO", "taskflowmq.worker"):
        await make_worker().run_until_idle()
    assert (row.state, row.last.result, len(row.history)) == (State.COMPLETED, b'{"written":true}', 1)
    assert f"job completed: {row.task} {row.id}" in caplog.messages
    assert not any("stale" in message for message in caplog.messages)


async def test_a_completion_that_was_rolled_back_is_a_failed_attempt(
    store: FakeStore, tasks: FakeTasks, make_worker: MakeWorker
) -> None:
    async def body(ctx: Context) -> None:
        before = (row.state, row.counters, list(row.history))
        await ctx.complete(1, conn=store)
        row.state, row.counters, row.history = before  # the caller's rollback

    row = store.put(tasks.add(body), max_attempts=1)
    await make_worker().run_until_idle()
    assert row.state is State.DEAD
    assert "not committed" in row.error["message"]


@pytest.mark.parametrize("level", ["INFO", "DEBUG"])
async def test_the_log_says_why_an_attempt_failed(
    store: FakeStore, tasks: FakeTasks, make_worker: MakeWorker, caplog: pytest.LogCaptureFixture, level: str
) -> None:
    async def body() -> None:
        raise ValueError("no such customer: password=hunter2\nsecond line")

    row = store.put(tasks.add(body, retry=Retry(max_attempts=2, initial=0.001)), max_attempts=2)
    with caplog.at_level(level, "taskflowmq.worker"):
        await make_worker().run_until_idle()
    assert row.state is State.DEAD
    retried, dead = [record for record in caplog.records if getattr(record, "outcome", "") in ("retried", "dead")]
    why = "ValueError: no such customer: password=[redacted]"
    assert retried.getMessage() == f"job retried: {row.task} {row.id}: {why}"
    assert dead.getMessage() == f"job dead: {row.task} {row.id}: {why}"
    assert (retried.levelname, dead.levelname) == ("WARNING", "ERROR")
    assert "test_outcomes.py" in dead.error["traceback"]
    assert ("traceback" in retried.error) is (level == "DEBUG")
