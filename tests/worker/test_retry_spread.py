"""Many jobs that fail at once do not come back at once (RELIABILITY F47)."""

from __future__ import annotations

import time
from collections.abc import Sequence
from itertools import pairwise

import pytest
from tests.worker.conftest import MakeWorker
from tests.worker.fakes import FakeStore, FakeTasks

from taskflowmq import TaskFlow
from taskflowmq.core.job import State
from taskflowmq.core.retry import SPREAD_MAX_MS, Retry, spread_delay_ms
from taskflowmq.core.transitions import Transition
from taskflowmq.ports.store import Settled
from taskflowmq.testing.waiting import wait_until
from taskflowmq.worker.settling.retry_spread import RetrySpread

JOBS = 1_000


def busiest_second(moments: Sequence[float]) -> int:
    """Return how many moments lie in the fullest window of one second."""
    ordered, first, most = sorted(moments), 0, 0
    for last, moment in enumerate(ordered):
        while ordered[first] < moment - 1.0:
            first += 1
        most = max(most, last - first + 1)
    return most


async def fail() -> None:
    raise ConnectionError("what everybody needs is away")


async def delays_of(store: FakeStore, tasks: FakeTasks, make_worker: MakeWorker, count: int) -> list[float]:
    """Let so many jobs fail as fast as they can, once, and return the seconds that each waits for its second try."""
    name = tasks.add(fail, retry=Retry(max_attempts=2))
    rows = [store.put(name) for _ in range(count)]
    await make_worker().start()
    await store.until(lambda: store.count(State.RETRYING) == count)
    return [row.last.delay_ms / 1000 for row in rows]


async def test_a_thousand_that_fail_in_a_second_come_back_at_a_fifth_of_that_and_never_early(
    store: FakeStore, tasks: FakeTasks, make_worker: MakeWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    # All in one moment, however long this machine takes for them.
    monkeypatch.setattr(
        "taskflowmq.worker.settling.completer.RetrySpread", lambda _monotonic: RetrySpread(lambda: 100.0)
    )
    delays = await delays_of(store, tasks, make_worker, JOBS)
    assert min(delays) >= 1.0, "a retry came before the base delay"
    assert busiest_second(delays) <= JOBS / 5
    assert max(delays) <= 1.0 * 1.1 + SPREAD_MAX_MS / 1000


async def test_a_handful_waits_as_its_policy_says(store: FakeStore, tasks: FakeTasks, make_worker: MakeWorker) -> None:
    delays = await delays_of(store, tasks, make_worker, 5)
    assert all(1.0 <= delay <= 1.1 for delay in delays)


def test_the_more_fail_the_longer_is_the_time_they_are_spread_over() -> None:
    spans = [spread_delay_ms(failures, 0.999_999) for failures in range(200)]
    assert spans[:6] == [0] * 6
    assert all(later >= earlier for earlier, later in pairwise(spans))
    assert spans[-1] == SPREAD_MAX_MS
    assert spread_delay_ms(1_000_000, 0.0) == 0


@pytest.mark.slow
async def test_the_whole_way_through_a_store_and_its_stager(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    app = TaskFlow(sqlite_url)
    failed: dict[int, float] = {}
    again: dict[int, float] = {}
    due: list[float] = []

    @app.task(retry=Retry(max_attempts=2))
    async def flaky(n: int) -> None:
        if n not in failed:
            failed[n] = time.monotonic()
            raise ConnectionError("what everybody needs is away")
        again[n] = time.monotonic()

    async with app:
        claims = app.store.claims
        settle = claims.settle

        async def noted(transitions: Sequence[Transition]) -> list[Settled]:
            retried = [one for one in transitions if one.to is State.RETRYING]
            due.extend(time.monotonic() + one.delay_ms / 1000 for one in retried)
            return await settle(transitions)

        monkeypatch.setattr(claims, "settle", noted)
        await app.aenqueue_many([flaky.job(n) for n in range(JOBS)])
        async with app.worker():
            await wait_until(lambda: len(again) == JOBS, 90, what="the second tries")
    assert min(again[n] - failed[n] for n in range(JOBS)) >= 1.0
    # When they are due: a machine that stood still runs them later, and many of them at once.
    print(f"busiest second: {busiest_second(due)} of {len(due)}")
    assert len(due) == JOBS
    assert busiest_second(due) <= JOBS / 5
