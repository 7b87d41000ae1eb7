"""Leases, their end, and the rescue of what a lost worker held (I4, I5)."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec

from taskflowmq.core.ids import uuid7
from taskflowmq.core.job import Counters, Reason, State
from taskflowmq.core.transitions import Crashed, HandedBack, Lost, Succeeded
from taskflowmq.core.workers import KNOWN, Command, CommandAnswer, WorkerState
from taskflowmq.ports.store import Settled
from taskflowmq.testing.conformance.support import (
    LEASE_MS,
    NOON,
    Rig,
    StoreSuite,
    decoded,
    ids,
    new_worker,
    transition,
)


class TestWorkers(StoreSuite):
    """Workers: register, renew, end, end_expired, orphaned, held_jobs, suspects_ready, list_workers, releases."""

    async def test_a_registered_worker_is_listed(self, rig: Rig, other: Rig) -> None:
        worker = await rig.worker(lease_ms=20_000)
        (seen,) = await other.store.workers.list_workers()
        assert (seen.id, seen.host, seen.pid, seen.version) == (worker, "host", 42, "1.2.3")
        assert (seen.started_at, seen.lease_until) == (NOON, NOON + timedelta(seconds=20))
        assert (seen.ended_at, seen.running) == (None, 0)
        assert decoded(seen.info) == {"queues": ["default"]}

    async def test_introducing_oneself_again_renews_the_lease_and_revives_nobody(self, rig: Rig) -> None:
        """A worker repeats this until it is answered, which may take longer than a lease."""
        worker, ended = uuid7(1, 1), uuid7(1, 2)
        for one in (worker, ended):
            await rig.store.workers.register(new_worker(one))
        await rig.store.workers.end(ended)
        rig.clock.advance(29)
        for one in (worker, ended):
            await rig.store.workers.register(new_worker(one))
        rig.clock.advance(29)
        assert await rig.store.workers.end_expired(10) == []
        views = {view.id: view for view in await rig.store.workers.list_workers()}
        assert (views[worker].started_at, views[worker].ended_at) == (NOON, None)
        assert views[worker].lease_until == NOON + timedelta(seconds=29 + 30)
        assert views[ended].ended_at == NOON

    async def test_a_release_is_kept_from_its_first_announcement_on(self, rig: Rig, other: Rig) -> None:
        """Workers that start later move its last time, and nothing else."""
        workers = rig.store.workers
        first = await workers.register(new_worker(uuid7(1, 1), release="shop 2.4.1"))
        rig.clock.advance(60)
        assert await workers.register(new_worker(uuid7(1, 2))) is None
        newer = await workers.register(new_worker(uuid7(1, 3), release="shop 2.5.0"))
        rig.clock.advance(60)
        assert await other.store.workers.register(new_worker(uuid7(1, 4), release="shop 2.4.1")) == first
        assert first is not None
        assert newer is not None
        old, new = await rig.store.workers.list_releases()
        assert (old.id, old.name, old.first_at, old.last_at) == (
            first, "shop 2.4.1", NOON, NOON + timedelta(seconds=120)
        )  # fmt: skip
        assert (new.id, new.name, new.first_at, new.last_at) == (
            newer, "shop 2.5.0", NOON + timedelta(seconds=60), NOON + timedelta(seconds=60)
        )  # fmt: skip
        seen = {view.id: view.release for view in await rig.store.workers.list_workers()}
        assert seen == {
            uuid7(1, 1): "shop 2.4.1", uuid7(1, 2): None, uuid7(1, 3): "shop 2.5.0", uuid7(1, 4): "shop 2.4.1"
        }  # fmt: skip
        one = await rig.store.workers.get(uuid7(1, 3))
        assert one is not None
        assert one.release == "shop 2.5.0"

    async def test_a_repeated_registration_has_the_same_release(self, rig: Rig) -> None:
        """Its first answer was lost: the worker learns the id from the second."""
        worker = new_worker(uuid7(1, 1), release="v1")
        first = await rig.store.workers.register(worker)
        rig.clock.advance(5)
        assert await rig.store.workers.register(worker) == first
        (release,) = await rig.store.workers.list_releases()
        assert (release.first_at, release.last_at) == (NOON, NOON + timedelta(seconds=5))

    async def test_releases_are_listed_by_when_they_were_first_announced(self, rig: Rig) -> None:
        """From a time to before another one; of more than are wanted, the newest, the oldest of these first."""
        for number in range(5):
            await rig.store.workers.register(new_worker(uuid7(1, number + 1), release=f"v{number}"))
            rig.clock.advance(60)
        await rig.store.workers.register(new_worker(uuid7(1, 9), release="v0"))  # taken back: it is not new

        async def names(since: float | None, until: float | None, most: int = 100) -> list[str]:
            ends = [None if one is None else NOON + timedelta(seconds=one) for one in (since, until)]
            return [one.name for one in await rig.store.workers.list_releases(*ends, most=most)]

        assert await names(None, None) == ["v0", "v1", "v2", "v3", "v4"]
        assert await names(60, 180) == ["v1", "v2"]
        assert await names(180, None) == ["v3", "v4"]
        assert await names(None, 60) == ["v0"]
        assert await names(None, None, most=2) == ["v3", "v4"]
        assert await names(241, None) == []

    async def test_a_release_of_the_past_is_announced_at_its_time(self, rig: Rig) -> None:
        workers = rig.store.workers
        first = await workers.announce_release("v1", age_ms=3_600_000)
        assert await workers.announce_release("v1", age_ms=1_800_000) == first
        assert await workers.announce_release("v1", age_ms=7_200_000) == first  # its times do not go back
        (release,) = await workers.list_releases()
        assert (release.first_at, release.last_at) == (NOON - timedelta(hours=1), NOON - timedelta(minutes=30))

    async def test_processes_that_start_together_announce_one_release(self, rig: Rig, other: Rig) -> None:
        workers = [new_worker(uuid7(1, number + 1), release="v1") for number in range(8)]
        stores = [rig.store, other.store] * 4
        found = await asyncio.gather(
            *(store.workers.register(worker) for store, worker in zip(stores, workers, strict=True))
        )
        (release,) = await rig.store.workers.list_releases()
        assert set(found) == {release.id}

    async def test_a_listed_worker_counts_its_running_jobs(self, rig: Rig) -> None:
        await rig.enqueue(*(rig.job() for _ in range(5)))
        busy, idle = await rig.worker(), await rig.worker()
        held = await rig.claim(busy, 3)
        await rig.apply(held[0], Succeeded(b"1"))
        running = {seen.id: seen.running for seen in await rig.store.workers.list_workers()}
        assert running == {busy: 2, idle: 0}

    async def test_renewing_moves_the_lease(self, rig: Rig) -> None:
        first, second, idle = await rig.worker(), await rig.worker(), await rig.worker()
        rig.clock.advance(25)
        assert set(await rig.store.workers.renew([first, second], LEASE_MS)) == {first, second}
        rig.clock.advance(10)
        assert await rig.store.workers.end_expired(10) == [idle]
        lease = {seen.id: seen.lease_until for seen in await rig.store.workers.list_workers()}
        assert lease[first] == lease[second] == NOON + timedelta(seconds=25 + 30)

    async def test_a_late_renewal_is_good_until_somebody_ended_the_worker(self, rig: Rig) -> None:
        worker = await rig.worker()
        rig.clock.advance(3600)
        assert set(await rig.store.workers.renew([worker], LEASE_MS)) == {worker}
        assert await rig.store.workers.end_expired(10) == []

    async def test_an_ended_worker_is_missing_from_the_renewed(self, rig: Rig, other: Rig) -> None:
        lives, ended = await rig.worker(), await rig.worker()
        assert await other.store.workers.end(ended) is True
        assert set(await rig.store.workers.renew([lives, ended, uuid7(1, 1)], LEASE_MS)) == {lives}
        assert set(await rig.store.workers.renew([], LEASE_MS)) == set()
        (seen,) = (view for view in await rig.store.workers.list_workers() if view.id == ended)
        assert seen.ended_at == NOON

    async def test_a_worker_ends_once(self, rig: Rig, other: Rig) -> None:
        worker = await rig.worker()
        assert await rig.store.workers.end(worker) is True
        assert await other.store.workers.end(worker) is False
        assert await rig.store.workers.end(uuid7(1, 1)) is False

    async def test_only_leases_that_are_over_are_ended(self, rig: Rig) -> None:
        short = [await rig.worker(lease_ms=1000) for _ in range(3)]
        long = await rig.worker(lease_ms=60_000)
        assert await rig.store.workers.end_expired(10) == []
        rig.clock.advance(2)
        ended = await rig.store.workers.end_expired(2)
        ended += await rig.store.workers.end_expired(2)
        assert sorted(ended) == sorted(short)
        assert await rig.store.workers.end_expired(2) == []
        assert set(await rig.store.workers.renew([*short, long], 1000)) == {long}

    async def test_a_rescuer_that_stood_still_after_its_turn_ends_nobody(self, rig: Rig, other: Rig) -> None:
        worker = await rig.worker(lease_ms=3_000)
        assert await rig.store.workers.end_expired(10, turn_within_ms=1_500) == [], "no node has ever taken a turn"
        await rig.store.upkeep.take_turn("rescuer", 500)
        rig.clock.advance(4)  # and so did every other worker, and the store
        assert await rig.store.workers.end_expired(10, turn_within_ms=1_500) == []
        turn = await other.store.upkeep.take_turn("rescuer", 500, lease_ms=3_000)
        assert (turn.taken, turn.grace) == (True, True)
        assert await rig.store.workers.end_expired(10, turn_within_ms=1_500) == [], "the other one gave a grace"
        for _ in range(4):
            rig.clock.advance(0.8)
            turn = await other.store.upkeep.take_turn("rescuer", 500, lease_ms=3_000)
        assert not turn.grace
        assert await rig.store.workers.end_expired(10, turn_within_ms=1_500) == [worker]

    async def test_ended_workers_are_listed_for_an_hour(self, rig: Rig) -> None:
        worker, lives = await rig.worker(), await rig.worker()
        await rig.store.workers.end(worker)
        rig.clock.advance(3000)
        assert {seen.id for seen in await rig.store.workers.list_workers()} == {worker, lives}
        rig.clock.advance(700)
        assert {seen.id for seen in await rig.store.workers.list_workers()} == {lives}

    async def test_the_living_are_no_orphanage(self, rig: Rig) -> None:
        await rig.running()
        rig.clock.advance(3600)
        assert await rig.store.workers.orphaned(10) == []

    async def test_ended_workers_with_jobs_are_orphaned_until_rescued(self, rig: Rig) -> None:
        await rig.enqueue(*(rig.job() for _ in range(3)))
        lost, idle = await rig.worker(), await rig.worker()
        held = await rig.claim(lost)
        await rig.store.workers.end(lost)
        await rig.store.workers.end(idle)
        assert await rig.store.workers.orphaned(10) == [lost]
        await rig.apply(held[0], Lost())
        assert await rig.store.workers.orphaned(10) == [lost]
        for job in held[1:]:
            await rig.apply(job, Lost())
        assert await rig.store.workers.orphaned(10) == []

    async def test_orphans_are_found_long_after(self, rig: Rig) -> None:
        await rig.put()
        lost = await rig.worker()
        await rig.claim(lost)
        await rig.store.workers.end(lost)
        rig.clock.advance(86_400 * 3)
        assert await rig.store.workers.orphaned(10) == [lost]
        assert await rig.store.workers.orphaned(0) == []

    async def test_held_jobs_come_in_id_order_with_their_counters(self, rig: Rig) -> None:
        jobs = [rig.job(max_attempts=n + 1) for n in range(5)]
        await rig.enqueue(*reversed(jobs))
        worker = await rig.worker()
        await rig.claim(worker)
        held = await rig.store.workers.held_jobs(worker, 10)
        assert ids(held) == ids(jobs)
        assert [job.max_attempts for job in held] == [1, 2, 3, 4, 5]
        assert {job.counters for job in held} == {Counters(attempt=1, lease_no=1)}
        assert ids(await rig.store.workers.held_jobs(worker, 2)) == ids(jobs[:2])
        assert await rig.store.workers.held_jobs(await rig.worker(), 10) == []

    async def test_a_rescue_from_end_to_end(self, rig: Rig, other: Rig) -> None:
        await rig.enqueue(*(rig.job() for _ in range(5)))
        lost = await rig.worker()
        claimed = await rig.claim(lost)
        rig.clock.advance(31)
        assert await other.store.workers.end_expired(10) == [lost]
        assert await other.store.workers.orphaned(10) == [lost]
        while held := await other.store.workers.held_jobs(lost, 2):
            answers = await other.store.claims.settle([transition(job, Lost()) for job in held])
            assert answers == [Settled.APPLIED] * len(held)
        # The worker was only asleep. Nothing it writes counts now, and it may take nothing new.
        done = [transition(job, Succeeded(b"1")) for job in claimed]
        assert await rig.store.claims.settle(done) == [Settled.STALE] * 5
        await rig.after(1)
        assert await rig.claim(lost) == []
        again = await rig.claim(await rig.worker())
        assert sorted(ids(again)) == sorted(ids(claimed))
        assert {(job.attempt, job.losses, job.lease_no) for job in again} == {(1, 1, 2)}

    async def test_two_rescuers_charge_once(self, rig: Rig, other: Rig) -> None:
        await rig.put()
        lost = await rig.worker()
        await rig.claim(lost)
        await rig.store.workers.end(lost)
        (mine,) = await rig.store.workers.held_jobs(lost, 10)
        (theirs,) = await other.store.workers.held_jobs(lost, 10)
        assert await rig.settle(mine, Lost()) is Settled.APPLIED
        # The same decision by another rescuer is the same write: its effect is there, once.
        assert await other.settle(theirs, Lost()) is not Settled.APPLIED
        assert (await rig.view(mine.id)).counters.losses == 1

    async def test_a_cancelled_job_of_a_lost_worker_is_cancelled(self, rig: Rig) -> None:
        held = await rig.running()
        await rig.store.jobs.cancel("default", held.id, actor="me")
        view = await rig.apply(held, Lost())
        assert (view.state, view.reason) == (State.CANCELLED, Reason.CANCELLED_BY_USER)

    async def test_suspects_are_announced(self, rig: Rig) -> None:
        suspect = await rig.running()
        await rig.put()
        ready = rig.store.workers.suspects_ready
        assert await ready((), ()) is False
        await rig.apply(suspect, Crashed())
        await rig.after(60)
        assert await ready((), ()) is True
        again = await rig.claim_one(isolated=True)
        assert await ready((), ()) is False
        await rig.apply(again, HandedBack())
        assert await ready((), ()) is True

    async def test_suspects_are_announced_to_whom_they_concern(self, rig: Rig) -> None:
        ready = rig.store.workers.suspects_ready
        await rig.put(tenant="blue", queue="mail")
        await rig.apply_in("red", await rig.running(tenant="red", queue="mail"), Crashed())
        await rig.after(60)
        assert await ready(("red",), ()) is True
        assert await ready(("blue", "red"), ("other", "mail")) is True
        assert await ready((), ("mail",)) is True
        assert await ready(("blue",), ()) is False
        assert await ready((), ("other",)) is False
        await rig.store.queues.pause("red", "mail")
        assert await ready((), ()) is False, "no worker may claim it"
        await rig.store.queues.resume("red", "mail")
        assert await ready((), ()) is True

    async def test_notes_are_merged_and_taken_back(self, rig: Rig) -> None:
        worker = await rig.worker()

        async def notes() -> Any:
            (view,) = await rig.store.workers.list_workers()
            return decoded(view.info).get("notes")

        assert await notes() is None
        await rig.store.workers.report(worker, {"claims": "none for 12 s", "slots": "all wait"})
        await rig.store.workers.report(worker, {"claims": None})
        assert await notes() == {"slots": "all wait"}
        await rig.store.workers.report(worker, {"slots": None, "claims": None})
        assert await notes() == {}
        await rig.store.workers.end(worker)
        await rig.store.workers.report(worker, {"claims": "too late"})
        assert await notes() == {}

    async def test_a_lease_that_is_over_shows_before_somebody_ends_it(self, rig: Rig) -> None:
        await rig.worker()
        (view,) = await rig.store.workers.list_workers()
        assert not view.lease_over
        rig.clock.advance(31)
        (view,) = await rig.store.workers.list_workers()
        assert view.lease_over
        assert view.ended_at is None

    # --------------------------------------------------------------------------------------------- load and commands

    async def test_a_load_is_stored_with_the_renewal(self, rig: Rig) -> None:
        first, second = await rig.worker(), await rig.worker()
        await rig.store.workers.renew([first, second], LEASE_MS, loads=[b'{"cpu":0.5}', None])
        rig.clock.advance(10)
        await rig.store.workers.renew([second, first], LEASE_MS)
        views = {view.id: view for view in await rig.store.workers.list_workers()}
        assert (views[first].load, views[first].load_at) == (b'{"cpu":0.5}', NOON), "what is not said stays"
        assert (views[second].load, views[second].load_at) == (None, None)
        await rig.store.workers.renew([second, first], LEASE_MS, loads=[b'{"cpu":1}', b'{"cpu":0.25}'])
        seen = await rig.store.workers.get(first)
        assert seen is not None
        assert (seen.load, seen.load_at) == (b'{"cpu":0.25}', rig.clock.now())

    async def test_a_worker_is_read_by_its_id(self, rig: Rig, other: Rig) -> None:
        held = await rig.running()
        [listed] = await rig.store.workers.list_workers()
        assert await other.store.workers.get(listed.id) == listed
        assert str(listed.id) == (await rig.view(held.id)).worker
        assert await rig.store.workers.get(uuid7(1, 1)) is None

    async def test_a_command_is_returned_by_every_renewal(self, rig: Rig, other: Rig) -> None:
        worker, free = await commanded(rig), await commanded(rig)
        tell = other.store.workers.command

        async def told() -> Command | None:
            alive = await rig.store.workers.renew([free, worker], LEASE_MS)
            assert alive[free] is None
            return alive[worker]

        assert await told() is None
        assert await tell(worker, Command.DRAIN, actor="ada") is CommandAnswer.DONE
        rig.clock.advance(5)
        assert await tell(worker, Command.DRAIN, actor="bob") is CommandAnswer.DONE
        assert [await told(), await told()] == [Command.DRAIN, Command.DRAIN]
        seen = await rig.store.workers.get(worker)
        assert seen is not None
        assert (seen.command_at, seen.command_by, seen.state) == (NOON, "ada", WorkerState.DRAINING)
        assert await tell(worker, None, actor="bob") is CommandAnswer.DONE
        assert await told() is None
        seen = await rig.store.workers.get(worker)
        assert seen is not None
        assert (seen.command, seen.command_at, seen.command_by, seen.state) == (None, None, None, WorkerState.LIVING)

    async def test_a_stop_is_not_taken_back(self, rig: Rig) -> None:
        worker = await commanded(rig)
        tell = rig.store.workers.command
        assert await tell(worker, Command.DRAIN, actor="ada") is CommandAnswer.DONE
        assert await tell(worker, Command.STOP, actor="ada") is CommandAnswer.DONE
        assert await tell(worker, Command.STOP, actor="ada") is CommandAnswer.DONE
        assert await tell(worker, None, actor="ada") is CommandAnswer.STOPPING
        assert await tell(worker, Command.DRAIN, actor="ada") is CommandAnswer.STOPPING
        assert (await rig.store.workers.renew([worker], LEASE_MS))[worker] is Command.STOP

    async def test_who_gets_no_command(self, rig: Rig) -> None:
        tell = rig.store.workers.command
        old, ended, late = await rig.worker(), await commanded(rig), await commanded(rig)
        isolated = await commanded(rig, isolated=True)
        assert await tell(uuid7(1, 1), Command.STOP, actor="ada") is CommandAnswer.NOT_FOUND
        assert await tell(old, Command.STOP, actor="ada") is CommandAnswer.NOT_SUPPORTED
        assert await tell(isolated, Command.DRAIN, actor="ada") is CommandAnswer.ISOLATED
        await rig.store.workers.end(ended)
        assert await tell(ended, Command.DRAIN, actor="ada") is CommandAnswer.ENDED
        rig.clock.advance(31)
        assert await tell(late, Command.DRAIN, actor="ada") is CommandAnswer.ENDED
        assert all(view.command is None for view in await rig.store.workers.list_workers())

    async def test_a_replacement_begins_with_the_command_of_its_predecessor(self, rig: Rig) -> None:
        worker = await commanded(rig, command=Command.DRAIN)
        seen = await rig.store.workers.get(worker)
        assert seen is not None
        assert (seen.command, seen.command_at, seen.state) == (Command.DRAIN, NOON, WorkerState.DRAINING)
        assert await rig.store.workers.renew([worker], LEASE_MS) == {worker: Command.DRAIN}

    async def test_states_of_workers(self, rig: Rig) -> None:
        ended, lost, late = await rig.worker(), await rig.worker(lease_ms=1000), await rig.worker(lease_ms=2000)
        await rig.store.workers.end(ended)
        rig.clock.advance(1.5)
        assert await rig.store.workers.end_expired(10) == [lost]
        rig.clock.advance(1)
        states = {view.id: view.state for view in await rig.store.workers.list_workers()}
        assert states == {ended: WorkerState.ENDED, lost: WorkerState.LOST, late: WorkerState.LOST}

    async def test_the_oldest_jobs_that_each_worker_runs(self, rig: Rig) -> None:
        first, second = await rig.worker(), await rig.worker()
        await rig.enqueue(*(rig.job() for _ in range(4)), rig.job(tenant="blue"))
        held = await rig.claim(first, 4)
        theirs = await rig.claim(second, 1, tenants=("blue",))
        found = await rig.store.workers.first_jobs("default", 3)
        assert {key: [job.id for job in jobs] for key, jobs in found.items()} == {
            first: sorted(job.id for job in held)[:3]
        }
        assert (found[first][0].task, found[first][0].started_at) == (held[0].task, NOON)
        found = await rig.store.workers.first_jobs("blue", 3)
        assert {key: [job.id for job in jobs] for key, jobs in found.items()} == {second: [theirs[0].id]}
        assert await rig.store.workers.first_jobs("unheard-of", 3) == {}


async def commanded(rig: Rig, *, isolated: bool = False, command: Command | None = None) -> UUID:
    """Register a worker that says that it obeys commands."""
    info = msgspec.json.encode({"queues": [], "commands": KNOWN, "isolated": isolated})
    worker = msgspec.structs.replace(new_worker(rig.job().id), info=info, command=command)
    await rig.store.workers.register(worker)
    return worker.id
