"""The shape of the file and its version: numbered migrations, each applied in one transaction.

A migration is safe while programs of the version before run. A step that those would not survive is a finishing step of
the same number (``finish/``): it is applied when an operator says that no such program is left, and at once in a new
store. ``min_client`` shows which are applied; they raise it so that older programs refuse the store.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import NamedTuple

from taskflowmq.core.errors import SchemaMismatch
from taskflowmq.ports.helpers import aside
from taskflowmq.stores.sqlite.database import Database, mark_own, read_identity, refuse_foreign
from taskflowmq.stores.sqlite.queries import finishing, migrations, q
from taskflowmq.stores.sqlite.reader import Reader
from taskflowmq.stores.sqlite.writer import Writer


class _Change(NamedTuple):
    """One script that changes the schema."""

    number: int
    #: 1 of a finishing step, which comes after the migration of its number.
    finishes: int
    name: str
    text: str


def _number(name: str) -> int:
    return int(name.split("_", 1)[0])


def newest() -> int:
    """Return the schema that this version of the library is written for, and what it can do (``min_client``)."""
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
        """Return nothing: a process that can open the file can do everything."""
        return []

    async def open_schemas(self) -> list[str]:
        """Return nothing: a file has no schemas of others."""
        return []

    async def pending_sql(self, *, finish: bool = False) -> list[tuple[str, str]]:
        """Return (name, SQL) of what :meth:`migrate` would apply."""
        return [(change.name, change.text) for change in _pending(*await self._read(), finish=finish)]

    async def make(self) -> None:
        """Make the database file if it is missing."""
        await aside(self._database.make)

    async def migrate(self, *, finish: bool = False) -> list[str]:
        """Make a missing file, apply what is pending, all in one transaction, and return its names.

        Args:
            finish: also apply the steps that programs of older versions do not survive: no such program may run.
        """
        await self.make()
        # Before the writer opens it, which changes the file's header (WAL).
        await self._reader.run(self._refuse_foreign)
        return await self._writer.run(lambda conn: _migrate(conn, finish=finish))

    async def identify(self) -> None:
        """Remember the identity of the store, so that another one is refused when the file is opened again."""
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
        if min_client > newest():
            raise SchemaMismatch(
                f"the store needs clients of version {min_client}, this one has {newest()}; upgrade taskflowmq"
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


def _pending(version: int, min_client: int, *, finish: bool) -> list[_Change]:
    """Return what is to be applied, in order. A new store is finished at once: no program uses it yet."""
    changes = [_Change(_number(name), 0, name, text) for name, text in migrations() if _number(name) > version]
    if finish or not version:
        steps = [_Change(_number(name), 1, f"finish/{name}", text) for name, text in finishing()]
        changes += [step for step in steps if step.number > min_client]
    return sorted(changes)


def _migrate(conn: sqlite3.Connection, *, finish: bool) -> list[str]:
    version, min_client = _stored(conn)
    changes = _pending(version, min_client, finish=finish)
    for change in changes:
        attached = _attached(conn)
        for statement in _statements(change.text):
            conn.execute(statement)
        # A table that is made again has lost what the application had on it.
        for name in attached.keys() - _attached(conn).keys():
            conn.execute(attached[name])
        conn.execute(q.write_min_client if change.finishes else q.write_version, {"version": change.number})
    if not version:
        mark_own(conn)
    return [change.name for change in changes]


def _attached(conn: sqlite3.Connection) -> dict[str, str]:
    """Return the application's triggers and indexes on our tables: the statements that made them, by name."""
    return dict(conn.execute(q.list_attached).fetchall())


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
