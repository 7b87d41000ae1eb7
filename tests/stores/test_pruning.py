"""The walk of the pruner: everything that is due is found, and what stays is not looked at again and again."""

from __future__ import annotations

from uuid import UUID

from taskflowmq.core.retention import NEVER, Retention
from taskflowmq.stores.common import pruning
from taskflowmq.stores.common.pruning import Rule, Stretch, Walk, Walks, longest_of, read_exceptions, rules_of

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


DAY = 86_400_000
ALL = Retention(completed_ms=7 * DAY, cancelled_ms=None, dead_ms=30 * DAY)


def test_without_exceptions_there_is_one_rule_for_each_state_that_goes() -> None:
    assert rules_of(ALL, {}, None) == [Rule("completed", 7 * DAY), Rule("dead", 30 * DAY)]
    assert longest_of(ALL, {}) == ALL


def test_a_longer_retention_is_left_out_of_the_general_rule_and_has_its_own() -> None:
    exceptions = {"completed": {1: DAY, 2: 90 * DAY, 3: NEVER, 4: DAY, 5: 7 * DAY}}
    assert rules_of(ALL, exceptions, None)[:3] == [
        Rule("completed", 7 * DAY, (2, 3)),
        Rule("completed", DAY, (1, 4), only=True),
        Rule("completed", 90 * DAY, (2,), only=True),
    ]
    assert longest_of(ALL, exceptions).completed_ms is None
    assert longest_of(ALL, {"completed": {1: DAY, 2: 90 * DAY}}).completed_ms == 90 * DAY


def test_a_finite_exception_from_for_ever_is_a_rule_of_its_own() -> None:
    exceptions = {"cancelled": {1: DAY}}
    assert Rule("cancelled", DAY, (1,), only=True) in rules_of(ALL, exceptions, None)
    assert longest_of(ALL, exceptions).cancelled_ms is None


def test_too_many_are_counted_out_but_the_dead_and_queues_of_their_own() -> None:
    rules = rules_of(ALL, {"completed": {9: DAY}}, 1000)
    assert [rule for rule in rules if rule.counted] == [
        Rule("completed", 1000, (9,), counted=True),
        Rule("cancelled", 1000, counted=True),
    ]
    assert not [rule for rule in rules_of(ALL, {}, 8 * DAY) if rule.counted and rule.state == "completed"]


def test_the_way_of_a_rule_that_counts_goes_on_while_its_age_moves() -> None:
    walks = Walks()
    first, later = Rule("completed", 1000, counted=True), Rule("completed", 2000, counted=True)
    assert walks.of(first) is walks.of(later)
    assert walks.of(first) is not walks.of(Rule("completed", 1000))


def test_what_is_stored_of_queues_is_read_by_state() -> None:
    assert read_exceptions([(1, '{"completed_ms":5}'), (2, '{"completed_ms":-1,"dead_ms":7}'), (3, "{}")]) == {
        "completed": {1: 5, 2: NEVER},
        "dead": {2: 7},
    }
