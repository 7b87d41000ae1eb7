"""The database of a run, and what can be done to it. Not part of what is tested: the harness may talk SQL here."""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Protocol

import asyncpg
from tests.chaos.evidence import Effect

from taskflowmq.testing.postgres import PostgresServer

DISK_MB = 400
#: What a fault makes of a statement of ours.
DRIVER_ERRORS = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
_TABLE = "CREATE TABLE {}chaos_effect (job TEXT NOT NULL, lease INTEGER NOT NULL)"
_OTHERS = (
    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
    " WHERE datname = 'chaos' AND backend_type = 'client backend'"
)


class Database(Protocol):
    """What a run asks of either engine."""

    url: str
    #: Kinds of faults that cannot be injected here, with the reason.
    not_run: dict[str, str]

    async def prepare(self) -> None:
        """Make the handlers' own table; TaskFlow's are there."""
        ...

    async def effects(self) -> list[Effect]:
        """Return what handlers wrote."""
        ...

    def close(self) -> None:
        """Take it away."""
        ...


class Sqlite:
    """A file."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "chaos.db"
        self.url = f"sqlite:///{self._path}"
        self.not_run: dict[str, str] = {}

    async def prepare(self) -> None:
        with sqlite3.connect(self._path) as conn:
            conn.execute(_TABLE.format(""))
        conn.close()

    async def effects(self) -> list[Effect]:
        conn = sqlite3.connect(self._path)
        try:
            return [Effect(*row) for row in conn.execute("SELECT job, lease FROM chaos_effect ORDER BY 1, 2")]
        finally:
            conn.close()

    def close(self) -> None:
        return


class Postgres:
    """A server of its own, on a disk of its own where we may mount one."""

    def __init__(self, folder: Path) -> None:
        self._disk, why_not = _mount(folder / "disk")
        self.not_run = {} if why_not is None else {"full_disk": why_not}
        try:
            self._server = PostgresServer.start(parent=self._disk)
            self._server.create_database("chaos")
        except BaseException:  # a server that was started ends with this process
            self._unmount()
            raise
        self.url = self._server.url("chaos")

    async def prepare(self) -> None:
        conn = await asyncpg.connect(self.url)
        try:
            await conn.execute(_TABLE.format("public."))
            # A full disk is to refuse rows, not to end the server: it ends when it finds no room for its log.
            for _ in range(5):
                await conn.execute("INSERT INTO public.chaos_effect VALUES ('', 0)")
                await conn.execute("SELECT pg_switch_wal()")
            await conn.execute("TRUNCATE public.chaos_effect")
            await conn.execute("CHECKPOINT")
            await conn.execute("CHECKPOINT")
        finally:
            await conn.close()

    async def restart(self, away: asyncio.Event, seconds: float) -> None:
        """Stop at once, as a crash would, and come back."""
        await asyncio.to_thread(self._server.crash)
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await away.wait()
        await asyncio.to_thread(self._server.recover)

    async def terminate(self) -> int:
        """End every connection of the programs, and return how many those were."""
        conn = await self._admin()
        try:
            count: int = await conn.fetchval(_OTHERS)
            return count
        finally:
            await conn.close()

    async def set_read_only(self, on: bool) -> None:
        """Refuse writes, as a server that became a standby would, or take them again."""
        conn = await self._admin()
        try:
            await conn.execute("SET default_transaction_read_only = off")
            if on:
                await conn.execute("ALTER SYSTEM SET default_transaction_read_only = on")
            else:
                await conn.execute("ALTER SYSTEM RESET default_transaction_read_only")
            await conn.execute("SELECT pg_reload_conf()")
        finally:
            await conn.close()

    def fill_disk(self) -> int:
        """Leave no room, and return how many megabytes that took."""
        assert self._disk is not None
        ballast = os.open(self._disk / "ballast", os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            for size in (1 << 20, 1 << 12):
                with suppress(OSError):
                    while True:
                        os.write(ballast, bytes(size))
            return os.fstat(ballast).st_size >> 20
        finally:
            os.close(ballast)

    def free_disk(self) -> None:
        """Make room again."""
        assert self._disk is not None
        (self._disk / "ballast").unlink()

    async def effects(self) -> list[Effect]:
        conn = await asyncpg.connect(self.url)
        try:
            rows = await conn.fetch("SELECT job, lease FROM public.chaos_effect ORDER BY 1, 2")
            return [Effect(row["job"], row["lease"]) for row in rows]
        finally:
            await conn.close()

    def close(self) -> None:
        self._server.stop()
        self._unmount()

    def _unmount(self) -> None:
        if self._disk is not None:
            subprocess.run(["umount", "--lazy", self._disk], check=True)
            shutil.rmtree(self._disk)

    async def _admin(self) -> asyncpg.Connection:
        return await asyncpg.connect(self._server.url("postgres"), timeout=10)


def _mount(disk: Path) -> tuple[Path | None, str | None]:
    """Mount a small disk; return it, or why there is none."""
    if os.geteuid() != 0:
        return None, "mounting a small disk needs root"
    disk.mkdir()
    options = f"size={DISK_MB}m,mode=0777"
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "chaos", disk], capture_output=True, text=True)
    if done.returncode:
        disk.rmdir()
        return None, f"mounting a small disk is not allowed here: {done.stderr.strip()}"
    return disk, None


def make_database(store: str, folder: Path) -> Sqlite | Postgres:
    """Start what a run works on."""
    return Postgres(folder) if store == "postgres" else Sqlite(folder)
