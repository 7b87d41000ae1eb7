"""Lists and counts: every job once, newest first, whatever the filters, pages and simultaneous changes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest

from taskflowmq.core.ids import uuid7
from taskflowmq.core.job import JobFilter, JobView, Sort, State
from taskflowmq.core.rows import ErrorHead
from taskflowmq.core.transitions import Discarded, Failed, Stopped, Succeeded
from taskflowmq.ports.store import FIRST_LOOK, MAX_PAGE_BYTES, SEARCH_S
from taskflowmq.testing.as_stored import row_of
from taskflowmq.testing.conformance.intake import ERROR
from taskflowmq.testing.conformance.support import NOON, Rig, StoreSuite, ids


async def collect(rig: Rig, limit: int = 3, *, seconds: float = SEARCH_S, **wanted: Any) -> list[JobView]:
    """Follow a list to its end; its rows are those of its jobs."""
    found: list[JobView] = []
    before: UUID | None = None
    for _ in range(1000):
        query = JobFilter(**wanted)
        page = await rig.store.jobs.list_jobs(query, limit=limit, before=before, seconds=seconds)
        assert len(page.items) <= limit
        assert page.complete or page.next is not None
        found += page.items
        rows = await rig.store.jobs.list_rows(query, limit=limit, before=before, seconds=SEARCH_S)
        assert rows.items[: len(page.items)] == [row_of(view) for view in page.items]
        if page.next is None:
            return found
        before = page.next
    raise AssertionError("the list has no end")


async def fill(rig: Rig) -> dict[State, list[UUID]]:
    """Store two jobs in each state, one in queue ``a`` and one in ``b``, interleaved by age."""
    by_state: dict[State, list[UUID]] = {}
    for queue in ("a", "b"):
        made = {
            State.COMPLETED: (await rig.apply(await rig.running(queue=queue), Succeeded(b"1"))).id,
            State.DEAD: (await rig.apply(await rig.running(queue=queue), Discarded(ERROR))).id,
            State.CANCELLED: (await rig.apply(await rig.running(queue=queue), Stopped(by_handler=True))).id,
            State.RETRYING: (await rig.apply(await rig.running(queue=queue), Failed(ERROR))).id,
            State.RUNNING: (await rig.running(queue=queue)).id,
            State.SCHEDULED: (await rig.put(queue=queue, delay_ms=60_000)).id,
            State.PENDING: (await rig.put(queue=queue)).id,
        }
        for state, job_id in made.items():
            by_state.setdefault(state, []).append(job_id)
        rig.clock.advance(1)
    return by_state


class TestListing(StoreSuite):
    """Jobs.list_jobs and Stats."""

    @pytest.mark.parametrize("states", [(), (State.PENDING,)])
    async def test_only_jobs_with_the_tag(self, rig: Rig, states: tuple[State, ...]) -> None:
        red = await rig.put(tags=("red", "b ü"), queue="a")
        both = await rig.put(tags=("blue", "red"))
        await rig.put(tags=("blue", "redder"))
        await rig.put()
        assert ids(await collect(rig, 1, tag="red", states=states)) == sorted([red.id, both.id], reverse=True)
        assert ids(await collect(rig, 1, tag="b ü", states=states)) == [red.id]
        assert ids(await collect(rig, tag="red", queue="a", states=states)) == [red.id]
        assert await collect(rig, tag="re", states=states) == []

    @pytest.mark.parametrize("limit", [1, 3, 5, 100])
    async def test_every_job_once_newest_first(self, rig: Rig, limit: int) -> None:
        jobs = [job_id for pair in (await fill(rig)).values() for job_id in pair]
        found = await collect(rig, limit)
        assert ids(found) == sorted(jobs, reverse=True)
        assert found == [await rig.view(view.id) for view in found]

    async def test_by_state(self, rig: Rig) -> None:
        jobs = await fill(rig)
        for state, pair in jobs.items():
            assert ids(await collect(rig, states=(state,))) == sorted(pair, reverse=True)

    @pytest.mark.parametrize(
        "states",
        [
            (State.PENDING, State.RUNNING),
            (State.COMPLETED, State.SCHEDULED, State.DEAD),
            (State.SCHEDULED, State.RETRYING),
            (State.CANCELLED, State.RETRYING, State.PENDING),
        ],
    )
    @pytest.mark.parametrize("limit", [1, 2, 10])
    async def test_by_several_states(self, rig: Rig, states: tuple[State, ...], limit: int) -> None:
        jobs = await fill(rig)
        wanted = sorted((job_id for state in states for job_id in jobs[state]), reverse=True)
        assert ids(await collect(rig, limit, states=states)) == wanted

    async def test_by_queue(self, rig: Rig) -> None:
        jobs = await fill(rig)
        wanted = sorted((pair[1] for pair in jobs.values()), reverse=True)
        assert ids(await collect(rig, queue="b")) == wanted
        assert ids(await collect(rig, queue="b", states=(State.DEAD,))) == [jobs[State.DEAD][1]]
        assert await collect(rig, queue="no-such-queue") == []

    async def test_by_task(self, rig: Rig) -> None:
        first, _, third = await rig.put("one"), await rig.put("two"), await rig.put("one")
        assert ids(await collect(rig, 1, task="one")) == [third.id, first.id]
        assert await collect(rig, task="no-such-task") == []

    async def test_by_tenant(self, rig: Rig) -> None:
        mine, theirs = await rig.put(), await rig.put(tenant="blue")
        assert ids(await collect(rig)) == [mine.id]
        assert ids(await collect(rig, tenant="blue")) == [theirs.id]
        assert await collect(rig, tenant="unheard-of") == []

    async def test_by_time(self, rig: Rig) -> None:
        jobs = []
        for _ in range(6):
            jobs.append(await rig.put())
            rig.clock.advance(10)
        after, before = NOON + timedelta(seconds=15), NOON + timedelta(seconds=45)
        assert ids(await collect(rig, 2, created_after=after)) == ids(reversed(jobs[2:]))
        assert ids(await collect(rig, 2, created_before=before)) == ids(reversed(jobs[:5]))
        assert ids(await collect(rig, 2, created_after=after, created_before=before)) == [
            jobs[4].id,
            jobs[3].id,
            jobs[2].id,
        ]

    @pytest.mark.parametrize("off_s", [-30, 30])
    async def test_time_is_when_a_job_was_stored_though_its_program_has_another_clock(
        self, rig: Rig, off_s: int
    ) -> None:
        us = int(NOON.timestamp() * 1_000_000)
        [job] = await rig.enqueue(msgspec.structs.replace(rig.job(), id=uuid7(us + off_s * 1_000_000, 1)))
        assert (await rig.view(job.id)).created_at == NOON
        soon = NOON + timedelta(seconds=1)
        assert ids(await collect(rig, created_after=NOON)) == [job.id]
        assert ids(await collect(rig, created_after=NOON, created_before=soon)) == [job.id]
        assert await collect(rig, created_after=soon) == []
        assert await collect(rig, created_before=NOON) == []

    async def test_completed_jobs_are_found_among_and_below_those_that_died(self, rig: Rig) -> None:
        jobs = await rig.enqueue(*(rig.job() for _ in range(200)))
        worker, completed = await rig.worker(), []
        for n, job in enumerate(await rig.claim(worker, len(jobs))):
            if n in (0, 70):
                completed.append(job.id)
            await rig.settle(job, Succeeded(b"1") if n in (0, 70) else Discarded(ERROR))
        assert ids(await collect(rig, 1, states=(State.COMPLETED,))) == sorted(completed, reverse=True)
        both = await collect(rig, 30, states=(State.COMPLETED, State.DEAD))
        assert len(both) == len(set(ids(both))) == 200
        assert await collect(rig, 30, states=(State.CANCELLED,)) == []

    async def test_rare_hits_among_many_are_found(self, rig: Rig) -> None:
        """A page may be short or empty; only next=None ends a list."""
        needle = await rig.put("needle", queue="hay")
        await rig.enqueue(*(rig.job("straw", queue="hay") for _ in range(900)))
        other = await rig.put("needle", queue="hay")
        found = await collect(rig, 2, task="needle", queue="hay", states=(State.PENDING, State.DEAD))
        assert ids(found) == [other.id, needle.id]

    async def test_a_page_is_stable_under_new_and_moving_jobs(self, rig: Rig, other: Rig) -> None:
        jobs = [await rig.put() for _ in range(9)]
        worker = await other.worker()
        seen: list[UUID] = []
        before: UUID | None = None
        while True:
            page = await rig.store.jobs.list_jobs(JobFilter(), limit=2, before=before)
            seen += ids(page.items)
            if page.next is None:
                break
            before = page.next
            await other.put()
            for held in await other.claim(worker, 2):
                await other.apply(held, Succeeded(b"1"))
        assert seen == ids(reversed(jobs))

    async def test_a_page_ends_before_it_gets_too_heavy(self, rig: Rig) -> None:
        heavy = b'{"text":"' + b"x" * 250_000 + b'"}'
        jobs = [rig.job(args=heavy) for _ in range(150)]
        for start in range(0, len(jobs), 50):
            await rig.enqueue(*jobs[start : start + 50])
        page = await rig.store.jobs.list_jobs(JobFilter(), limit=1000, before=None)
        assert page.next is not None
        weight = sum(view.weight for view in page.items)
        assert MAX_PAGE_BYTES - page.items[0].weight < weight <= MAX_PAGE_BYTES
        assert ids(await collect(rig, 1000)) == ids(reversed(jobs))

    @pytest.mark.parametrize("limit", [1, 3, 100])
    @pytest.mark.parametrize(
        "states", [(), (State.DEAD,), (State.COMPLETED, State.DEAD), (State.PENDING, State.RUNNING)]
    )
    async def test_oldest_first_is_the_same_list_from_its_end(
        self, rig: Rig, limit: int, states: tuple[State, ...]
    ) -> None:
        await fill(rig)
        newest = await collect(rig, 10, states=states)
        assert await collect(rig, limit, states=states, sort=Sort.OLDEST) == newest[::-1]
        between: dict[str, Any] = {
            "created_after": NOON,
            "created_before": NOON + timedelta(seconds=1),
            "queue": "a",
            "states": states,
        }
        assert await collect(rig, limit, sort=Sort.OLDEST, **between) == (await collect(rig, 10, **between))[::-1]

    @pytest.mark.parametrize("sort", Sort)
    async def test_by_worker(self, rig: Rig, sort: Sort) -> None:
        mine, other = await rig.worker(), await rig.worker()
        await rig.enqueue(*(rig.job() for _ in range(8)))
        held = await rig.claim(mine, 4)
        theirs = await rig.claim(other, 4)
        await rig.settle(held[0], Succeeded(b"1"))
        await rig.settle(held[1], Discarded(ERROR))
        await rig.settle(held[2], Stopped(by_handler=True))
        await rig.settle(theirs[0], Succeeded(b"1"))
        by_age = sorted(job.id for job in held)
        wanted = by_age if sort is Sort.OLDEST else by_age[::-1]
        assert ids(await collect(rig, 2, worker=mine, sort=sort)) == wanted
        assert ids(await collect(rig, 2, worker=mine, states=(State.RUNNING,), sort=sort)) == [held[3].id]
        assert ids(await collect(rig, 2, worker=mine, states=(State.COMPLETED,), sort=sort)) == [held[0].id]
        assert ids(await collect(rig, 2, worker=mine, states=(State.DEAD,), sort=sort)) == [held[1].id]
        assert await collect(rig, worker=mine, states=(State.PENDING,)) == []
        assert await collect(rig, worker=uuid7(1, 1)) == []

    @pytest.mark.parametrize("sort", Sort)
    async def test_by_the_time_of_the_end(self, rig: Rig, sort: Sort) -> None:
        ends = (Succeeded(b"1"), Discarded(ERROR), Stopped(by_handler=True), Succeeded(b"2"))
        jobs = []
        for end in ends:
            jobs.append((await rig.apply(await rig.running(), end)).id)
            rig.clock.advance(10)
        await rig.running()
        after, before = NOON + timedelta(seconds=5), NOON + timedelta(seconds=25)

        async def found(**wanted: Any) -> list[UUID]:
            return sorted(ids(await collect(rig, 1, sort=sort, **wanted)))

        assert await found(finished_after=after) == jobs[1:]
        assert await found(finished_before=before) == jobs[:3]
        assert await found(finished_after=after, finished_before=before) == jobs[1:3]
        assert await found(finished_after=after, finished_before=before, states=(State.DEAD,)) == [jobs[1]]
        assert await found(finished_after=after, states=(State.COMPLETED, State.RUNNING)) == [jobs[3]]
        assert await found(finished_after=NOON, finished_before=NOON + timedelta(seconds=10)) == jobs[:1]
        assert await found(finished_after=after, states=(State.PENDING,)) == []

    async def test_a_search_without_time_says_how_far_it_came(self, rig: Rig) -> None:
        needle = await rig.put("needle")
        await rig.enqueue(*(rig.job("straw") for _ in range(120)))
        query = JobFilter(task="needle")
        page = await rig.store.jobs.list_jobs(query, limit=2, before=None, seconds=0)
        assert (page.items, page.looked_at, page.complete) == ([], FIRST_LOOK, False)
        assert page.next is not None
        again = await rig.store.jobs.list_rows(query, limit=2, before=page.next, seconds=0)
        assert (again.items, again.looked_at, again.complete) == ([], FIRST_LOOK, False)
        last = await rig.store.jobs.list_jobs(query, limit=2, before=again.next, seconds=0)
        assert (ids(last.items), last.looked_at, last.complete, last.next) == ([needle.id], 21, True, None)
        for sort in Sort:
            assert ids(await collect(rig, 2, task="needle", sort=sort, seconds=0)) == [needle.id]
            straws = await collect(rig, 30, task="straw", sort=sort, seconds=0)
            assert len({view.id for view in straws}) == 120
        full = await rig.store.jobs.list_jobs(JobFilter(), limit=2, before=None, seconds=0)
        assert (len(full.items), full.complete) == (2, True)

    async def test_a_row_shows_the_beginning_of_arguments_and_error(self, rig: Rig) -> None:
        long = "ü" * 290 + "\U0001f9ea" * 50
        args = {"text": long, "number": 12345678901234567890}
        error = {"type": "Wrong", "message": long * 3, "traceback": "x" * 16_000}
        held = await rig.running(args=args, tags=("red", "b ü"))
        await rig.apply(held, Discarded(msgspec.json.encode(error)))
        [row] = (await rig.store.jobs.list_rows(JobFilter(), limit=5, before=None)).items
        assert row.args_preview == msgspec.json.encode(args).decode()[:299] + "…"
        assert row.error == ErrorHead("Wrong", (long * 3)[:299] + "…")
        assert (row.tags, row.state, row.worker) == (("red", "b ü"), State.DEAD, str((await rig.view(held.id)).worker))

    async def test_an_empty_list_ends_at_once(self, rig: Rig) -> None:
        page = await rig.store.jobs.list_jobs(JobFilter(), limit=5, before=None)
        assert (page.items, page.next) == ([], None)
        page = await rig.store.jobs.list_jobs(JobFilter(), limit=5, before=uuid7(1, 1))
        assert page.items == []

    # ----------------------------------------------------------------------------------------------- counts

    async def test_counts_are_exact(self, rig: Rig) -> None:
        jobs = await fill(rig)
        await rig.enqueue(*(rig.job(queue="a") for _ in range(17)))
        stats = await rig.store.stats.count("default")
        assert stats.exact
        assert stats.as_of == rig.clock.now()
        expected = {state.value: len(pair) for state, pair in jobs.items()}
        expected["pending"] += 17
        assert {state: count for state, count in stats.states.items() if count} == expected
        live = {"pending": 1, "running": 1, "retrying": 1, "scheduled": 1}
        queues = {view.name: _live(view.states) for view in stats.queues}
        assert queues == {"a": {**live, "pending": 18}, "b": live}

    async def test_counts_follow_every_move(self, rig: Rig) -> None:
        await _counts(rig, {})
        await rig.put()
        await _counts(rig, {"pending": 1})
        held = await rig.claim_one()
        await _counts(rig, {"running": 1})
        await rig.apply(held, Failed(ERROR))
        await _counts(rig, {"retrying": 1})
        await rig.after(60)
        await rig.apply(await rig.claim_one(), Succeeded(b"1"))
        await _counts(rig, {"completed": 1})
        await rig.store.jobs.delete("default", held.id)
        await _counts(rig, {})

    async def test_counts_of_an_empty_store(self, rig: Rig) -> None:
        stats = await rig.store.stats.count("default")
        assert (sum(stats.states.values()), stats.queues, stats.exact) == (0, [], True)


def _live(states: dict[str, int]) -> dict[str, int]:
    return {state: count for state, count in states.items() if count and not State(state).final}


async def _counts(rig: Rig, expected: dict[str, int]) -> None:
    counted = (await rig.store.stats.count("default")).states
    assert {state: count for state, count in counted.items() if count} == expected
