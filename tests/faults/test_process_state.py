"""State of a process that user code sets: for the next job, for what handlers fork, and for the worker's own work."""

from __future__ import annotations

import signal
from collections.abc import AsyncIterator

import pytest
from tests.faults import strict
from tests.faults.rig import PATIENCE, Rig

pytestmark = pytest.mark.slow


@pytest.fixture
async def strict_rig(any_rig: Rig) -> AsyncIterator[Rig]:
    """A worker of the app that sets defaults; on the database of the rig."""
    any_rig.program(app="tests.faults.strict:app")
    strict.app.use_url(any_rig.url)
    async with strict.app:
        yield any_rig


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def any_rig(request: pytest.FixtureRequest) -> Rig:
    rig: Rig = request.getfixturevalue({"sqlite": "sqlite_rig", "postgres": "rig_pg"}[request.param])
    return rig


async def test_defaults_of_user_code_reach_nothing_of_the_worker(strict_rig: Rig) -> None:
    long = await strict.nap.aenqueue(1.0)
    first = await long.aresult(timeout=PATIENCE)
    await (await strict.sets_more.aenqueue()).aresult(timeout=PATIENCE)
    # A new process for bodies, and the one that was there; the child's own loops, pipes and logs go on.
    both = [await strict.nap.aenqueue(1.0) for _ in range(2)]
    pids = {await job.aresult(timeout=PATIENCE) for job in both}
    assert first in pids
    for job in (long, *both):
        assert (await job.ajob()).counters.crashes == 0
    (program,) = strict_rig._programs
    program.signal(signal.SIGTERM)
    assert await program.wait() == 0
    assert "Traceback" not in program.log()


async def test_what_a_process_job_leaves_behind_does_not_reach_the_next(sqlite_rig: Rig) -> None:
    sqlite_rig.program(app="tests.faults.strict:app", TASKFLOW_CONCURRENCY=1)
    strict.app.use_url(sqlite_rig.url)
    async with strict.app:
        pid = await (await strict.leaves.aenqueue()).aresult(timeout=PATIENCE)
        seen = await (await strict.sees.aenqueue()).aresult(timeout=PATIENCE)
    assert seen == [None, "0.3333333333333333333333333333", None, pid]


@pytest.mark.parametrize("what", strict.FORKS)
async def test_processes_that_a_handler_forks_hear_signals(sqlite_rig: Rig, what: str) -> None:
    sqlite_rig.program(app="tests.faults.strict:app")
    strict.app.use_url(sqlite_rig.url)
    async with strict.app:
        jobs = [await task.aenqueue(what) for task in (strict.on_loop, strict.in_thread, strict.in_process)]
        assert [await job.aresult(timeout=PATIENCE) for job in jobs] == [True] * 3
