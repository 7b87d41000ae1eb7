"""A request is answered at the deadline for the store, however many others wait for the same."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest
from tests.server.conftest import connected, declare

from taskflowmq import StoreUnavailable, TaskFlow
from taskflowmq.telemetry.prometheus import PrometheusTelemetry
from taskflowmq.testing.waiting import wait_until

SECONDS, SLACK = 0.3, 6.0
JOB = "01a201e9-42cf-792f-a853-bf220f4c2167"
#: So many of each at once: one after the other they would take forty deadlines.
MANY = 40
REQUESTS: dict[str, tuple[str, str, Any]] = {
    "enqueue": ("POST", "/jobs", {"task": "greet", "args": {"name": "Ada"}}),
    "a unique one": ("POST", "/jobs", {"task": "greet", "args": {"name": "Ada"}, "unique_key": "k"}),
    "one that is not known here": ("POST", "/jobs", {"task": "never-heard-of", "args": {}}),
    "bulk": ("POST", "/jobs/bulk", {"jobs": [{"task": "greet", "args": {"name": "Ada"}}]}),
    "job": ("GET", f"/jobs/{JOB}", None),
    "jobs": ("GET", "/jobs", None),
    "stats": ("GET", "/jobs/stats", None),
    "tasks": ("GET", "/tasks", None),
    "queues": ("GET", "/queues", None),
    "workers": ("GET", "/workers", None),
    "pause": ("POST", "/queues/greetings/pause", None),
    "cancel": ("POST", f"/jobs/{JOB}/cancel", None),
}


async def opened(app: TaskFlow) -> bool:
    """Open an app; False if this machine takes longer than the deadline for it."""
    try:
        await app.aopen()
    except StoreUnavailable:
        return False
    return True


async def silence(*_args: Any, **_options: Any) -> Any:
    await asyncio.Event().wait()


#: Reads take turns: so many of them wait for ten deadlines.
PATIENT = ("job", "jobs", "stats", "tasks", "queues", "workers")


@pytest.mark.parametrize(
    "request_",
    [pytest.param(REQUESTS[name], id=name, marks=[pytest.mark.slow] * (name in PATIENT)) for name in REQUESTS],
)
@pytest.mark.slow
async def test_a_store_that_does_not_answer_costs_a_request_one_deadline(
    request_: tuple[str, str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = TaskFlow(f"sqlite:///{tmp_path}/jobs.db", telemetry=PrometheusTelemetry(), store_timeout=SECONDS)
    declare(app)
    method, path, body = request_
    await wait_until(lambda: opened(app), what="the store to be open")
    async with app, connected(app) as client:
        for part in (app.store.intake, app.store.jobs, app.store.queues, app.store.stats, app.store.workers):
            for name in dir(part):
                if not name.startswith("_") and asyncio.iscoroutinefunction(getattr(part, name)):
                    monkeypatch.setattr(part, name, silence)
        began = time.monotonic()
        answers = await asyncio.gather(*(client.request(method, f"/api/v1{path}", json=body) for _ in range(MANY)))
        assert time.monotonic() - began < SECONDS + SLACK
        assert {answer.status_code for answer in answers} == {503}
        assert {answer.json()["code"] for answer in answers} == {"store_unavailable"}
        monkeypatch.undo()
    await app.aclose()
