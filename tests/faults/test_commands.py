"""Workers that are told to drain, to resume and to stop while they run, die, or are told twice; on both engines."""

from __future__ import annotations

import signal
from collections.abc import Callable
from uuid import UUID

import pytest
from tests.faults.rig import Rig

from taskflowmq import State
from taskflowmq.client.workers import command_worker
from taskflowmq.core.audit import Caller, Via
from taskflowmq.core.errors import Conflict, WorkerNotFound
from taskflowmq.core.workers import Command, WorkerState
from taskflowmq.ports.store.workers import WorkerView
from taskflowmq.testing.waiting import wait_until

pytestmark = pytest.mark.slow

OPERATOR = Caller(actor="operator", via=Via.PYTHON)


async def workers(rig: Rig, fits: Callable[[list[WorkerView]], bool]) -> list[WorkerView]:
    """Wait until the workers that have not ended fit, and return them, oldest first."""

    async def look() -> tuple[list[WorkerView]] | None:
        found = [view for view in await rig.app.store.workers.list_workers() if view.ended_at is None]
        return (found,) if fits(found) else None

    (workers,) = await wait_until(look, 60, what="the workers")
    found: list[WorkerView] = workers
    return found


async def tell(rig: Rig, worker: UUID, wanted: Command | None) -> WorkerView:
    return await command_worker(rig.app.store.workers, worker, wanted, by=OPERATOR)


async def obeyed(rig: Rig, worker: UUID) -> None:
    """Wait until a worker has renewed its lease twice: it has read what it was told, and has had time to obey."""
    seen: set[object] = set()

    async def renewed() -> bool:
        view = await rig.app.store.workers.get(worker)
        assert view is not None
        seen.add(view.lease_until)
        return len(seen) > 3

    await wait_until(renewed, 60, what="the heartbeats")


async def test_a_drained_worker_stays_idle_also_after_its_death_until_it_is_resumed(rig: Rig) -> None:
    await rig.app.aopen()
    program = rig.program(TASKFLOW_PROCESSES=1, TASKFLOW_CONCURRENCY=2)
    [worker] = await workers(rig, lambda found: len(found) == 1)
    long = await rig.send("nap", seconds=1.5)
    await rig.started(long)
    await tell(rig, worker.id, Command.DRAIN)
    assert (await tell(rig, worker.id, Command.DRAIN)).state is WorkerState.DRAINING
    await obeyed(rig, worker.id)
    [ended] = await rig.final(long)
    assert (ended.state, rig.starts(long)) == (State.COMPLETED, 1), "what runs is finished"

    waits = await rig.send("quick", n=1)
    await obeyed(rig, worker.id)
    assert rig.starts(waits) == 0

    [child] = program.children()
    child.send_signal(signal.SIGKILL)
    [second] = await workers(rig, lambda found: len(found) == 1 and found[0].id != worker.id)
    assert second.command is Command.DRAIN
    await obeyed(rig, second.id)
    assert rig.starts(waits) == 0
    with pytest.raises(Conflict):
        await tell(rig, worker.id, None)

    await tell(rig, second.id, None)
    [done] = await rig.final(waits)
    assert (done.state, rig.starts(waits)) == (State.COMPLETED, 1)
    await rig.check()


async def test_a_stopped_worker_finishes_and_is_not_replaced_and_the_last_one_ends_the_program(rig: Rig) -> None:
    await rig.app.aopen()
    program = rig.program(TASKFLOW_PROCESSES=2, TASKFLOW_CONCURRENCY=1)
    first, second = await workers(rig, lambda found: len(found) == 2)
    jobs = [await rig.send("nap", seconds=2.0) for _ in range(2)]
    await rig.started(*jobs)
    for _ in range(2):
        assert (await tell(rig, first.id, Command.STOP)).command is Command.STOP
    with pytest.raises(Conflict):
        await tell(rig, first.id, None)
    views = await rig.final(*jobs)
    assert {view.state for view in views} == {State.COMPLETED}
    assert set(rig.all_starts(*jobs).values()) == {1}
    await workers(rig, lambda found: [view.id for view in found] == [second.id])
    await obeyed(rig, second.id)
    assert len(program.children()) == 1

    more = [await rig.send("quick", n=n) for n in range(20)]
    await rig.final(*more)
    assert {view.worker for view in await rig.final(*more)} == {str(second.id)}

    await tell(rig, second.id, Command.STOP)
    assert await program.wait() == 0
    assert await workers(rig, lambda found: not found) == []
    assert "an operator stopped every worker of this process" in program.log()
    await rig.check()


async def test_a_command_to_a_worker_that_dies_harms_nobody(rig: Rig) -> None:
    await rig.app.aopen()
    program = rig.program(TASKFLOW_PROCESSES=1)
    [worker] = await workers(rig, lambda found: len(found) == 1)
    job = await rig.send("nap", seconds=0.5)
    await rig.started(job)
    program.signal_all(signal.SIGKILL)
    await tell(rig, worker.id, Command.STOP)  # its lease is not over yet

    async def refused() -> bool:
        try:
            await tell(rig, worker.id, Command.STOP)
        except Conflict:
            return True
        return False

    await wait_until(refused, 60, what="the end of the lease")
    with pytest.raises(WorkerNotFound):
        await tell(rig, UUID(int=1), Command.STOP)
    rig.program(TASKFLOW_PROCESSES=1)
    [view] = await rig.final(job)
    assert view.state is State.COMPLETED
    [lost] = [view for view in await rig.app.store.workers.list_workers() if view.id == worker.id]
    assert lost.state is WorkerState.LOST
    await rig.check()
