"""Programs of this release beside a store that the next one migrates under load (RELIABILITY F50)."""

from __future__ import annotations

import asyncio
import contextlib
import re
import sqlite3
import time
from collections.abc import Callable
from urllib.parse import urlsplit

import asyncpg
import httpx
import pytest
from tests.faults.rig import PATIENCE, Program, Rig

from taskflowmq import SchemaMismatch, TaskFlow
from taskflowmq.stores.postgres import schema as postgres_schema
from taskflowmq.stores.sqlite import schema as sqlite_schema
from taskflowmq.testing.waiting import wait_until

pytestmark = pytest.mark.slow

#: What an additive release does: columns on hot and on partitioned tables, a table, an index.
NEXT = {
    "postgres": """
        ALTER TABLE taskflow.job ADD COLUMN weight integer;
        ALTER TABLE taskflow.ready ADD COLUMN weight integer;
        ALTER TABLE taskflow.running ADD COLUMN weight integer;
        ALTER TABLE taskflow.outcome ADD COLUMN weight integer;
        CREATE TABLE taskflow.schedule (name text PRIMARY KEY);
        UPDATE taskflow.store SET schema_version = 1000""",
    "sqlite": """
        ALTER TABLE taskflow_job ADD COLUMN weight INTEGER;
        ALTER TABLE taskflow_ready ADD COLUMN weight INTEGER;
        ALTER TABLE taskflow_outcome ADD COLUMN weight INTEGER;
        CREATE TABLE taskflow_schedule (name TEXT PRIMARY KEY) STRICT;""",
}
#: How long anybody may wait for a lock that a migration holds or asks for.
MOST_WAIT_S = 1.0
#: How long a report reads the table of jobs when the migration comes: longer than the tries of one statement take.
REPORT_S = 4.5


def engine_of(rig: Rig) -> str:
    return "sqlite" if rig.url.startswith("sqlite") else "postgres"


@pytest.fixture
def next_release(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> Callable[[], TaskFlow]:
    """Makes apps of the next release in this process; the programs of the rig are of this one."""

    def made() -> TaskFlow:
        if engine_of(rig) == "postgres":
            known = postgres_schema.migrations()
            monkeypatch.setattr(postgres_schema, "migrations", lambda: [*known, (1000, "1000_next", NEXT["postgres"])])
        else:
            files = sqlite_schema.migrations()
            monkeypatch.setattr(sqlite_schema, "migrations", lambda: [*files, ("1000_next", NEXT["sqlite"])])
        return TaskFlow(rig.url)

    return made


class Traffic:
    """Clients that enqueue over REST, one job after the other, until they are told to stop."""

    def __init__(self, api: str) -> None:
        self._api = api
        self._over = False
        self._clients = [asyncio.create_task(self._send()) for _ in range(3)]
        self.ids: list[str] = []
        self.refused: list[str] = []
        self.longest = 0.0

    async def _send(self) -> None:
        async with httpx.AsyncClient(timeout=20) as http:
            while not self._over:
                began = time.monotonic()
                answer = await http.post(f"{self._api}/jobs", json={"task": "quick", "args": {"n": 1}})
                self.longest = max(self.longest, time.monotonic() - began)
                if answer.status_code == 201:
                    self.ids.append(answer.json()["id"])
                else:
                    self.refused.append(answer.text)

    async def more(self, count: int) -> None:
        """Wait until so many more jobs are stored."""
        wanted = len(self.ids) + count
        await wait_until(lambda: len(self.ids) >= wanted, PATIENCE, what="traffic")

    async def stop(self) -> None:
        self._over = True
        await asyncio.gather(*self._clients)


async def api_of(server: Program) -> str:
    """Return where a server listens, once it says so."""
    found = await wait_until(lambda: re.search(r"on (http\S+/api/v1)", server.log()), PATIENCE, what="the server")
    return str(found[1])


async def read_for_a_while(rig: Rig) -> None:
    """Read the jobs in a long transaction, as a report or a backup does: a migration must wait for its end."""
    if engine_of(rig) == "sqlite":
        return
    conn = await asyncpg.connect(rig.url)
    try:
        await conn.execute("BEGIN; SELECT count(*) FROM taskflow.job")
        await conn.execute(f"SELECT pg_sleep({REPORT_S})")
    finally:
        await conn.close()


async def test_a_migration_under_load_holds_nobody_up_and_old_programs_go_on(
    rig: Rig, next_release: Callable[[], TaskFlow]
) -> None:
    await rig.app.aopen()
    worker, server = rig.program(), rig.server()
    traffic = Traffic(await api_of(server))
    await traffic.more(30)
    report = asyncio.create_task(read_for_a_while(rig))
    await traffic.more(5)
    traffic.longest = 0.0
    await traffic.more(30)
    before, traffic.longest = traffic.longest, 0.0
    async with next_release() as newer:
        assert await newer.store.schema.version() == 1000
        await traffic.more(3)
        held_up = traffic.longest
        await traffic.more(30)
        await report
        late = rig.program()  # one more of the old ones, on the new schema
        await wait_until(lambda: "started" in late.log(), PATIENCE, what="the late worker")
        await traffic.more(30)
    await traffic.stop()
    await wait_until(lambda: len(rig.all_starts()) >= len(traffic.ids), PATIENCE, what="all jobs to run")
    print(f"{len(traffic.ids)} jobs, longest wait {before:.2f} s, beside the migration {held_up:.2f} s")
    assert traffic.refused == []
    # What a request takes at this moment on this machine is no waiting for a lock.
    assert held_up <= MOST_WAIT_S + before
    assert max(rig.all_starts().values()) == 1
    assert set(rig.all_starts()) == set(traffic.ids)
    for program in (worker, server, late):
        assert "ERROR" not in program.log()
    await rig.check()


async def test_a_store_that_demands_a_newer_client_is_refused_in_one_clear_line(rig: Rig) -> None:
    await rig.app.aopen()
    await demand_newer_clients(rig)
    with pytest.raises(SchemaMismatch, match="pgrade"):
        await TaskFlow(rig.url).aopen()
    program = rig.program()
    code = await program.wait()
    assert code not in (0, None)
    assert "pgrade" in program.log()
    assert "Traceback" not in program.log()


async def demand_newer_clients(rig: Rig) -> None:
    """Write into the store that only clients of a later release may use it."""
    if engine_of(rig) == "sqlite":
        with contextlib.closing(
            sqlite3.connect(urlsplit(rig.url).path.removeprefix("/"), isolation_level=None)
        ) as conn:
            conn.execute("UPDATE taskflow_store SET min_client = 1000")
        return
    conn = await asyncpg.connect(rig.url)
    await conn.execute("UPDATE taskflow.store SET min_client = 1000")
    await conn.close()
