"""Stacks and profiles of running jobs whose worker dies, is stopped, or cannot answer: real programs, both engines."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path
from uuid import UUID

import psutil
import pytest
from tests.faults.rig import PATIENCE, Rig

from taskflowmq import Handle
from taskflowmq.client.inspecting import inspect
from taskflowmq.core.audit import Caller, Via
from taskflowmq.core.errors import NotRunning
from taskflowmq.core.inspection import BodyKind, Inspection, InspectionKind, InspectionState
from taskflowmq.testing.waiting import wait_until

pytestmark = pytest.mark.slow

OPERATOR = Caller(actor="operator", via=Via.PYTHON)
STACK, PROFILE = InspectionKind.STACK, InspectionKind.PROFILE


@pytest.fixture
def hold(tmp_path: Path) -> Path:
    """Bodies that hold run until this file is gone."""
    path = tmp_path / "hold"
    path.touch()
    return path


def let_go(hold: Path) -> None:
    """End the bodies that hold."""
    hold.unlink()


async def ask(rig: Rig, job_id: UUID, kind: InspectionKind = STACK, seconds: int = 0) -> Inspection:
    """Store a request and return it without waiting."""
    return await rig.app.hub.call(lambda session: inspect(session, "default", job_id, kind, seconds, OPERATOR))


async def final(rig: Rig, job_id: UUID, kind: InspectionKind = STACK) -> Inspection:
    """Wait until a request does not wait any more."""

    async def look() -> Inspection | None:
        found = await rig.app.store.inspections.get("default", job_id, kind)
        assert found is not None
        return None if found.state is InspectionState.WAITING else found

    return await wait_until(look, PATIENCE, what="the end of the request")


async def answered(rig: Rig, handle: Handle[object]) -> Inspection:
    """Ask until a worker answers: the job may be between two attempts."""

    async def look() -> Inspection | None:
        try:
            found = await rig.app.jobs.astack(handle.id)
        except NotRunning:
            return None
        return found if found.state is InspectionState.ANSWERED else None

    return await wait_until(look, PATIENCE, what="an answer")


def body_of(rig: Rig, handle: Handle[object]) -> int:
    """Return the process in which the newest body of a job began."""
    pid: int = [line["pid"] for line in rig.ledger() if line["job"] == str(handle.id)][-1]
    return pid


async def test_a_worker_that_dies_before_its_answer_ends_the_request_and_the_next_one_answers(
    rig: Rig, hold: Path
) -> None:
    await rig.app.aopen()
    first = rig.program(TASKFLOW_PROCESSES=1, TEST_HOLD=hold)
    job = await rig.send("hold")
    await rig.started(job)
    before = body_of(rig, job)
    first.freeze(rig.url)
    requests = [await ask(rig, job.id), await ask(rig, job.id, PROFILE, 60)]
    assert {one.state for one in requests} == {InspectionState.WAITING}
    first.signal_all(signal.SIGKILL)
    rig.program(TASKFLOW_PROCESSES=1, TEST_HOLD=hold)
    assert (await final(rig, job.id)).state is InspectionState.ENDED
    assert (await final(rig, job.id, PROFILE)).state is InspectionState.ENDED
    await rig.started(job, times=2)
    seen = await answered(rig, job)
    assert seen.stack is not None
    assert seen.stack.pid == body_of(rig, job) != before
    assert [frame.function for frame in seen.stack.stacks[0].frames][:1] == ["hold"]
    let_go(hold)
    await rig.final(job)
    await rig.check()


async def test_a_stopped_program_does_not_answer_in_time_and_does_when_it_continues(
    sqlite_rig: Rig, hold: Path
) -> None:
    rig = sqlite_rig
    await rig.app.aopen()
    program = rig.program(TASKFLOW_PROCESSES=1, TEST_HOLD=hold)
    job = await rig.send("hold")
    await rig.started(job)
    program.freeze(rig.url)
    asked = await ask(rig, job.id)
    late = await final(rig, job.id)
    assert (late.id, late.state, late.raw_answer) == (asked.id, InspectionState.NO_ANSWER, None)
    program.signal_all(signal.SIGCONT)
    seen = await answered(rig, job)
    assert seen.id != asked.id
    let_go(hold)
    await rig.final(job)
    await rig.check()


async def test_a_job_that_ends_while_it_is_profiled_has_a_profile_until_then(rig: Rig, hold: Path) -> None:
    await rig.app.aopen()
    rig.program(TASKFLOW_PROCESSES=1, TEST_HOLD=hold)
    job = await rig.send("process_hold")
    await rig.started(job)
    body = psutil.Process(body_of(rig, job))
    threads = body.num_threads()
    profiling = asyncio.create_task(rig.app.jobs.aprofile(job.id, 60))
    await wait_until(lambda: body.num_threads() > threads, PATIENCE, what="the thread that looks")
    let_go(hold)
    seen = await profiling
    assert seen.state is InspectionState.ANSWERED
    profile = seen.profile
    assert profile is not None
    assert (profile.ended, profile.body, profile.pid) == (True, BodyKind.PROCESS, body.pid)
    assert profile.seconds < 60
    assert (await rig.final(job))[0].state == "completed"
    await rig.check()


async def test_a_process_that_cannot_answer_is_said_to_hold_the_lock_or_to_be_stopped(
    sqlite_rig: Rig, hold: Path
) -> None:
    rig = sqlite_rig
    await rig.app.aopen()
    rig.program(TASKFLOW_PROCESSES=1, TEST_HOLD=hold)
    greedy, paused = await rig.send("process_backtrack"), await rig.send("process_hold")
    await rig.started(greedy, paused)
    os.kill(body_of(rig, paused), signal.SIGSTOP)
    for job, why in ((greedy, "it holds the interpreter lock"), (paused, "it is stopped (SIGSTOP, or a debugger)")):
        seen = await answered(rig, job)
        assert seen.stack is not None
        assert why in (seen.stack.note or "")
        assert (seen.stack.stacks, seen.stack.pid) == ([], body_of(rig, job))
        assert (seen.stack.rss or 0) > 0
    os.kill(body_of(rig, paused), signal.SIGCONT)
    let_go(hold)
    await rig.app.jobs.acancel(greedy.id)
    await rig.final(greedy, paused)
    await rig.check()
