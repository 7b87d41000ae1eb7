"""Handlers that do their worst, in one worker at a time: each job gets the outcome that is its own, everybody else's
completes, and the worker goes on (RELIABILITY F3, F41, F43).
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest
from tests.faults import hostile
from tests.faults.rig import LEASE, RECOVERY, ROOT, SLACK, Program, Rig

from taskflowmq import Handle, JobView, State
from taskflowmq.core.job import Reason
from taskflowmq.testing.waiting import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

APP = "tests.faults.hostile:app"
#: Only a failure takes that long; tests that start twenty processes share the machine with others.
PATIENCE = 200

#: The error's type that a job shows for what its handler raised.
SHOWN = {
    "interrupt": "KeyboardInterrupt",
    "exit": "SystemExit",
    "cancelled": "CancelledError",
    "generator": "GeneratorExit",
    "base": "Worst",
    "str": "Unspeakable",
    "secretive": "secretive.<locals>.Secretive",
    "long": "Long",
    "recursion": "RecursionError",
    "memory": "MemoryError",
}
#: What ends well in spite of everything, and its result.
HARMLESS: dict[str, tuple[dict[str, Any], Any]] = {
    "leave_threads": ({}, "left"),
    "chatter": ({"lines": 1_000_000}, 1_000_000),
    "signal_myself": ({}, "unmoved"),
    "fork_and_return": ({}, "twice"),
    "fork_on_the_loop": ({}, "twice"),
}


@pytest.fixture
def any_rig(rig: Rig) -> Rig:
    """A rig on each engine that knows the hostile tasks."""
    rig.app.include(hostile)
    return rig


@pytest.fixture
def one_rig(sqlite_rig: Rig) -> Rig:
    """The same where the engine makes no difference."""
    sqlite_rig.app.include(hostile)
    return sqlite_rig


def error_of(view: JobView) -> dict[str, str]:
    error: dict[str, str] = json.loads(view.raw_error or b"{}")
    return error


async def innocents(rig: Rig, count: int) -> list[Handle[Any]]:
    """Enqueue harmless jobs of every kind."""
    jobs = [await rig.send("quick", n=n) for n in range(count)]
    jobs += [await rig.send("look_around") for _ in range(count)]
    return [*jobs, await rig.send("loop_in_process"), await rig.send("process_square", n=3)]


async def all_complete(rig: Rig, jobs: list[Handle[Any]], *, crashes: int = 0) -> None:
    views = await rig.final(*jobs, timeout=PATIENCE)
    assert {(view.task, view.state) for view in views} == {(view.task, State.COMPLETED) for view in views}
    assert {view.counters.attempt for view in views} == {1}
    assert max(view.counters.crashes for view in views) <= crashes


async def first_child(rig: Rig, program: Program) -> psutil.Process:
    """Return the claiming process once it works."""
    await rig.final(await rig.send("quick", n=0), timeout=PATIENCE)
    return program.children()[0]


async def test_whatever_a_body_raises_or_returns_ends_its_own_job_only(any_rig: Rig) -> None:
    rig = any_rig
    program = rig.program(app=APP)
    child = await first_child(rig, program)
    tasks = ("raise_on_loop", "raise_in_thread", "raise_in_process")
    raising = {(name, kind): await rig.send(name, kind=kind) for name in tasks for kind in SHOWN}
    raising["bomb", "exit"] = await rig.send("bomb")
    raising["cancel_myself", "cancelled"] = await rig.send("cancel_myself")
    large = [await rig.send(name) for name in ("large_on_loop", "large_in_thread", "large_in_process")]
    others = await innocents(rig, 10)

    for (name, kind), view in zip(raising, await rig.final(*raising.values(), timeout=PATIENCE), strict=True):
        assert (view.state, view.reason) == (State.DEAD, Reason.ATTEMPTS_EXHAUSTED), (name, kind)
        assert error_of(view)["type"] == SHOWN[kind], (name, kind)
    for view in await rig.final(*large, timeout=PATIENCE):
        assert view.state is State.COMPLETED
        assert len(view.raw_result or b"") < 10_000
        assert "more than 262144; cut" in (view.result_error or "")
    await all_complete(rig, others)
    assert [each.pid for each in program.children()] == [child.pid]
    await rig.check()


async def test_what_bodies_leave_behind_or_change_is_nobody_elses_problem(any_rig: Rig) -> None:
    rig = any_rig
    program = rig.program(app=APP)
    child = await first_child(rig, program)
    harmless = {name: await rig.send(name, **args) for name, (args, _) in HARMLESS.items()}
    for view in await rig.final(*harmless.values(), timeout=PATIENCE):
        assert (view.state, json.loads(view.raw_result or b"null")) == (State.COMPLETED, HARMLESS[view.task][1])
    # The copies of the forks are gone: nobody else runs jobs, or holds the worker's connections.
    await wait_until(lambda: not living(child), what="the end of the copies")
    meddlers = [await rig.send(name) for name in ("meddle_on_loop", "meddle_in_process")]
    await rig.final(*meddlers, timeout=PATIENCE)
    after = await innocents(rig, 10)
    await all_complete(rig, after)
    (where,) = [view for view in await rig.final(*after) if view.task == "loop_in_process"]
    assert json.loads(where.raw_result or b"") == str(ROOT)
    assert [each.pid for each in program.children()] == [child.pid]
    assert all(rig.starts(job) == 1 for job in [*harmless.values(), *meddlers, *after])
    program.signal(signal.SIGTERM)
    assert await program.wait(timeout=RECOVERY + SLACK) == 0
    await rig.check()


def living(child: psutil.Process) -> list[psutil.Process]:
    """Return copies of a claiming process; its body processes have another command line."""
    mine = child.cmdline()
    return [each for each in child.children() if each.status() != psutil.STATUS_ZOMBIE and each.cmdline() == mine]


async def test_closed_streams_become_nobodys_connection(any_rig: Rig) -> None:
    rig = any_rig
    program = rig.program(app=APP)
    child = await first_child(rig, program)
    (closed,) = await rig.final(await rig.send("close_streams"), timeout=PATIENCE)
    assert closed.raw_result == b'"closed"'

    def refilled() -> bool:
        if not runs(child.pid):
            return True  # a socket was faster than the guard, and the child has been replaced for that
        numbers = [Path(f"/proc/{child.pid}/fd/{number}") for number in (0, 1, 2)]
        return all(os.path.lexists(each) and not str(each.readlink()).startswith("socket:") for each in numbers)

    if sys.platform == "linux":
        await wait_until(refilled, what="numbers 0 to 2 of the child")
    await all_complete(rig, await innocents(rig, 10))
    await rig.check()


async def test_processes_of_a_killed_body_die_with_it_and_those_of_others_outlive_the_worker(one_rig: Rig) -> None:
    rig = one_rig
    program = rig.program(app=APP)
    leaves, waits = await rig.send("leave_a_child"), await rig.send("wait_for_a_child")
    left, timed_out = await rig.final(leaves, waits, timeout=PATIENCE)
    assert (timed_out.state, timed_out.reason) == (State.DEAD, Reason.TIMEOUT)
    (started,) = [line["child"] for line in rig.ledger() if "child" in line]
    await wait_until(lambda: not runs(started), what="the end of what the killed body had started")
    # What a thread has started is not the worker's: it does not hold up its end, and goes on.
    orphan = int(left.raw_result or b"0")
    program.signal(signal.SIGTERM)
    assert await program.wait(timeout=SLACK) == 0
    assert runs(orphan)
    os.kill(orphan, signal.SIGKILL)


def runs(pid: int) -> bool:
    with suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    return False


async def test_memory_that_a_limit_refuses_fails_its_job_and_costs_the_others_nothing(one_rig: Rig) -> None:
    rig = one_rig
    rig.program(app=APP)
    hungry = await rig.send("eat_limited", mebibytes=200)
    (failed,) = await rig.final(hungry, timeout=PATIENCE)
    assert (failed.reason, error_of(failed)["type"]) == (Reason.ATTEMPTS_EXHAUSTED, "MemoryError")
    # No room for forty threads any more in that process.
    await all_complete(rig, [await rig.send("thread_nap", seconds=0.3) for _ in range(40)])
    await rig.check()


async def test_a_handler_that_cancels_the_others_does_not_reach_them(any_rig: Rig) -> None:
    rig = any_rig
    program = rig.program(app=APP)
    child = await first_child(rig, program)
    for how in ("at once", "slowly", "later", "thread"):
        names = ("nap", "thread_nap", "process_nap")
        bystanders = [await rig.send(name, seconds=1.0) for name in names for _ in range(2)]
        await rig.started(*bystanders, timeout=PATIENCE)
        saboteur = await rig.send("cancel_others", how=how)
        (view,) = await rig.final(saboteur, timeout=PATIENCE)
        assert (view.state, json.loads(view.raw_result or b"null")) == (State.COMPLETED, how)
        await all_complete(rig, [*bystanders, *await innocents(rig, 5)])
        assert {rig.starts(job) for job in bystanders} == {1}
    assert [each.pid for each in program.children()] == [child.pid]
    program.signal(signal.SIGTERM)
    assert await program.wait(timeout=RECOVERY + SLACK) == 0
    await rig.check()


async def test_a_handler_that_tells_its_supervisor_to_end_is_obeyed_like_an_operator(one_rig: Rig) -> None:
    rig = one_rig
    for number in ("SIGTERM", "SIGINT"):
        program = rig.program(app=APP)
        job, other = await rig.send("signal_the_supervisor", number=number), await rig.send("nap", seconds=0.5)
        assert await program.wait(timeout=PATIENCE) == 0
        views = [await each.ajob() for each in (job, other)]
        assert views[0].state is State.COMPLETED
        assert views[1].state in (State.COMPLETED, State.PENDING)
        assert views[1].counters.crashes == 0


async def test_a_handler_that_kills_its_supervisor_costs_a_loss_and_no_attempt(any_rig: Rig) -> None:
    rig = any_rig
    doomed = rig.program(app=APP)
    pill = await rig.send("signal_the_supervisor", number="SIGKILL")
    other = await rig.app.asend("nap", {"seconds": 0.5}, queue="safe")
    assert await doomed.wait(timeout=PATIENCE) == -signal.SIGKILL
    began = time.monotonic()
    rig.program(app=APP, TASKFLOW_QUEUES="safe")
    (view,) = await rig.final(other, timeout=PATIENCE)
    assert view.state is State.COMPLETED
    assert time.monotonic() - began < LEASE + RECOVERY + SLACK
    lost = await pill.ajob()
    assert (lost.state.final, lost.counters.attempt, lost.counters.losses) == (False, 0, 1)
