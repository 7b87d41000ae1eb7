"""Duties: one turn per interval for the cluster, what is due becomes ready, what has expired ends."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from taskflowmq.core.job import QueueRef, Reason, State, UniqueKey
from taskflowmq.core.system import DutyProcess
from taskflowmq.core.transitions import Failed, Snoozed
from taskflowmq.ports.store import DutyFailure, DutyView, StagedCount
from taskflowmq.testing.conformance.intake import ERROR
from taskflowmq.testing.conformance.support import LEASE_MS, NOON, RETRY_S, TASK, Rig, StoreSuite, ids


class TestUpkeep(StoreSuite):
    """Upkeep: take_turn and the grace, stage_due, expire_ready, maintain."""

    # ------------------------------------------------------------------------------------------------ turns

    async def test_one_turn_per_interval_for_everybody(self, rig: Rig, other: Rig) -> None:
        mine, theirs = rig.store.upkeep, other.store.upkeep
        first = await mine.take_turn("rescue", 5000)
        assert (first.taken, first.gap_ms, first.grace) == (True, None, False)
        assert not (await theirs.take_turn("rescue", 5000)).taken
        assert not (await mine.take_turn("rescue", 5000)).taken
        rig.clock.advance(4.9)
        assert not (await mine.take_turn("rescue", 5000)).taken
        rig.clock.advance(0.2)
        second = await theirs.take_turn("rescue", 5000)
        assert (second.taken, second.gap_ms) == (True, 5100)
        assert not (await mine.take_turn("rescue", 5000)).taken

    async def test_duties_have_turns_of_their_own(self, rig: Rig) -> None:
        assert (await rig.store.upkeep.take_turn("rescue", 5000)).taken
        assert (await rig.store.upkeep.take_turn("prune", 5000)).taken

    async def test_a_failure_is_remembered_until_the_duty_works_again(self, rig: Rig, other: Rig) -> None:
        mine, theirs = rig.store.upkeep, other.store.upkeep
        assert await mine.failures() == []
        await mine.note_success("pruner")
        assert await mine.failures() == []
        await mine.note_failure("pruner", "no")
        rig.clock.advance(1)
        await mine.note_failure("pruner", "still no")
        await mine.note_failure("a duty that never had a turn", "no")
        assert await theirs.failures() == [
            DutyFailure("a duty that never had a turn", rig.clock.now(), "no"),
            DutyFailure("pruner", rig.clock.now(), "still no"),
        ]
        assert (await mine.take_turn("pruner", 5000)).taken  # a failure is not a turn
        await theirs.note_success("pruner")
        assert [one.duty for one in await mine.failures()] == ["a duty that never had a turn"]

    async def test_a_reader_sees_when_each_duty_had_its_turn_and_how_it_failed(self, rig: Rig, other: Rig) -> None:
        assert await rig.store.upkeep.duties() == []
        one, two = (DutyProcess(host=name, pid=7, program="taskflow wörker") for name in ("öne", "two"))
        assert (await rig.store.upkeep.take_turn("rescuer", 5000, lease_ms=LEASE_MS, by=one)).taken
        first = rig.clock.now()
        rig.clock.advance(1)
        assert not (await other.store.upkeep.take_turn("rescuer", 5000, lease_ms=LEASE_MS, by=two)).taken
        assert (await other.store.upkeep.take_turn("pruner", 5000, by=one)).taken
        rig.clock.advance(9)
        assert (await other.store.upkeep.take_turn("pruner", 5000, by=two)).taken
        await other.store.upkeep.note_failure("pruner", "no")
        await other.store.upkeep.note_failure("stager", "no")
        now = rig.clock.now()
        assert await rig.store.upkeep.duties() == [
            DutyView("pruner", now, now, "no", two),
            DutyView("rescuer", first, ran_by=one),
            DutyView("stager", None, now, "no"),
        ]
        rig.clock.advance(10)
        assert (await rig.store.upkeep.take_turn("pruner", 5000)).taken
        assert [duty.ran_by for duty in await rig.store.upkeep.duties()] == [None, one, None]

    async def test_a_reader_sees_how_much_is_stored(self, rig: Rig) -> None:
        await rig.enqueue(*(rig.job() for _ in range(50)))
        sizes = await rig.store.stats.sizes()
        assert sizes.engine
        assert sizes.version
        assert sizes.bytes > 0
        assert (sizes.free_bytes or 0) <= sizes.bytes
        assert [one.bytes for one in sizes.tables] == sorted((one.bytes for one in sizes.tables), reverse=True)
        assert sum(one.bytes for one in sizes.tables) <= sizes.bytes
        assert len({one.name for one in sizes.tables}) == len(sizes.tables)

    async def test_a_gap_is_measured_from_the_last_turn(self, rig: Rig) -> None:
        await rig.store.upkeep.take_turn("rescue", 1000)
        rig.clock.advance(100)
        assert (await rig.store.upkeep.take_turn("rescue", 1000)).gap_ms == 100_000

    @pytest.mark.parametrize("round_no", range(3))
    async def test_simultaneous_callers_share_one_turn(self, rig: Rig, other: Rig, round_no: int) -> None:
        for _ in range(5):
            rig.clock.advance(10)
            turns = await asyncio.gather(
                *((rig, other)[n % 2].store.upkeep.take_turn("rescue", 5000) for n in range(8))
            )
            assert sum(turn.taken for turn in turns) == 1

    # ------------------------------------------------------------------------------------------------ grace

    async def test_the_first_sweep_gives_a_grace_that_is_known_to_all_and_ends(self, rig: Rig, other: Rig) -> None:
        waited = []
        for n in range(8):
            turn = await (rig, other)[n % 2].store.upkeep.take_turn("rescue", 5000, lease_ms=LEASE_MS)
            waited.append((turn.taken, turn.grace))
            rig.clock.advance(5)
        assert waited == [(True, True)] * 6 + [(True, False)] * 2

    async def test_the_turn_after_a_silence_gives_a_grace_even_if_nobody_hears_of_it(
        self, rig: Rig, other: Rig
    ) -> None:
        """The answer is lost, or the sweeper ends with it: the next sweeper sees no silence any more."""
        for _ in range(8):
            await rig.store.upkeep.take_turn("rescue", 5000, lease_ms=LEASE_MS)
            rig.clock.advance(5)
        rig.clock.advance(100)
        await rig.store.upkeep.take_turn("rescue", 5000, lease_ms=LEASE_MS)
        rig.clock.advance(5)
        turn = await other.store.upkeep.take_turn("rescue", 5000, lease_ms=LEASE_MS)
        assert (turn.taken, turn.gap_ms, turn.grace) == (True, 5000, True)

    async def test_who_does_not_get_the_turn_gives_no_grace(self, rig: Rig) -> None:
        await rig.store.upkeep.take_turn("rescue", 5000)
        rig.clock.advance(1)
        turn = await rig.store.upkeep.take_turn("rescue", 5000, lease_ms=LEASE_MS)
        assert (turn.taken, turn.grace) == (False, False)

    async def test_duties_that_judge_no_leases_give_no_grace(self, rig: Rig) -> None:
        assert not (await rig.store.upkeep.take_turn("prune", 5000)).grace
        assert not (await rig.store.upkeep.take_turn("expire", 5000)).grace

    @pytest.mark.parametrize("gap_s", [16, 40, 3600])
    async def test_sweeps_that_always_come_late_judge_in_the_end(self, rig: Rig, gap_s: int) -> None:
        began, judged = rig.clock.now(), 0
        while not judged and rig.clock.now() - began < timedelta(hours=5):
            turn = await rig.store.upkeep.take_turn("rescue", 5000, lease_ms=LEASE_MS)
            judged += turn.taken and not turn.grace
            rig.clock.advance(gap_s)
        assert judged
        assert rig.clock.now() - began <= timedelta(milliseconds=3 * LEASE_MS) + 4 * timedelta(seconds=gap_s)
        # And what comes after it is a silence of its own.
        assert (await rig.store.upkeep.take_turn("rescue", 5000, lease_ms=LEASE_MS)).grace

    async def test_every_outage_after_a_punctual_sweep_gets_its_grace(self, rig: Rig) -> None:
        for gap_s in (5, 70, 5, 70, 5, 70, 5, 70):
            assert (await rig.store.upkeep.take_turn("rescue", 5000, lease_ms=LEASE_MS)).grace
            rig.clock.advance(gap_s)

    # -------------------------------------------------------------------------------------------------- due

    async def test_nothing_waits(self, rig: Rig) -> None:
        await rig.put()
        staged = await rig.store.upkeep.stage_due(10)
        assert (staged.staged, staged.expired, staged.next_due_ms) == (0, 0, None)

    async def test_due_jobs_become_ready_and_name_their_queues(self, rig: Rig) -> None:
        for queue, delay_ms in (("a", 1000), ("b", 2000), ("b", 2500), ("c", 60_000)):
            await rig.put(queue=queue, delay_ms=delay_ms)
        rig.clock.advance(3)
        staged = await rig.store.upkeep.stage_due(10)
        assert (staged.staged, staged.expired, [*staged.queues]) == (
            3,
            0,
            [QueueRef("default", "a"), QueueRef("default", "b")],
        )
        assert staged.next_due_ms is not None
        assert staged.next_due_ms == pytest.approx(57_000, abs=2)
        assert len(await rig.claim(await rig.worker())) == 3

    async def test_the_next_due_time_comes_closer(self, rig: Rig) -> None:
        await rig.put(delay_ms=10_000)
        for waited, left in ((0, 10_000), (4, 6000), (5.5, 500)):
            rig.clock.advance(waited)
            due = (await rig.store.upkeep.stage_due(10)).next_due_ms
            assert due is not None
            assert due == pytest.approx(left, abs=2)

    async def test_jobs_are_staged_in_the_order_in_which_they_are_due(self, rig: Rig) -> None:
        delays = [5000, 1000, 4000, 2000, 3000]
        jobs = {delay: await rig.put(delay_ms=delay) for delay in delays}
        rig.clock.advance(10)
        assert (await rig.store.upkeep.stage_due(10)).staged == 5
        assert ids(await rig.claim(await rig.worker())) == [jobs[delay].id for delay in sorted(delays)]

    async def test_staging_takes_the_earliest_up_to_the_limit(self, rig: Rig) -> None:
        jobs = [await rig.put(delay_ms=1000 * n) for n in (3, 1, 2)]
        rig.clock.advance(10)
        first = await rig.store.upkeep.stage_due(2)
        assert first.staged == 2
        assert first.next_due_ms is not None
        assert first.next_due_ms <= 0
        assert ids(await rig.claim(await rig.worker())) == [jobs[1].id, jobs[2].id]
        assert (await rig.store.upkeep.stage_due(2)).staged == 1

    async def test_every_kind_of_waiting_is_staged(self, rig: Rig) -> None:
        retried = await rig.running()
        await rig.apply(retried, Failed(ERROR))
        snoozed = await rig.running()
        await rig.apply(snoozed, Snoozed(7000))
        scheduled = await rig.put(delay_ms=7000)
        rig.clock.advance(RETRY_S)
        assert (await rig.store.upkeep.stage_due(10)).staged == 3
        claimed = {job.id: job.attempt for job in await rig.claim(await rig.worker())}
        assert claimed == {retried.id: 2, snoozed.id: 1, scheduled.id: 1}

    async def test_what_expired_while_waiting_is_cancelled(self, rig: Rig) -> None:
        expired = await rig.put(delay_ms=60_000, expires_in_ms=30_000)
        fine = await rig.put(delay_ms=60_000, expires_in_ms=90_000)
        rig.clock.advance(61)
        staged = await rig.store.upkeep.stage_due(10)
        assert (staged.staged, staged.expired, staged.next_due_ms) == (1, 1, None)
        view = await rig.view(expired.id)
        assert (view.state, view.reason) == (State.CANCELLED, Reason.EXPIRED)
        assert view.finished_at == NOON + timedelta(seconds=61)
        assert ids(await rig.claim(await rig.worker())) == [fine.id]

    async def test_two_stagers_stage_each_job_once(self, rig: Rig, other: Rig) -> None:
        await rig.enqueue(*(rig.job(delay_ms=1000) for _ in range(200)))
        rig.clock.advance(2)
        counts = await asyncio.gather(*((rig, other)[n % 2].store.upkeep.stage_due(50) for n in range(8)))
        total = sum(count.staged for count in counts)
        while more := (await rig.store.upkeep.stage_due(50)).staged:
            total += more
        assert total == 200
        assert len(await rig.claim(await rig.worker(), 1000)) == 200

    async def test_a_held_unique_key_does_not_block_the_stager(self, rig: Rig) -> None:
        await rig.put(unique=UniqueKey(key="k"), delay_ms=1000)
        await rig.put(delay_ms=1000)
        await rig.put(unique=UniqueKey(key="k"))
        rig.clock.advance(2)
        assert await rig.store.upkeep.stage_due(10) == StagedCount(2, 0, None, (QueueRef("default", "default"),))

    # ----------------------------------------------------------------------------------------------- expiry

    async def test_ready_jobs_past_their_expiry_are_cancelled(self, rig: Rig) -> None:
        expired = [await rig.put(expires_in_ms=1000 * n) for n in (1, 2, 3)]
        later = await rig.put(expires_in_ms=60_000)
        never = await rig.put()
        assert await rig.store.upkeep.expire_ready(10) == 0
        rig.clock.advance(5)
        assert await rig.store.upkeep.expire_ready(2) == 2
        assert await rig.store.upkeep.expire_ready(2) == 1
        assert await rig.store.upkeep.expire_ready(2) == 0
        for job in expired:
            view = await rig.view(job.id)
            assert (view.state, view.reason, view.finished_at) == (
                State.CANCELLED,
                Reason.EXPIRED,
                NOON + timedelta(seconds=5),
            )
        assert ids(await rig.claim(await rig.worker())) == [later.id, never.id]

    async def test_a_running_job_does_not_expire(self, rig: Rig) -> None:
        held = await rig.running(expires_in_ms=1000)
        rig.clock.advance(60)
        assert await rig.store.upkeep.expire_ready(10) == 0
        assert await rig.state(held.id) is State.RUNNING

    # ---------------------------------------------------------------------------------------------- upkeep

    async def test_maintenance_disturbs_nobody(self, rig: Rig, other: Rig) -> None:
        early = await rig.put()
        ended = await rig.completed(task="done")
        for _ in range(3):
            await rig.store.upkeep.maintain()
            await asyncio.gather(rig.store.upkeep.maintain(), other.store.upkeep.maintain())
            assert await rig.state(early.id) is State.PENDING
            assert await rig.state(ended) is State.COMPLETED
            job = await rig.put("day")
            assert (await rig.claim_one(tasks=("day",))).id == job.id
            rig.clock.advance(86_400)
        assert ids(await rig.claim(await rig.worker(), tasks=(TASK,))) == [early.id]

    async def test_a_healthy_store_reports_nothing(self, rig: Rig) -> None:
        assert await rig.store.upkeep.check() == []
        await rig.running(unique=UniqueKey(key="k"))
        await rig.put(delay_ms=1000)
        assert await rig.store.upkeep.check() == []
