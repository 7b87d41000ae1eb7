"""Staging costs what is due, not what is stored (RELIABILITY F19); TEST_WAITING_ROWS=1000000 lets a million wait."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import time

import pytest
from tests.stores.sqlite.conftest import new_job
from tests.stores.sqlite.test_plans import plan

from taskflowmq.core.ids import uuid7
from taskflowmq.stores.sqlite import SqliteStore

pytestmark = pytest.mark.slow

WAITING, DUE = int(os.environ.get("TEST_WAITING_ROWS", "100000")), 10
MOST_S = 0.02
#: Steps of SQLite's machine for a batch, counted in hundreds; a scan of the waiting ones takes several thousand.
MOST_STEPS = 150
DAY_US = 86_400_000_000


def let_many_wait(conn: sqlite3.Connection) -> None:
    """Insert in the order of the tree and of its index."""
    now, chance = time.time_ns() // 1000, os.urandom(8)
    low = int.from_bytes(chance, "big")
    conn.executemany(
        """INSERT INTO taskflow_waiting (job_id, why, due_at, round, attempt, crashes, losses, lease_no, flags)
           VALUES (?, 'scheduled', ?, 1, 0, 0, 0, 0, 0)""",
        ((uuid7(now + n, low).bytes, now + DAY_US + n) for n in range(WAITING)),
    )
    conn.execute("ANALYZE")


async def stage(store: SqliteStore) -> tuple[int, float, int]:
    """Stage what is due; return how much that was, the seconds of processor time, and the hundreds of steps."""
    steps = 0

    def tick() -> None:
        nonlocal steps
        steps += 1

    for thread in (store._writer, store._reader):
        await thread.run(lambda conn: conn.set_progress_handler(tick, 100))
    began = time.process_time()
    staged = await store.upkeep.stage_due(1000)
    took = time.process_time() - began
    for thread in (store._writer, store._reader):
        await thread.run(lambda conn: conn.set_progress_handler(None, 100))
    return staged.staged, took, steps


async def test_ten_due_jobs_among_very_many_are_staged_by_index_in_no_time(store: SqliteStore) -> None:
    await store._writer.run(let_many_wait)
    await store.close()
    await store.open()  # new connections read the new statistics
    due = await plan(store, "list_due_jobs")
    assert any("USING COVERING INDEX taskflow_waiting_due" in step or "USING INDEX taskflow_waiting_due" in step
               for step in due), due  # fmt: skip
    assert not any("TEMP B-TREE" in step for step in due), due
    runs = []
    for _ in range(5):
        await store.intake.enqueue([new_job(delay_ms=1) for _ in range(DUE)])
        runs.append(await stage(store))
    staged = sum(staged for staged, _, _ in runs)
    async with asyncio.timeout(10):  # the disk may be faster than the millisecond until they are due
        while staged < 5 * DUE:
            staged += (await stage(store))[0]
    assert staged == 5 * DUE
    print(f"staging {DUE} of {WAITING:,}: {min(took for _, took, _ in runs) * 1000:.2f} ms")
    assert min(took for staged, took, _ in runs if staged) <= MOST_S
    assert max(steps for _, _, steps in runs) <= MOST_STEPS
    # Nothing is due any more: the look that every poll takes.
    assert (await stage(store))[2] <= 1
