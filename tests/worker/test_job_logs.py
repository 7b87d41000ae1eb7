"""What handlers log is kept with their job: if the attempt fails or runs long, in batches, and in nobody's way."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import AsyncIterator
from typing import Any, cast
from uuid import uuid4

import msgspec
import pytest
from tests.worker.conftest import MakeWorker
from tests.worker.fakes import EPOCH, FakeStore, FakeTask, FakeTasks

from taskflowmq.core.errors import SchemaMismatch
from taskflowmq.core.job import Counters, NewJob, State
from taskflowmq.core.job_logs import MOST_A_SECOND, RING_LINES, JobLogs, Line
from taskflowmq.core.retry import Retry
from taskflowmq.core.transitions import Failed, HandedBack
from taskflowmq.ports.context import Context
from taskflowmq.ports.tasks import Runs
from taskflowmq.testing.as_stored import claimed_job
from taskflowmq.testing.clock import VirtualClock
from taskflowmq.worker.running.frames import LINE
from taskflowmq.worker.running.pipe_lines import PipeLines, take_line
from taskflowmq.worker.settling.job_logs import (
    FEW,
    INTERVAL,
    MANY_ENDED,
    MOST_A_WRITE,
    MOST_ENDED,
    JobLogWriter,
    LinesOfRun,
)


async def settled(store: FakeStore, tasks: FakeTasks, make_worker: MakeWorker, body: Any, **options: Any) -> list[str]:
    """Run one job of a body to its end and return the messages that were stored."""
    tasks.add(body)
    store.put(body.__name__, max_attempts=1)
    await make_worker(**options).run_until_idle()
    return [message for _, message in store.logs.lines()]


@pytest.mark.parametrize("runs", [None, Runs.THREAD])
async def test_what_is_stored_of_a_job_is_cut_behind_the_replacing_of_its_hidden_values(
    store: FakeStore, tasks: FakeTasks, make_worker: MakeWorker, runs: Runs | None
) -> None:
    secret = "Zq9-topsecret-Xy7"

    def said(ctx: Context) -> None:
        ctx.log.info("%s%s", "x" * 8_186, secret, extra={"said": "x" * 8_186 + secret})
        ctx.progress(0.5, f"working on {secret}")
        raise ValueError("x" * 7_994 + secret + "y" * 20_000 + secret)

    async def on_loop(ctx: Context, token: str) -> None:
        said(ctx)

    def in_thread(ctx: Context, token: str) -> None:
        said(ctx)

    name = tasks.add(on_loop if runs is None else in_thread, runs=runs)
    row = store.put(name, max_attempts=1, token=secret)
    await make_worker().run_until_idle()
    (line,) = [line for batch in store.logs.appended for one in batch for _, _, line in one.lines]
    error = row.error
    for text in (line.message, (line.fields or b"").decode(), error["message"], error["traceback"]):
        assert "Zq" not in text
        assert "•" in text or text is error["traceback"]


async def test_a_failed_attempt_keeps_its_lines_whatever_runs_it(
    store: FakeStore, tasks: FakeTasks, make_worker: MakeWorker
) -> None:
    async def on_loop(ctx: Context) -> None:
        ctx.log.info("page %d", 3, extra={"size": 7})
        ctx.log.debug("not shown")
        raise ValueError("no luck")

    def in_thread(ctx: Context) -> None:
        other = threading.Thread(target=ctx.log.warning, args=("of a thread",))
        other.start()
        other.join()
        try:
            raise KeyError("lost")
        except KeyError:
            ctx.log.exception("failed")
        raise ValueError("no luck")

    tasks.add(on_loop)
    tasks.add(in_thread, runs=Runs.THREAD)
    rows = [store.put("on_loop", max_attempts=1), store.put("in_thread", max_attempts=1)]
    await make_worker().run_until_idle()
    assert store.logs.lines(rows[0].id) == [(1, "page 3")]
    assert store.logs.lines(rows[1].id) == [(1, "of a thread"), (2, "failed")]
    stored = {one.job_id: one for batch in store.logs.appended for one in batch}
    first, second = stored[rows[0].id], stored[rows[1].id]
    assert (first.lease_no, first.round, first.attempt) == (1, 1, 1)
    _, age_us, line = first.lines[0]
    assert 0 <= age_us < 60_000_000
    assert (line.level, msgspec.json.decode(line.fields or b"")) == (logging.INFO, {"size": 7})
    trace = msgspec.json.decode(second.lines[1][2].fields or b"")["exception"]
    assert trace.endswith("KeyError: 'lost'")


async def test_a_short_attempt_that_succeeds_stores_nothing(
    store: FakeStore, tasks: FakeTasks, make_worker: MakeWorker
) -> None:
    async def fine(ctx: Context) -> None:
        ctx.log.warning("done")

    assert await settled(store, tasks, make_worker, fine) == []
    assert store.logs.appended == []
    assert store.count(State.COMPLETED) == 1


@pytest.mark.parametrize(("kept", "lines"), [("off", []), ("auto", []), ("all", ["done"])])
async def test_the_setting_decides(
    store: FakeStore, tasks: FakeTasks, make_worker: MakeWorker, kept: str, lines: list[str]
) -> None:
    async def fine(ctx: Context) -> None:
        ctx.log.info("done")

    assert await settled(store, tasks, make_worker, fine, job_logs=kept) == lines


async def test_a_failed_attempt_stores_nothing_if_it_is_off(
    store: FakeStore, tasks: FakeTasks, make_worker: MakeWorker
) -> None:
    async def fails(ctx: Context) -> None:
        ctx.log.error("bad")
        raise ValueError

    assert await settled(store, tasks, make_worker, fails, job_logs="off") == []


async def test_lines_of_a_long_attempt_appear_while_it_runs(
    store: FakeStore, tasks: FakeTasks, make_worker: MakeWorker
) -> None:
    clock, more, end = VirtualClock(), asyncio.Event(), asyncio.Event()

    async def long(ctx: Context) -> None:
        ctx.log.info("first")
        await more.wait()
        ctx.log.info("second")
        await end.wait()
        ctx.log.info("last")

    tasks.add(long)
    row = store.put("long")
    worker = make_worker(clock)
    await worker.start()
    await store.until(lambda: row.state is State.RUNNING)
    await _turn(clock, lambda: bool(worker._lines._live))
    for _ in range(3):
        await _step(clock, INTERVAL)
    assert store.logs.lines() == []
    await _turn(clock, lambda: store.logs.lines() == [(1, "first")], INTERVAL)
    more.set()
    await _turn(clock, lambda: store.logs.lines()[1:] == [(2, "second")], INTERVAL)
    end.set()
    await _turn(clock, lambda: store.logs.lines()[2:] == [(3, "last")], INTERVAL)
    await store.until(lambda: row.state is State.COMPLETED)


async def _step(clock: VirtualClock, seconds: float) -> None:
    clock.advance(seconds)
    for _ in range(20):
        await asyncio.sleep(0)


async def _turn(clock: VirtualClock, happened: Any, seconds: float = 0.0) -> None:
    for _ in range(200):
        if happened():
            return
        await _step(clock, seconds)
    raise AssertionError("it has not happened")


async def test_records_of_any_logger_are_kept_if_that_is_asked_for(
    store: FakeStore, tasks: FakeTasks, make_worker: MakeWorker, caplog: pytest.LogCaptureFixture
) -> None:
    library = logging.getLogger("some.library")
    library.setLevel(logging.INFO)

    async def fails(ctx: Context) -> None:
        library.info("asked %s", "twice", extra={"size": 7})
        await asyncio.to_thread(library.warning, "in a thread")
        ctx.log.info("once")
        raise ValueError

    before = list(logging.root.handlers)
    tasks.add(fails)
    row = store.put("fails", max_attempts=1)
    worker = make_worker(job_log_records=True)
    await worker.start()
    library.info("of nobody")
    await store.until(lambda: row.state is State.DEAD)
    await worker.drain()
    assert store.logs.lines() == [(1, "asked twice"), (2, "in a thread"), (3, "once")]
    (fields, *_) = [line.fields for batch in store.logs.appended for one in batch for *_, line in one.lines]
    assert msgspec.json.decode(fields or b"") == {"logger": "some.library", "size": 7}
    assert logging.root.handlers == before
    tasks.add(fails, name="again")
    store.put("again", max_attempts=1)
    await make_worker().run_until_idle()
    assert store.logs.lines()[3:] == [(1, "once")]


async def test_a_line_that_cannot_be_formatted_fails_nothing(
    store: FakeStore, tasks: FakeTasks, make_worker: MakeWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging, "raiseExceptions", False)

    async def fails(ctx: Context) -> None:
        ctx.log.info("%d pages", "three")
        ctx.log.info("%(n)d of %(all)d", {"n": 3, "all": 4})
        ctx.log.info("100% of it")
        raise ValueError

    lines = await settled(store, tasks, make_worker, fails)
    assert lines == ["'%d pages' could not be formatted: TypeError", "3 of 4", "100% of it"]


async def test_the_place_of_a_record_is_the_handlers(
    store: FakeStore, tasks: FakeTasks, make_worker: MakeWorker, caplog: pytest.LogCaptureFixture
) -> None:
    async def says(ctx: Context) -> None:
        ctx.log.warning("here")

    with caplog.at_level(logging.WARNING, "taskflowmq.job"):
        await settled(store, tasks, make_worker, says)
    (record,) = [record for record in caplog.records if record.name == "taskflowmq.job"]
    assert (record.filename, record.funcName) == ("test_job_logs.py", "says")
    assert record.__dict__["task"] == "says"


class _Run:
    """A run, as a writer sees it; its end is told as an executor does."""

    def __init__(self, began: float = 0.0) -> None:
        new = NewJob(uuid4(), "task", b"{}")
        self.job = claimed_job(
            new, Counters(1, 1, 0, 0, 1), waited=0.0, created_at=EPOCH, run_at=EPOCH, expires_at=None
        )
        self.spec = FakeTask(lambda: None, "task", None, Retry(), None)
        self.began: float | None = began
        self.lines: LinesOfRun | None = None

    def logs(self, writer: JobLogWriter, *messages: str) -> _Run:
        for message in messages:
            writer.put(self, Line(logging.INFO, message))
        return self

    def fails(self) -> None:
        assert self.lines is not None
        self.lines.end(Failed(b"{}"), 0.1)


@pytest.fixture
async def writer(store: FakeStore) -> AsyncIterator[JobLogWriter]:
    made = JobLogWriter(store.logs, VirtualClock(), JobLogs.AUTO)
    yield made
    await made.close()


async def test_a_store_that_does_not_answer_loses_no_line(store: FakeStore, writer: JobLogWriter) -> None:
    store.away = True
    _Run().logs(writer, "one").fails()
    assert not await writer.flush()
    _Run().logs(writer, "two").fails()
    await writer.flush_all()
    store.away = False
    await writer.flush_all()
    assert [message for _, message in store.logs.lines()] == ["one", "two"]


async def test_a_batch_that_the_store_refuses_is_dropped_with_a_warning(
    store: FakeStore, writer: JobLogWriter, caplog: pytest.LogCaptureFixture
) -> None:
    store.logs.refuse = SchemaMismatch("no such table")
    for _ in range(2):
        _Run().logs(writer, "one").fails()
        assert await writer.flush()
    store.logs.refuse = None
    _Run().logs(writer, "two").fails()
    await writer.flush()
    assert [message for _, message in store.logs.lines()] == ["two"]
    assert [record.message for record in caplog.records] == [
        "log lines of jobs are dropped: the store refused them: SchemaMismatch: no such table"
    ]


async def test_one_write_takes_no_more_than_a_process_may_log(store: FakeStore, writer: JobLogWriter) -> None:
    for _ in range(30):
        _Run().logs(writer, *(str(n) for n in range(100))).fails()
    await writer.flush()
    assert len(store.logs.lines()) == MOST_A_WRITE
    await writer.flush_all()
    assert len(store.logs.lines()) == 3_000


async def test_attempts_that_run_and_those_that_ended_share_a_write(store: FakeStore, writer: JobLogWriter) -> None:
    long = _Run(began=-10.0).logs(writer, *(str(n) for n in range(RING_LINES)))
    for _ in range(20):
        _Run().logs(writer, *(str(n) for n in range(100))).fails()
    await writer.flush()
    assert len(store.logs.lines(long.job.id)) == RING_LINES
    assert len(store.logs.lines()) == MOST_A_WRITE


async def test_where_more_attempts_fail_than_can_be_written_their_lines_are_fewer(
    store: FakeStore, writer: JobLogWriter, caplog: pytest.LogCaptureFixture
) -> None:
    runs = [_Run().logs(writer, *(str(n) for n in range(FEW + 5))) for _ in range(MOST_ENDED + 3)]
    for run in runs:
        run.fails()
    await writer.flush_all()
    counts = [len(store.logs.lines(run.job.id)) for run in (runs[0], runs[MANY_ENDED - 1], runs[MANY_ENDED])]
    assert counts == [FEW + 5, FEW + 5, FEW]
    assert [seq for seq, _ in store.logs.lines(runs[MANY_ENDED].job.id)] == list(range(6, FEW + 6))
    assert store.logs.lines(runs[-1].job.id) == []
    assert [record.message for record in caplog.records] == [
        "log lines of jobs are dropped: more attempts fail than their log lines can be written"
    ]


async def test_what_a_body_logs_after_its_end_is_not_taken(store: FakeStore, writer: JobLogWriter) -> None:
    run = _Run().logs(writer, "in time")
    run.fails()
    run.logs(writer, "late")
    handed_back = _Run().logs(writer, "for nobody")
    assert handed_back.lines is not None
    handed_back.lines.end(HandedBack(), 0.1)
    await writer.flush_all()
    assert store.logs.lines() == [(1, "in time")]


def test_lines_of_a_process_reach_its_child_with_how_many_were_left_out() -> None:
    sent: list[tuple[str, bytes]] = []
    now = 0.0
    lines = PipeLines(lambda kind, data: sent.append((kind, data)), lambda: now)
    run, kept = cast(Any, _Run()), list[Line]()
    run.keep = kept.append
    for n in range(MOST_A_SECOND + 7):
        lines.put(run, Line(logging.INFO, str(n)))
    now = 1.0
    lines.put(run, Line(logging.INFO, "later", b'{"a":1}'))
    assert {kind for kind, _ in sent} == {LINE}
    for _, data in sent:
        take_line(run, data)
    assert len(kept) == MOST_A_SECOND + 1
    assert kept[-1] == Line(logging.INFO, "later", b'{"a":1}', 7)
    other = cast(Any, _Run())
    take_line(other, sent[0][1])  # of the job before: it has no `keep` here that could be called
    for bad in (Line(20, "x" * 9_000), Line(20, "x", b"no json"), Line(20, "x", None, -1)):
        lines.put(run, bad)
        with pytest.raises(ValueError):  # noqa: PT011 - the reader of the pipe catches exactly this
            take_line(run, sent[-1][1])
