"""Rows from a database, for csv-export: named read-only queries that the operator configured.

What must stay true:

- A job names a source; it never brings SQL, a parameter or a URL of its own.
- The query cannot write: SQLite is opened with mode=ro and may do nothing but read (no ATTACH, no VACUUM INTO, which
  would write other files), PostgreSQL runs it in a READ ONLY transaction.
- Memory does not grow with the result: rows come in batches and go to the sink at once. Time is limited too.
"""

import asyncio
import contextlib
import sqlite3
import time
from collections.abc import Iterable, Sequence
from typing import Protocol
from urllib.parse import quote, unquote

import asyncpg

from taskflowmq.tasks.errors import SettingsError
from taskflowmq.tasks.settings import SqlSource

BATCH = 1000  # rows
MAX_SECONDS = 300.0  # for one query from start to end


class RowSink(Protocol):
    """Takes a result: its column names once, then its rows in batches."""

    def begin(self, columns: Sequence[str]) -> None:
        """Take the column names, before any row."""

    def add(self, rows: Iterable[Sequence[object]]) -> None:
        """Take some rows, values in the order of the columns. What it raises ends the query."""


def read_source(source: SqlSource, sink: RowSink) -> None:
    """Run a source's query and hand the rows to a sink. Blocks; must not be called on an event loop.

    Args:
        source: what to run, and where.
        sink: takes the rows.

    Raises:
        SettingsError: the source's URL cannot be used.
        sqlite3.Error, asyncpg.PostgresError, OSError, TimeoutError: the query did not work this time.
    """
    if source.url.startswith("sqlite:"):
        _read_sqlite(source, sink)
    else:
        asyncio.run(_read_postgres(source, sink))


def _read_sqlite(source: SqlSource, sink: RowSink) -> None:
    path = unquote(source.url.removeprefix("sqlite:///"))
    deadline = time.monotonic() + MAX_SECONDS
    with contextlib.closing(sqlite3.connect(f"file:{quote(path)}?mode=ro", uri=True)) as connection:
        connection.set_authorizer(_only_reading)
        connection.set_progress_handler(lambda: time.monotonic() > deadline, 100_000)
        try:
            cursor = connection.execute(source.query)
        except sqlite3.DatabaseError as error:
            # Where the parser asks and not the statement, the code is SQLITE_ERROR.
            if error.sqlite_errorcode == sqlite3.SQLITE_AUTH or str(error) == "not authorized":
                raise _no_select() from None
            raise
        if cursor.description is None:
            raise _no_rows()
        sink.begin([column[0] for column in cursor.description])
        while rows := cursor.fetchmany(BATCH):
            sink.add(rows)


#: What a SELECT does. A statement that does anything else is refused by SQLite before it runs.
_READING = frozenset({sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE})


def _only_reading(action: int, first: str | None, second: str | None, *_: str | None) -> int:
    if action == sqlite3.SQLITE_FUNCTION and second is not None and second.lower() in ("load_extension", "edit"):
        return sqlite3.SQLITE_DENY
    return sqlite3.SQLITE_OK if action in _READING else sqlite3.SQLITE_DENY


async def _read_postgres(source: SqlSource, sink: RowSink) -> None:
    try:
        # No statement cache: it breaks behind a pooler in transaction mode.
        connection = await asyncpg.connect(source.url, timeout=10, statement_cache_size=0)
    except (asyncpg.ClientConfigurationError, ValueError):
        # The original message may quote the URL, and with it the password.
        raise SettingsError(
            "TASKFLOW_CSV_SOURCES: the url of this source cannot be used. "
            "Write postgresql://user:password@host/database."
        ) from None
    try:
        async with asyncio.timeout(MAX_SECONDS), connection.transaction(readonly=True):
            statement = await connection.prepare(source.query)
            columns = [attribute.name for attribute in statement.get_attributes()]
            if not columns:
                raise _no_rows()
            sink.begin(columns)
            cursor = await statement.cursor()
            while rows := await cursor.fetch(BATCH):
                sink.add(tuple(row) for row in rows)
    finally:
        connection.terminate()  # nothing to save, and a polite goodbye may wait for a dead server


def _no_select() -> SettingsError:
    return SettingsError(
        "TASKFLOW_CSV_SOURCES: the query of this source does more than read its own database. Write one SELECT."
    )


def _no_rows() -> SettingsError:
    return SettingsError("TASKFLOW_CSV_SOURCES: the query of this source returns no columns. Write one SELECT.")
