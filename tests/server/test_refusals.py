"""Refused requests leave a line per address and minute and a count, and no key material (S20, W27)."""

from __future__ import annotations

import logging

import httpx
import pytest
from tests.server.conftest import KEY, Connect

from taskflowmq import TaskFlow, Unique
from taskflowmq.ports.telemetry import NoTelemetry
from taskflowmq.server.edge import refusals
from taskflowmq.server.edge.refusals import Refusals


class Counting(NoTelemetry):
    def __init__(self) -> None:
        self.count = 0

    def event(self, name: str, count: int = 1) -> None:
        assert name == "request_refused"
        self.count += count


def test_an_address_is_named_once_a_minute_with_how_often(caplog: pytest.LogCaptureFixture) -> None:
    now, counting = 1_000.0, Counting()
    noted = Refusals(counting, lambda: now)
    for _ in range(5):
        noted.note("203.0.113.9", "unauthorised", "r")
    noted.note("203.0.113.10", "unauthorised", "r")
    now += 60
    noted.note("203.0.113.9", "unauthorised", "r")
    assert [record.getMessage() for record in caplog.records] == [
        "request from 203.0.113.9 refused: unauthorised",
        "request from 203.0.113.10 refused: unauthorised",
        "request from 203.0.113.9 refused: unauthorised; 4 more since the last line",
    ]
    assert counting.count == 7


def test_many_addresses_share_a_line(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refusals, "MOST_ADDRESSES", 3)
    now = 1_000.0
    noted = Refusals(None, lambda: now)
    for n in range(100):
        noted.note(f"203.0.113.{n}", "unauthorised", "r")
    assert len(caplog.records) == 4
    assert "further addresses" in caplog.text
    now += 61
    noted.note("203.0.113.200", "unauthorised", "r")
    assert "203.0.113.200" in caplog.text


async def test_a_refused_key_is_noted_without_the_key(
    connect: Connect, app: TaskFlow, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    client: httpx.AsyncClient = await connect(peer="203.0.113.9", api_keys=(KEY,))
    wrong = "Zq8-wrong_key-4711-tY2uI6oP"
    for _ in range(3):
        answer = await client.get("/api/v1/jobs", headers={"Authorization": f"Bearer {wrong}"})
        assert answer.status_code == 401
    lines = [record for record in caplog.records if "refused" in record.getMessage()]
    assert [record.getMessage() for record in lines] == ["request from 203.0.113.9 refused: unauthorised"]
    assert wrong[4:] not in caplog.text
    metrics = await client.get("/metrics", headers={"Authorization": f"Bearer {KEY}"})
    assert 'taskflow_events_total{event="request_refused"} 3.0' in metrics.text


async def test_a_key_over_rest_never_takes_a_computed_one(reader: httpx.AsyncClient, app: TaskFlow) -> None:
    @app.task(unique=Unique())
    async def charge(order: int) -> None: ...

    target = (await app.aprepare("charge", {"order": 7})).unique
    assert target is not None
    taken = await reader.post("/api/v1/jobs", json={"task": "anything", "unique_key": target.key})
    assert (taken.status_code, taken.json()["unique_key"]) == (201, target.key)
    again = await reader.post("/api/v1/jobs", json={"task": "anything", "unique_key": target.key})
    assert (again.status_code, again.json()["id"], again.json()["unique_key"]) == (200, taken.json()["id"], target.key)
    assert (await charge.aenqueue(7)).created
    shown = await reader.get(f"/api/v1/jobs/{taken.json()['id']}")
    assert shown.json()["unique_key"] == target.key
