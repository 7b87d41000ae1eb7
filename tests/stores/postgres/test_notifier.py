"""When NOTIFY is sent: at once after a pause, ever more rarely under load (ADR 5)."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest

from taskflowmq.stores.postgres import PostgresOptions, PostgresStore, notifier
from taskflowmq.stores.postgres.notifier import LONGEST_INTERVAL_S, PostgresNotifier
from taskflowmq.stores.postgres.pool import Pool
from taskflowmq.testing.waiting import wait_until


class Sent:
    """A pool that counts statements, and a time that only tests move."""

    def __init__(self) -> None:
        self.count = 0
        self.now = 100.0

    async def fetch(self, _sql: str, _queues: list[str]) -> None:
        self.count += 1

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> Sent:
    made = Sent()
    monkeypatch.setattr(notifier, "time", made)
    return made


async def ask(sent: Sent, one: PostgresNotifier, after: float) -> int:
    """Wake a queue ``after`` seconds and return how often NOTIFY was sent so far."""
    sent.now += after
    await one.wake(["default"])
    one._sooner.set()  # the waker's own timer goes by real time
    for _ in range(6):
        await asyncio.sleep(0)
    return sent.count


async def test_load_is_told_ten_times_a_second_and_a_caller_who_pauses_each_time(sent: Sent) -> None:
    one = PostgresNotifier(cast(Pool, cast(Any, sent)), PostgresOptions())
    assert await ask(sent, one, 1.0) == 1
    for _ in range(400):  # two seconds
        await ask(sent, one, 0.005)
    assert 10 <= sent.count <= 2.0 / LONGEST_INTERVAL_S + 6
    for _ in range(5):  # a caller who waits for each job: what was sent before does not hold them up
        before = sent.count
        assert await ask(sent, one, 0.024) == before + 1
    await one.close()


async def test_the_last_one_of_a_burst_is_told_when_its_interval_is_over(sent: Sent) -> None:
    one = PostgresNotifier(cast(Pool, cast(Any, sent)), PostgresOptions())
    await ask(sent, one, 1.0)
    assert await ask(sent, one, 0.001) == 1
    sent.now += 0.01
    await wait_until(lambda: sent.count == 2, what="the wake-up that was held back")
    await one.close()


async def test_names_that_nobody_asks_for_any_more_are_forgotten(sent: Sent) -> None:
    one = PostgresNotifier(cast(Pool, cast(Any, sent)), PostgresOptions())
    for number in range(200):
        sent.now += 0.001
        await one.wake([f"queue-{number}"])
        await asyncio.sleep(0)
    await ask(sent, one, 1.0)
    assert len(one._asked) <= 2
    assert len(one._woken) <= 2
    await one.close()


@pytest.mark.postgres
async def test_who_enters_while_the_last_one_leaves_hears(store: PostgresStore) -> None:
    one = store.notifier
    first = one.listen([])
    await first.__aenter__()
    leaving = asyncio.create_task(first.__aexit__(None, None, None))
    await asyncio.sleep(0)  # it waits for its reader to end
    async with one.listen([]) as heard, asyncio.timeout(10):
        await leaving
        await one.wake(["mail"])
        assert await anext(heard) == "mail"
