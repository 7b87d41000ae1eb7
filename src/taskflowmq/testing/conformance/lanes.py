"""In which order lanes are served: strict priority, then the queues of one priority in turn, then shares in turn."""

from __future__ import annotations

from collections import Counter
from uuid import UUID

import pytest

from taskflowmq.core.ids import uuid7
from taskflowmq.testing.conformance.support import Rig, StoreSuite, ids

QUEUES = ("one", "two")


async def _fill(rig: Rig, queue: str, count: int, *, priority: int = 0, share: str = "") -> None:
    await rig.enqueue(*(rig.job(queue=queue, priority=priority, share=share) for _ in range(count)))


async def _queues_of_claims(rig: Rig, worker: UUID, count: int, queues: tuple[str, ...] = ()) -> list[str]:
    """Claim one job after the other, and return from which queues they came."""
    return [(await rig.claim_one(worker, queues=queues)).queue for _ in range(count)]


class TestLanes(StoreSuite):
    """Claims.claim: from which lane."""

    async def test_priority_goes_before_the_turns_of_queues(self, rig: Rig) -> None:
        late = [await rig.put(queue="one", priority=50) for _ in range(4)]
        soon = [await rig.put(queue="two", priority=-50) for _ in range(4)]
        worker = await rig.worker()
        found = [(await rig.claim_one(worker, queues=QUEUES)).id for _ in range(8)]
        assert found == ids(soon + late)

    async def test_a_batch_takes_nothing_before_what_is_more_urgent(self, rig: Rig) -> None:
        for queue in ("one", "two", "three"):
            for priority in (3, 1, 2):
                await _fill(rig, queue, 2, priority=priority)
        worker = await rig.worker()
        found = [job.priority for limit in (4, 9, 5) for job in await rig.claim(worker, limit)]
        assert found == [1] * 6 + [2] * 6 + [3] * 6

    async def test_the_order_in_which_queues_are_named_makes_no_difference(self, rig: Rig) -> None:
        names = ("one", "two", "three")
        found = []
        for named in (names, names[::-1], ()):
            for queue in names:
                await _fill(rig, queue, 3)
            found.append(await _queues_of_claims(rig, await rig.worker(), 9, named))
        assert found[0] == found[1] == found[2]
        assert Counter(found[0][:3]) == Counter(names)

    @pytest.mark.parametrize(("limit", "claims"), [(1, 12), (7, 12), (100, 6)])
    async def test_full_queues_share_evenly_whatever_a_claim_takes(self, rig: Rig, limit: int, claims: int) -> None:
        for queue in QUEUES:
            await _fill(rig, queue, limit * claims // 2 + limit)
        worker, taken = await rig.worker(), Counter[str]()
        for _ in range(claims):
            found = await rig.claim(worker, limit, queues=QUEUES)
            assert len(found) == limit
            taken.update(job.queue for job in found)
            assert abs(taken["one"] - taken["two"]) <= limit
        assert taken["one"] == taken["two"]

    async def test_a_queue_with_little_costs_the_others_no_turn(self, rig: Rig) -> None:
        """What one of them leaves of a claim goes to both others, not always to the one behind it."""
        full, taken = ("ant", "cow"), Counter[str]()
        for queue in full:
            await _fill(rig, queue, 60)
        worker = await rig.worker()
        for _ in range(12):
            await rig.put(queue="bee")
            taken.update(job.queue for job in await rig.claim(worker, 6))
        assert taken["bee"] >= 11, "it waits for one claim at most"
        assert abs(taken["ant"] - taken["cow"]) <= 6

    async def test_claims_of_another_priority_take_no_turn_away(self, rig: Rig) -> None:
        for queue in QUEUES:
            await _fill(rig, queue, 8)
        worker, taken = await rig.worker(), Counter[str]()
        for _ in range(8):
            urgent = await rig.put(queue="one", priority=-1)
            assert (await rig.claim_one(worker)).id == urgent.id
            taken[(await rig.claim_one(worker)).queue] += 1
        assert taken == {"one": 4, "two": 4}

    async def test_claims_that_find_nothing_take_no_turn_away(self, rig: Rig) -> None:
        for queue in QUEUES:
            await _fill(rig, queue, 8)
        worker, taken = await rig.worker(), Counter[str]()
        for _ in range(8):
            assert await rig.claim(worker, queues=("empty",)) == []
            taken[(await rig.claim_one(worker)).queue] += 1
        assert taken == {"one": 4, "two": 4}

    @pytest.mark.parametrize("limit", [1, 100])
    async def test_a_share_with_many_jobs_does_not_hold_up_one_with_a_single_job(self, rig: Rig, limit: int) -> None:
        for _ in range(10):
            await _fill(rig, "default", 1000, share="large")
        worker = await rig.worker()
        assert len(await rig.claim(worker, limit)) == limit
        lone = await rig.put(share="small")
        second, third = await rig.claim(worker, limit), await rig.claim(worker, limit)
        assert lone.id in ids([*second, *third])
        assert len(second) == len(third) == limit

    async def test_shares_take_turns_within_the_turns_of_their_queue(self, rig: Rig) -> None:
        shares: dict[UUID, tuple[str, str]] = {}
        for queue, share in (("one", ""), ("one", "a"), ("one", "b"), ("two", "")):
            jobs = [rig.job(queue=queue, share=share) for _ in range(20)]
            await rig.enqueue(*jobs)
            shares |= dict.fromkeys(ids(jobs), (queue, share))
        worker = await rig.worker()
        taken = Counter([shares[(await rig.claim_one(worker)).id] for _ in range(24)])
        assert taken == {("one", ""): 4, ("one", "a"): 4, ("one", "b"): 4, ("two", ""): 12}

    async def test_new_lanes_join_the_turn(self, rig: Rig) -> None:
        """They are served at once, and make up for nothing: the others do not stand still for them."""
        await _fill(rig, "one", 40)
        worker = await rig.worker()
        assert set(await _queues_of_claims(rig, worker, 20)) == {"one"}
        await _fill(rig, "two", 20)
        found = await _queues_of_claims(rig, worker, 10)
        assert "two" in found[:2]
        assert Counter(found) == {"one": 5, "two": 5}
        await _fill(rig, "three", 20)
        found = await _queues_of_claims(rig, worker, 9)
        assert "three" in found[:3]
        assert max(Counter(found).values()) <= 4

    async def test_every_worker_has_turns_of_its_own(self, rig: Rig, other: Rig) -> None:
        for queue in QUEUES:
            await _fill(rig, queue, 20)
        first, second = await rig.worker(), await other.worker()
        for claimer, worker in ((rig, first), (other, second)):
            assert Counter(await _queues_of_claims(claimer, worker, 10)) == {"one": 5, "two": 5}

    async def test_the_jobs_ahead_of_one_are_those_that_are_claimed_before_it(self, rig: Rig) -> None:
        first, second, third = [await rig.put(priority=5) for _ in range(3)]
        for other in (
            {"queue": "two"},
            {"tenant": "blue"},
            {"priority": 6},
            {"delay_ms": 1_000},
            {"share": "x", "priority": 5},
        ):
            await rig.put(**other)
        urgent = [await rig.put(priority=-1), await rig.put(share="x", priority=0)]
        jobs = rig.store.jobs
        assert [await jobs.count_ahead("default", one.id) for one in (first, second, third)] == [
            (2, True),
            (3, True),
            (4, True),
        ]
        assert await jobs.count_ahead("default", urgent[0].id) == (0, True)
        worker = await rig.worker()
        assert {job.id for job in await rig.claim(worker, 2, queues=("default",))} == set(ids(urgent))
        assert await jobs.count_ahead("default", third.id) == (2, True)

    async def test_the_count_of_jobs_ahead_ends_at_a_limit(self, rig: Rig) -> None:
        await _fill(rig, "default", 3, priority=-1)
        await rig.put()
        last = await rig.put()
        found = [await rig.store.jobs.count_ahead("default", last.id, most=most) for most in (2, 3, 4, 5)]
        assert found == [(2, False), (3, False), (4, True), (4, True)]

    async def test_nothing_is_ahead_of_what_is_not_ready(self, rig: Rig) -> None:
        later, gone = await rig.put(delay_ms=60_000), await rig.completed()
        held = await rig.running()
        foreign = await rig.put(tenant="blue")
        for job_id in (later.id, gone, held.id, foreign.id, uuid7(1, 1)):
            assert await rig.store.jobs.count_ahead("default", job_id) is None
        assert await rig.store.jobs.count_ahead("blue", foreign.id) == (0, True)
