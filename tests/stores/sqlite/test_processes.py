"""Several real processes on one file: nobody sees a lock, nobody starves, every job starts once (F45)."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from tests.stores.sqlite.conftest import new_job

from taskflowmq.stores.sqlite import SqliteStore

_JOBS = 6_000
_PROCESSES = 3

#: Claims and settles until nothing is left; says which jobs it started.
_WORKER = """
import asyncio, json, sys
from taskflowmq.core.transitions import Succeeded, decide
from taskflowmq.stores.sqlite import SqliteStore
from tests.stores.sqlite.conftest import claim, new_job, new_worker

async def main():
    store = SqliteStore(sys.argv[1])
    await store.open()
    worker = await new_worker(store)
    print("ready", flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
    started = []
    while jobs := await claim(store, worker, 20):
        started += [str(job.id) for job in jobs]
        await store.claims.settle([decide(job, Succeeded(b"1"), rand=0) for job in jobs])
        await store.intake.enqueue([new_job("other")])
    await store.close()
    print(json.dumps(started))

asyncio.run(main())
"""


def start_child(script: str, path: Path) -> subprocess.Popen[str]:
    """Run a script on a database in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-c", script, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )


@pytest.mark.slow
async def test_processes_share_the_work_and_never_see_a_lock(path: Path) -> None:
    store = SqliteStore(path)
    await store.open()
    for _ in range(_JOBS // 1000):
        await store.intake.enqueue([new_job() for _ in range(1000)])
    children = [start_child(_WORKER, path) for _ in range(_PROCESSES)]
    for child in children:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n", child.stderr and child.stderr.read()
    slow = sqlite3.connect(path, isolation_level=None)
    slow.execute("BEGIN IMMEDIATE")
    for child in children:
        assert child.stdin is not None
        child.stdin.write("go\n")
        child.stdin.flush()
    # A slow writer: everybody waits for it, nobody fails. This read takes a while by itself.
    await store.upkeep.check()
    slow.execute("ROLLBACK")
    slow.close()
    started = []
    for child in children:
        out, err = child.communicate(timeout=120)
        assert child.returncode == 0, err
        assert "locked" not in err
        started.append(json.loads(out))
    shares = [len(ids) for ids in started]
    everything = [job_id for ids in started for job_id in ids]
    assert len(everything) == len(set(everything)) == _JOBS
    assert min(shares) > _JOBS / _PROCESSES / 4, shares
    states = (await store.stats.count("default")).states
    assert (states["completed"], states["running"]) == (_JOBS, 0)
    assert await store.upkeep.check() == []
    await store.close()
