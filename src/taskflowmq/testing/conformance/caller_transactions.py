"""Jobs that commit with the caller's own writes, or not at all (F25), on connections of the store's own driver."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from taskflowmq.core.errors import Conflict, LeaseLost, NotUnique
from taskflowmq.core.job import ClaimedJob, Enqueued, State, UniqueKey
from taskflowmq.core.transitions import Failed, Lost, Succeeded
from taskflowmq.ports.store import Settled
from taskflowmq.testing.conformance.intake import ERROR
from taskflowmq.testing.conformance.support import Rig, StoreSuite, decoded, ids, transition
from taskflowmq.testing.waiting import wait_until

#: How long a claim may be kept waiting by the caller's lock before the test continues without its answer.
PATIENCE_S = 0.3


class _ChangeOfMind(Exception):
    """Rolls a transaction back."""


class TestCallerTransactions(StoreSuite):
    """Intake.enqueue_on, Claims.settle_on, Claims.transaction."""

    async def test_committed_jobs_run(self, rig: Rig, other: Rig) -> None:
        jobs = [rig.job(), rig.job(delay_ms=1000), rig.job(queue="b")]
        async with rig.store.claims.transaction() as conn:
            answers = await rig.store.intake.enqueue_on(conn, jobs)
        assert answers == [Enqueued(job.id, created=True) for job in jobs]
        assert {job.id for job in await other.claim(await other.worker())} == {jobs[0].id, jobs[2].id}
        assert await rig.state(jobs[1].id) is State.SCHEDULED

    @pytest.mark.parametrize("wake", [True, False])
    async def test_rolled_back_jobs_never_were(self, rig: Rig, other: Rig, wake: bool) -> None:
        job = rig.job(unique=UniqueKey(key="k"))
        for _ in range(5):
            with pytest.raises(_ChangeOfMind):
                async with rig.store.claims.transaction() as conn:
                    (answer,) = await rig.store.intake.enqueue_on(conn, [job], wake=wake)
                    assert answer.created
                    raise _ChangeOfMind
            assert await other.store.jobs.get("default", job.id) is None
        assert await other.claim(await other.worker()) == []
        # No trace: the same id and key are as good as new, also for another job.
        assert await rig.enqueue(rig.job(unique=UniqueKey(key="k")), job)

    async def test_a_job_is_not_claimed_before_it_is_committed(self, rig: Rig, other: Rig) -> None:
        worker = await other.worker()
        job = rig.job()
        async with rig.store.claims.transaction() as conn:
            await rig.store.intake.enqueue_on(conn, [job])
            early = asyncio.ensure_future(other.claim(worker))
            await asyncio.wait({early}, timeout=PATIENCE_S)
            if early.done():
                assert early.result() == [], "claimed before the commit"
        claimed = [*await early, *await other.claim(worker)]
        assert ids(claimed) == [job.id]

    async def test_commits_out_of_order_lose_nothing(self, rig: Rig, other: Rig) -> None:
        """The late commit holds an earlier position than jobs that were long since claimed."""
        if self.one_writer:
            pytest.skip("this engine has one writer at a time: commits cannot overlap")
        worker = await other.worker()
        late = [rig.job() for _ in range(3)]
        await rig.store.intake.make_names(late)
        async with rig.store.claims.transaction() as conn:
            await rig.store.intake.enqueue_on(conn, late)
            # Others enqueue and claim long enough that every claimer has moved past the open transaction.
            for _ in range(20):
                jobs = [await other.put(), await other.put()]
                assert ids(await other.claim(worker, 10)) == ids(jobs)
                rig.clock.advance(0.05)
                await asyncio.sleep(0.02)
        found: list[ClaimedJob] = []

        async def all_found() -> bool:
            rig.clock.advance(0.1)
            found.extend(await other.claim(worker, 10))
            return len(found) >= len(late)

        await wait_until(all_found, what="jobs that were committed late to be claimed")
        assert ids(found) == ids(late)

    async def test_conflicts_show_inside_the_transaction(self, rig: Rig) -> None:
        taken = await rig.put(unique=UniqueKey(key="k"))
        rival = rig.job(unique=UniqueKey(key="k", on_conflict="raise"))
        forged = msgspec.structs.replace(taken, args=b'{"n":2}')
        for job, error in ((rival, NotUnique), (forged, Conflict)):
            with pytest.raises(error):
                async with rig.store.claims.transaction() as conn:
                    await rig.store.intake.enqueue_on(conn, [job])
        async with rig.store.claims.transaction() as conn:
            answers = await rig.store.intake.enqueue_on(conn, [rig.job(unique=UniqueKey(key="k")), taken])
        assert ids(answers) == [taken.id, taken.id]
        assert [answer.replayed for answer in answers] == [False, True]

    async def test_repeating_a_committed_enqueue_is_a_replay(self, rig: Rig) -> None:
        job = rig.job()
        for replayed in (False, True):
            async with rig.store.claims.transaction() as conn:
                (answer,) = await rig.store.intake.enqueue_on(conn, [job])
            assert (answer.id, answer.replayed) == (job.id, replayed)

    # --------------------------------------------------------------------------------------------- complete

    async def test_a_completion_commits_with_the_caller(self, rig: Rig, other: Rig) -> None:
        held = await rig.running()
        follow_up = rig.job()
        async with rig.store.claims.transaction() as conn:
            await rig.store.intake.enqueue_on(conn, [follow_up])
            await rig.store.claims.settle_on(conn, transition(held, Succeeded(b'{"r":1}')))
        view = await other.view(held.id)
        assert (view.state, decoded(view.raw_result)) == (State.COMPLETED, {"r": 1})
        assert await other.state(follow_up.id) is State.PENDING
        # The worker writes its completion as well; the effect is already there.
        assert await rig.settle(held, Succeeded(b'{"r":1}')) is Settled.REPLAYED

    async def test_a_handler_that_fails_after_its_own_completion_is_no_stale_worker(self, rig: Rig) -> None:
        held = await rig.running()
        async with rig.store.claims.transaction() as conn:
            await rig.store.claims.settle_on(conn, transition(held, Succeeded(b"1")))
        # The answer to the commit was lost, say: the worker knows of the completion, not of its fate.
        failed = msgspec.structs.replace(transition(held, Failed(ERROR)), completed_by_caller=True)
        assert await rig.store.claims.settle([failed]) == [Settled.REPLAYED]
        assert await rig.state(held.id) is State.COMPLETED

    async def test_a_completion_rolls_back_with_the_caller(self, rig: Rig) -> None:
        held = await rig.running()
        with pytest.raises(_ChangeOfMind):
            async with rig.store.claims.transaction() as conn:
                await rig.store.claims.settle_on(conn, transition(held, Succeeded(b"1")))
                raise _ChangeOfMind
        assert await rig.state(held.id) is State.RUNNING
        failed = msgspec.structs.replace(transition(held, Failed(ERROR)), completed_by_caller=True)
        assert await rig.store.claims.settle([failed]) == [Settled.APPLIED]
        assert await rig.state(held.id) is State.RETRYING

    async def test_a_lost_fence_rolls_everything_back(self, rig: Rig, other: Rig) -> None:
        held = await rig.running()
        await other.apply(held, Lost())
        follow_up = rig.job()
        with pytest.raises(LeaseLost):
            async with rig.store.claims.transaction() as conn:
                await rig.store.intake.enqueue_on(conn, [follow_up])
                await rig.store.claims.settle_on(conn, transition(held, Succeeded(b"1")))
        assert await rig.state(held.id) is State.RETRYING
        assert await rig.store.jobs.get("default", follow_up.id) is None

    async def test_a_completion_frees_the_unique_key(self, rig: Rig) -> None:
        held = await rig.running(unique=UniqueKey(key="k"))
        async with rig.store.claims.transaction() as conn:
            await rig.store.claims.settle_on(conn, transition(held, Succeeded(b"1")))
        assert (await rig.enqueue(rig.job(unique=UniqueKey(key="k"))))[0].created

    async def test_a_cancel_request_turns_a_retry_into_the_end(self, rig: Rig) -> None:
        held = await rig.running()
        await rig.store.jobs.cancel("default", held.id, actor="me")
        async with rig.store.claims.transaction() as conn:
            await rig.store.claims.settle_on(conn, transition(held, Failed(ERROR)))
        assert await rig.state(held.id) is State.CANCELLED

    async def test_connections_that_the_store_does_not_speak_are_refused(self, rig: Rig) -> None:
        held = await rig.running()
        job = rig.job()
        with pytest.raises(TypeError):
            await rig.store.intake.enqueue_on(object(), [job])
        with pytest.raises(TypeError):
            rig.store.intake.enqueue_on_sync(object(), [job])
        with pytest.raises(TypeError):
            await rig.store.claims.settle_on(object(), transition(held, Succeeded(b"1")))
        with pytest.raises(TypeError):
            rig.store.claims.settle_on_sync(object(), transition(held, Succeeded(b"1")))
        assert await rig.store.jobs.get("default", job.id) is None
        assert await rig.state(held.id) is State.RUNNING
