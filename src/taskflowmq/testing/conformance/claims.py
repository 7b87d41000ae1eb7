"""How workers get jobs: in order, each once, charged, and only what they may run."""

from __future__ import annotations

from datetime import timedelta

import pytest

from taskflowmq.core.ids import uuid7
from taskflowmq.core.job import State
from taskflowmq.core.transitions import Crashed, Failed, HandedBack, Succeeded
from taskflowmq.testing.conformance.intake import ERROR
from taskflowmq.testing.conformance.support import NOON, RETRY_S, TASK, Rig, StoreSuite, counters, decoded, ids


class TestClaims(StoreSuite):
    """Claims.claim and forget."""

    async def test_a_claimed_job_carries_all_that_was_enqueued(self, rig: Rig) -> None:
        job = await rig.put(
            "mail.send",
            args={"to": "ä"},
            queue="mail",
            priority=-7,
            tenant="blue",
            max_attempts=9,
            timeout_ms=1500,
            expires_in_ms=60_000,
            tags=("a",),
            meta=b'{"m":1}',
            headers=b'{"h":2}',
            args_version=3,
        )
        rig.clock.advance(2.5)
        claimed = await rig.claim_one(tenants=("blue",), tasks=("mail.send",))
        assert (claimed.id, claimed.task, claimed.queue, claimed.priority) == (job.id, "mail.send", "mail", -7)
        assert (claimed.tenant, claimed.max_attempts, claimed.timeout_ms) == ("blue", 9, 1500)
        assert (claimed.created_at, claimed.run_at) == (NOON, NOON)
        assert claimed.expires_at == NOON + timedelta(seconds=60)
        assert decoded(claimed.args) == {"to": "ä"}
        assert (decoded(claimed.meta), decoded(claimed.headers)) == ({"m": 1}, {"h": 2})
        assert (claimed.tags, claimed.args_version) == (("a",), 3)
        assert claimed.waited == pytest.approx(2.5)

    async def test_a_claim_is_charged_before_the_body_starts(self, rig: Rig) -> None:
        claimed = await rig.running()
        assert (claimed.round, claimed.attempt, claimed.lease_no) == (1, 1, 1)
        assert (claimed.crashes, claimed.losses) == (0, 0)
        view = await rig.view(claimed.id)
        assert (view.state, view.counters, view.started_at) == (State.RUNNING, counters(claimed), NOON)

    async def test_a_running_job_names_its_worker(self, rig: Rig) -> None:
        await rig.put()
        worker = await rig.worker()
        claimed = await rig.claim_one(worker)
        named = (await rig.view(claimed.id)).worker
        assert named is not None
        assert str(worker) in named

    async def test_a_job_is_claimed_once(self, rig: Rig, other: Rig) -> None:
        await rig.put()
        assert len(await rig.claim(await rig.worker())) == 1
        assert await rig.claim(await rig.worker()) == []
        assert await other.claim(await other.worker()) == []

    async def test_first_in_first_out(self, rig: Rig, other: Rig) -> None:
        jobs = [await (rig, other)[n % 2].put() for n in range(6)]
        worker = await rig.worker()
        assert ids(await rig.claim(worker, 2)) == ids(jobs[:2])
        assert ids(await other.claim(await other.worker(), 2)) == ids(jobs[2:4])
        assert ids(await rig.claim(worker, 9)) == ids(jobs[4:])

    async def test_lower_priority_numbers_run_sooner(self, rig: Rig) -> None:
        jobs = {priority: await rig.put(priority=priority) for priority in (5, -100, 0, 100, -1)}
        worker = await rig.worker()
        order = [(await rig.claim_one(worker)).id for _ in jobs]
        assert order == [jobs[priority].id for priority in sorted(jobs)]

    async def test_one_batch_takes_the_lowest_priorities(self, rig: Rig) -> None:
        jobs = [await rig.put(priority=priority) for priority in (3, 1, 2, 1)]
        assert ids(await rig.claim(await rig.worker(), 3)) == [jobs[1].id, jobs[3].id, jobs[2].id]

    async def test_only_the_named_queues_are_touched(self, rig: Rig) -> None:
        there, _ = await rig.put(queue="there"), await rig.put(queue="elsewhere")
        worker = await rig.worker()
        assert ids(await rig.claim(worker, queues=("there", "no-such-queue"))) == [there.id]
        assert await rig.claim(worker, queues=("there",)) == []

    async def test_no_queue_named_means_every_queue(self, rig: Rig) -> None:
        jobs = [await rig.put(queue=f"q{n}") for n in range(4)]
        worker = await rig.worker()
        assert set(ids(await rig.claim(worker))) == set(ids(jobs))
        # Also one that appears after the worker has begun.
        late = await rig.put(queue="brand-new")
        assert ids(await rig.claim(worker)) == [late.id]

    async def test_a_new_priority_appears_under_a_claiming_worker(self, rig: Rig, other: Rig) -> None:
        worker = await rig.worker()
        assert await rig.claim(worker) == []
        job = await other.put(priority=-42)
        assert ids(await rig.claim(worker)) == [job.id]

    async def test_never_more_than_asked_for(self, rig: Rig) -> None:
        await rig.enqueue(*(rig.job(queue=f"q{n % 3}", priority=n % 4) for n in range(30)))
        worker = await rig.worker()
        assert [len(await rig.claim(worker, limit)) for limit in (1, 7, 20, 20)] == [1, 7, 20, 2]

    async def test_a_paused_queue_gives_nothing(self, rig: Rig, other: Rig) -> None:
        job = await rig.put(queue="paused")
        free = await rig.put(queue="free")
        worker = await rig.worker()
        assert set(await rig.store.claims.paused_queues()) == set()
        await other.store.queues.pause("default", "paused")
        assert set(await rig.store.claims.paused_queues()) == {("default", "paused")}
        assert ids(await rig.claim(worker, queues=("paused", "free"))) == [free.id]
        assert await rig.claim(worker) == []
        await other.store.queues.resume("default", "paused")
        assert set(await rig.store.claims.paused_queues()) == set()
        assert ids(await rig.claim(worker, queues=("paused", "free"))) == [job.id]

    async def test_unknown_tasks_stay_ready_and_cost_nothing(self, rig: Rig) -> None:
        await rig.enqueue(*(rig.job("v2") for _ in range(150)))
        known = await rig.put()
        worker = await rig.worker()
        assert ids(await rig.claim(worker, 1)) == [known.id]
        assert await rig.claim(worker, 10) == []
        # The deploy that knows them finds them all, untouched.
        found = await rig.claim(await rig.worker(), 200, tasks=(TASK, "v2"))
        assert len(found) == 150
        assert {(job.attempt, job.lease_no) for job in found} == {(1, 1)}

    async def test_a_worker_that_learns_a_task_finds_what_it_stepped_over(self, rig: Rig) -> None:
        job = await rig.put("v2")
        worker = await rig.worker()
        for _ in range(3):
            assert await rig.claim(worker) == []
            rig.clock.advance(1)
        await rig.store.claims.forget(worker)
        assert ids(await rig.claim(worker, tasks=(TASK, "v2"))) == [job.id]

    async def test_no_tasks_no_jobs(self, rig: Rig) -> None:
        await rig.put()
        assert await rig.claim(await rig.worker(), tasks=()) == []

    async def test_expired_jobs_are_stepped_over(self, rig: Rig) -> None:
        expired = await rig.put(expires_in_ms=10_000)
        rig.clock.advance(11)
        fresh = await rig.put(expires_in_ms=10_000)
        assert ids(await rig.claim(await rig.worker())) == [fresh.id]
        assert await rig.state(expired.id) is not State.RUNNING

    async def test_jobs_that_wait_are_not_claimed(self, rig: Rig) -> None:
        await rig.put(delay_ms=1)
        assert await rig.claim(await rig.worker()) == []

    async def test_suspects_run_only_where_they_are_alone(self, rig: Rig) -> None:
        suspect = await rig.running()
        await rig.apply(suspect, Crashed())
        innocent = await rig.put()
        await rig.after(60)
        worker = await rig.worker()
        assert ids(await rig.claim(worker)) == [innocent.id]
        (again,) = await rig.claim(await rig.worker(), 1, isolated=True)
        assert (again.id, again.crashes, again.attempt, again.lease_no) == (suspect.id, 1, 1, 2)

    async def test_an_isolated_claim_takes_no_innocent(self, rig: Rig) -> None:
        await rig.put()
        assert await rig.claim(await rig.worker(), 1, isolated=True) == []

    async def test_suspects_obey_pause_queue_task_and_expiry_too(self, rig: Rig) -> None:
        for _ in range(4):
            await rig.put(queue="q")
        for job in await rig.claim(await rig.worker()):
            await rig.apply(job, Crashed())
        await rig.after(60)
        worker = await rig.worker()
        assert await rig.claim(worker, queues=("other",), isolated=True) == []
        assert await rig.claim(worker, tasks=("other",), isolated=True) == []
        assert len(await rig.claim(worker, 2, isolated=True)) == 2
        await rig.store.queues.pause("default", "q")
        assert await rig.claim(worker, isolated=True) == []

    async def test_an_ended_worker_gets_nothing(self, rig: Rig, other: Rig) -> None:
        job = await rig.put()
        worker = await rig.worker()
        assert await other.store.workers.end(worker)
        assert await rig.claim(worker) == []
        assert ids(await rig.claim(await rig.worker())) == [job.id]

    async def test_a_worker_that_never_registered_gets_nothing(self, rig: Rig) -> None:
        await rig.put()
        assert await rig.claim(uuid7(1, 2)) == []

    async def test_a_lease_that_ran_out_refuses_nothing_by_itself(self, rig: Rig) -> None:
        await rig.put()
        worker = await rig.worker(lease_ms=1000)
        rig.clock.advance(3600)
        assert len(await rig.claim(worker)) == 1

    async def test_a_job_that_becomes_ready_again_queues_behind(self, rig: Rig) -> None:
        retried = await rig.running()
        await rig.apply(retried, Failed(ERROR))
        later = await rig.put()
        await rig.after(RETRY_S)
        assert ids(await rig.claim(await rig.worker())) == [later.id, retried.id]

    async def test_a_handed_back_job_is_ready_at_once(self, rig: Rig) -> None:
        held = await rig.running()
        await rig.apply(held, HandedBack())
        (again,) = await rig.claim(await rig.worker())
        assert (again.id, again.attempt, again.lease_no) == (held.id, 1, 2)

    async def test_jobs_before_an_old_position_are_found(self, rig: Rig) -> None:
        """Whatever position a claimer remembers, a job that becomes ready, also again, is not lost behind it."""
        worker = await rig.worker()
        for _ in range(5):
            await rig.enqueue(*(rig.job() for _ in range(20)))
            claimed = await rig.claim(worker, 20)
            assert len(claimed) == 20
            rig.clock.advance(1)
            for job in claimed[::2]:
                await rig.apply(job, HandedBack())
            for job in claimed[1::2]:
                await rig.apply(job, Succeeded(b"1"))
            for job in await rig.claim(worker, 20):
                await rig.apply(job, Succeeded(b"1"))
            rig.clock.advance(1)
        assert (await rig.store.stats.count("default")).states.get("completed") == 100
