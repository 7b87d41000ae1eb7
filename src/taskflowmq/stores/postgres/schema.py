"""The shape of the store: numbered migrations, applied by one program at a time, each in its own transaction."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from taskflowmq.core.errors import SchemaMismatch, StoreUnavailable
from taskflowmq.ports.chance import chance
from taskflowmq.stores.postgres import errors
from taskflowmq.stores.postgres.pool import Pool
from taskflowmq.stores.postgres.queries import migrations, q

#: The schema that this version of the library is written for.
CLIENT_VERSION = max(number for number, _, _ in migrations())
#: How long a migration goes on asking for tables that are read in a long transaction. Each time it asks for less
#: than a second, because everybody waits behind it (set_lock_timeout.sql).
PATIENCE_S = 30.0
_LOCKED = (
    "PostgreSQL: the migration waits for a lock that another session holds: a long transaction on TaskFlow's tables, or"
    " another migration (a lock on the table taskflow.store). Find it in pg_locks, end it, and run: taskflow db migrate"
)


class PostgresSchema:
    """The schema on PostgreSQL."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def version(self) -> int:
        """Return the stored schema version, 0 if there is none."""
        return await self._pool.run(_version)

    async def missing_rights(self) -> list[str]:
        """Return what this role must be granted to run jobs and duties."""
        return [row["missing"] for row in await self._pool.fetch(q.list_missing_rights)]

    async def open_schemas(self) -> list[str]:
        """Return the schemas of our own path in which other roles may create; none but behind a pooler."""
        return [row["schema"] for row in await self._pool.fetch(q.list_open_schemas)]

    async def pending_sql(self) -> list[tuple[str, str]]:
        """Return (name, SQL) of the migrations that are not applied yet."""
        stored = await self.version()
        return [(name, sql) for number, name, sql in migrations() if number > stored]

    async def migrate(self) -> list[str]:
        """Apply pending migrations, one program at a time, and return their names."""
        applied = []
        stored = await self.version()
        for number, name, sql in migrations():
            if number > stored and await self._apply(number, sql):
                applied.append(name)
        return applied

    async def _apply(self, number: int, sql: str) -> bool:
        """Apply one migration unless it is there already; let others pass between two tries."""
        until = time.monotonic() + PATIENCE_S
        while True:
            try:
                return await self._pool.run(lambda conn: _apply_or_step_back(conn, number, sql))
            except StoreUnavailable as error:
                locked = error.__cause__ is not None and errors.code_of(error.__cause__) == errors.LOCK_TIMEOUT
                if not locked:
                    raise
                if time.monotonic() > until:
                    raise StoreUnavailable(_LOCKED) from error
                await asyncio.sleep(chance.uniform(0.1, 0.3))

    async def check_client(self) -> None:
        """Raise :class:`SchemaMismatch` unless this version of the library can use the schema."""
        stored = await self.version()
        if not stored:
            raise SchemaMismatch(
                "there is no TaskFlow store in this database: create it with `taskflow db migrate`, or correct the "
                "database URL"
            )
        if stored < CLIENT_VERSION:
            raise SchemaMismatch(
                f"the store has schema version {stored}, this version of TaskFlow needs {CLIENT_VERSION}."
                " Run: taskflow db migrate"
            )
        row = await self._pool.fetchrow(q.read_store)
        if row is not None and row["min_client"] > CLIENT_VERSION:
            raise SchemaMismatch(
                f"the store has schema version {stored}; this TaskFlow knows {CLIENT_VERSION} and is too old for it."
                " Upgrade the taskflowmq package"
            )


async def _version(conn: Any) -> int:
    if not await conn.fetchval(q.find_store):
        return 0
    row = await conn.fetchrow(q.read_store)
    return int(row["schema_version"]) if row else 0


async def _apply_or_step_back(conn: Any, number: int, sql: str) -> bool:
    """Apply it, and leave it to the caller when to ask again for a table that was not to be had in time.

    The pool would do so after milliseconds, and a request of two statements would wait behind two tries.
    """
    try:
        return await _apply(conn, number, sql)
    except Exception as error:
        if errors.code_of(error) in errors.MADE_ALREADY and await _version(conn) >= number:
            return False  # somebody was first whom our lock does not stop
        known = errors.translate(error) if errors.code_of(error) == errors.LOCK_TIMEOUT else None
        if known is None:
            raise
        raise known from error


async def _apply(conn: Any, number: int, sql: str) -> bool:
    """Apply one migration unless it is there already; look again under the lock.

    The first one has no table to lock. Of two at once the second waits for the first at its first object, as names are
    unique, and fails when that is committed. So does one beside a program of schema version 9, whose lock is another.
    """
    if await _version(conn) >= number:
        return False
    async with conn.transaction():
        await conn.fetchrow(q.set_lock_timeout)
        if await conn.fetchval(q.find_store):
            await conn.execute(q.lock_migrations)
            if await _version(conn) >= number:
                return False
        await conn.execute(sql)
        return True
