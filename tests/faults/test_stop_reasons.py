"""A body learns why it is asked to stop, and what it says then is what becomes of its job, and of the counts."""

from __future__ import annotations

import signal
from collections.abc import AsyncIterator

import pytest
from tests.faults import stopping
from tests.faults.rig import PATIENCE, Rig

from taskflowmq import Handle, State
from taskflowmq.core.job import Reason

pytestmark = pytest.mark.slow

ASKED = (stopping.thread, stopping.process, stopping.coroutine)


@pytest.fixture
async def stopping_rig(rig: Rig) -> AsyncIterator[Rig]:
    rig.program(app="tests.faults.stopping:app", TASKFLOW_DRAIN_SECONDS=0.1)
    stopping.app.use_url(rig.url)
    async with stopping.app, rig.app:
        yield rig


def reasons(rig: Rig) -> dict[str, str]:
    return {line["job"]: line["reason"] for line in rig.ledger() if line["event"] == "asked"}


async def drained(rig: Rig, *jobs: Handle[object]) -> int:
    """Let the worker end while the bodies run, and return its exit code."""
    await rig.started(*jobs)
    (program,) = rig._programs
    program.signal(signal.SIGTERM)
    code = await program.wait()
    states = [await job.astate() for job in jobs]
    assert f"handed_back={states.count(State.PENDING)}" in program.log()
    return code


async def test_at_a_drain_what_is_given_back_costs_nothing_and_is_counted(stopping_rig: Rig) -> None:
    jobs = [await task.aenqueue() for task in (*ASKED, stopping.deaf_process)]
    assert await drained(stopping_rig, *jobs) == 75
    views = [await job.ajob() for job in jobs]
    assert [(view.state, view.counters.attempt) for view in views] == [(State.PENDING, 0)] * 4
    assert reasons(stopping_rig) == {str(job.id): "drain" for job in jobs[:3]}


async def test_at_a_drain_what_returns_is_completed_and_not_counted(stopping_rig: Rig) -> None:
    job = await stopping.thread_that_returns.aenqueue()
    assert await drained(stopping_rig, job) == 0
    assert await job.aresult(timeout=PATIENCE) == "drain"


async def test_a_cancel_and_a_timeout_are_told_apart(stopping_rig: Rig) -> None:
    cancelled = [await task.aenqueue() for task in ASKED]
    late = [await task.using(timeout=0.5).aenqueue() for task in ASKED]
    await stopping_rig.started(*cancelled, *late)
    for job in cancelled:
        await job.acancel()
    views = await stopping_rig.final(*cancelled, *late)
    assert [view.reason for view in views] == [Reason.CANCELLED_BY_USER] * 3 + [Reason.TIMEOUT] * 3
    why = reasons(stopping_rig)
    assert [why[str(job.id)] for job in (*cancelled, *late)] == ["cancel"] * 3 + ["timeout"] * 3
    # A thread that ends in time taints nobody.
    (program,) = stopping_rig._programs
    assert "ignored its timeout" not in program.log()
