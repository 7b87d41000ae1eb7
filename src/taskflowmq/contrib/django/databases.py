"""From an entry of DATABASES to the URL of a store. Read from the connection, so it follows a test database."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from django.core.exceptions import ImproperlyConfigured
from django.db import connections

#: Options of Django's PostgreSQL backend that concern its own connections, not where the database is.
_DJANGOS_OWN = frozenset(
    {"assume_role", "client_encoding", "cursor_factory", "isolation_level", "pool", "prepare_threshold"}
    | {"row_factory", "context", "autocommit", "server_side_binding"}
)


def store_url(alias: str = "default") -> str:
    """Return the URL under which TaskFlow finds a database of Django's.

    Args:
        alias: a key of DATABASES.

    Raises:
        ImproperlyConfigured: TaskFlow cannot use this database; says what to set.
    """
    connection = connections[alias]
    entry: Mapping[str, Any] = connection.settings_dict
    if connection.vendor == "sqlite":
        return _sqlite(alias, str(entry["NAME"]))
    if connection.vendor == "postgresql":
        return _postgres(alias, entry)
    raise ImproperlyConfigured(
        f"TaskFlow stores jobs in SQLite or PostgreSQL, but DATABASES[{alias!r}] is {entry['ENGINE']}: set "
        "TASKFLOW['URL'], or TASKFLOW['DATABASE'] to another key of DATABASES"
    )


def _sqlite(alias: str, name: str) -> str:
    if name == ":memory:" or name.startswith("file:"):
        raise ImproperlyConfigured(
            f"DATABASES[{alias!r}] is {name!r}, which TaskFlow cannot open beside Django: name a file. In tests, use "
            "taskflowmq.contrib.django.testing, which gives each test a store of its own"
        )
    # The file holds the project's tables, too, or will.
    return f"sqlite:///{Path(name).absolute()}?beside=true"


def _postgres(alias: str, entry: Mapping[str, Any]) -> str:
    options = {name: value for name, value in entry.get("OPTIONS", {}).items() if name not in _DJANGOS_OWN}
    if not (entry.get("NAME") or "service" in options):
        raise ImproperlyConfigured(f"DATABASES[{alias!r}] has no NAME: set it, or TASKFLOW['URL']")
    if entry.get("DISABLE_SERVER_SIDE_CURSORS"):  # what Django needs where a pooler shares connections
        options.setdefault("pooler", "true")
    host, port = str(entry.get("HOST") or ""), str(entry.get("PORT") or "")
    user, password = (quote(str(entry.get(name) or ""), safe="") for name in ("USER", "PASSWORD"))
    if host.startswith("/"):  # the folder of a socket
        options, host = {"host": host, **({"port": port} if port else {}), **options}, ""
        port = ""
    who = f"{user}:{password}@" if password else f"{user}@" if user else ""
    where = f"[{host}]" if ":" in host else host
    address = f"postgresql://{who}{where}{f':{port}' if port else ''}/{quote(str(entry.get('NAME') or ''), safe='')}"
    return f"{address}?{urlencode(options, quote_via=quote)}" if options else address
