"""The store's steps on a connection of the caller: sqlite3, aiosqlite, SQLAlchemy 2 over either, and Django.

The caller's transaction stays the caller's: steps run in a savepoint, so that a refused job leaves the rest of the
transaction as it was, and nothing here commits. Where a driver would begin a transaction by itself only at the
next INSERT (``sqlite3`` in its default mode), it is begun here first, or releasing the savepoint would commit.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol, TypeVar

from taskflowmq.core.connections import CLOSED, NO_TRANSACTION, OTHER_DATABASE, comes_from, kind_of, refuse_makers
from taskflowmq.core.errors import WrongContext
from taskflowmq.stores.sqlite.errors import translate
from taskflowmq.stores.sqlite.queries import q
from taskflowmq.stores.sqlite.steps import Reply, Step, Steps

T = TypeVar("T")
_NEEDS = (
    "sqlite3.Connection, aiosqlite.Connection, a SQLAlchemy Session, Connection, AsyncSession or AsyncConnection, "
    "or Django's connection"
)


class _Executes(Protocol):
    """The one thing that steps need of a blocking connection."""

    def __call__(self, statement: str, params: Mapping[str, Any]) -> Reply: ...


def run_on_sync(conn: Any, path: Path, make_steps: Callable[[], Steps[T]]) -> T:
    """Run steps on a blocking connection or session, in a savepoint.

    Args:
        conn: the connection.
        path: the store's file; the connection must be to it.
        make_steps: makes the steps.

    Raises:
        TypeError: the connection's driver is not supported by this store.
        WrongContext: it is closed, to another file, or commits by itself and no transaction is open.
    """
    refuse_makers(conn)
    if isinstance(conn, sqlite3.Connection):
        return _run_native(conn, path, make_steps)
    if comes_from(conn, "sqlalchemy") and not hasattr(conn, "run_sync"):
        return _run_alchemy(conn, path, make_steps)
    if comes_from(conn, "django"):
        return _run_native(_of_django(conn), path, make_steps)
    raise TypeError(f"cannot store jobs through {kind_of(conn)}; use {_NEEDS}")


async def run_on(conn: Any, path: Path, make_steps: Callable[[], Steps[T]]) -> T:
    """Run steps on an async connection or session, in a savepoint; blocking ones are accepted too."""
    refuse_makers(conn)
    if comes_from(conn, "sqlalchemy") and hasattr(conn, "run_sync"):
        result: T = await conn.run_sync(lambda sync_conn: _run_alchemy(sync_conn, path, make_steps))
        return result
    if comes_from(conn, "aiosqlite"):
        with _refusing_closed():
            _require_transaction(conn)
            in_transaction = conn.in_transaction
        return await _run_async(_aiosqlite(conn), in_transaction, _on_file(path, make_steps()))
    return run_on_sync(conn, path, make_steps)


def _of_django(conn: Any) -> sqlite3.Connection:
    if conn.vendor != "sqlite":
        raise TypeError(f"the connection speaks {conn.vendor}, but the store is on SQLite")
    conn.validate_thread_sharing()
    if not (conn.in_atomic_block or (conn.connection is not None and not conn.get_autocommit())):
        raise WrongContext(f"{NO_TRANSACTION}: `with transaction.atomic():`")
    conn.ensure_connection()
    found: sqlite3.Connection = conn.connection
    return found


def _run_native(conn: sqlite3.Connection, path: Path, make_steps: Callable[[], Steps[T]]) -> T:
    with _refusing_closed():
        _require_transaction(conn)
        in_transaction = conn.in_transaction
    return _run(_native(conn), in_transaction, _on_file(path, make_steps()))


@contextmanager
def _refusing_closed() -> Iterator[None]:
    try:
        yield
    except (sqlite3.ProgrammingError, ValueError) as error:  # ValueError: aiosqlite's
        raise WrongContext(CLOSED) from error


def _require_transaction(conn: Any) -> None:
    """Refuse a connection that commits by itself; for others the driver begins a transaction, or this function does."""
    if conn.in_transaction:
        return
    # Python 3.12 has `autocommit`, where True is the same; aiosqlite does not pass it on.
    if conn.isolation_level is None or getattr(conn, "autocommit", None) is True:
        raise WrongContext(NO_TRANSACTION)


def _on_file(path: Path, steps: Steps[T]) -> Steps[T]:
    """Run steps only on a connection to the store's file."""
    reply = yield Step(q.find_file, {})
    if not _same_file(next((file for _, name, file in reply.rows if name == "main"), ""), path):
        raise WrongContext(OTHER_DATABASE)
    return (yield from steps)


