"""What the API says of the jobs, in the checker's words."""

from __future__ import annotations

import asyncio
import time
from datetime import datetime
from typing import Any

import httpx
from tests.chaos.evidence import Attempt, Job, Line, Sighting

API = "/api/v1"
LIVE = "scheduled,pending,running,retrying"
PAGE = 500


def sighting(item: dict[str, Any]) -> Sighting:
    """Return an ended job as it was seen just now."""
    return Sighting(
        job=item["id"],
        state=item["state"],
        reason=item["reason"],
        attempt=item["attempt"],
        finished_at=_unix(item["finished_at"]) or 0.0,
        at=time.monotonic(),
    )


async def live_jobs(http: httpx.AsyncClient, front: str) -> list[dict[str, Any]] | None:
    """Return some jobs that have not ended; None where there was no answer."""
    try:
        answer = await http.get(f"{front}{API}/jobs", params={"state": LIVE, "limit": 20})
    except httpx.TransportError:
        return None
    if answer.status_code != 200:
        return None
    page = answer.json()
    # A page may be empty and not the last one.
    return page["items"] or ([{}] if page["next"] is not None else [])


async def all_jobs(http: httpx.AsyncClient, front: str, ledger: list[Line]) -> list[Job]:
    """Return every job, with its attempts where the ledger does not tell its whole story."""
    items: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        page = (await _get(http, f"{front}{API}/jobs", {"limit": PAGE, **cursor})).json()
        items += page["items"]
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    told: dict[str, list[str]] = {}
    for line in ledger:
        told.setdefault(line.job, []).append(line.event)
    room = asyncio.Semaphore(8)

    async def job(item: dict[str, Any]) -> Job:
        if _is_plain(item, told.get(item["id"], [])):
            return _job(item, None)
        async with room:
            detail = (await _get(http, f"{front}{API}/jobs/{item['id']}", {})).json()
        return _job(detail, tuple(Attempt(one["lease_no"], one["outcome"]) for one in detail["attempts"]))

    return list(await asyncio.gather(*(job(item) for item in items)))


def _is_plain(item: dict[str, Any], events: list[str]) -> bool:
    once = (item["attempt"], item["crashes"], item["losses"]) == (1, 0, 0)
    return item["state"] == "completed" and once and events == ["start", "end"]


async def _get(http: httpx.AsyncClient, url: str, params: dict[str, Any]) -> httpx.Response:
    answer = await http.get(url, params=params)
    answer.raise_for_status()
    return answer


def _job(item: dict[str, Any], attempts: tuple[Attempt, ...] | None) -> Job:
    return Job(
        id=item["id"],
        key=item["args"].get("key", ""),
        task=item["task"],
        state=item["state"],
        reason=item["reason"],
        attempt=item["attempt"],
        max_attempts=item["max_attempts"],
        crashes=item["crashes"],
        losses=item["losses"],
        created_at=_unix(item["created_at"]) or 0.0,
        finished_at=_unix(item["finished_at"]),
        unique=item["unique_key"],
        result=item["result"],
        attempts=attempts,
    )


def _unix(text: str | None) -> float | None:
    return None if text is None else datetime.fromisoformat(text).timestamp()
