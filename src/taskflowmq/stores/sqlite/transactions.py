"""The store's steps on a connection of the caller: sqlite3, aiosqlite, and SQLAlchemy 2 over either.

The caller's transaction stays the caller's: steps run in a savepoint, so that a refused job leaves the rest of the
transaction as it was, and nothing here commits. Where a driver would begin a transaction by itself only at the
next INSERT (``sqlite3`` in its default mode), it is begun here first, or releasing the savepoint would commit.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol, TypeVar

from taskflowmq.core.errors import SchemaMismatch, WrongContext
from taskflowmq.stores.sqlite.errors import translate
from taskflowmq.stores.sqlite.queries import sql
from taskflowmq.stores.sqlite.steps import Reply, Step, Steps

T = TypeVar("T")
_NEEDS = "sqlite3.Connection, aiosqlite.Connection, or a SQLAlchemy Session, Connection, AsyncSession, AsyncConnection"


class _Executes(Protocol):
    """The one thing that steps need of a blocking connection."""

    def __call__(self, statement: str, params: Mapping[str, Any]) -> Reply: ...


def run_on_sync(conn: Any, make_steps: Callable[[], Steps[T]]) -> T:
    """Run steps on a blocking connection or session, in a savepoint.

    Raises:
        TypeError: the connection's driver is not one this store speaks.
        WrongContext: the connection commits by itself and no transaction is open.
    """
    if isinstance(conn, sqlite3.Connection):
        _require_transaction(conn.in_transaction, conn.isolation_level)
        return _run(_native(conn), conn.in_transaction, make_steps())
    if _comes_from(conn, "sqlalchemy") and not hasattr(conn, "run_sync"):
        return _run_alchemy(conn, make_steps)
    raise TypeError(f"cannot store jobs through {type(conn).__qualname__}; use {_NEEDS}")


async def run_on(conn: Any, make_steps: Callable[[], Steps[T]]) -> T:
    """Run steps on an async connection or session, in a savepoint; blocking ones are taken too."""
    if _comes_from(conn, "sqlalchemy") and hasattr(conn, "run_sync"):
        result: T = await conn.run_sync(lambda sync_conn: _run_alchemy(sync_conn, make_steps))
        return result
    if _comes_from(conn, "aiosqlite"):
        _require_transaction(conn.in_transaction, conn.isolation_level)
        return await _run_async(_aiosqlite(conn), conn.in_transaction, make_steps())
    return run_on_sync(conn, make_steps)


def _comes_from(conn: Any, package: str) -> bool:
    return any(kind.__module__.split(".")[0] == package for kind in type(conn).__mro__)


def _require_transaction(is_open: bool, isolation_level: str | None) -> None:
    if not is_open and isolation_level is None:
        raise WrongContext("no transaction is open on this connection; execute BEGIN first")


def _native(conn: sqlite3.Connection) -> _Executes:
    def execute(statement: str, params: Mapping[str, Any]) -> Reply:
        cursor = conn.execute(statement, params)
        # Rows as tuples, whatever row_factory the caller has set.
        return Reply([tuple(row) for row in cursor.fetchall()] if cursor.description else [], cursor.rowcount)

    return execute


def _aiosqlite(conn: Any) -> Callable[[str, Mapping[str, Any]], Awaitable[Reply]]:
    async def execute(statement: str, params: Mapping[str, Any]) -> Reply:
        async with conn.execute(statement, params) as cursor:
            rows = [tuple(row) for row in await cursor.fetchall()] if cursor.description else []
            return Reply(rows, cursor.rowcount)

    return execute


def _run_alchemy(conn: Any, make_steps: Callable[[], Steps[T]]) -> T:
    connection = conn.connection() if hasattr(conn, "get_bind") else conn
    if connection.dialect.name != "sqlite":
        raise TypeError(f"the connection speaks {connection.dialect.name}, but the store is on SQLite")
    driver = connection.connection.driver_connection

    def execute(statement: str, params: Mapping[str, Any]) -> Reply:
        result = connection.exec_driver_sql(statement, dict(params))
        rows = [tuple(row) for row in result.fetchall()] if result.returns_rows else []
        return Reply(rows, result.rowcount)

    return _run(execute, driver.in_transaction, make_steps())


def _run(execute: _Executes, in_transaction: bool, steps: Steps[T]) -> T:
    """Drive steps on a blocking connection."""
    script = _script(in_transaction, steps)
    reply: Reply | BaseException | None = None
    while True:
        try:
            statement, params = next(script) if reply is None else script.send(reply)
        except StopIteration as stop:
            result: T = stop.value
            return result
        try:
            reply = execute(statement, params)
        except Exception as error:  # noqa: BLE001 - the script decides what to do with it
            reply = error


async def _run_async(
    execute: Callable[[str, Mapping[str, Any]], Awaitable[Reply]], in_transaction: bool, steps: Steps[T]
) -> T:
    """Drive steps on an async connection."""
    script = _script(in_transaction, steps)
    reply: Reply | BaseException | None = None
    while True:
        try:
            statement, params = next(script) if reply is None else script.send(reply)
        except StopIteration as stop:
            result: T = stop.value
            return result
        try:
            reply = await execute(statement, params)
        except Exception as error:  # noqa: BLE001 - the script decides what to do with it
            reply = error


def _script(in_transaction: bool, steps: Steps[T]) -> Any:
    """Yield (statement, parameters) and take replies or errors: the savepoint, the steps, and the way back."""
    if not in_transaction:
        _result((yield "BEGIN IMMEDIATE", {}))
    _result((yield "SAVEPOINT taskflow", {}))
    try:
        reply = None
        while True:
            step: Step = next(steps) if reply is None else steps.send(reply)
            answer = yield sql(step.name), step.params
            reply = Reply([], 0, clash=True) if step.clash and _clashed(answer) else _result(answer)
    except StopIteration as stop:
        _result((yield "RELEASE taskflow", {}))
        return stop.value
    except Exception:
        # A full disk may have undone the whole transaction, savepoint included: the first error is the news.
        yield "ROLLBACK TO taskflow", {}
        yield "RELEASE taskflow", {}
        raise


def _clashed(answer: Any) -> bool:
    return isinstance(answer, BaseException) and type(answer).__name__ == "IntegrityError"


def _result(answer: Any) -> Reply:
    """Return a reply or raise the error of the driver, stripped of SQLAlchemy's wrapping where SQLite is to blame."""
    if isinstance(answer, Reply):
        return answer
    origin = getattr(answer, "orig", None) or answer
    if isinstance(origin, sqlite3.OperationalError) and "no such table" in str(origin):
        raise SchemaMismatch("the connection is to another database: TaskFlow's tables are missing") from answer
    found = translate(origin)
    raise found if found is not origin else answer
