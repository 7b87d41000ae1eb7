"""Jobs that take their process along, each time: three starts, then the dead-letter queue; nobody else is harmed
(RELIABILITY F5, invariant I5).
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.faults import cgroup, hostile
from tests.faults.rig import Rig

from taskflowmq import Handle, JobView, State
from taskflowmq.core.job import Reason
from taskflowmq.core.retry import MAX_CRASHES
from taskflowmq.testing.waiting import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

APP = "tests.faults.hostile:app"
#: Only a failure takes that long: a process is started after every death, on a machine that others use too.
PATIENCE = 300

ENDED = "from within, not by its supervisor"
#: Task and how it dies, and what the operator is told.
PILLS = {
    ("die_on_loop", "exit_0"): f"exit code 0 {ENDED}",
    ("die_on_loop", "close"): "signal SIGABRT",
    ("die_in_thread", "null"): "signal SIGSEGV",
    ("die_in_thread", "kill"): "signal SIGKILL",
    ("end_the_loop", "subtask"): f"exit code 70 {ENDED}",
}
#: The other ways, seen once each.
WAYS = {
    ("die_on_loop", "stack"): "signal SIGSEGV",
    ("die_on_loop", "stop"): "stopped (SIGSTOP) for longer than its lease",
    ("die_in_thread", "exit_75"): f"exit code 75 {ENDED}",
    ("die_in_thread", "alarm"): "signal SIGALRM",
    ("end_the_loop", "stop"): f"exit code 70 {ENDED}",
    ("end_the_loop", "cancel"): f"exit code 70 {ENDED}",
    ("die_as_it_is_read", "abort"): "signal SIGABRT",
    ("die_in_process", "exit_0"): "the process of this job ended with exit code 0",
    ("die_in_process", "null"): "the process of this job ended with signal SIGSEGV",
    ("die_in_process", "close"): "the process of this job ended with exit code",
    ("die_in_process", "junk"): "the process of this job wrote an invalid frame into its pipe",
}


@pytest.fixture
def any_rig(rig: Rig) -> Rig:
    rig.app.include(hostile)
    return rig


@pytest.fixture
def one_rig(sqlite_rig: Rig) -> Rig:
    sqlite_rig.app.include(hostile)
    return sqlite_rig


def message_of(error: bytes | None) -> str:
    message: str = json.loads(error or b"{}").get("message", "")
    return message


async def innocents(rig: Rig, count: int) -> list[Handle[Any]]:
    """Enqueue short jobs, half of them coroutines and half of them functions."""
    tasks = rig.app.tasks
    half = [tasks["nap"].job(seconds=0.05) for _ in range(count // 2)]
    return await rig.app.aenqueue_many([*half, *(tasks["thread_nap"].job(seconds=0.05) for _ in range(count // 2))])


async def check_innocents(rig: Rig, jobs: list[Handle[Any]]) -> int:
    """All complete at their first attempt, with one shared crash at most; return how many shared one."""
    views = await rig.final(*jobs, timeout=PATIENCE)
    assert {view.state for view in views} == {State.COMPLETED}
    assert {view.counters.attempt for view in views} == {1}
    assert max(view.counters.crashes for view in views) <= 1
    return sum(view.counters.crashes for view in views)


def check_pill(rig: Rig, pill: Handle[Any], view: JobView, why: str) -> None:
    assert (view.state, view.reason, view.counters.crashes) == (State.DEAD, Reason.CRASH_LOOP, MAX_CRASHES)
    assert why in message_of(view.raw_error), view.raw_error
    assert 1 <= rig.starts(pill) <= MAX_CRASHES


async def test_300_innocents_beside_5_pills_all_complete(any_rig: Rig) -> None:
    rig = any_rig
    before = await innocents(rig, 20)
    pills = {pill: await rig.send(pill[0], how=pill[1]) for pill in PILLS}
    others = [*before, *await innocents(rig, 280)]
    rig.program(app=APP)
    for pill, view in zip(PILLS, await rig.final(*pills.values(), timeout=PATIENCE), strict=True):
        check_pill(rig, pills[pill], view, PILLS[pill])
    shared = await check_innocents(rig, others)
    await rig.check()
    starts = [rig.starts(pill) for pill in pills.values()]
    print(f"pills: starts {starts}, all dead (crash_loop); innocents {len(others)}/300, {shared} shared a crash")


async def test_every_way_to_die_is_one_crash_with_its_name(one_rig: Rig) -> None:
    rig = one_rig
    program = rig.program(app=APP)
    for (task, how), why in WAYS.items():
        bystander = await rig.send("nap", seconds=0.3)
        job = await rig.send(task, **{"what": {"how": how}} if task == "die_as_it_is_read" else {"how": how})

        async def crashed() -> JobView | None:
            view = await job.ajob()  # noqa: B023 - awaited in this turn
            return view if view.counters.crashes else None

        view = await wait_until(crashed, PATIENCE, what=f"the crash of {task}({how})")
        assert not view.state.final, (task, how)
        first = (await rig.app.store.jobs.attempts("default", job.id))[0]
        assert (first.outcome, why in message_of(first.raw_error)) == ("crashed", True), (task, how, first.raw_error)
        await job.acancel()
        await check_innocents(rig, [bystander])
    assert program.children()
    await rig.check()


@pytest.mark.root
async def test_a_job_that_the_kernel_kills_for_its_memory_starts_three_times(one_rig: Rig) -> None:
    if why := cgroup.refused():
        pytest.skip(f"NOT RUN: nothing has shown here what becomes of a job whose worker runs out of memory: {why}")
    rig = one_rig
    # 64 MiB for each of the three interpreters that live in here: supervisor, child, isolation child. The job takes
    # 200 MiB for itself, more than all of them may.
    with cgroup.MemoryCgroup(3 * 64) as group:
        hungry = await rig.send("eat", mebibytes=200)
        others = await innocents(rig, 100)
        program = rig.program(app=APP, prefix=group.enter)
        (dead,) = await rig.final(hungry, timeout=PATIENCE)
        shared = await check_innocents(rig, others)
        kills = group.kills()
        program.close()
    check_pill(rig, hungry, dead, "signal SIGKILL")
    assert kills >= MAX_CRASHES
    print(f"memory: starts {rig.starts(hungry)}, kills {kills}, innocents {len(others)}/100, {shared} shared a crash")
    await rig.check()
