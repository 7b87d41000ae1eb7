"""A worker whose store goes away says so once, and once that it is back."""

from __future__ import annotations

import asyncio

import pytest
from tests.worker.conftest import MakeWorker
from tests.worker.fakes import FakeStore, FakeTasks

from taskflowmq.core.job import State
from taskflowmq.testing.waiting import wait_until


@pytest.mark.slow
async def test_an_outage_takes_two_lines_whatever_waits_for_the_store(
    store: FakeStore, tasks: FakeTasks, make_worker: MakeWorker, caplog: pytest.LogCaptureFixture
) -> None:
    gate = asyncio.Event()

    async def wait() -> None:
        await gate.wait()

    rows = [store.put(tasks.add(wait, name="wait")) for _ in range(4)]
    refused = 0
    check, check_async = store._check, asyncio.Event()

    def counting() -> None:
        nonlocal refused
        if store.away:
            refused += 1
            if refused > 12:
                check_async.set()
        check()

    store._check = counting  # type: ignore[method-assign]
    worker = make_worker(heartbeat=0.02, lease=20)
    await worker.start()
    await store.until(lambda: store.count(State.RUNNING) == 4)
    store.away = True
    gate.set()  # their outcomes wait, beside claims and the lease
    await asyncio.wait_for(check_async.wait(), 30)
    store.away = False
    await store.until(lambda: all(row.state is State.COMPLETED for row in rows))
    await wait_until(lambda: any("answers again" in line for line in caplog.messages))
    lines = [message for message in caplog.messages if message.startswith("the store ")]
    assert len(lines) == 2, lines
    assert lines[0].startswith("the store does not answer (")
    assert lines[0].endswith("): away")
    assert lines[1].startswith("the store answers again after ")
