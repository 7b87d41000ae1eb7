"""A body process that dies in a job: the operator reads how it ended, whichever of its ends is seen first."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import pytest

from taskflowmq.core.job import ClaimedJob
from taskflowmq.testing.waiting import wait_until
from taskflowmq.worker.running import process_pool
from taskflowmq.worker.running.frames import READY, Frame, pack
from taskflowmq.worker.running.process_pool import Body, ProcessPool
from taskflowmq.worker.running.run import Run

PROGRAM = Path(__file__).with_name("closes_its_pipe.py")
COUNTS = (1, 1, 0, 0, 1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
JOB = ClaimedJob(UUID(int=1), "task", b"{}", "default", 0, "default", 0.0, (), *COUNTS, EPOCH, EPOCH, None, 1, None)
RUN = Run(JOB, cast(Any, None), cast(Any, None))


async def started(processes: list[asyncio.subprocess.Process], stdout: int | None = None) -> tuple[ProcessPool, Body]:
    """Start a body process that closes its pipe."""

    async def launch(fd: int) -> asyncio.subprocess.Process:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-IS", PROGRAM, str(fd), pack(Frame(READY, b"")).hex(),
            stdin=asyncio.subprocess.PIPE, stdout=stdout, pass_fds=(fd,), start_new_session=True,
        )  # fmt: skip
        processes.append(process)
        return process

    pool = ProcessPool(launch, 1, 30, lambda: False)
    return pool, await pool.acquire()


def told(body: Body) -> str:
    message: str = json.loads(body.crash_error())["message"]
    return message


async def test_a_process_whose_pipe_ends_before_itself_is_reported_with_its_own_end() -> None:
    processes: list[asyncio.subprocess.Process] = []
    reader, writer = os.pipe()
    pool, body = await started(processes, writer)
    os.close(writer)
    (process,) = processes
    assert process.stdin is not None
    running = asyncio.create_task(body.run(RUN))
    await wait_until(lambda: body.jobs and body._runs is None, what="the end of the pipe")
    process.stdin.close()
    assert await running is None
    assert told(body) == "the process of this job ended with exit code 7"
    with os.fdopen(reader, "rb") as output:
        assert output.read() == b"", "what it had started has ended, too"
    pool.release(body)
    await pool.close()


async def test_a_process_that_continues_without_its_pipe_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process_pool, "EXIT_SECONDS", 0.01)
    pool, body = await started([])
    assert await body.run(RUN) is None
    assert told(body) == "the process of this job closed its pipe and continued to run, so it was killed"
    pool.release(body)
    await pool.close()


async def test_one_that_is_asked_to_end_meanwhile_is_killed_at_once() -> None:
    pool, body = await started([])
    running = asyncio.create_task(body.run(RUN))
    await wait_until(lambda: body.jobs and body._runs is None, what="the end of the pipe")
    body.end()
    assert await running is None
    assert told(body) == "the process of this job ended with signal SIGKILL"
    pool.release(body)
    await pool.close()
