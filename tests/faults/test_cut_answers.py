"""The server dies, or its answer is cut off, between the commit and the client: one job per key (RELIABILITY F7)."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import time
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
import pytest
from tests.faults.line import Server
from tests.faults.rig import PATIENCE, Rig

from taskflowmq.testing.waiting import wait_until

pytestmark = pytest.mark.slow

SEED = 20_261_122
#: More than the 500 that must have been cut after the commit: a kill also takes requests that were not answered yet.
ROUNDS = 540
AT_ONCE = 16
#: After so many rounds the server is killed: when the first byte of an answer is there, or at any moment before.
KILLS = {90: "answered", 250: "any", 410: "answered"}


class Rounds:
    """Clients that are cut off and ask again."""

    def __init__(self, server: Server, broken: str, client: httpx.AsyncClient) -> None:
        self._server = server
        self._broken = broken
        self._client = client
        self._room = asyncio.Semaphore(AT_ONCE)
        self.done = 0
        #: The ids that each key was answered with.
        self.ids: list[set[str]] = []

    async def one(self, number: int) -> None:
        """Ask through the line, which breaks, and then directly, with the same key; every fourth client asks again."""
        body = {"task": "quick", "args": {"n": number}}
        headers = {"Idempotency-Key": str(uuid4())}
        async with self._room:
            await self._cut_off(json.dumps(body).encode(), headers["Idempotency-Key"])

            async def again() -> httpx.Response | None:
                try:
                    answer = await self._client.post(f"{self._server.url}/api/v1/jobs", json=body, headers=headers)
                except httpx.TransportError:  # killed for another round
                    return None
                return answer if answer.status_code == 201 else None

            times = 2 if number % 4 == 0 else 1
            answers = [(await wait_until(again, PATIENCE, what="the job")).json() for _ in range(times)]
            assert all(answer["args"] == body["args"] for answer in answers)
            self.ids.append({answer["id"] for answer in answers})
            self.done += 1

    async def _cut_off(self, body: bytes, key: str) -> None:
        """Send a request and see its answer break off before it says anything."""
        at = urlsplit(self._broken)
        reader, writer = await asyncio.open_connection(at.hostname, at.port)
        head = f"POST /api/v1/jobs HTTP/1.1\r\nHost: {at.netloc}\r\nContent-Type: application/json\r\n"
        head += f"Idempotency-Key: {key}\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body)
        with contextlib.suppress(ConnectionError):
            assert b"\r\n\r\n" not in await reader.read()
        writer.close()


async def test_an_answer_that_is_cut_off_500_times_has_stored_each_job_once(rig: Rig) -> None:
    server = Server(rig, random.Random(SEED))
    await server.start()
    began = time.monotonic()
    async with server.line() as broken, httpx.AsyncClient(timeout=15) as client, asyncio.TaskGroup() as group:
        rounds = Rounds(server, broken, client)
        for number in range(ROUNDS):
            group.create_task(rounds.one(number))
        for done, when in KILLS.items():
            await wait_until(lambda: rounds.done >= done, PATIENCE, what="progress")  # noqa: B023
            await server.kill(when)
    await rig.app.aopen()
    stored = sum((await rig.app.jobs.astats()).states.values())
    seconds = time.monotonic() - began
    print(
        f"F7: rounds {ROUNDS}, cut after the commit {server.cut}, kills {server.kills}, jobs {stored}, {seconds:.1f} s"
    )
    assert (stored, server.kills) == (ROUNDS, len(KILLS))
    assert server.cut >= 500
    assert [len(ids) for ids in rounds.ids] == [1] * ROUNDS, "a key was answered with two jobs"
    assert len(set.union(*rounds.ids)) == ROUNDS
    await rig.check()
