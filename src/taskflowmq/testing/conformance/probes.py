"""What viewers ask repeatedly: it says the same as the jobs and the lists, and no commit goes unnoticed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from uuid import UUID

import pytest

from taskflowmq.core.feed import JobProbe
from taskflowmq.core.ids import uuid7
from taskflowmq.core.job import JobFilter, JobView, State
from taskflowmq.core.transitions import Succeeded
from taskflowmq.ports.store import MAX_PROBED
from taskflowmq.testing.conformance.listing import fill
from taskflowmq.testing.conformance.support import Rig, StoreSuite

#: Databases write by themselves, too; two equal revisions come within this many looks.
LOOKS = 200
QUERIES = [
    JobFilter(),
    JobFilter(queue="b"),
    JobFilter(states=(State.DEAD, State.RUNNING)),
    JobFilter(states=(State.COMPLETED,), queue="a"),
    JobFilter(task="task", tag="red"),
    JobFilter(task="no-such-task"),
    JobFilter(tenant="blue"),
    JobFilter(tenant="unheard-of"),
]


def moving(view: JobView) -> JobProbe:
    """Return what moves of a job."""
    return JobProbe(
        view.id,
        view.state,
        view.reason,
        view.round,
        view.attempt,
        view.counters.lease_no,
        view.run_at,
        view.started_at,
        view.finished_at,
        view.worker,
        view.raw_progress,
        view.cancel_requested_at,
        view.queue,
        view.priority,
    )


async def probed(rig: Rig, *job_ids: UUID, tenant: str = "default") -> list[JobProbe]:
    """Probe jobs."""
    return await rig.store.probes.probe_jobs(tenant, job_ids)


async def quiet(rig: Rig) -> str:
    """Return the revision once two reads give the same; a store that has none fails."""
    last = None
    for _ in range(LOOKS):
        found = await rig.store.probes.revision()
        assert found is not None
        if found == last:
            return found
        last = found
    raise AssertionError("the revision always changes")


class TestProbes(StoreSuite):
    """Probes."""

    async def test_a_probe_says_what_the_job_says(self, rig: Rig) -> None:
        jobs = [job_id for pair in (await fill(rig)).values() for job_id in pair]
        found = await probed(rig, *reversed(jobs))
        assert found == [moving(await rig.view(job_id)) for job_id in sorted(jobs)]
        assert {probe.state for probe in found} == set(State) - {State.BLOCKED, State.SUSPENDED}

    async def test_progress_and_a_requested_cancel(self, rig: Rig, other: Rig) -> None:
        held = await rig.running()
        await rig.store.claims.save_progress([(held.id, held.lease_no, b"0.25")])
        assert await probed(other, held.id) == [moving(await rig.view(held.id))]
        await rig.store.jobs.cancel("default", held.id, actor="ada")
        (probe,) = await probed(other, held.id)
        assert probe == moving(await rig.view(held.id))
        assert probe.cancel_requested_at is not None
        await rig.apply(held, Succeeded(b"1"))
        assert await probed(other, held.id) == [moving(await rig.view(held.id))]

    async def test_jobs_that_are_not_there(self, rig: Rig) -> None:
        theirs, gone, mine = await rig.put(tenant="blue"), await rig.completed(), await rig.put()
        await rig.store.jobs.delete("default", gone)
        asked = (theirs.id, gone, mine.id, uuid7(1, 1), mine.id)
        assert [probe.id for probe in await probed(rig, *asked)] == [mine.id]
        assert [probe.id for probe in await probed(rig, *asked, tenant="blue")] == [theirs.id]
        assert await probed(rig, *asked, tenant="unheard-of") == []
        assert await probed(rig) == []

    async def test_as_many_as_one_call_may_ask_for(self, rig: Rig) -> None:
        jobs = [rig.job() for _ in range(MAX_PROBED)]
        await rig.enqueue(*jobs)
        found = await probed(rig, *(job.id for job in jobs))
        assert [probe.id for probe in found] == sorted(job.id for job in jobs)

    @pytest.mark.parametrize("limit", [1, 3, 100])
    async def test_a_page_begins_like_the_list(self, rig: Rig, limit: int) -> None:
        gone = await rig.completed(queue="b", tags=("red",))
        await rig.store.jobs.delete("default", gone)
        await fill(rig)
        await rig.enqueue(rig.job(tags=("red",)), rig.job(tenant="blue", tags=("red",)))
        for query in QUERIES:
            page = await rig.store.jobs.list_jobs(query, limit=limit, before=None)
            found = await rig.store.probes.probe_page(query, limit)
            assert (list(found.ids), found.reached) == ([view.id for view in page.items], page.next), query

    async def test_a_search_that_was_cut_short_says_how_far_it_came(self, rig: Rig) -> None:
        rare = await rig.put(tags=("rare",))
        for _ in range(6):
            await rig.enqueue(*(rig.job() for _ in range(1_000)))
        last = await rig.put(tags=("rare",))
        found = await rig.store.probes.probe_page(JobFilter(tag="rare"), 100)
        if found.reached is None:  # a store may search all of it
            assert found.ids == (last.id, rare.id)
        else:
            assert found.ids == (last.id,)
            assert rare.id < found.reached <= last.id

    async def test_every_commit_changes_the_revision(self, rig: Rig, other: Rig) -> None:
        held, ready = await rig.running(queue="a"), await rig.put(queue="b")
        steps: list[Callable[[], Awaitable[object]]] = [
            lambda: other.store.claims.save_progress([(held.id, held.lease_no, b"0.5")]),
            lambda: other.settle(held, Succeeded(b"1")),
            lambda: other.store.jobs.cancel("default", ready.id, actor="ada"),
            lambda: other.store.jobs.delete("default", held.id),
            lambda: other.store.queues.pause("default", "a"),
            lambda: other.put(queue="a"),
            lambda: rig.put(queue="b"),
            lambda: rig.store.jobs.delete("default", ready.id),
        ]
        for step in steps:
            before = await quiet(rig)
            await step()
            assert await rig.store.probes.revision() != before

    async def test_reads_do_not_change_the_revision(self, rig: Rig) -> None:
        job = await rig.put()
        for _ in range(LOOKS):
            before = await quiet(rig)
            await probed(rig, job.id)
            await rig.store.probes.probe_page(JobFilter(), 100)
            await rig.store.stats.count("default")
            if await rig.store.probes.revision() == before:
                return
        raise AssertionError("reads change the revision")
