"""Four workers, a server that enqueues, and somebody who holds the file's lock for three seconds (RELIABILITY F45)."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import subprocess
from pathlib import Path

import pytest
from tests.stores.sqlite.conftest import new_job
from tests.stores.sqlite.test_processes import start_child

from taskflowmq.core.job import NewJob
from taskflowmq.stores.sqlite import SqliteStore

_JOBS = 5_000
_WORKERS = 4
_CALLERS = 16
_HELD_S = 3.0

#: Runs jobs as they come until its input ends, then what is left; says which jobs it started.
_WORKER = """
import asyncio, json, sys
from taskflowmq.core.transitions import Succeeded, decide
from taskflowmq.stores.sqlite import SqliteStore
from tests.stores.sqlite.conftest import claim, new_worker

async def main():
    store = SqliteStore(sys.argv[1])
    await store.open()
    worker = await new_worker(store)
    started = []
    async with store.notifier.listen((), ()) as names:
        woken = asyncio.ensure_future(anext(names))
        print("ready", flush=True)
        told = asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
        while (jobs := await claim(store, worker, 20)) or not told.done():
            started += [str(job.id) for job in jobs]
            await store.claims.settle([decide(job, Succeeded(b"1"), rand=0) for job in jobs])
            if not jobs:
                await asyncio.wait({woken}, timeout=0.1)
                if woken.done():
                    woken = asyncio.ensure_future(anext(names))
        woken.cancel()
    await store.close()
    print(json.dumps(started))

asyncio.run(main())
"""


async def _enqueue(store: SqliteStore, jobs: list[NewJob]) -> None:
    """Store jobs one by one from several callers, as a server does."""
    waiting = iter(jobs)

    async def caller() -> None:
        for job in waiting:
            assert (await store.intake.enqueue([job]))[0].created

    await asyncio.gather(*(caller() for _ in range(_CALLERS)))


async def _hold_the_lock(path: Path, store: SqliteStore, enqueuing: asyncio.Task[None]) -> None:
    """Keep the write lock while everybody wants it; nobody gets in and nobody fails."""
    slow = sqlite3.connect(path, isolation_level=None, timeout=60)
    slow.execute("BEGIN IMMEDIATE")
    before = (await store.stats.count("default")).states
    done, _ = await asyncio.wait([enqueuing], timeout=_HELD_S)
    assert not done
    assert (await store.stats.count("default")).states == before
    slow.execute("ROLLBACK")
    slow.close()


def _ask(child: subprocess.Popen[str]) -> list[str]:
    """Tell a worker to finish, and return the jobs that it started."""
    out, err = child.communicate("no more\n", timeout=100)
    assert child.returncode == 0, err
    assert "locked" not in err
    started: list[str] = json.loads(out)
    return started


@pytest.mark.slow
async def test_a_lock_that_is_held_for_long_surfaces_nowhere_and_starts_no_job_twice(path: Path) -> None:
    store = SqliteStore(path)
    await store.open()
    children = [start_child(_WORKER, path) for _ in range(_WORKERS)]
    for child in children:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n", child.stderr and child.stderr.read()
    jobs = [new_job() for _ in range(_JOBS)]
    await _enqueue(store, jobs[: _JOBS // 2])
    enqueuing = asyncio.create_task(_enqueue(store, jobs[_JOBS // 2 :]))
    await _hold_the_lock(path, store, enqueuing)
    await enqueuing
    loop = asyncio.get_running_loop()
    started = await asyncio.gather(*(loop.run_in_executor(None, _ask, child) for child in children))
    everything = [job_id for ids in started for job_id in ids]
    assert sorted(everything) == sorted(str(job.id) for job in jobs)
    states = (await store.stats.count("default")).states
    assert (states["completed"], states["pending"], states["running"]) == (_JOBS, 0, 0)
    assert await store.upkeep.check() == []
    await store.close()
