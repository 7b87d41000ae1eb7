"""A full disk refuses, keeps what was acknowledged, and heals by itself (RELIABILITY F44)."""

from __future__ import annotations

import os
import resource
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from tests.stores.sqlite.conftest import claim, new_job, new_worker

from taskflowmq.core.errors import StoreUnavailable
from taskflowmq.core.job import NewJob
from taskflowmq.core.transitions import Succeeded, decide
from taskflowmq.stores.sqlite import SqliteStore
from taskflowmq.stores.sqlite.database import Connection, Database, Opener


class Disk:
    """Limits the file's pages on every connection of the writer until it is enlarged."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.pages: int | None = None
        connect = Database.connect

        def limited(database: Database, *, writes: bool, opener: Opener | None = None) -> Connection:
            conn = connect(database, writes=writes, opener=opener)
            if writes and self.pages is not None:
                conn.execute(f"PRAGMA max_page_count = {self.pages}").fetchall()
            return conn

        monkeypatch.setattr(Database, "connect", limited)

    async def fill(self, store: SqliteStore) -> list[NewJob]:
        """Enqueue until nothing fits any more; return what was acknowledged."""
        stored: list[NewJob] = []
        while True:
            batch = [new_job(args=b'{"x":"' + b"y" * 2000 + b'"}') for _ in range(20)]
            try:
                await store.intake.enqueue(batch)
            except StoreUnavailable:
                return stored
            stored += batch


async def test_a_full_disk_refuses_and_heals(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = Disk(monkeypatch)
    disk.pages = 200
    store = SqliteStore(path)
    await store.open()
    worker = await new_worker(store)
    stored = await disk.fill(store)
    late = new_job(args=b'{"x":"' + b"y" * 9000 + b'"}')
    for _ in range(3):
        with pytest.raises(StoreUnavailable, match="the disk is full"):
            await store.intake.enqueue([late] + [new_job(args=late.args) for _ in range(100)])
    assert (await store.stats.count("default")).states["pending"] == len(stored)
    disk.pages = None
    assert (await store.intake.enqueue([late]))[0].created
    assert await store.upkeep.check() == []
    done = [decide(job, Succeeded(b"1"), rand=0) for job in await claim(store, worker, 1000)]
    assert [item.job_id for item in done] == [job.id for job in stored] + [late.id]
    await store.claims.settle(done)
    await store.close()
    with sqlite3.connect(path) as conn:
        assert conn.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    conn.close()


_CHILD = """
import asyncio, resource, signal, sys
from taskflowmq.core.errors import StoreUnavailable
from taskflowmq.stores.sqlite import SqliteStore
from tests.stores.sqlite.conftest import new_job

async def main():
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    store = SqliteStore(sys.argv[1])
    await store.open()
    resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, resource.RLIM_INFINITY))
    stored = refused = 0
    while refused < 3:
        try:
            await store.intake.enqueue([new_job(args=b'{"x":"' + b"y" * 3000 + b'"}') for _ in range(50)])
            stored += 50
        except StoreUnavailable:
            refused += 1
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    await store.intake.enqueue([new_job()])
    assert await store.upkeep.check() == []
    print(stored + 1, (await store.stats.count("default")).states["pending"])
    await store.close()

asyncio.run(main())
"""


@pytest.mark.slow
def test_a_file_that_may_not_grow_refuses_and_heals(path: Path) -> None:
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[1] == resource.RLIM_INFINITY
    ran = subprocess.run(
        [sys.executable, "-c", _CHILD, str(path)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert ran.returncode == 0, ran.stderr
    acknowledged, found = ran.stdout.split()
    assert acknowledged == found
    with sqlite3.connect(path) as conn:
        assert conn.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    conn.close()
