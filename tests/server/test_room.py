"""Writes, reads and waits keep out only their own kind; who hangs up holds nothing."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from tests.server.conftest import Connect
from tests.server.wire import dialled, head

from taskflowmq import TaskFlow
from taskflowmq.server.app import create_app
from taskflowmq.server.edge.body import Bodies, ClientGone, unless_gone
from taskflowmq.server.edge.gate import Gate
from taskflowmq.server.edge.problems import Problem
from taskflowmq.server.edge.room import MOST_OF_VISITOR, READS_AT_ONCE, Room, Seat
from taskflowmq.server.run import bind, serving
from taskflowmq.server.settings import ServerSettings
from taskflowmq.testing.waiting import wait_until

JOB = {"task": "anything"}


class Held:
    """An application that answers when it is let go."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.inside = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.inside += 1
        await self.open.wait()
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    @asynccontextmanager
    async def served(self, **settings: Any) -> AsyncIterator[httpx.AsyncClient]:
        """Give a client of a server with this application."""
        transport = httpx.ASGITransport(app=Gate(self, None, ServerSettings(**settings)))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            yield client


class Rung:
    """Streams that note when they are to look at the store."""

    def __init__(self) -> None:
        self.rings = 0

    def ring(self) -> None:
        self.rings += 1

    async def drain(self) -> None:
        """End nothing: there is none."""


async def test_streams_look_at_the_store_after_every_request_that_may_have_written() -> None:
    held, streams = Held(), Rung()
    held.open.set()
    transport = httpx.ASGITransport(app=Gate(held, None, ServerSettings(), streams=streams))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        for path in ("/api/v1/jobs", "/api/v1/queues"):
            await client.get(path)
        assert streams.rings == 0
        await client.post("/api/v1/jobs", json=JOB)
        await client.post("/api/v1/queues/a/pause")
        await client.delete("/api/v1/jobs/1")
        assert streams.rings == 3


async def test_beyond_what_it_can_take_a_write_is_refused_at_once_and_reads_and_probes_go_on() -> None:
    held = Held()
    async with held.served(max_in_flight=1) as client:
        first = asyncio.create_task(client.post("/api/v1/jobs", json=JOB))
        await wait_until(lambda: held.inside == 1, 20)
        refused = await client.post("/api/v1/jobs", json=JOB)
        assert (refused.status_code, refused.json()["code"]) == (503, "overloaded")
        assert refused.headers["content-type"] == "application/problem+json"
        assert int(refused.headers["retry-after"]) >= 1
        others = [asyncio.create_task(client.get(path)) for path in ("/health/live", "/health/ready", "/api/v1/jobs")]
        await wait_until(lambda: held.inside == 4, 20)
        held.open.set()
        assert {(await task).status_code for task in (first, *others)} == {204}
        assert (await client.post("/api/v1/jobs", json=JOB)).status_code == 204


async def test_reads_take_turns_and_a_write_waits_for_none_of_them() -> None:
    held = Held()
    async with held.served() as client:
        reads = [asyncio.create_task(client.get("/api/v1/jobs")) for _ in range(READS_AT_ONCE + 3)]
        await wait_until(lambda: held.inside == READS_AT_ONCE, 20)
        write = asyncio.create_task(client.post("/api/v1/jobs", json=JOB))
        await wait_until(lambda: held.inside == READS_AT_ONCE + 1, 20)
        held.open.set()
        assert (await write).status_code == 204
        assert {(await read).status_code for read in reads} == {204}


async def test_a_wait_holds_no_place_of_a_read_or_a_write(connect: Connect, app: TaskFlow) -> None:
    client = await connect(max_waits=1, max_waits_each=1)
    job = (await app.asend("anything")).id
    answers: dict[str, int] = {}

    async def ask(name: str, seconds: float) -> int:
        answers[name] = (await client.get(f"/api/v1/jobs/{job}", params={"wait": seconds})).status_code
        return answers[name]

    async def admitted() -> bool:
        return await ask("long", 30) == 200

    async def refused() -> bool:
        return await ask("short", 0.01) == 503

    long = asyncio.create_task(wait_until(admitted, 60))  # whoever comes first gets in
    await wait_until(refused, 20)
    for _ in range(READS_AT_ONCE):
        assert (await client.get("/api/v1/jobs")).status_code == 200
    assert (await client.post("/api/v1/jobs", json=JOB)).status_code == 201
    await app.jobs.acancel(job)
    await long
    assert await ask("long", 30) == 200


