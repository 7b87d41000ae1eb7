"""The caller's own connections: asyncpg, psycopg 3 (async and sync), SQLAlchemy 2 (async and sync), Django.

Each use is one call of a function of the schema, with text parameters only, so that any driver can send it and its
codecs do not matter. Drivers are recognised by the module of the object's classes; of them only asyncpg, which is
always installed, is imported here.

What must stay true: nothing is stored through an object that is not an open transaction of this very store. What the
object shows is checked before the call; which store it is, in the call itself.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any, NamedTuple

import asyncpg

from taskflowmq.core.connections import CLOSED, NO_TRANSACTION, OTHER_DATABASE, comes_from, kind_of, refuse_makers
from taskflowmq.core.errors import SchemaMismatch, StoreUnavailable, WrongContext
from taskflowmq.core.redact import redact_text
from taskflowmq.stores.postgres import errors
from taskflowmq.stores.postgres.queries import q

#: What libpq calls a session without a transaction.
_IDLE = 0


class Call(NamedTuple):
    """One function call, in the two parameter styles that drivers speak."""

    dollar: str
    percent: str


ENQUEUE = Call(q.enqueue_on, q.enqueue_on_percent)
SETTLE = Call(q.settle_on, q.settle_on_percent)


def _driver(conn: Any) -> str:
    """Return the top-level module that the object comes from, also for subclasses."""
    return next((name for name in ("asyncpg", "psycopg", "sqlalchemy", "django") if comes_from(conn, name)), "")


def _is_async(conn: Any) -> bool:
    return any(cls.__name__.startswith("Async") or cls.__name__ == "async_scoped_session" for cls in type(conn).__mro__)


def _unknown(conn: Any, wanted: str) -> TypeError:
    return TypeError(
        f"conn is {kind_of(conn)}; give {wanted} connection, cursor or session of asyncpg, psycopg 3, SQLAlchemy 2 "
        "or Django"
    )


async def call(conn: Any, function: Call, args: Sequence[Any]) -> Sequence[Any]:
    """Call a function in the caller's transaction on an async connection, cursor or session.

    Args:
        conn: the connection.
        function: what to call.
        args: its arguments, the identity of the store last (None: not known).

    Raises:
        TypeError: not an object of a supported driver.
        WrongContext: no open transaction, or one of another database.
    """
    refuse_makers(conn)
    driver = _driver(conn)
    try:
        if driver == "asyncpg":
            _check_asyncpg(conn)
            # The rows are ours, whatever class of rows the caller's connection makes.
            return _at_home(await conn.fetch(function.dollar, *args, record_class=asyncpg.Record))
        if driver == "psycopg" and _is_async(conn):
            _check_psycopg(conn)
            async with _cursor(conn, "AsyncCursor") as cursor:
                await cursor.execute(function.percent, tuple(args))
                return _at_home(list(await cursor.fetchall()))
        if driver == "sqlalchemy" and _is_async(conn):
            connection = await conn.connection() if hasattr(conn, "sync_session") or hasattr(conn, "registry") else conn
            statement = _style(connection.dialect, function)
            _check_alchemy(connection.sync_connection)
            result = await connection.exec_driver_sql(statement, tuple(args))
            return _at_home(list(result.fetchall()))
    except Exception as error:
        raise _border(error, closed=driver == "asyncpg" and _is_closed(conn)) from error
    raise _unknown(conn, "an async")


def call_sync(conn: Any, function: Call, args: Sequence[Any]) -> Sequence[Any]:
    """Call a function in the caller's transaction on a blocking connection, cursor or session.

    Args and Raises: as :func:`call`.
    """
    refuse_makers(conn)
    driver = _driver(conn)
    try:
        if driver == "psycopg" and not _is_async(conn):
            _check_psycopg(conn)
            with _cursor(conn, "Cursor") as cursor:
                return _at_home(list(cursor.execute(function.percent, tuple(args)).fetchall()))
        if driver == "sqlalchemy" and not _is_async(conn):
            connection = conn if hasattr(conn, "exec_driver_sql") else conn.connection()
            statement = _style(connection.dialect, function)
            _check_alchemy(connection)
            return _at_home(list(connection.exec_driver_sql(statement, tuple(args)).fetchall()))
        if driver == "django":
            _check_django(conn)
            with conn.cursor() as cursor:
                cursor.execute(function.percent, tuple(args))
                return _at_home(cursor.fetchall())
    except Exception as error:
        raise _border(error) from error
    raise _unknown(conn, "a blocking")


def _at_home(rows: Sequence[Any]) -> Sequence[Any]:
    """Return the rows of a call; there are none if the store's identity was another."""
    if not rows:
        raise WrongContext(OTHER_DATABASE)
    return rows


