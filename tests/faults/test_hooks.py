"""Hooks in children and in processes for bodies, under a supervisor and inside a program."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.faults import hooked
from tests.faults.rig import PATIENCE, ROOT, Rig, lines_of
from tests.mortal import mortal

from taskflowmq import TaskFlow
from taskflowmq.testing.waiting import wait_until

pytestmark = pytest.mark.slow

APP = "tests.faults.hooked:app"


@pytest.fixture
async def app(sqlite_rig: Rig) -> AsyncIterator[TaskFlow]:
    """The app with the hooks, on the database of the rig."""
    hooked.app.use_url(sqlite_rig.url)
    async with hooked.app:
        yield hooked.app


async def test_hooks_run_in_each_process_that_runs_bodies(sqlite_rig: Rig, app: TaskFlow) -> None:
    program = sqlite_rig.program(app=APP)
    jobs = [await task.aenqueue() for task in (hooked.in_process, hooked.in_thread, hooked.on_loop)]
    done = [await job.aresult(timeout=PATIENCE) for job in jobs]
    body = done[0].pop()
    assert done == [[name, True] for name in ("in_process", "in_thread", "on_loop")]
    await hooked.fails_in_process.aenqueue(7)
    await hooked.crashes_in_process.aenqueue()
    failing = {"fails_in_process", "crashes_in_process"}

    def both() -> bool:
        return {line["job"] for line in sqlite_rig.ledger() if line["event"] == "error"} >= failing

    await wait_until(both, PATIENCE, what="the reports of both failures")
    # That process may have been the only one.
    last = (await (await hooked.in_process.aenqueue()).aresult(timeout=PATIENCE))[-1]
    child = program.children()[0].pid
    program.signal(signal.SIGTERM)
    assert await program.wait() == 0

    seen = sqlite_rig.ledger()
    assert {line["pid"] for line in seen if line["event"] == "start"} >= {child, body}
    stops = [line for line in seen if line["event"] == "stop"]
    assert {line["pid"] for line in stops} >= {child, last}
    assert len(stops) == len({line["pid"] for line in stops})  # each once
    assert all(line["mine"] for line in stops)
    assert all(line["same"] for line in seen if line["event"] == "out")
    where = {line["job"]: line["pid"] for line in seen if line["event"] == "out"}
    assert (where["in_process"], where["in_thread"], where["on_loop"]) == (last, child, child)
    # The first of each: the job that crashes is tried again by a child of its own.
    errors = {line["job"]: line for line in reversed(seen) if line["event"] == "error"}
    assert errors.keys() == failing
    assert {line["pid"] for line in errors.values()} == {child}
    told = errors["fails_in_process"]
    assert (told["outcome"], told["kind"], told["args"]) == ("failed", "AttemptError: ValueError: no", {"n": 7})
    assert errors["crashes_in_process"]["outcome"] == "crashed"


async def test_a_start_hook_that_fails_is_tried_again_more_slowly_until_it_works(
    sqlite_rig: Rig, app: TaskFlow, tmp_path: Path
) -> None:
    broken = tmp_path / "ledger.broken"
    broken.touch()
    program = sqlite_rig.program(app=APP)
    job = await hooked.in_process.aenqueue()

    def starts() -> list[dict[str, object]]:
        return [line for line in sqlite_rig.ledger() if line["event"] == "start"]

    await wait_until(lambda: len(starts()) >= 3, PATIENCE, what="three starts")
    assert "this process cannot serve: the start hook tests.faults.hooked.begins failed" in program.log()
    assert "LookupError: no such service" in program.log()
    assert await job.astate() == "pending"
    broken.unlink()
    assert (await job.aresult(timeout=PATIENCE))[:2] == ["in_process", True]
    assert (await job.ajob()).counters.crashes == 0


async def test_a_process_for_bodies_whose_start_hook_fails_costs_its_job_nothing(
    sqlite_rig: Rig, app: TaskFlow, tmp_path: Path
) -> None:
    program = sqlite_rig.program(app=APP)
    assert await (await hooked.on_loop.aenqueue()).aresult(timeout=PATIENCE) == ["on_loop", True]
    broken = tmp_path / "ledger.broken"
    broken.touch()
    job = await hooked.in_process.aenqueue()
    await wait_until(lambda: "body process cannot serve" in program.log(), PATIENCE, what="the log line")
    broken.unlink()
    assert (await job.aresult(timeout=PATIENCE))[:2] == ["in_process", True]
    counters = (await job.ajob()).counters
    assert (counters.attempt, counters.crashes) == (1, 0)


def test_hooks_of_a_program_with_a_worker_inside_run_in_its_processes_too(sqlite_url: str, tmp_path: Path) -> None:
    ledger = tmp_path / "ledger"
    said = subprocess.run(
        mortal([sys.executable, str(ROOT / "tests" / "faults" / "hooked.py")]),
        env={**os.environ, "TASKFLOW_DATABASE_URL": sqlite_url, "TEST_LEDGER": str(ledger)},
        capture_output=True,
        text=True,
        timeout=80,
        check=False,
    )
    assert said.returncode == 0, said.stderr
    told = json.loads(said.stdout)
    tenant, has_state, body = told["done"]
    assert (tenant, has_state) == ("in_process", True)
    events = [(line["event"], line["pid"]) for line in lines_of(ledger.read_bytes())]
    assert sorted(events) == sorted(
        [("in", body), ("out", body), *((event, pid) for event in ("start", "stop") for pid in (body, told["pid"]))]
    )
