"""Counts that are small are exact and fresh; those that are large are counted beside the answers."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from taskflowmq.core.errors import StoreUnavailable
from taskflowmq.ports.store import QueueView, StoreStats
from taskflowmq.stores.common import counting
from taskflowmq.stores.common.counting import EXACT_BELOW, Counts
from taskflowmq.testing.waiting import wait_until

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


class Jobs:
    """Counts what it is told there is; counting to the end can be held up."""

    def __init__(self, **states: int) -> None:
        self.states = states
        self.whole = 0
        self.at = NOON
        self.go_on = asyncio.Event()
        self.go_on.set()
        self.error: Exception | None = None

    async def count(self, _tenant: str | None, most: int | None) -> StoreStats:
        found = {state: n if most is None else min(n, most) for state, n in self.states.items()}
        at = self.at
        if most is None:
            self.whole += 1
            await self.go_on.wait()
            if self.error is not None:
                raise self.error
        queue = QueueView(tenant="t", name="default", states=dict(found), oldest_ready_age=None)
        return StoreStats(states=found, queues=[queue], as_of=at, exact=most is not None)


class Time:
    def __init__(self) -> None:
        self.at = 1000.0

    def monotonic(self) -> float:
        return self.at


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Time:
    """The time by which counts grow old."""
    made = Time()
    monkeypatch.setattr(counting, "time", made)
    return made


async def test_small_counts_are_counted_for_each_answer_and_never_to_the_end(time: Time) -> None:
    jobs = Jobs(pending=3, completed=EXACT_BELOW)
    counts = Counts(jobs.count)
    for pending in (3, 2, 1):
        jobs.states["pending"] = pending
        stats = await counts.count("t")
        assert (stats.states, stats.exact) == ({"pending": pending, "completed": EXACT_BELOW}, True)
    assert jobs.whole == 0


async def test_large_counts_are_kept_and_small_ones_beside_them_are_fresh(time: Time) -> None:
    jobs = Jobs(pending=3, completed=50_000)
    counts = Counts(jobs.count)
    stats = await counts.count("t")
    assert (stats.states, stats.exact, stats.as_of) == ({"pending": 3, "completed": 50_000}, False, NOON)
    jobs.states = {"pending": 7, "completed": 60_000}
    assert (await counts.count("t")).states == {"pending": 3, "completed": 50_000}
    counts.forget()
    stats = await counts.count("t")
    assert stats.states == {"pending": 7, "completed": 50_000}
    assert stats.queues[0].states == {"pending": 7, "completed": 50_000}
    assert jobs.whole == 1
    time.at += counting.KEPT_S
    assert (await counts.count("t")).states == {"pending": 7, "completed": 60_000}


async def test_a_queue_whose_jobs_are_only_counted_to_the_end_is_not_left_out(time: Time) -> None:
    async def count(tenant: str | None, most: int | None) -> StoreStats:
        jobs = {"b": 30_000, "a": 30_000} if most is None else {"b": most}
        queues = [
            QueueView(tenant="t", name=name, states={"scheduled": n}, oldest_ready_age=None) for name, n in jobs.items()
        ]
        return StoreStats(states={"scheduled": sum(jobs.values())}, queues=queues, as_of=NOON, exact=most is not None)

    stats = await Counts(count).count("t")
    assert [(queue.name, queue.states) for queue in stats.queues] == [
        ("a", {"scheduled": 30_000}),
        ("b", {"scheduled": 30_000}),
    ]


async def test_nobody_waits_for_a_count_who_has_one_that_is_not_too_old(
    time: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs = Jobs(completed=50_000)
    counts = Counts(jobs.count)
    await counts.count("t")
    jobs.go_on.clear()
    jobs.states, jobs.at = {"completed": 60_000}, NOON + timedelta(minutes=1)
    for _ in range(3):
        time.at += counting.KEPT_S
        stats = await asyncio.wait_for(counts.count("t"), 30)
        assert (stats.states, stats.as_of) == ({"completed": 50_000}, NOON)
    assert jobs.whole == 2
    time.at += counting.OLDEST_S
    waits: list[float | None] = []
    wait = asyncio.wait

    async def noted(tasks: Any, *, timeout: float | None) -> Any:
        waits.append(timeout)
        return await wait(tasks, timeout=timeout)

    monkeypatch.setattr(asyncio, "wait", noted)
    asked = asyncio.create_task(counts.count("t"))
    await wait_until(lambda: waits, what="the wait for the count")
    assert waits == [None], "an answer that is too old is not good enough"
    jobs.go_on.set()
    assert (await asked).states == {"completed": 60_000}
    assert jobs.whole == 2


async def test_a_long_count_is_seldom_repeated(time: Time) -> None:
    jobs = Jobs(completed=50_000)

    async def count(tenant: str | None, most: int | None) -> StoreStats:
        if most is None:
            time.at += 1.0
        return await jobs.count(tenant, most)

    counts = Counts(count)
    for _ in range(19):
        await counts.count("t")
        time.at += counting.KEPT_S / 2
    assert jobs.whole == 1
    time.at += counting.SHARE
    await counts.count("t")
    await wait_until(lambda: jobs.whole == 2, what="the next count")


async def test_a_count_that_fails_is_told_to_those_who_have_none(time: Time) -> None:
    jobs = Jobs(completed=50_000)
    counts = Counts(jobs.count)
    jobs.error = StoreUnavailable("gone")
    with pytest.raises(StoreUnavailable):
        await counts.count("t")
    jobs.error = None
    assert (await counts.count("t")).states == {"completed": 50_000}


async def test_those_who_ask_first_share_one_count_and_closing_ends_it(time: Time) -> None:
    jobs = Jobs(completed=50_000)
    jobs.go_on.clear()
    counts = Counts(jobs.count)
    asked: list[asyncio.Task[Any]] = [asyncio.create_task(counts.count("t")) for _ in range(3)]
    await wait_until(lambda: jobs.whole == 1, what="the count")
    await counts.close()
    for answer in await asyncio.gather(*asked, return_exceptions=True):
        assert isinstance(answer, StoreUnavailable)
    assert jobs.whole == 1
