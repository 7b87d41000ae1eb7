"""A process that carries out a bulk operation is killed in the middle: another continues, each job is acted on once."""

from __future__ import annotations

import asyncio
import random
import signal

import pytest
from tests.faults.rig import Rig

from taskflowmq.client.ids import new_id
from taskflowmq.core.bulk import Bulk, BulkState
from taskflowmq.core.job import NewJob
from taskflowmq.core.transitions import Discarded, decide
from taskflowmq.ports.store import ClaimRequest, Store
from taskflowmq.ports.telemetry import NoTelemetry
from taskflowmq.scheduler import Bulker
from taskflowmq.testing.conformance.support import new_worker
from taskflowmq.worker import SystemClock

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

JOBS, KILLS, SEED = 8_000, 2, 20_261_130


async def dead(store: Store, count: int) -> None:
    """Make jobs and let them die."""
    worker = new_id()
    await store.workers.register(new_worker(worker, 600_000))
    wanted = ClaimRequest(worker_id=worker, tenants=("default",), queues=(), tasks=("t",), limit=1000)
    for _ in range(0, count, 1000):
        await store.intake.enqueue([NewJob(id=new_id(), task="t", args=b"{}") for _ in range(1000)])
        held = await store.claims.claim(wanted)
        await store.claims.settle([decide(job, Discarded(b"{}"), rand=0.0) for job in held])


async def test_each_job_is_retried_once_whatever_process_is_killed(rig: Rig) -> None:
    rng = random.Random(SEED)
    app = rig.app
    await app.aopen()
    await dead(app.store, JOBS)
    bulk = await app.jobs.aretry_matching("state:dead")
    for kill in range(KILLS):
        program = rig.scheduler()
        # Each time after some more. Asked without a pause: they take fractions of a second.
        async with asyncio.timeout(60):
            while (await app.bulks.aget(bulk.id)).done < JOBS * (kill + 1) // (KILLS + 2):
                pass
        await asyncio.sleep(rng.uniform(0, 0.02))  # the moment is chance: somewhere within a chunk
        program.signal_all(signal.SIGKILL)
        await program.wait()
    before = await app.bulks.aget(bulk.id)
    assert before.state is BulkState.RUNNING, "it ended before the last kill"
    # The database may still be ending the transaction of the killed process: its bulk is passed over meanwhile.
    bulker = Bulker(app.store, SystemClock(), NoTelemetry(), 1.0)
    async with asyncio.timeout(60):
        while not (bulk := await app.bulks.aget(bulk.id)).state.ended:
            await bulker.turn()
    await check(rig, bulk)


async def check(rig: Rig, bulk: Bulk) -> None:
    """See that each job was retried once, and counted once."""
    assert (bulk.state, bulk.total, bulk.counts) == (BulkState.DONE, JOBS, {"new_round": JOBS})
    store, seen, rounds = rig.app.store, set(), set()
    for chunk in range(bulk.chunks):
        [part] = await store.bulks.results(bulk.id, first_chunk=chunk, limit=1)
        assert {one.outcome for one in part} == {"new_round"}
        ids = {one.job_id for one in part}
        assert not ids & seen
        seen |= ids
        rounds |= {view.round for view in await store.jobs.get_many("default", sorted(ids))}
    assert (len(seen), rounds) == (JOBS, {2})
    assert await store.upkeep.check() == []