def _check_asyncpg(conn: Any) -> None:
    if conn.is_closed():
        raise WrongContext(CLOSED)
    if not conn.is_in_transaction():
        raise WrongContext(NO_TRANSACTION)


def _check_psycopg(conn: Any) -> None:
    session = getattr(conn, "connection", conn)  # of a cursor
    if session.closed:
        raise WrongContext(CLOSED)
    # Otherwise psycopg begins one with the statement.
    if session.autocommit and session.info.transaction_status == _IDLE:
        raise WrongContext(NO_TRANSACTION)


def _cursor(conn: Any, kind: str) -> Any:
    """Return a plain psycopg cursor: the caller's factories may change rows and parameters."""
    psycopg = sys.modules["psycopg"]  # the caller that passes a connection has imported it
    return getattr(psycopg, kind)(getattr(conn, "connection", conn), row_factory=psycopg.rows.tuple_row)


def _check_alchemy(connection: Any) -> None:
    if connection is None or connection.closed:
        raise WrongContext(CLOSED)
    if getattr(connection.connection.dbapi_connection, "autocommit", False) is True:
        raise WrongContext(NO_TRANSACTION)


def _check_django(conn: Any) -> None:
    if conn.vendor != "postgresql":
        raise TypeError(f"the connection speaks {conn.vendor}, the store is PostgreSQL")
    if not (conn.in_atomic_block or (conn.connection is not None and not conn.get_autocommit())):
        raise WrongContext(f"{NO_TRANSACTION}: `with transaction.atomic():`")


def _style(dialect: Any, function: Call) -> str:
    if dialect.name != "postgresql":
        raise TypeError(f"the connection speaks {dialect.name}, the store is PostgreSQL")
    return function.dollar if dialect.driver == "asyncpg" else function.percent


def _is_closed(conn: Any) -> bool:
    """Tell whether an asyncpg connection is closed, or back in its pool."""
    try:
        return bool(conn.is_closed())
    except asyncpg.InterfaceError:
        return True


def _border(error: Exception, *, closed: bool = False) -> Exception:
    """Translate an error if the driver's error has a SQLSTATE, however deep SQLAlchemy or Django have wrapped it.

    Args:
        error: what the call raised.
        closed: whether asyncpg's connection is closed now; then its error may be of any kind.
    """
    seen: BaseException | None = error
    while seen is not None:
        if errors.code_of(seen):
            known = errors.translate(_with_message(seen)) or error
            return WrongContext(f"{OTHER_DATABASE} ({seen})") if isinstance(known, SchemaMismatch) else known
        if isinstance(seen, asyncpg.InternalClientError) or (closed and isinstance(seen, AttributeError)):
            return StoreUnavailable(f"PostgreSQL: the connection was cut: {errors.text_of(seen)}")
        if isinstance(seen, asyncpg.InterfaceError):
            return WrongContext(f"this connection is unusable: {seen}")
        if type(seen).__name__ == "OperationalError" and comes_from(seen, "psycopg"):
            return StoreUnavailable(f"PostgreSQL: {redact_text(str(seen))}")
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
