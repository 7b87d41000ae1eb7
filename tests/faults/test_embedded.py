"""A worker inside a program: it kills what must be killable, and its end is bounded whatever hangs."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from pathlib import Path

import pytest
from tests.faults.proxy import Proxy
from tests.faults.rig import ROOT, SLACK
from tests.mortal import mortal

from taskflowmq import TaskFlow, WrongContext
from taskflowmq.bootstrap import parent
from taskflowmq.testing.waiting import wait_until
from taskflowmq.worker.worker import CANCEL_SECONDS, LAST_FLUSH_SECONDS

pytestmark = pytest.mark.slow

PROGRAM = ROOT / "tests" / "faults" / "embedded.py"
DRAIN, GRACE = 0.5, 1.0


async def test_process_tasks_run_in_processes_and_the_programs_end_is_bounded(sqlite_url: str, tmp_path: Path) -> None:
    log = tmp_path / "log"
    with log.open("wb") as err:
        process = await asyncio.create_subprocess_exec(
            *mortal([sys.executable, str(PROGRAM)]),
            cwd=tmp_path,
            env={**os.environ, "TASKFLOW_DATABASE_URL": sqlite_url},
            stdout=asyncio.subprocess.PIPE,
            stderr=err,
        )
    try:
        async with asyncio.timeout(100):
            out, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
    assert process.returncode == 0, log.read_text()
    assert "the loop has ended" in log.read_text()
    told = json.loads(out)
    body, its_parent = told["who"]
    assert body != told["pid"]
    assert its_parent == told["pid"]
    # Each body was stopped or left behind, and its job given back with its attempt.
    assert told["states"] == [["pending", 0]] * 4
    assert told["drained"] < DRAIN + GRACE + SLACK


async def test_process_tasks_that_no_process_could_find_are_refused_at_the_start(sqlite_url: str) -> None:
    app = TaskFlow(sqlite_url)

    @app.task(process=True)
    def hidden() -> None:
        return None

    with pytest.raises(WrongContext, match="hidden cannot be imported"):
        await app.worker().start()


async def test_a_body_process_starts_no_worker_of_its_own(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parent, "_body", True)
    with pytest.raises(WrongContext, match="__main__"):
        await TaskFlow(sqlite_url).worker().start()


@pytest.mark.postgres
async def test_a_drain_is_bounded_when_the_database_swallows_everything(postgres_url: str) -> None:
    proxy = Proxy(postgres_url)
    app = TaskFlow(await proxy.start())
    done = asyncio.Event()

    @app.task
    async def hello() -> None:
        done.set()

    await app.aopen()
    worker = app.worker(drain_timeout=DRAIN, poll=0.05)
    await worker.start()
    await hello.aenqueue()
    await done.wait()
    health = worker.health
    await wait_until(lambda: (found := health()) is not None and found.running == found.backlog == 0)
    proxy.swallow()
    began = time.monotonic()
    await worker.drain()
    drained = time.monotonic() - began
    proxy.cut()
    await app.aclose()
    await proxy.close()
    # The last words and the parts have their time, and everything a second to hear that it is cancelled.
    assert drained < DRAIN + GRACE + 2 * LAST_FLUSH_SECONDS + 3 * CANCEL_SECONDS + SLACK
    print(f"drained in {drained:.1f} s beside a database that swallows everything")
