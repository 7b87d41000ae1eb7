"""Forced races that only PostgreSQL has: statements that step around what others have locked, and old snapshots.

The first act is stopped in its middle: a transaction that has not ended holds the entry that the act is about to make.
"""

from __future__ import annotations

import asyncio

import asyncpg
import pytest
from tests.races.arena import LockPoint, PostgresArena, entry, row
from tests.races.duels import Duels

from taskflowmq.core.job import State
from taskflowmq.core.operations import CancelAnswer, RetryAnswer
from taskflowmq.core.transitions import Discarded, Succeeded
from taskflowmq.ports.store import Retention, Settled
from taskflowmq.stores.postgres import PostgresOptions, cursors
from taskflowmq.stores.postgres.claims import PostgresClaims
from taskflowmq.testing.conformance.intake import ERROR
from taskflowmq.testing.conformance.support import Rig, ids, transition
from taskflowmq.testing.waiting import wait_until

DAY_MS = 86_400_000
SOON = Retention(completed_ms=DAY_MS, cancelled_ms=DAY_MS, dead_ms=DAY_MS)


class PostgresDuels(Duels):
    """The test module provides ``new_store``, ``arena`` and ``direct_url``, which leads past any pooler."""

    async def test_a_claim_with_an_old_snapshot_takes_nothing_twice(self, rig: Rig, arena: PostgresArena) -> None:
        """It waits for its worker's row while another takes every job that its snapshot still shows."""
        await rig.enqueue(*(rig.job() for _ in range(10)))
        mine, theirs = await rig.worker(), await rig.worker()
        late, taken = await arena.duel(
            [row("worker", mine)],
            lambda one: one.claim(mine),
            lambda another: another.claim(theirs),
            second_waits=False,
        )
        assert (len(taken), late) == (10, [])

    async def test_claim_in_the_middle_before_cancel(self, rig: Rig, arena: PostgresArena) -> None:
        job = await rig.put()
        worker = await rig.worker()
        claimed, cancel = await arena.duel(
            [entry("running", job.id, "ready")],
            lambda claimer: claimer.claim(worker),
            lambda user: user.store.jobs.cancel("default", job.id, actor="me"),
        )
        assert (ids(claimed), cancel) == ([job.id], CancelAnswer.REQUESTED)
        assert (await rig.store.claims.requests(worker)).cancel == [job.id]

    async def test_cancel_in_the_middle_before_claim(self, rig: Rig, arena: PostgresArena) -> None:
        job = await rig.put()
        worker = await rig.worker()
        cancel, claimed = await arena.duel(
            [entry("outcome", job.id, "ready")],
            lambda user: user.store.jobs.cancel("default", job.id, actor="me"),
            lambda claimer: claimer.claim(worker),
            second_waits=False,
        )
        assert (cancel, claimed) == (CancelAnswer.CANCELLED, [])
        assert await rig.claim(worker) == []
        assert await rig.state(job.id) is State.CANCELLED

    async def test_stager_in_the_middle_before_cancel(self, rig: Rig, arena: PostgresArena) -> None:
        job = await rig.put(delay_ms=1000)
        rig.clock.advance(2)
        staged, cancel = await arena.duel(
            [entry("ready", job.id, "waiting")],
            lambda stager: stager.store.upkeep.stage_due(100),
            lambda user: user.store.jobs.cancel("default", job.id, actor="me"),
        )
        assert (staged.staged, cancel) == (1, CancelAnswer.CANCELLED)
        assert await rig.claim(await rig.worker()) == []

    async def test_two_stagers(self, rig: Rig, arena: PostgresArena) -> None:
        job = await rig.put(delay_ms=1000)
        rig.clock.advance(2)
        first, second = await arena.duel(
            [entry("ready", job.id, "waiting")],
            lambda one: one.store.upkeep.stage_due(100),
            lambda another: another.store.upkeep.stage_due(100),
            second_waits=False,
        )
        assert (first.staged, second.staged) == (1, 0)

    async def test_retry_in_the_middle_before_prune(self, rig: Rig, arena: PostgresArena) -> None:
        held = await rig.running()
        await rig.apply(held, Discarded(ERROR))
        rig.clock.advance(3 * 86_400)
        retry, pruned = await arena.duel(
            [entry("ready", held.id, "outcome")],
            lambda user: user.store.jobs.retry("default", held.id),
            lambda pruner: pruner.store.upkeep.prune(SOON, 100),
            second_waits=False,
        )
        assert retry is RetryAnswer.NEW_ROUND, pruned
        assert (await rig.claim_one()).id == held.id
        assert len(await rig.store.jobs.attempts("default", held.id)) == 2

    async def test_prune_in_the_middle_before_retry(self, rig: Rig, arena: PostgresArena) -> None:
        held = await rig.running()
        await rig.apply(held, Discarded(ERROR))
        rig.clock.advance(3 * 86_400)
        pruned, retry = await arena.duel(
            [row("job", held.id)],
            lambda pruner: pruner.store.upkeep.prune(SOON, 100),
            lambda user: user.store.jobs.retry("default", held.id),
        )
        assert pruned >= 1
        assert retry in (RetryAnswer.NOT_FOUND, RetryAnswer.CONFLICT)
        assert await rig.store.jobs.get("default", held.id) is None

    # ---------------------------------------------------------------------------- rows that hide from claimers

    async def test_rows_that_a_claim_gives_up_are_not_below_the_floor(
        self, rig: Rig, arena: PostgresArena, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Every claim sweeps; while all that is left is locked, the floor must not rise over it."""
        monkeypatch.setattr(cursors, "SWEEP_S", 0.0)
        monkeypatch.setattr(cursors, "SWEEP_SHARE", 0)
        jobs = [rig.job() for _ in range(40)]
        await rig.enqueue(*jobs)
        worker = await rig.worker()
        assert isinstance(rig.store.claims, PostgresClaims)
        claims, taken = rig.store.claims, []
        async with arena.held([]) as holder:
            last = await holder.fetchval("SELECT max(seq) FROM taskflow.ready")
            await arena.let_go()
            while worker not in claims._memories or claims._memories[worker].scan.closed < last:
                # Any transaction of the whole server keeps positions open, those of other tests' databases too.
                await arena.all_ended()
                taken += await rig.claim(worker, 1)
                assert len(taken) < 30, "the positions of jobs that are long since stored do not close"
        async with arena.held([LockPoint("SELECT FROM taskflow.ready ORDER BY seq FOR UPDATE", ())]):
            for _ in range(3):
                assert await rig.claim(worker) == []
        for _ in range(3):
            taken += await rig.claim(worker)
        assert sorted(ids(taken)) == sorted(ids(jobs))

    async def test_a_job_that_commits_late_is_found_behind_the_positions(
        self, rig: Rig, other: Rig, arena: PostgresArena
    ) -> None:
        """Its position was passed, provably, before its transaction ended."""
        worker = await rig.worker()
        await rig.put()
        late = rig.job()
        taken = []

        async def passed(position: int) -> bool:
            await other.put()
            taken.extend(await rig.claim(worker))
            assert isinstance(rig.store.claims, PostgresClaims)
            (lane,) = rig.store.claims._memories[worker].scan._lanes.values()
            return lane.position() > position

        async with arena.held([]) as holder:
            await other.store.intake.enqueue_on(holder, [late], wake=False)
            position = await holder.fetchval("SELECT seq FROM taskflow.ready WHERE job_id = $1", late.id)
            await wait_until(lambda: passed(position), 20, what="claims to pass the open transaction's position")
            assert late.id not in ids(taken)
            await arena.let_go(commit=True)

        async def found() -> bool:
            taken.extend(await rig.claim(worker))
            return late.id in ids(taken)

        await wait_until(found, what="the sweep to find the job")
        assert ids(taken).count(late.id) == 1

    async def test_handlers_in_transactions_stop_nobody(self, rig: Rig) -> None:
        """As many as there are connections, each asking for one more: the worker goes on, and so do they."""
        held = [await rig.running() for _ in range(2)]
        everybody = asyncio.Barrier(PostgresOptions().pool_size)

        async def handler(number: int) -> None:
            async with rig.store.claims.transaction() as conn:
                await everybody.wait()
                job = rig.job(queue=f"new-{number}")
                await rig.store.intake.make_names([job])
                await rig.store.intake.enqueue_on(conn, [job])
                await everybody.wait()
                assert await rig.settle(held[0], Succeeded(b"1")) in (Settled.APPLIED, Settled.REPLAYED)
                await everybody.wait()

        async with asyncio.timeout(30):
            await asyncio.gather(*(handler(number) for number in range(everybody.parties)))
        assert len(await rig.claim(await rig.worker())) == everybody.parties
        assert await rig.settle(held[1], Succeeded(b"1")) is Settled.APPLIED

    # -------------------------------------------------------------------------------- what the database refuses

    async def test_a_deadlock_with_a_stranger_is_tried_again(
        self, rig: Rig, arena: PostgresArena, expected_deadlocks: list[int]
    ) -> None:
        """Somebody's own statement takes our rows in another order: PostgreSQL gives up one of the two (40P01)."""
        await rig.enqueue(rig.job(), rig.job())
        held = sorted(await rig.claim(await rig.worker()), key=lambda job: job.id)
        async with arena.held([row("running", held[1].id)]) as stranger:
            ours = asyncio.create_task(rig.store.claims.settle([transition(job, Succeeded(b"1")) for job in held]))
            await arena.blocked(1, ours)
            try:
                theirs = row("running", held[0].id)
                await stranger.execute(theirs.sql, *theirs.args)
            except asyncpg.DeadlockDetectedError:
                pass
            await arena.let_go()
            assert await ours == [Settled.APPLIED] * 2
        expected_deadlocks.append(1)

    @pytest.mark.parametrize("level", ["repeatable read", "serializable"])
    async def test_a_stricter_default_isolation_changes_nothing(
        self, rig: Rig, other: Rig, arena: PostgresArena, direct_url: str, level: str
    ) -> None:
        """Where somebody made their database strict, what cannot be serialised (40001) is tried again."""
        conn = await asyncpg.connect(direct_url)
        name = direct_url.rpartition("/")[2]
        await conn.execute(f"ALTER DATABASE \"{name}\" SET default_transaction_isolation = '{level}'")
        try:
            for who in (rig, other):
                await who.store.close()
                await who.store.open()
            held = await rig.running()
            answers = await arena.duel(
                [row("running", held.id)],
                lambda one: one.settle(held, Succeeded(b"1")),
                lambda another: another.settle(held, Succeeded(b"1")),
            )
            assert sorted(answers) == [Settled.APPLIED, Settled.REPLAYED]
        finally:
            await conn.execute(f'ALTER DATABASE "{name}" RESET default_transaction_isolation')
            await conn.close()
