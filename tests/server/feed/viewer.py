"""A reader of a live feed, as a page is one."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import httpx

Event = tuple[str, Any]
EVENTS = "/api/v1/events"
#: Everything is awaited at most this long, in seconds.
WITHIN_S = 30.0


def short(job_id: UUID) -> str:
    """Return an id as streams take it."""
    return base64.urlsafe_b64encode(job_id.bytes).decode().rstrip("=")


def listed(job_ids: Iterable[UUID]) -> str:
    """Return ids as the value of ``ids``."""
    return ",".join(short(job_id) for job_id in job_ids)


class Viewer:
    """One open stream.

    Attributes:
        seen: the events that came, in their order.
    """

    def __init__(self, answer: httpx.Response) -> None:
        self.answer = answer
        self.seen: list[Event] = []
        self._lines = answer.aiter_lines()
        self._name = ""

    async def next(self) -> Event:
        """Return the next event; ``("end", None)`` when the stream has ended."""
        async for line in self._lines:
            if line.startswith("event: "):
                self._name = line.removeprefix("event: ")
            elif line.startswith("data: "):
                found = (self._name, json.loads(line.removeprefix("data: ")))
                self.seen.append(found)
                return found
        return "end", None

    async def until(self, name: str, fits: Callable[[Any], object] = lambda _: True) -> Any:
        """Return the data of the first event to come that has this name and fits."""
        try:
            async with asyncio.timeout(WITHIN_S):
                while True:
                    found, data = await self.next()
                    if found == name and fits(data):
                        return data
                    assert found != "end", f"the stream ended before {name}; seen: {self.seen}"
        except TimeoutError as error:
            raise AssertionError(f"no {name} came that fits; seen: {self.seen}") from error

    async def job(self, job_id: UUID, state: str) -> Any:
        """Return a job's row once it is in a state."""
        rows = await self.until("jobs", lambda rows: any(_is(row, job_id, state) for row in rows))
        return next(row for row in rows if _is(row, job_id, state))


def _is(row: Any, job_id: UUID, state: str) -> bool:
    return row["id"] == str(job_id) and row.get("state") == state


@asynccontextmanager
async def viewing(client: httpx.AsyncClient, **params: Any) -> AsyncIterator[Viewer]:
    """Open a stream, which must be accepted, and close it at the end."""
    async with client.stream("GET", EVENTS, params=params, timeout=WITHIN_S) as answer:
        if answer.status_code != 200:
            raise AssertionError((await answer.aread()).decode())
        viewer = Viewer(answer)
        assert (await viewer.next())[0] == "hello"
        yield viewer