def _same_file(found: str | None, path: Path) -> bool:
    if not found:  # a database in memory
        return False
    try:
        return Path(found).samefile(path)
    except OSError:  # one of them was deleted
        return Path(found).resolve() == path.resolve()


def _native(conn: sqlite3.Connection) -> _Executes:
    def execute(statement: str, params: Mapping[str, Any]) -> Reply:
        with _plain_texts(conn):
            cursor = conn.execute(statement, params)
            cursor.row_factory = None
            return Reply(cursor.fetchall() if cursor.description else [], cursor.rowcount)

    return execute


@contextmanager
def _plain_texts(conn: Any) -> Iterator[None]:
    """Make rows tuples and texts str for this block, whatever factories the caller has set."""
    theirs, conn.text_factory = conn.text_factory, str
    try:
        yield
    finally:
        conn.text_factory = theirs


def _aiosqlite(conn: Any) -> Callable[[str, Mapping[str, Any]], Awaitable[Reply]]:
    async def execute(statement: str, params: Mapping[str, Any]) -> Reply:
        with _plain_texts(conn):
            async with conn.execute(statement, params) as cursor:
                cursor.row_factory = None
                rows = [tuple(row) for row in await cursor.fetchall()] if cursor.description else []
                return Reply(rows, cursor.rowcount)

    return execute


def _run_alchemy(conn: Any, path: Path, make_steps: Callable[[], Steps[T]]) -> T:
    connection = conn.connection() if hasattr(conn, "get_bind") else conn
    if connection.closed:
        raise WrongContext(CLOSED)
    if connection.dialect.name != "sqlite":
        raise TypeError(f"the connection speaks {connection.dialect.name}, but the store is on SQLite")
    driver = connection.connection.driver_connection

    def execute(statement: str, params: Mapping[str, Any]) -> Reply:
        result = connection.exec_driver_sql(statement, dict(params))
        rows = [tuple(row) for row in result.fetchall()] if result.returns_rows else []
        return Reply(rows, result.rowcount)

    return _run(execute, driver.in_transaction, _on_file(path, make_steps()))


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
    """Yield (statement, parameters) and take replies or errors: the savepoint, the steps, and the rollback to it."""
    if not in_transaction:
        _result((yield "BEGIN IMMEDIATE", {}))
    _result((yield "SAVEPOINT taskflow", {}))
    try:
        reply = None
        while True:
            step: Step = next(steps) if reply is None else steps.send(reply)
            answer = yield step.sql, step.params
            reply = Reply([], 0, clash=True) if step.clash and _clashed(answer) else _result(answer)
    except StopIteration as stop:
        _result((yield "RELEASE taskflow", {}))
        return stop.value
    except Exception:
        # A full disk may have undone the whole transaction, savepoint included: the first error is the one to raise.
        yield "ROLLBACK TO taskflow", {}
        yield "RELEASE taskflow", {}
        raise


def _clashed(answer: Any) -> bool:
    return isinstance(answer, BaseException) and type(answer).__name__ == "IntegrityError"


def _result(answer: Any) -> Reply:
    """Return a reply or raise the error of the driver, without SQLAlchemy's wrapping if it is an error of SQLite."""
    if isinstance(answer, Reply):
        return answer
    origin = getattr(answer, "orig", None) or answer
    if isinstance(origin, sqlite3.OperationalError) and "no such table" in str(origin):
        raise WrongContext(f"{OTHER_DATABASE}: TaskFlow's tables are missing") from answer
    found = translate(origin)
    raise found if found is not origin else answer
