"""Readiness of the server and of a worker: what the probes answer, and that an outage of hours is two log lines."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from tests.server.conftest import connected

from taskflowmq import TaskFlow
from taskflowmq.core.errors import SchemaMismatch, StoreUnavailable
from taskflowmq.server.probes import create_probes
from taskflowmq.server.settings import ServerSettings
from taskflowmq.telemetry.prometheus import PrometheusTelemetry

PROBES = 5
#: Seconds in which a store that answers has answered, however busy the machine is.
PATIENCE = 60.0


class Node:
    """What the probes ask about."""

    def __init__(self) -> None:
        self.failure: Exception | None = None
        self.claims = True
        self.hangs = False

    async def ping(self, *_: object) -> float:
        if self.hangs:
            await asyncio.Event().wait()
        if self.failure is not None:
            raise self.failure
        return 0.0

    async def working(self) -> bool:
        await self.ping()
        return self.claims


@asynccontextmanager
async def server_probes(
    app: TaskFlow, node: Node, monkeypatch: pytest.MonkeyPatch, seconds: float = PATIENCE
) -> AsyncIterator[httpx.AsyncClient]:
    monkeypatch.setattr(type(app.store), "ping", node.ping)
    monkeypatch.setattr("taskflowmq.server.api.services.READY_SECONDS", 0.0)
    async with connected(app, ready_seconds=seconds) as client:
        yield client


@asynccontextmanager
async def worker_probes(
    app: TaskFlow, node: Node, monkeypatch: pytest.MonkeyPatch, seconds: float = PATIENCE
) -> AsyncIterator[httpx.AsyncClient]:
    monkeypatch.setattr("taskflowmq.server.probes.READY_SECONDS", 0.0)
    settings = ServerSettings(ready_seconds=seconds)
    gate = create_probes(node.working, app.store.stats.count_all, PrometheusTelemetry(), settings)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=gate), base_url="http://localhost") as client:
        yield client


@pytest.fixture
def seconds() -> float:
    """How long a probe waits for the store."""
    return PATIENCE


@pytest.fixture(params=[server_probes, worker_probes], ids=["server", "worker"])
async def probed(
    request: pytest.FixtureRequest, app: TaskFlow, monkeypatch: pytest.MonkeyPatch, seconds: float
) -> AsyncIterator[tuple[Node, httpx.AsyncClient]]:
    node = Node()
    async with request.param(app, node, monkeypatch, seconds) as client:
        yield node, client


async def ask(client: httpx.AsyncClient, times: int = PROBES) -> Any:
    """Probe several times, and return the answer that they agree on."""
    answers = [await client.get("/health/ready") for _ in range(times)]
    (agreed,) = {(answer.status_code, answer.json().get("code", "")) for answer in answers}
    assert agreed[0] != 503 or all(answer.headers["retry-after"] == "1" for answer in answers)
    return agreed


def lines(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str]]:
    found = [record for record in caplog.records if record.name == "taskflowmq.server"]
    assert not any(record.exc_info for record in found)
    caplog.clear()
    return [(record.levelname, record.getMessage()) for record in found]


@pytest.mark.parametrize(
    "failure", [StoreUnavailable("PostgreSQL: connection refused"), SchemaMismatch("the schema is of version 99")]
)
async def test_an_outage_is_one_line_when_it_begins_and_one_when_it_ends(
    failure: Exception, probed: tuple[Node, httpx.AsyncClient], caplog: pytest.LogCaptureFixture
) -> None:
    node, client = probed
    with caplog.at_level(logging.INFO, logger="taskflowmq"):
        assert await ask(client) == (200, "")
        assert lines(caplog) == []
        for _ in range(2):
            node.failure = failure
            assert await ask(client) == (503, getattr(failure, "code", None))
            assert lines(caplog) == [("WARNING", f"not ready: {failure}")]
            node.failure = None
            assert await ask(client) == (200, "")
            assert lines(caplog) == [("INFO", "ready again")]


@pytest.mark.parametrize("seconds", [0.05])
async def test_a_store_that_hangs_is_away(
    probed: tuple[Node, httpx.AsyncClient], caplog: pytest.LogCaptureFixture
) -> None:
    node, client = probed
    node.hangs = True
    assert await ask(client, 2) == (503, "store_unavailable")
    assert lines(caplog) == [("WARNING", "not ready: the store did not respond in time")]


async def test_an_error_that_nobody_foresaw_is_not_taken_for_an_outage(
    probed: tuple[Node, httpx.AsyncClient], caplog: pytest.LogCaptureFixture
) -> None:
    node, client = probed
    node.failure = RuntimeError("a mistake of ours")
    assert await ask(client, 1) == (500, "internal_error")
    (record,) = [record for record in caplog.records if record.name == "taskflowmq.server"]
    assert record.exc_info is not None


async def test_a_worker_whose_children_do_not_claim_is_not_ready_and_says_so_once(
    app: TaskFlow, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    node = Node()
    node.claims = False
    async with worker_probes(app, node, monkeypatch) as client:
        assert await ask(client) == (503, "not_working")
    assert [text.partition(":")[2][:21] for _, text in lines(caplog)] == [" No child claims jobs"]
