"""What a caller may give as ``conn=``: an open connection in a transaction, never something that makes connections.

Objects are recognised by the names of their classes; no driver is imported, and no method of the object is called.
"""

from __future__ import annotations

_POOL = "it is a pool, not a connection, and a job stored through it would be committed at once"
_MAKER = "it creates connections, and a job stored through it would be committed at once"
#: Class names that the drivers, pools and SQLAlchemy use, and what is wrong with such an object.
_MAKERS = {
    "Pool": _POOL,
    "ConnectionPool": _POOL,
    "AsyncConnectionPool": _POOL,
    "QueuePool": _POOL,
    "ThreadedConnectionPool": _POOL,
    "SimpleConnectionPool": _POOL,
    "Engine": _MAKER,
    "AsyncEngine": _MAKER,
    "sessionmaker": _MAKER,
    "async_sessionmaker": _MAKER,
    "ConnectionHandler": _MAKER,
}


def kind_of(conn: object) -> str:
    """Return what an object is, for an error message: ``asyncpg.pool.Pool``."""
    return f"{type(conn).__module__}.{type(conn).__qualname__}"


def comes_from(conn: object, package: str) -> bool:
    """Tell whether an object's class, or one that it derives from, is of a package."""
    return any(kind.__module__.partition(".")[0] == package for kind in type(conn).__mro__)


def refuse_makers(conn: object) -> None:
    """Refuse an object that makes or lends connections instead of being one.

    Raises:
        TypeError: it says what the object is, and what to give instead.
    """
    for kind in (conn if isinstance(conn, type) else type(conn)).__mro__:
        why = _MAKERS.get(kind.__name__)
        if why is not None and kind.__module__ != "builtins":
            raise TypeError(f"conn is {kind_of(conn)}: {why}. Pass a connection with an open transaction")


#: The error for a connection that commits by itself.
NO_TRANSACTION = "no transaction is open on this connection, so the job would be committed at once; begin one first"
CLOSED = "this connection is closed"
OTHER_DATABASE = "this connection is to another database than the app's store, so its commit would not store the job"
