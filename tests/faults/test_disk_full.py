"""The database's disk is full, and has room again: refused, never lost (RELIABILITY F44)."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import sqlite3
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from uuid import UUID

import asyncpg
import httpx
import pytest
from tests.faults.line import listening
from tests.faults.rig import PATIENCE, SPEC, Program, Rig
from tests.faults.small_disk import SmallDisk

from taskflowmq import State
from taskflowmq.testing.postgres import PostgresServer
from taskflowmq.testing.waiting import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.root]

HEALED = 10.0
AT_ONCE = 16
#: More than this many refusals show that the disk is full, not that one request was unlucky.
REFUSALS = 16
#: A little more than a page, and nothing that could be compressed.
PADDING_BYTES = 4_000


@pytest.fixture
def disk() -> Iterator[SmallDisk]:
    made = SmallDisk()
    try:
        made.mount()
    except PermissionError as error:
        pytest.skip(f"F44, a full disk, did NOT run, it needs root: {error}")
    yield made
    made.unmount()


class Clients:
    """Clients that enqueue, and remember what they were told."""

    def __init__(self, url: str) -> None:
        self._url = f"{url}/api/v1/jobs"
        self._client = httpx.AsyncClient(timeout=30, limits=httpx.Limits(max_keepalive_connections=0))
        #: The jobs that were acknowledged.
        self.ids: list[UUID] = []
        self.answers: Counter[int] = Counter()

    async def one(self) -> int:
        """Enqueue a job and return the status. Anything but "stored" and "come back later" is an error."""
        body = {"task": "padded", "args": {"padding": secrets.token_hex(PADDING_BYTES // 2)}}
        answer = await self._client.post(self._url, json=body)
        self.answers[answer.status_code] += 1
        if answer.status_code == 201:
            self.ids.append(UUID(answer.json()["id"]))
        else:
            assert (answer.status_code, answer.json()["code"]) == (503, "store_unavailable"), answer.text
            assert int(answer.headers["Retry-After"]) >= 1
        return answer.status_code

    async def until_refused(self, times: int) -> None:
        """Enqueue, several at once, until so many more were refused."""
        goal = self.answers[503] + times

        async def go_on() -> None:
            while self.answers[503] < goal:
                await self.one()

        async with asyncio.timeout(60), asyncio.TaskGroup() as group:
            for _ in range(AT_ONCE):
                group.create_task(go_on())

    async def until_stored(self) -> float:
        """Enqueue until one is stored, and return the seconds that took."""
        began = time.monotonic()

        async def stored() -> bool:
            return await self.one() == 201

        await wait_until(stored, 2 * HEALED, what="a job that is stored")
        return time.monotonic() - began

    async def close(self) -> None:
        await self._client.aclose()


class Fleet:
    """A server, a worker and clients on one database, none of which may die."""

    def __init__(self, rig: Rig, server: Program, worker: Program, clients: Clients) -> None:
        self.rig = rig
        self.clients = clients
        self._programs = (server, worker)
        self._children = [child.pid for child in worker.children()]

    @classmethod
    @contextlib.asynccontextmanager
    async def started(cls, url: str, folder: Path) -> AsyncIterator[Fleet]:
        """Start them; they end before the disk is taken away."""
        rig = Rig(url, folder)
        server, worker = rig.server(), rig.program(**SPEC)
        clients = Clients(await listening(server))
        try:
            assert [await clients.one() for _ in range(20)] == [201] * 20
            await rig.app.aopen()
            await wait_until(lambda: len(rig.ledger()) >= 20, PATIENCE, what="a worker that works")
            yield cls(rig, server, worker, clients)
        finally:
            await clients.close()
            await rig.close()

    async def check(self) -> int:
        """Everything acknowledged has run, nobody died, and all is in its place; return what was lost."""

        async def unfinished() -> int:
            ids = sorted(self.clients.ids)
            parts = [ids[first : first + 500] for first in range(0, len(ids), 500)]
            views = [view for part in parts for view in await self.rig.app.store.jobs.get_many("default", part)]
            return len(ids) - sum(view.state is State.COMPLETED for view in views)

        with contextlib.suppress(TimeoutError):
            await wait_until(lambda: _is_zero(unfinished), PATIENCE, what="every acknowledged job")
        lost = await unfinished()
        server, worker = self._programs
        assert server.supervisor.is_running()
        assert [child.pid for child in worker.children()] == self._children
        await self.rig.check()
        return lost


async def _is_zero(count: Callable[[], object]) -> bool:
    return await count() == 0  # type: ignore[misc]


@pytest.mark.postgres
async def test_a_postgresql_without_room_refuses_and_heals_even_after_it_ended(disk: SmallDisk, tmp_path: Path) -> None:
    database = PostgresServer.start(parent=disk.folder)
    try:
        async with Fleet.started(database.url(database.create_database()), tmp_path) as fleet:
            clients = fleet.clients
            disk.fill()
            await clients.until_refused(REFUSALS)
            disk.free()
            first = await clients.until_stored()
            # Now it needs a new segment of its log, too: PostgreSQL ends, and does not come back without room.
            disk.fill()
            await wait_until(lambda: exhausted(database, fleet.rig.url), PATIENCE, what="the end of the database")
            await clients.until_refused(REFUSALS)
            disk.free()
            await asyncio.to_thread(database.restart)
            second = await clients.until_stored()
            lost = await fleet.check()
            print(
                f"F44: PostgreSQL on {disk.size_mb} MB, full twice, ended once: stored {clients.answers[201]}, refused "
                f"{clients.answers[503]}, healed after {first:.2f} s and {second:.2f} s, acknowledged and lost {lost}"
            )
            assert lost == 0
            assert max(first, second) <= HEALED
    finally:
        database.stop()


async def exhausted(database: PostgresServer, url: str) -> bool:
    """Use up a segment of the log; tell whether the server has ended by it."""
    if not database.ended:
        with contextlib.suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            conn = await asyncpg.connect(url)
            try:
                await conn.execute("SELECT pg_switch_wal()")
                await conn.execute("SELECT pg_logical_emit_message(true, 'test', 'anything')")
            finally:
                conn.terminate()
    return database.ended


async def test_a_sqlite_without_room_refuses_and_heals(disk: SmallDisk, tmp_path: Path) -> None:
    path = disk.folder / "taskflow.db"
    async with Fleet.started(f"sqlite:///{path}", tmp_path) as fleet:
        clients = fleet.clients
        disk.fill()
        await clients.until_refused(REFUSALS)
        disk.free()
        healed = await clients.until_stored()
        lost = await fleet.check()
        conn = sqlite3.connect(path)
        (integrity,) = conn.execute("PRAGMA integrity_check").fetchone()
        conn.close()
        print(
            f"F44: SQLite on {disk.size_mb} MB: stored {clients.answers[201]}, refused {clients.answers[503]}, "
            f"healed after {healed:.2f} s, acknowledged and lost {lost}, integrity {integrity}"
        )
        assert (lost, integrity) == (0, "ok")
        assert healed <= HEALED
