"""From a URL to a store. The adapter of a scheme is imported when its first store is made, not before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from taskflowmq.core.errors import TaskFlowError
from taskflowmq.ports.clock import Clock
from taskflowmq.ports.store import Store

SQLITE = ("sqlite",)
POSTGRES = ("postgresql", "postgres")
ALLOWED = "sqlite:///relative.db, sqlite:////absolute/path.db, postgresql://user:password@host:port/database"


class UnknownScheme(TaskFlowError, ValueError):
    """The URL names no database that TaskFlow can use; the message lists what is allowed."""

    code = "unknown_scheme"


def make_store(url: str, *, options: Mapping[str, Any] | None = None, clock: Clock | None = None) -> Store:
    """Make a store, without touching the disk or the network.

    Args:
        url: one of the forms in :data:`ALLOWED`.
        options: fields of the adapter's options (``SqliteOptions``, ``PostgresOptions``), by name.
        clock: overrides the database's clock (tests, simulation).

    Raises:
        UnknownScheme: no adapter for this URL.
        TypeError: the adapter has no such option.
    """
    scheme, separator, rest = url.partition("://")
    # A driver of another library, as in postgresql+psycopg://, says how that library connects; we have our own.
    scheme = scheme.lower().partition("+")[0]
    given = dict(options or {})
    if separator and scheme in SQLITE:
        if not rest.startswith("/") or rest == "/":
            raise UnknownScheme(f"the file is missing after {scheme}:///. Write one of: {ALLOWED}")
        from taskflowmq.stores.sqlite import SqliteOptions, SqliteStore

        return SqliteStore(f"sqlite://{rest}", options=SqliteOptions(**given), clock=clock)
    if separator and scheme in POSTGRES:
        from taskflowmq.stores.postgres import PostgresOptions, PostgresStore

        return PostgresStore(f"postgresql://{rest}", options=PostgresOptions(**given), clock=clock)
    shown = scheme if separator else "no scheme"
    raise UnknownScheme(f"a database URL with {shown!r} is not known. Write one of: {ALLOWED}")
