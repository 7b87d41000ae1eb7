"""The shape of the file and its version: numbered migrations, each applied in one transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

from taskflowmq.core.errors import SchemaMismatch
from taskflowmq.ports.helpers import aside
from taskflowmq.stores.sqlite.database import Database, mark_own, read_identity, refuse_foreign
from taskflowmq.stores.sqlite.queries import migrations, q
from taskflowmq.stores.sqlite.reader import Reader
from taskflowmq.stores.sqlite.writer import Writer

#: What this version of the library can do; a store may demand more (``min_client``).
CLIENT_VERSION = 1


def _number(name: str) -> int:
    return int(name.split("_", 1)[0])


def newest() -> int:
    """Return the schema that this version of the library is written for."""
    return _number(migrations()[-1][0])


class SqliteSchema:
    """Implements :class:`~taskflowmq.ports.store.Schema`."""

    def __init__(self, database: Database, writer: Writer, reader: Reader) -> None:
        self._database = database
        self._writer = writer
        self._reader = reader

    async def version(self) -> int:
        """Return the stored schema version, 0 if there is none, or no file."""
        return (await self._read())[0]

    async def missing_rights(self) -> list[str]:
        """Return nothing: who can open the file can do everything."""
        return []

    async def open_schemas(self) -> list[str]:
        """Return nothing: a file has no schemas of others."""
        return []

    async def pending_sql(self) -> list[tuple[str, str]]:
        """Return (name, SQL) of the migrations that are not applied yet."""
        return _pending(await self.version())

    async def make(self) -> None:
        """Make the database file if it is missing."""
        await aside(self._database.make)

    async def migrate(self) -> list[str]:
        """Make a missing file, apply pending migrations, all in one transaction, and return their names."""
        await self.make()
        # Before the writer opens it, which changes the file's header (WAL).
        await self._reader.run(self._refuse_foreign)
        return await self._writer.run(_migrate)

    async def identify(self) -> None:
        """Remember which store this is, so that no other one is taken for it when the file is opened again."""
        self._database.identity = await self._reader.run(read_identity) or None

    async def check_client(self) -> None:
        """Raise :class:`SchemaMismatch` unless this version of the library can use the schema."""
        version, min_client = await self._read()
        if not version:
            raise SchemaMismatch(
                f"there is no TaskFlow store in {self._database.path}: `taskflow db migrate` makes it, as `taskflow "
                "dev`, `worker`, `server` and `enqueue` do; or correct the database's address"
            )
        if version < newest():
            raise SchemaMismatch(
                f"the store has schema {version}, this version needs {newest()}; run `taskflow db migrate`"
            )
        if min_client > CLIENT_VERSION:
            raise SchemaMismatch(
                f"the store needs clients of version {min_client}, this one has {CLIENT_VERSION}; upgrade taskflowmq"
            )

    async def _read(self) -> tuple[int, int]:
        if not self._database.exists():
            return 0, 0
        return await self._reader.run(_stored)

    def _refuse_foreign(self, conn: sqlite3.Connection) -> None:
        if not _stored(conn)[0]:
            refuse_foreign(conn, self._database.path, beside=self._database.options.beside)


def _stored(conn: sqlite3.Connection) -> tuple[int, int]:
    """Return the schema's version and the oldest client that it allows; zeros for a file without TaskFlow."""
    if not conn.execute(q.find_store).fetchall():
        return 0, 0
    version, min_client = conn.execute(q.read_version).fetchone()
    return int(version), int(min_client)


def _pending(version: int) -> list[tuple[str, str]]:
    return [(name, text) for name, text in migrations() if _number(name) > version]


def _migrate(conn: sqlite3.Connection) -> list[str]:
    version = _stored(conn)[0]
    names = []
    for name, text in _pending(version):
        for statement in _statements(text):
            conn.execute(statement)
        conn.execute(q.write_version, {"version": _number(name)})
        names.append(name)
    if not version:
        mark_own(conn)
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
