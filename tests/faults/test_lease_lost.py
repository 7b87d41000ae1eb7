"""A worker that is cut off from its database stops what must not run twice before anybody else may begin it
(RELIABILITY F12, rule 5: ``on_lease_lost="stop"``).
"""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.faults import hostile
from tests.faults.proxy import Proxy
from tests.faults.rig import PATIENCE, SLACK, SWEEP, Rig

from taskflowmq import State
from taskflowmq.testing.waiting import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.postgres, pytest.mark.timeout(200)]

APP = "tests.faults.hostile:app"
LEASE = 4.0
ALONE = ("alone_on_loop", "alone_in_thread", "alone_in_process")


async def test_a_worker_that_is_cut_off_stops_before_another_one_begins(rig_pg: Rig, tmp_path: Path) -> None:
    rig = rig_pg
    rig.app.include(hostile)
    hold = tmp_path / "hold"
    hold.touch()
    proxy = Proxy(rig.url)
    settings = {"TASKFLOW_LEASE_SECONDS": LEASE, "TEST_HOLD": hold}
    rig.program(app=APP, url=await proxy.start(), **settings)
    jobs = [await rig.send(name) for name in ALONE]
    patient = await rig.send("nap", seconds=1.5 * LEASE)
    await rig.started(*jobs, patient)
    other = rig.program(app=APP, **settings)
    await wait_until(lambda: " started  concurrency" in other.log(), PATIENCE, what="the other worker")

    proxy.swallow()
    await rig.started(*jobs, times=2, timeout=LEASE + SWEEP + 1.0 + 2 * SLACK)
    hold.unlink()
    views = await rig.final(*jobs)
    proxy.cut()
    await proxy.close()

    assert {(view.state, view.counters.attempt, view.counters.crashes) for view in views} == {(State.COMPLETED, 1, 0)}
    gaps = []
    for job in jobs:
        lines = [line for line in rig.ledger() if line["job"] == str(job.id)]
        first = [line["at"] for line in lines if line["lease"] == 1]
        second = [line["at"] for line in lines if line["lease"] > 1]
        gaps.append(min(second) - max(first))
    assert min(gaps) > 0, "two ran at once"
    print(
        f"F12: cut off with {len(jobs)} exclusive bodies, overlap 0, gaps {', '.join(f'{gap:.1f} s' for gap in gaps)}"
    )
    await rig.check()
