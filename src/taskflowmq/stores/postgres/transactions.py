"""The caller's own connections: asyncpg, psycopg 3 (async and sync), SQLAlchemy 2 (async and sync).

One call of a function of the schema is all that crosses, with text parameters only, so that any driver can carry it
and its codecs do not matter. Drivers are told apart by the module of the object's classes; none is imported here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from taskflowmq.stores.postgres import errors
from taskflowmq.stores.postgres.queries import q


class Call(NamedTuple):
    """One function call, in the two parameter styles that drivers speak."""

    dollar: str
    percent: str


ENQUEUE = Call(q.enqueue_on, q.enqueue_on_percent)
SETTLE = Call(q.settle_on, q.settle_on_percent)


def _driver(conn: Any) -> str:
    """Return the top-level module that the object comes from, looking through subclasses."""
    for cls in type(conn).__mro__:
        root: str = cls.__module__.partition(".")[0]
        if root in {"asyncpg", "psycopg", "sqlalchemy"}:
            return root
    return ""


def _is_async(conn: Any) -> bool:
    return any(cls.__name__.startswith("Async") or cls.__name__ == "async_scoped_session" for cls in type(conn).__mro__)


def _unknown(conn: Any, wanted: str) -> TypeError:
    kind = f"{type(conn).__module__}.{type(conn).__qualname__}"
    return TypeError(
        f"conn is {kind}; give {wanted} connection, cursor or session of asyncpg, psycopg 3 or SQLAlchemy 2"
    )


async def call(conn: Any, function: Call, args: Sequence[Any]) -> Sequence[Any]:
    """Call a function in the caller's transaction on an async connection, cursor or session.

    Raises:
        TypeError: not something this store speaks.
    """
    driver = _driver(conn)
    try:
        if driver == "asyncpg":
            rows: Sequence[Any] = await conn.fetch(function.dollar, *args)
            return rows
        if driver == "psycopg" and _is_async(conn):
            cursor = await conn.execute(function.percent, tuple(args))
            return list(await cursor.fetchall())
        if driver == "sqlalchemy" and _is_async(conn):
            connection = await conn.connection() if hasattr(conn, "sync_session") or hasattr(conn, "registry") else conn
            statement = _style(connection.dialect, function)
            result = await connection.exec_driver_sql(statement, tuple(args))
            return list(result.fetchall())
    except Exception as error:
        raise _border(error) from error
    raise _unknown(conn, "an async")


def call_sync(conn: Any, function: Call, args: Sequence[Any]) -> Sequence[Any]:
    """Call a function in the caller's transaction on a blocking connection, cursor or session.

    Raises:
        TypeError: not something this store speaks.
    """
    driver = _driver(conn)
    try:
        if driver == "psycopg" and not _is_async(conn):
            return list(conn.execute(function.percent, tuple(args)).fetchall())
        if driver == "sqlalchemy" and not _is_async(conn):
            connection = conn if hasattr(conn, "exec_driver_sql") else conn.connection()
            return list(connection.exec_driver_sql(_style(connection.dialect, function), tuple(args)).fetchall())
    except Exception as error:
        raise _border(error) from error
    raise _unknown(conn, "a blocking")


def _style(dialect: Any, function: Call) -> str:
    if dialect.name != "postgresql":
        raise TypeError(f"the connection speaks {dialect.name}, the store is PostgreSQL")
    return function.dollar if dialect.driver == "asyncpg" else function.percent


def _border(error: Exception) -> Exception:
    """Translate where the driver's error carries a SQLSTATE, however deep SQLAlchemy has wrapped it."""
    seen: BaseException | None = error
    while seen is not None:
        if errors.code_of(seen):
            return errors.translate(_with_message(seen)) or error
        seen = getattr(seen, "orig", None) or seen.__cause__
    return error


class _Plain(Exception):
    """A driver's error in the shape of asyncpg's."""

    def __init__(self, code: str, message: str, detail: str) -> None:
        super().__init__(message)
        self.sqlstate, self.message, self.detail = code, message, detail


def _with_message(error: BaseException) -> BaseException:
    diagnostics = getattr(error, "diag", None)  # psycopg
    if diagnostics is None:
        return error
    message, detail = str(diagnostics.message_primary or error), str(diagnostics.message_detail or "")
    return _Plain(errors.code_of(error), message, detail)
