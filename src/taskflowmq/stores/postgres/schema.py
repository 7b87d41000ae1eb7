"""The shape of the store: numbered migrations, applied by one program at a time, each in its own transaction.

Functions are not part of them; they are replaced with the newest one (``functions.py``).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from taskflowmq.core.errors import SchemaMismatch, StoreUnavailable
from taskflowmq.ports.chance import chance
from taskflowmq.stores.postgres import errors, functions
from taskflowmq.stores.postgres.pool import Pool
from taskflowmq.stores.postgres.queries import finishing, migrations, q

#: The schema that this version of the library is written for.
CLIENT_VERSION = max(number for number, _, _ in migrations())
#: How long a migration continues to request locks of tables that are read in a long transaction. Each request lasts
#: less than a second, because all other statements wait behind it (set_lock_timeout.sql).
PATIENCE_S = 30.0
#: The prefix of a step that programs of older versions do not survive.
FINISH = "finish/"
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

    async def pending_sql(self, *, finish: bool = False) -> list[tuple[str, str]]:
        """Return (name, SQL) of the migrations that are not applied yet, and of functions with another text.

        Args:
            finish: also return the steps that programs of older versions do not survive. A new store has them anyway.
        """
        stored, min_client = await self._pool.run(_stored)
        pending = [(name, sql) for number, name, sql in migrations() if number > stored]
        pending += await self._stale_functions(stored)
        if finish or not stored:
            pending += [(f"{FINISH}{name}", sql) for number, name, sql in finishing() if number > min_client]
        return pending

    async def _stale_functions(self, stored: int) -> list[tuple[str, str]]:
        """Return (name, SQL) of functions to replace; none in a store of a newer version, whose functions are newer."""
        if stored > CLIENT_VERSION:
            return []
        recorded = await self._pool.fetchval(q.read_functions) if stored >= functions.SINCE else "{}"
        return functions.stale(recorded)

    async def migrate(self, *, finish: bool = False) -> list[str]:
        """Apply pending migrations and replace functions, one program at a time, and return their names.

        Args:
            finish: also apply the steps that programs of older versions do not survive. A new store gets them anyway.
        """
        applied = []
        stored, min_client = await self._pool.run(_stored)
        for number, name, sql in migrations():
            if number > stored:
                applied += await self._patiently(partial(_apply, number=number, name=name, sql=sql, new=not stored))
        if stored == CLIENT_VERSION and await self._stale_functions(stored):
            applied += await self._patiently(_replace_functions)
        if not stored:
            # Another program may have applied the last migration, and only this one saw that the store is new.
            finish, (_, min_client) = True, await self._pool.run(_stored)
        for number, name, sql in finishing():
            if finish and number > min_client:
                applied += await self._patiently(partial(_finish, number=number, name=name, sql=sql))
        return applied

    async def _patiently(self, work: Callable[[Any], Awaitable[list[str]]]) -> list[str]:
        """Do work that needs locks, and let other transactions pass between two tries."""
        until = time.monotonic() + PATIENCE_S
        while True:
            try:
                return await self._pool.run(lambda conn: _step_back(conn, work))
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
        if found := await self._stale_functions(stored):
            names = ", ".join(name for name, _ in found)
            raise SchemaMismatch(
                f"the store's functions are not those of this version of TaskFlow: {names}. Run: taskflow db migrate"
            )


async def _version(conn: Any) -> int:
    return (await _stored(conn))[0]


async def _stored(conn: Any) -> tuple[int, int]:
    """Return the version of the schema, and the oldest program that it allows; zeros where there is no store."""
    row = await conn.fetchrow(q.read_store) if await conn.fetchval(q.find_store) else None
    return (int(row["schema_version"]), int(row["min_client"])) if row else (0, 0)


async def _step_back(conn: Any, work: Callable[[Any], Awaitable[list[str]]]) -> list[str]:
    """Leave it to the caller when to request a table's lock again that was not available in time.

    The pool would repeat it after milliseconds, and a request of two statements would wait behind two tries.
    """
    try:
        return await work(conn)
    except Exception as error:
        known = errors.translate(error) if errors.code_of(error) == errors.LOCK_TIMEOUT else None
        if known is None:
            raise
        raise known from error


async def _apply(conn: Any, number: int, name: str, sql: str, *, new: bool) -> list[str]:
    """Apply one migration, and with the newest one the functions and what finishes a new store; nothing if it exists.

    The first migration has no table to lock. If two programs run it at once, the second waits for the first at its
    first object, as names are unique, and fails when that is committed. The same holds beside a program of schema
    version 9, whose lock is another.
    """
    if await _version(conn) >= number:
        return []
    try:
        async with conn.transaction():
            await conn.fetchrow(q.set_lock_timeout)
            if await _lock(conn) >= number:
                return []
            await conn.execute(sql)
            if number != CLIENT_VERSION:
                return [name]
            return [name, *await functions.replace_stale(conn), *(await _finish_all(conn) if new else ())]
    except Exception as error:
        if errors.code_of(error) in errors.MADE_ALREADY and await _version(conn) >= number:
            return []  # another program was first, which our lock does not stop
        raise


async def _finish_all(conn: Any) -> list[str]:
    """Apply every step that programs of older versions do not survive: none of them has seen this store."""
    for _, _, sql in finishing():
        await conn.execute(sql)
    return [FINISH + name for _, name, _ in finishing()]


async def _finish(conn: Any, number: int, name: str, sql: str) -> list[str]:
    """Apply a step that programs of older versions do not survive; nothing if it is there already."""
    async with conn.transaction():
        await conn.fetchrow(q.set_lock_timeout)
        await _lock(conn)
        if (await _stored(conn))[1] >= number:
            return []
        await conn.execute(sql)
    return [FINISH + name]


async def _replace_functions(conn: Any) -> list[str]:
    async with conn.transaction():
        await conn.fetchrow(q.set_lock_timeout)
        return await functions.replace_stale(conn) if await _lock(conn) == CLIENT_VERSION else []


async def _lock(conn: Any) -> int:
    """Keep other programs from migrating until the transaction ends, and return the version that is stored now."""
    if await conn.fetchval(q.find_store):
        await conn.execute(q.lock_migrations)
    return await _version(conn)
