"""No queue at all: the two rows that a ready job is, one transaction each, in plain tables of the shape of ours.

On PostgreSQL by asyncpg on one connection, on SQLite by sqlite3 with WAL and synchronous FULL: durable, like ours.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import itertools
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
#: What makes a job ready: its position in the lane, and the counters of its attempts.
READY = (
    ("lane_id", "integer NOT NULL", "INTEGER NOT NULL"),
    ("seq", "bigint NOT NULL", "INTEGER NOT NULL"),
    ("job_id", "uuid NOT NULL UNIQUE", "BLOB NOT NULL UNIQUE"),
    ("ready_at", "timestamptz NOT NULL", "INTEGER NOT NULL"),
    *(
        (name, "smallint NOT NULL", "INTEGER NOT NULL")
        for name in ("round", "attempt", "crashes", "losses", "lease_no")
    ),
)
KEY = "PRIMARY KEY (lane_id, seq)"
Columns = tuple[tuple[str, str, str], ...]


def create(table: str, columns: Columns, *more: str) -> str:
    """Return the statement that makes a table."""
    types = [f"{name} {postgres if ON_POSTGRES else sqlite}" for name, postgres, sqlite in columns]
    return f"CREATE TABLE {table} ({', '.join([*types, *more])})"


def insert(table: str, columns: Columns, first: int = 1) -> str:
    """Return the statement that stores one row, whose parameters begin at a number."""
    marks = [f"${number}" if ON_POSTGRES else "?" for number in range(first, first + len(columns))]
    return f"INSERT INTO {table} ({', '.join(name for name, _, _ in columns)}) VALUES ({', '.join(marks)})"


CREATE = (create("raw_job", COLUMNS), create("raw_ready", READY, KEY))
JOB = insert("raw_job", COLUMNS)
READY_ROW = insert("raw_ready", READY)
#: Both in one statement, as anybody would who counts round trips.
BOTH = f"WITH job AS ({JOB}) {insert('raw_ready', READY, len(COLUMNS) + 1)}"
#: Each run of this program goes on where the last one was.
numbers = itertools.count(time.time_ns())


def ordered_id() -> UUID:
    """Return a fresh id that sorts by its time, as ours do."""
    stamp = time.time_ns() // 1_000_000
    return UUID(int=stamp << 80 | uuid4().int & (1 << 80) - 1)


def rows(payload: common.Payload) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """Return the columns of one job, and of its position in the lane."""
    if ON_POSTGRES:
        id_, now = ordered_id(), dt.datetime.now(dt.UTC)
    else:
        id_, now = ordered_id().bytes, time.time_ns() // 1_000
    job = (id_, 1, 1, 1, 1, 3, None, now, now, None, json.dumps(payload), None, None, None, None)
    return job, (1, next(numbers), id_, now, 1, 0, 0, 0, 0)


class Client:
    """Inserts on one connection."""

    def __init__(self, postgres: asyncpg.Connection | None, sqlite: sqlite3.Connection | None) -> None:
        self._postgres = postgres
        self._sqlite = sqlite

    async def one(self, payload: common.Payload) -> None:
        job, ready = rows(payload)
        if self._postgres is not None:
            await self._postgres.execute(BOTH, *job, *ready)
            return
        self._sqlite.execute("BEGIN IMMEDIATE")
        self._sqlite.execute(JOB, job)
        self._sqlite.execute(READY_ROW, ready)
        self._sqlite.execute("COMMIT")

    async def many(self, payloads: list[common.Payload]) -> None:
        raise NotImplementedError

    async def left(self) -> int:
        raise NotImplementedError

    async def create(self) -> None:
        for statement in CREATE:
            if self._postgres is None:
                self._sqlite.execute(statement)
            else:
                await self._postgres.execute(statement)


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
