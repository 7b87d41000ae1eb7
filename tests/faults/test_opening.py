"""Handlers that open and close their app do so to nobody else, in a worker as it is shipped."""

from __future__ import annotations

import pytest
from tests.faults import opening
from tests.faults.rig import Rig

from taskflowmq import State

pytestmark = pytest.mark.slow

BODIES = ("in_a_coroutine", "in_a_thread", "in_a_loop_of_a_thread", "in_a_process", "in_a_loop_of_a_process")


async def test_no_handler_closes_the_store_of_its_worker(rig: Rig) -> None:
    worker = rig.program(app="tests.faults.opening:app")
    for body in BODIES:
        (view,) = await rig.final(*await rig.app.aenqueue_many([opening.app.tasks[body].job()]))
        assert view.state is State.COMPLETED, (body, view.error)
        follow_up = rig.app.job(view.result)
        (after,) = await rig.final(follow_up)
        assert after.state is State.COMPLETED, body
    assert "no claim" not in worker.log()
    await rig.check()
