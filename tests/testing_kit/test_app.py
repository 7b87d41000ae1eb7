"""What the shipped test helpers do for a program's own tests."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from taskflowmq import InvalidJob, Retry, State, TaskFlow
from taskflowmq.testing import (
    VirtualClock,
    adrain,
    assert_enqueued,
    drain,
    in_memory_app,
    refute_enqueued,
)

app = TaskFlow("sqlite:///must-not-be-made.db")


@app.task(queue="mail")
async def send(to: str, subject: str = "") -> str:
    return f"to {to}"


@app.task
def sign_up(name: str) -> None:
    send.using(tags=["welcome"], meta={"source": "web"}).enqueue(f"{name}@x", subject="Welcome")


@app.task(retry=Retry(max_attempts=3, initial=10, factor=2, jitter=0))
async def flaky() -> None:
    raise ConnectionError("not yet")


@pytest.fixture(autouse=True)
def nothing_of_ours_appears(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    monkeypatch.chdir(tmp_path)
    yield
    assert not list(tmp_path.rglob("must-not-be-made*"))


def test_an_app_gets_an_empty_database_and_its_own_one_back() -> None:
    with in_memory_app(app) as same:
        assert same is app
        handle = sign_up.enqueue("ada")
        assert drain(app) == 2
        assert handle.state() is State.COMPLETED
    with in_memory_app(app):
        assert app.jobs.list().items == []
    assert app.url == "sqlite:///must-not-be-made.db"


async def test_the_same_in_a_coroutine() -> None:
    async with in_memory_app(app):
        await sign_up.aenqueue("ada")
        assert await adrain(app) == 2
        assert_enqueued(app, send, state="completed")


async def test_an_app_that_is_in_use_is_left_alone(sqlite_url: str) -> None:
    own = TaskFlow(sqlite_url)

    @own.task
    async def note() -> None: ...

    async with own:
        await note.aenqueue()
        async with in_memory_app(own):
            refute_enqueued(own, note)
        assert_enqueued(own, note, count=1)


def test_assertions_see_what_was_asked_for() -> None:
    with in_memory_app(app):
        refute_enqueued(app, send)
        send.using(tags=["welcome", "b"], meta={"source": "web", "x": 1}, priority=3).enqueue("ada@x", subject="Hi")
        (job,) = assert_enqueued(
            app, send, args={"to": "ada@x"}, tags=["welcome"], meta={"source": "web"}, queue="mail", priority=3
        )
        assert job.state is State.PENDING
        assert_enqueued(app, "send", count=1)
        refute_enqueued(app, send, args={"to": "bob@x"})
        refute_enqueued(app, sign_up)


def test_a_failed_assertion_shows_what_there_is() -> None:
    with in_memory_app(app):
        with pytest.raises(AssertionError, match="There are no jobs of this task"):
            assert_enqueued(app, send)
        send.enqueue("ada@x")
        with pytest.raises(AssertionError, match=r"pending queue=mail args=\{.*ada@x"):
            assert_enqueued(app, send, args={"to": "bob@x"})
        with pytest.raises(AssertionError, match="expected 2 jobs of 'send' with any arguments, found 1"):
            assert_enqueued(app, send, count=2)
        with pytest.raises(AssertionError, match="expected no job of 'send'"):
            refute_enqueued(app, send)


async def test_assertions_work_inside_a_loop() -> None:
    async with in_memory_app(app):
        await send.aenqueue("ada@x")
        assert_enqueued(app, send, args={"to": "ada@x"})


def test_scheduled_jobs_run_when_the_clock_says_so() -> None:
    clock = VirtualClock()
    with in_memory_app(app, clock=clock):
        handle = send.using(delay=timedelta(hours=2)).enqueue("ada@x")
        assert drain(app) == 0
        clock.advance(timedelta(hours=1, minutes=59))
        assert drain(app) == 0
        clock.advance(60)
        assert drain(app) == 1
        assert handle.result(timeout=30) == "to ada@x"


def test_retries_follow_the_clock() -> None:
    clock = VirtualClock()
    with in_memory_app(app, clock=clock):
        handle = flaky.enqueue()
        states = []
        for step in (0, 10, 20):
            clock.advance(step)
            assert drain(app) == 1
            states.append(handle.state())
        assert states == [State.RETRYING, State.RETRYING, State.DEAD]


def test_days_may_pass_between_two_enqueues() -> None:
    clock = VirtualClock(datetime(2030, 1, 1, tzinfo=UTC))
    with in_memory_app(app, clock=clock):
        send.enqueue("a@x")
        clock.advance(timedelta(days=40))
        handle = send.enqueue("b@x")
        assert handle.job().created_at.date().isoformat() == "2030-02-10"


async def test_sleepers_wake_in_order_at_their_own_time() -> None:
    clock = VirtualClock()
    woken: list[tuple[str, float]] = []

    async def sleeper(name: str, seconds: float) -> None:
        await clock.sleep(seconds)
        woken.append((name, seconds))

    tasks = [asyncio.create_task(sleeper(name, s)) for name, s in (("c", 3), ("a", 1), ("b", 2), ("never", 9))]
    await asyncio.sleep(0)
    clock.advance(5)
    await asyncio.gather(*tasks[:3])
    assert woken == [("a", 1), ("b", 2), ("c", 3)]
    assert clock.monotonic() == 5
    tasks[3].cancel()
    with pytest.raises(InvalidJob):
        clock.advance(-1)


async def test_the_database_goes_away_though_somebody_has_not_closed_the_app() -> None:
    app = TaskFlow("sqlite:///unused.db")
    async with in_memory_app(app):
        await app.aopen()
        hold = await app.hub.keep()
    assert app.hub.open_session() is None
    await hold.release()
