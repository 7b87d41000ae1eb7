"""From a URL to a store. The adapter of a scheme is imported when its first store is made, not before."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote

from taskflowmq.client.environment import InvalidSetting
from taskflowmq.core.errors import TaskFlowError
from taskflowmq.core.redact import has_readable_host
from taskflowmq.core.validation import MAX_QUEUES
from taskflowmq.ports.clock import Clock
from taskflowmq.ports.store import Store

SQLITE = ("sqlite",)
POSTGRES = ("postgresql", "postgres")
ALLOWED = "sqlite:///relative.db, sqlite:////absolute/path.db, postgresql://user:password@host:port/database"
#: The values of ``?beside=`` after a file.
_SWITCH = {"true": True, "1": True, "false": False, "0": False}
#: Rights of a SQLite file: the owner reads and writes, the group may, and no other user.
_MODE = re.compile(r"0?6[046]0")


class UnknownScheme(TaskFlowError, ValueError):
    """The URL names no database that TaskFlow can use; the message lists what is allowed."""

    code = "unknown_scheme"


def is_file(url: str) -> bool:
    """Tell whether an address names a SQLite file."""
    return url.partition("://")[0].lower().partition("+")[0] in SQLITE


def make_store(url: str, *, options: Mapping[str, Any] | None = None, clock: Clock | None = None) -> Store:
    """Make a store, without touching the disk or the network.

    Args:
        url: one of the forms in :data:`ALLOWED`.
        options: fields of the adapter's options (``SqliteOptions``, ``PostgresOptions``), by name; they win over
            what the URL says (``?pooler=true`` behind a transaction-mode pooler, ``?mode=0660`` or ``?beside=true``
            behind a file).
        clock: overrides the database's clock (tests, simulation).

    Raises:
        UnknownScheme: no adapter for this URL, its host cannot be read, or a parameter in it has no meaning.
        TypeError: the adapter has no such option.
    """
    scheme, separator, rest = url.partition("://")
    # A driver of another library, as in postgresql+psycopg://, says how that library connects; we have our own.
    scheme = scheme.lower().partition("+")[0]
    given = {"max_queues": _max_queues(), **(options or {})}
    if separator and scheme in SQLITE:
        address, _, query = rest.partition("?")
        if not address.startswith("/") or address == "/":
            raise UnknownScheme(f"the file is missing after {scheme}:///. Write one of: {ALLOWED}")
        if "\0" in unquote(address):
            raise UnknownScheme("the name of a SQLite file cannot hold a NUL character")
        from taskflowmq.stores.sqlite import SqliteOptions, SqliteStore

        chosen = SqliteOptions(**{**_of_a_file(query), **given})
        return SqliteStore(f"sqlite://{address}", options=chosen, clock=clock)
    if separator and scheme in POSTGRES:
        from taskflowmq.stores.postgres import PostgresOptions, PostgresStore
        from taskflowmq.stores.postgres.address import BadAddress, read_address

        if not has_readable_host(f"postgresql://{rest}"):
            # A later error would show a part of the password as "the port".
            raise UnknownScheme(
                "the host and the password of the database URL are ambiguous. In the password write / as %2F, "
                "# as %23, ? as %3F, @ as %40, [ as %5B and ] as %5D"
            )
        try:
            address, said = read_address(f"postgresql://{rest}")
        except BadAddress as error:
            raise UnknownScheme(str(error)) from None
        return PostgresStore(address, options=PostgresOptions(**{**said, **given}), clock=clock)
    shown = scheme if separator else "no scheme"
    raise UnknownScheme(f"unknown database URL {shown!r}. Write one of: {ALLOWED}")


def _max_queues() -> int:
    """Return how many queues a store may have by the operator's setting."""
    text = os.environ.get("TASKFLOW_MAX_QUEUES") or str(MAX_QUEUES)
    if not text.isascii() or not text.isdigit() or len(text) > 9 or int(text) < 1:
        raise InvalidSetting(f"TASKFLOW_MAX_QUEUES must be a number of queues, 1 or more, got {text!r:.40}")
    return int(text)


def _of_a_file(query: str) -> dict[str, Any]:
    """Return the options that stand behind the address of a SQLite file."""
    found: dict[str, Any] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        if name == "mode" and _MODE.fullmatch(value):
            found["file_mode"] = int(value, 8)
        elif name == "beside" and value.lower() in _SWITCH:
            found["beside"] = _SWITCH[value.lower()]
        else:
            raise UnknownScheme(
                f"{name}={value:.40} behind a SQLite file is not known: it may be mode=0660 (0640, 0600), the "
                "rights of a new file, or beside=true, for a file that holds other tables too"
            )
    return found
