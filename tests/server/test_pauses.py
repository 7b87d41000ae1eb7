"""A pause over REST: by whom, why, and which reasons are refused."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from tests.server.conftest import KEY, Connect

PAUSE = "/api/v1/queues/mail/pause?create=true"


async def test_a_pause_is_shown_with_who_and_why(connect: Connect) -> None:
    client: httpx.AsyncClient = await connect(api_keys=(f"operator:{KEY}",))
    client.headers["authorization"] = f"Bearer {KEY}"
    paused = (await client.post(PAUSE, json={"reason": " mail provider is down "})).json()
    assert paused["paused"] is True
    assert paused["paused_by"].startswith("key:")
    assert paused["reason"] == "mail provider is down"
    (listed,) = (await client.get("/api/v1/queues")).json()["items"]
    shown = ("paused_at", "paused_by", "reason")
    assert [listed[name] for name in shown] == [paused[name] for name in shown]
    again = (await client.post(PAUSE)).json()
    assert [again[name] for name in shown] == [paused[name] for name in shown]
    resumed = (await client.post("/api/v1/queues/mail/resume")).json()
    assert [resumed[name] for name in ("paused", *shown)] == [False, None, None, None]


@pytest.mark.parametrize("body", [None, {}, {"reason": None}, {"reason": "  "}])
async def test_a_reason_may_be_left_out(reader: httpx.AsyncClient, body: Any) -> None:
    paused = await reader.post(PAUSE, json=body)
    assert (paused.status_code, paused.json()["paused_by"], paused.json()["reason"]) == (200, "local", None)


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"reason": "x" * 501}, "/reason"),
        ({"reason": "two\nlines"}, "/reason"),
        ({"reason": 7}, "/reason"),
        ({"cause": "deploy"}, "/cause"),
        (["deploy"], "/"),
    ],
)
async def test_a_wrong_body_pauses_nothing(reader: httpx.AsyncClient, body: Any, pointer: str) -> None:
    refused = await reader.post(PAUSE, json=body)
    assert refused.status_code == 422
    assert [error["pointer"] for error in refused.json()["errors"]] == [pointer]
    assert (await reader.get("/api/v1/queues")).json()["items"] == []
