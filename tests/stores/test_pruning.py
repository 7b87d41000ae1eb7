"""The walk of the pruner: everything that is due is found, and what stays is not looked at again and again."""

from __future__ import annotations

from uuid import UUID

from taskflowmq.stores import pruning
from taskflowmq.stores.pruning import Stretch, Walk

RETENTION_MS = 1_000_000
PASS_MS = RETENTION_MS // 100


class Ended:
    """Ended jobs by id, and when each finished; None for one that stays."""

    def __init__(self, finished: dict[int, int | None]) -> None:
        self.finished = finished
        self.now_ms = 0
        self.looked = 0
        self.walk = Walk()

    async def look(self, after: UUID, size: int) -> Stretch:
        since = self.now_ms - RETENTION_MS
        seen = [n for n in sorted(self.finished) if after.int < n <= since][:size]
        self.looked += len(seen)
        due = [UUID(int=n) for n in seen if (at := self.finished[n]) is not None and at <= since]
        return Stretch(due, len(seen), UUID(int=seen[-1]) if seen else None)

    async def prune(self, now_ms: int, most: int = 1000) -> list[int]:
        """Prune once, as a store does, and return what went."""
        self.now_ms = now_ms
        due = await self.walk.next_due(self.look, now_ms=now_ms, kept_ms=RETENTION_MS, most=most)
        for job_id in due:
            del self.finished[job_id.int]
        return [job_id.int for job_id in due]


async def test_all_that_is_due_is_found_a_batch_at_a_time() -> None:
    jobs = Ended({n: None if n % 3 else n for n in range(1, 31)})
    found = []
    while gone := await jobs.prune(RETENTION_MS + 30, most=4):
        assert len(gone) <= 4
        found += gone
    assert found == list(range(3, 31, 3))


async def test_those_that_stay_are_looked_at_once_per_pass() -> None:
    jobs = Ended(dict.fromkeys(range(1, 5001)))
    began = RETENTION_MS + 10_000
    for now_ms in range(began, began + PASS_MS, PASS_MS // 10):
        assert await jobs.prune(now_ms) == []
    assert jobs.looked == 5000
    await jobs.prune(began + PASS_MS)
    assert jobs.looked == 10_000


async def test_what_becomes_due_behind_those_goes_at_once_and_what_ended_late_with_the_next_pass() -> None:
    jobs = Ended({1: None, 2: 500, 3: 3, 600: 600})
    assert await jobs.prune(RETENTION_MS + 10) == [3]
    assert await jobs.prune(RETENTION_MS + 600) == [600]
    assert await jobs.prune(RETENTION_MS + 600) == []
    assert await jobs.prune(RETENTION_MS + 10 + PASS_MS) == [2]


async def test_a_pass_through_very_many_is_taken_up_again() -> None:
    """One call looks at so many at most; a long retention's pass may take longer than the time between two."""
    per_call = pruning.STRETCH + 4 * pruning.STRETCH + 6 * pruning.LONGEST
    jobs = Ended({**dict.fromkeys(range(1, per_call + 100)), per_call + 100: 7})
    now_ms = RETENTION_MS + per_call + 100
    assert await jobs.prune(now_ms) == []
    assert jobs.looked == per_call
    assert await jobs.prune(now_ms + 10 * PASS_MS) == [per_call + 100]


async def test_a_clock_that_went_back_begins_again() -> None:
    jobs = Ended({5: 5})
    assert await jobs.prune(9 * RETENTION_MS) == [5]
    jobs.finished[4] = 4
    assert await jobs.prune(8 * RETENTION_MS) == [4]
