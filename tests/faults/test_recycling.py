"""Children that grow are replaced between jobs, and a limit that nobody can keep stops nothing (RELIABILITY F48)."""

from __future__ import annotations

from typing import Any

import pytest
from tests.faults import leaky
from tests.faults.rig import Rig

from taskflowmq import State

pytestmark = pytest.mark.slow

APP = "tests.faults.leaky:app"


async def run(rig: Rig, count: int, megabytes: int, **env: Any) -> list[int]:
    """Run leaking jobs, one at a time, and return the process ids that ran them, in order."""
    rig.app.include(leaky.keep)
    jobs = await rig.app.aenqueue_many([rig.app.tasks["keep"].job(megabytes=megabytes) for _ in range(count)])
    rig.program(app=APP, TASKFLOW_CONCURRENCY=1, **env)
    views = await rig.final(*jobs)
    assert {(view.state, view.counters.attempt, view.counters.crashes) for view in views} == {(State.COMPLETED, 1, 0)}
    assert set(rig.all_starts(*jobs).values()) == {1}
    await rig.check()
    return [line["pid"] for line in rig.ledger() if line["event"] == "start"]


async def test_a_child_that_grows_is_replaced_and_its_jobs_are_none_the_wiser(sqlite_rig: Rig) -> None:
    # A child begins with about 30 MB; sixty jobs of 10 MB would make it 630.
    pids = await run(sqlite_rig, 60, 10, TASKFLOW_MAX_MEMORY_MB=200)
    assert len(set(pids)) >= 2, "it was never replaced"
    most = max(pids.count(pid) for pid in pids)
    # The memory is looked at once a second, in which twenty jobs of 50 ms each may run.
    assert 10 * most <= 200 + 300, f"one child kept {10 * most} MB"


async def test_a_limit_below_what_a_child_needs_to_start_recycles_but_gets_work_done(sqlite_rig: Rig) -> None:
    pids = await run(sqlite_rig, 25, 1, TASKFLOW_MAX_MEMORY_MB=1)
    assert len(set(pids)) >= 2, "it was never replaced"
