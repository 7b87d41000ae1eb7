"""``taskflow jobs show --follow``: a line per change, until the job ends."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from tests.cli.conftest import Cli
from tests.cli.test_commands import NOBODY, _work

from taskflowmq import TaskFlow
from taskflowmq.cli.follow import follow
from taskflowmq.core.feed import JobProbe
from taskflowmq.core.job import State


def test_a_job_is_followed_to_its_end(cli: Cli, url: str) -> None:
    job_id = cli("enqueue", "test", '{"seconds": 0.0}').out.strip()
    _work(url)
    shown = cli("jobs", "show", job_id, "--follow")
    first, rest = shown.out.split("\n", 1)
    assert " completed  attempt 1  worker " in first
    assert rest == cli("jobs", "show", job_id).out
    moved, shown_last = map(json.loads, cli("jobs", "show", job_id, "--follow", "--json").out.splitlines())
    assert (moved["id"], moved["state"], moved["gone"]) == (job_id, "completed", False)
    assert shown_last["job"]["id"] == job_id
    assert cli("jobs", "show", NOBODY, "--follow").code == 4


async def test_each_change_of_a_followed_job_is_told_once(url: str) -> None:
    async with TaskFlow(url) as app:

        @app.task
        async def step() -> None:
            return None

        handle = await step.using(delay=600).aenqueue()
        told: list[State] = []
        acts: list[asyncio.Task[Any]] = []

        def tell(probe: JobProbe) -> None:
            told.append(probe.state)
            if probe.state is State.SCHEDULED:
                acts.append(asyncio.create_task(app.jobs.aretry(handle.id)))
            elif probe.state is State.PENDING:
                acts.append(asyncio.create_task(app.worker().arun_until_idle()))

        async with asyncio.timeout(60):
            await follow(app, handle.id, tell)
        await asyncio.gather(*acts)
        assert [state for state in told if state is not State.RUNNING] == [
            State.SCHEDULED,
            State.PENDING,
            State.COMPLETED,
        ]
