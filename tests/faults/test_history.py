"""The history has every job that ended exactly once, whatever ended it, and loses seconds of figures where it may."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.faults.rig import Rig

from taskflowmq import Cancel, Discard, Retry, Snooze, State, TaskFlow, Unique, current_context
from taskflowmq.core.chart import Summary
from taskflowmq.core.history import HistoryKept
from taskflowmq.testing.clock import VirtualClock

pytestmark = pytest.mark.timeout(200)

ENGINES = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]


@pytest.fixture(params=ENGINES)
async def app(request: pytest.FixtureRequest) -> AsyncIterator[TaskFlow]:
    """An open app on each engine, with a task for every way in which a job ends."""
    made = TaskFlow(request.getfixturevalue(f"{request.param}_url"))

    @made.task(name="fine", queue="mail")
    async def fine() -> None: ...

    @made.task(name="fails", retry=Retry(max_attempts=3, initial=0, jitter=0))
    async def fails() -> None:
        raise ValueError("no luck")

    @made.task(name="hopeless")
    async def hopeless() -> None:
        raise Discard("hopeless")

    @made.task(name="gives-up")
    async def gives_up() -> None:
        raise Cancel

    @made.task(name="hangs", timeout=0.02, retry=Retry(max_attempts=1))
    async def hangs() -> None:
        await asyncio.Event().wait()

    @made.task(name="snoozes")
    async def snoozes() -> None:
        if current_context().lease_no == 1:
            raise Snooze(0)

    @made.task(name="is-cancelled", retry=Retry(max_attempts=3, initial=60))
    async def is_cancelled() -> None:
        await made.job(current_context().job.id).acancel()
        raise ValueError("it would run again")

    async with made:
        yield made


async def ended(app: TaskFlow) -> Counter[str]:
    """Return how many jobs ended, by state, as the store counts them."""
    states = (await app.store.stats.count("default")).states
    return Counter({state: count for state, count in states.items() if State(state).final and count})


async def figures(app: TaskFlow, by: str = "none") -> dict[Any, Summary]:
    """Return what the history has of the last minutes."""
    # Not app.history.asummary(), which may be two seconds old.
    found = await app.hub.call(lambda session: session.charts._summaries("default", by, 60))  # type: ignore[arg-type]
    return {one.name: one for one in found}


def ends_of(one: Summary) -> Counter[str]:
    return Counter({name: one.counts[name] for name in ("completed", "dead", "cancelled") if one.counts[name]})


async def test_every_job_that_ended_is_counted_once(app: TaskFlow) -> None:
    for name, jobs in (("fine", 7), ("fails", 2), ("hopeless", 1), ("gives-up", 1), ("hangs", 1), ("snoozes", 2)):
        for _ in range(jobs):
            await app.asend(name)
    await app.asend("is-cancelled")
    ready, later = await app.asend("fine"), await app.asend("fine", delay=3600)
    for handle in (ready, later):
        await handle.acancel()
    for _ in range(3):
        await app.asend("fine", unique=Unique(on_conflict="replace"), delay=3600)
    await app.asend("fine", expires_in=0.001)
    await asyncio.sleep(0.01)  # the store's clock decides, and has no hook here
    assert await app.store.upkeep.expire_ready(100) == 1
    worker = app.worker()
    await worker.arun_until_idle()
    (whole,) = (await figures(app)).values()
    assert ends_of(whole) == await ended(app)
    assert ends_of(whole) == {"completed": 9, "dead": 4, "cancelled": 1 + 1 + 2 + 2 + 1}
    by_task = await figures(app, "task")
    assert {name: ends_of(one) for name, one in by_task.items()} == {
        "fine": {"completed": 7, "cancelled": 5},
        "fails": {"dead": 2},
        "hopeless": {"dead": 1},
        "gives-up": {"cancelled": 1},
        "hangs": {"dead": 1},
        "snoozes": {"completed": 2},
        "is-cancelled": {"cancelled": 1},
    }
    assert by_task["fails"].counts["started"] == by_task["fails"].counts["failed"] == 6
    assert by_task["fails"].counts["retried"] == 4
    assert by_task["hangs"].counts["timed_out"] == 1
    assert by_task["snoozes"].counts["snoozed"] == 2
    assert by_task["is-cancelled"].counts["retried"] == 0
    by_queue = await figures(app, "queue")
    assert sum((ends_of(one) for one in by_queue.values()), Counter()) == ends_of(whole)
    # Without a worker, six jobs were cancelled: the rest is on the node of the worker.
    [(node, of_node)] = (await figures(app, "node")).items()
    assert node == socket.gethostname()
    assert ends_of(of_node) == {"completed": 9, "dead": 4, "cancelled": 2}
    assert of_node.counts["retried"] == whole.counts["retried"]
    assert of_node.run == whole.run
    # Of the attempts, too: each that started ended in one way.
    counts = whole.counts
    assert counts["started"] == counts["completed"] + counts["failed"] + counts["snoozed"] + 1


async def test_joining_changes_no_count(app: TaskFlow) -> None:
    for _ in range(5):
        await app.asend("fine")
        await app.asend("hopeless")
        await app.worker().arun_until_idle()
    before = await figures(app, "task")
    now = await app.store.history.now()
    # Two hours later, by a second program whose clock is ahead.
    ahead = type(app.store)(app.url, clock=VirtualClock(now + timedelta(hours=2)))  # type: ignore[call-arg]
    await ahead.open()
    rows = 0
    while joined := await ahead.history.roll_up(HistoryKept()):
        rows += joined
    await ahead.close()
    assert rows >= 2
    after = await figures(app, "task")
    assert {name: one.counts for name, one in after.items()} == {name: one.counts for name, one in before.items()}
    assert {name: one.run for name, one in after.items()} == {name: one.run for name, one in before.items()}


@pytest.mark.slow
async def test_several_processes_count_each_job_once(rig: Rig) -> None:
    programs = [rig.program(TASKFLOW_PROCESSES=2) for _ in range(2)]
    jobs = [await rig.send("quick", n=n) for n in range(200)]
    await rig.final(*jobs)
    for program in programs:
        program.signal(signal.SIGTERM)
    for program in programs:
        await program.wait()
    (whole,) = (await figures(rig.app)).values()
    assert ends_of(whole) == {"completed": 200}
    assert whole.counts["started"] - whole.counts["returned"] == 200


@pytest.mark.slow
async def test_a_killed_process_loses_its_last_seconds_and_its_jobs_count_as_crashed(rig: Rig, tmp_path: Path) -> None:
    hold = tmp_path / "hold"
    hold.touch()
    program = rig.program(TEST_HOLD=hold)
    held = [await rig.send("hold") for _ in range(5)]
    await rig.started(*held)
    program.children()[0].kill()
    hold.unlink()
    await rig.final(*held)
    program.signal(signal.SIGTERM)
    await program.wait()
    (whole,) = (await figures(rig.app)).values()
    # The supervisor counts at once how the attempts ended. Their starts may be lost with the child that counted them.
    assert (whole.counts["crashed"], whole.counts["failed"], whole.counts["retried"]) == (5, 5, 5)
    assert ends_of(whole) == await ended(rig.app) == {"completed": 5}
    assert 5 <= whole.counts["started"] <= 10