async def never() -> Any:
    """A client that neither sends nor hangs up."""
    await asyncio.Event().wait()


async def seated(room: Room, actor: str, work: Callable[[], Coroutine[Any, Any, int]]) -> int:
    async with Seat(room, never, actor) as seat:
        return await seat.waiting(work)


async def test_one_caller_cannot_take_the_whole_room_for_waits() -> None:
    room = Room(ServerSettings(max_waits=3, max_waits_each=2))
    ended = asyncio.Event()

    async def work() -> int:
        await ended.wait()
        return 1

    greedy = [asyncio.create_task(seated(room, "key:a", work)) for _ in range(2)]
    await wait_until(lambda: room.waits["key:a"] == 2)
    with pytest.raises(Problem, match="in progress"):
        await seated(room, "key:a", work)
    modest = asyncio.create_task(seated(room, "key:b", work))
    await wait_until(lambda: room.waits["key:b"] == 1)
    assert room.reads == 0
    ended.set()
    assert await asyncio.gather(*greedy, modest) == [1, 1, 1]
    assert (room.reads, room.waits, room.turns.locked()) == (0, {}, False)


async def test_an_address_of_visitors_takes_neither_all_turns_nor_the_whole_room() -> None:
    room, go_on = Room(ServerSettings()), asyncio.Event()
    reading: list[str] = []

    async def read(who: str, *, is_visitor: bool) -> None:
        async with Seat(room, never, who, is_visitor=is_visitor):
            reading.append(who)
            await go_on.wait()

    greedy = [asyncio.create_task(read("visitor a", is_visitor=True)) for _ in range(MOST_OF_VISITOR)]
    await wait_until(lambda: room.reads == MOST_OF_VISITOR)
    with pytest.raises(Problem, match="of this address are in progress") as refused:
        await read("visitor a", is_visitor=True)
    assert (refused.value.status, refused.value.headers) == (429, (("Retry-After", "1"),))
    others = [
        asyncio.create_task(read("visitor b", is_visitor=True)),
        asyncio.create_task(read("key:a", is_visitor=False)),
    ]
    await wait_until(lambda: len(reading) == READS_AT_ONCE)
    assert sorted(reading) == ["key:a", "visitor a", "visitor a", "visitor b"]
    go_on.set()
    await asyncio.gather(*greedy, *others)
    assert (room.reads, room.visitors, room.turns.locked(), len(reading)) == (0, {}, False, MOST_OF_VISITOR + 2)


async def test_work_for_a_client_that_hangs_up_ends() -> None:
    gone, ended = asyncio.Event(), asyncio.Event()

    async def receive() -> Any:
        await gone.wait()
        return {"type": "http.disconnect"}

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    asyncio.get_running_loop().call_soon(gone.set)
    async with asyncio.timeout(30):
        with pytest.raises(ClientGone):
            await unless_gone(receive, work())
        await ended.wait()


async def test_hundreds_of_waits_whose_clients_hung_up_leave_room_at_once_and_no_line(
    app: TaskFlow, caplog: pytest.LogCaptureFixture
) -> None:
    job = (await app.asend("anything")).id
    gate = create_app(app, ServerSettings(max_waits=200, max_waits_each=200))
    long = head(f"GET /api/v1/jobs/{job}?wait=30 HTTP/1.1", ("Host: localhost",))
    async with serving(gate, bind("127.0.0.1", 0)) as url, httpx.AsyncClient(base_url=url) as client:
        room = gate._room
        for _ in range(3):
            for _ in range(100):
                async with dialled(url) as (_, writer):
                    writer.write(long * 2)  # the one that waits is not the last of its connection
                    await writer.drain()
            assert (await client.post("/api/v1/jobs", json=JOB)).status_code == 201
        await wait_until(lambda: not room.waits and not room.reads)
        # Answered last: by then the others have been, too.
        assert (await client.get(f"/api/v1/jobs/{job}")).status_code == 200
    assert not [one for one in caplog.records if one.levelno >= logging.WARNING and one.name == "taskflowmq.server"]


def test_bodies_that_come_in_have_a_bound_together() -> None:
    bodies = Bodies(10)
    bodies.take(6)
    with pytest.raises(Problem, match="in progress"):
        bodies.take(5)
    bodies.give_back(6)
    bodies.take(10)
