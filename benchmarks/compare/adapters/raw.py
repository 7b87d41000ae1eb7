"""No queue at all: one INSERT per transaction into a plain table of the shape of ours, which is what a job must cost.

On PostgreSQL by asyncpg on one connection, on SQLite by sqlite3 with WAL and synchronous FULL: durable, like ours.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from typing import Any
from uuid import UUID, uuid4

import asyncpg

from benchmarks.compare.adapters import common

ON_POSTGRES = common.URL.startswith("postgresql")
SQLITE_FILE = common.URL.removeprefix("sqlite:///")

#: Name, type on PostgreSQL, type on SQLite.
COLUMNS = (
    ("id", "uuid NOT NULL PRIMARY KEY", "BLOB NOT NULL PRIMARY KEY"),
    ("tenant_id", "integer NOT NULL", "INTEGER NOT NULL"),
    ("lane_id", "integer NOT NULL", "INTEGER NOT NULL"),
    ("task_id", "integer NOT NULL", "INTEGER NOT NULL"),
    ("args_version", "smallint NOT NULL", "INTEGER NOT NULL"),
    ("max_attempts", "smallint NOT NULL", "INTEGER NOT NULL"),
    ("timeout_ms", "bigint", "INTEGER"),
    ("created_at", "timestamptz NOT NULL", "INTEGER NOT NULL"),
    ("run_at", "timestamptz NOT NULL", "INTEGER NOT NULL"),
    ("expires_at", "timestamptz", "INTEGER"),
    ("args", "json NOT NULL", "TEXT NOT NULL"),
    ("unique_key", "text", "TEXT"),
    ("tags", "text[]", "TEXT"),
    ("meta", "json", "TEXT"),
    ("headers", "json", "TEXT"),
)
NAMES = ", ".join(name for name, _, _ in COLUMNS)
MARKS = ", ".join(f"${place}" if ON_POSTGRES else "?" for place in range(1, len(COLUMNS) + 1))
TYPES = ", ".join(f"{name} {postgres if ON_POSTGRES else sqlite}" for name, postgres, sqlite in COLUMNS)
CREATE = f"CREATE TABLE raw_job ({TYPES})"
INSERT = f"INSERT INTO raw_job ({NAMES}) VALUES ({MARKS})"


def ordered_id() -> UUID:
    """Return a fresh id that sorts by its time, as ours do."""
    stamp = time.time_ns() // 1_000_000
    return UUID(int=stamp << 80 | uuid4().int & (1 << 80) - 1)


def row(payload: common.Payload) -> tuple[Any, ...]:
    """Return the columns of one job."""
    if ON_POSTGRES:
        id_, now = ordered_id(), dt.datetime.now(dt.UTC)
    else:
        id_, now = ordered_id().bytes, time.time_ns() // 1_000
    return (id_, 1, 1, 1, 1, 3, None, now, now, None, json.dumps(payload), None, None, None, None)


class Client:
    """Inserts on one connection that commits by itself; whole lists in one transaction."""

    def __init__(self, postgres: asyncpg.Connection | None, sqlite: sqlite3.Connection | None) -> None:
        self._postgres = postgres
        self._sqlite = sqlite

    async def one(self, payload: common.Payload) -> None:
        if self._postgres is None:
            self._sqlite.execute(INSERT, row(payload))
        else:
            await self._postgres.execute(INSERT, *row(payload))

    async def many(self, payloads: list[common.Payload]) -> None:
        raise NotImplementedError

    async def left(self) -> int:
        raise NotImplementedError

    async def create(self) -> None:
        if self._postgres is None:
            self._sqlite.execute(CREATE)
        else:
            await self._postgres.execute(CREATE)


def opened_sqlite() -> sqlite3.Connection:
    """Open the file as durably as ours."""
    connection = sqlite3.connect(SQLITE_FILE, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    return connection


@asynccontextmanager
async def client() -> AsyncIterator[Client]:
    if not ON_POSTGRES:
        with closing(opened_sqlite()) as sqlite:
            yield Client(None, sqlite)
        return
    postgres = await asyncpg.connect(common.URL)
    try:
        yield Client(postgres, None)
    finally:
        await postgres.close()


def prepare() -> None:
    async def create() -> None:
        async with client() as opened:
            await opened.create()

    asyncio.run(create())
