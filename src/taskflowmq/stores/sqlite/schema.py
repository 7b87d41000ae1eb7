"""The shape of the file and its version: numbered migrations, each applied in one transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

from taskflowmq.core.errors import SchemaMismatch
from taskflowmq.stores.sqlite.queries import migrations, sql
from taskflowmq.stores.sqlite.reader import Reader
from taskflowmq.stores.sqlite.writer import Writer

#: What this version of the library can do; a store may demand more (``min_client``).
CLIENT_VERSION = 1


class SqliteSchema:
    """Implements :class:`~taskflowmq.ports.store.Schema`."""

    def __init__(self, writer: Writer, reader: Reader) -> None:
        self._writer = writer
        self._reader = reader

    async def version(self) -> int:
        """Return the stored schema version, 0 if there is none."""
        return (await self._reader.run(_stored))[0]

    async def pending_sql(self) -> list[tuple[str, str]]:
        """Return (name, SQL) of the migrations that are not applied yet."""
        return _pending(await self.version())

    async def migrate(self) -> list[str]:
        """Apply pending migrations, all in one transaction, and return their names."""
        return await self._writer.run(_migrate)

    async def check_client(self) -> None:
        """Raise :class:`SchemaMismatch` unless this version of the library can use the schema."""
        version, min_client = await self._reader.run(_stored)
        newest = _number(migrations()[-1][0])
        if version < newest:
            raise SchemaMismatch(
                f"the store has schema {version}, this version needs {newest}; run `taskflow db migrate`"
            )
        if min_client > CLIENT_VERSION:
            raise SchemaMismatch(
                f"the store needs clients of version {min_client}, this one has {CLIENT_VERSION}; upgrade taskflowmq"
            )


def _number(name: str) -> int:
    return int(name.split("_", 1)[0])


def _stored(conn: sqlite3.Connection) -> tuple[int, int]:
    """Return the schema's version and the oldest client that it allows; zeros for a file without TaskFlow."""
    if not conn.execute(sql("find_store")).fetchall():
        return 0, 0
    version, min_client = conn.execute(sql("read_version")).fetchone()
    return int(version), int(min_client)


def _pending(version: int) -> list[tuple[str, str]]:
    return [(name, text) for name, text in migrations() if _number(name) > version]


def _migrate(conn: sqlite3.Connection) -> list[str]:
    names = []
    for name, text in _pending(_stored(conn)[0]):
        for statement in _statements(text):
            conn.execute(statement)
        conn.execute(sql("write_version"), {"version": _number(name)})
        names.append(name)
    return names


def _statements(text: str) -> Iterator[str]:
    """Cut a script into statements: executescript() would commit the transaction first."""
    statement = ""
    for line in text.splitlines(keepends=True):
        statement += line
        if line.rstrip().endswith(";") and sqlite3.complete_statement(statement):
            yield statement
            statement = ""
    if statement.strip():
        yield statement
