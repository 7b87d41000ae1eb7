"""The load: an open loop that offers jobs at a fixed rate over REST, and the closed one that finds out what fits."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable

import httpx
from tests.soak.programs import Programs

TEXT = "x" * 60
JOB = {"task": "soak.tick", "args": {"number": 7, "text": TEXT, "tags": ["a", "b"]}}
#: Jobs of one request.
BATCH = 100
#: Requests under way at once.
SENDERS = 4
#: While capacity is measured, this many jobs may wait: the worker never starves, and claims stay what they are.
MOST_WAITING = 2_000


class Load:
    """Sends jobs and keeps the client's books.

    Args:
        programs: where to send them.
        http: a client.
    """

    def __init__(self, programs: Programs, http: httpx.AsyncClient) -> None:
        self._programs = programs
        self._http = http
        self._body = json.dumps({"jobs": [JOB] * BATCH}).encode()
        self.acknowledged = 0
        self.unknown = 0
        self.refused = 0

    async def send(self) -> None:
        """Store one batch."""
        try:
            answer = await self._http.post(
                f"{self._programs.api_url}/api/v1/jobs/bulk",
                content=self._body,
                headers={"content-type": "application/json"},
            )
        except httpx.HTTPError:
            self.unknown += BATCH
            return
        if answer.status_code == 201:
            self.acknowledged += answer.json()["created"]
        else:
            self.refused += BATCH

    async def run_one(self) -> None:
        """Store one job and wait for its end."""
        api = f"{self._programs.api_url}/api/v1/jobs"
        answer = await self._http.post(api, json=JOB)
        answer.raise_for_status()
        self.acknowledged += 1
        state = (await self._http.get(f"{api}/{answer.json()['id']}?wait=20")).json()["state"]
        if state != "completed":
            raise RuntimeError(f"a job alone on the machine is {state} after 20 s")

    async def offer(self, rate: float, until: Callable[[], bool]) -> float:
        """Offer jobs at a rate, in batches spread evenly, and return how many seconds that took.

        Requests that find all senders busy are sent as soon as one is free, but never more than a second's worth: a
        machine that stood still is not paid back with a flood.
        """
        began = time.monotonic()
        due = began
        sending: set[asyncio.Task[None]] = set()
        while not until():
            now = time.monotonic()
            due = max(due, now - 1.0)
            if now < due:
                await asyncio.sleep(due - now)
            while len(sending) >= SENDERS:
                _, sending = await asyncio.wait(sending, return_when="FIRST_COMPLETED")
            sending.add(asyncio.create_task(self.send()))
            due += BATCH / rate
        await asyncio.gather(*sending)
        return time.monotonic() - began

    async def capacity(self, seconds: float) -> float:
        """Keep the worker busy, enqueueing included, and return jobs per second over the last two thirds."""
        marks: list[tuple[float, float]] = []
        until = time.monotonic() + seconds
        base = (await self._programs.counters(self._http)).processed - self.acknowledged
        room = asyncio.Event()
        over = False

        async def feed() -> None:
            while not over:
                await room.wait()
                await self.send()

        feeders = [asyncio.create_task(feed()) for _ in range(SENDERS)]
        while time.monotonic() < until:
            processed = (await self._programs.counters(self._http)).processed - base
            marks.append((time.monotonic(), processed))
            if self.acknowledged - processed < MOST_WAITING:
                room.set()
            else:
                room.clear()
            await asyncio.sleep(0.05)
        over = True
        room.set()
        await asyncio.gather(*feeders)
        first = marks[len(marks) // 3]
        return (marks[-1][1] - first[1]) / (marks[-1][0] - first[0])
