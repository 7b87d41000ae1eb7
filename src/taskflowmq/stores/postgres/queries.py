"""The statements of PostgreSQL, its functions and its migrations."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from taskflowmq.stores.common.sql import Statements, load_folder, read_folder

_PACKAGE = "taskflowmq.stores.postgres"

#: ``q.claim_jobs`` is the text of ``claim_jobs.sql``.
q = Statements(_PACKAGE)


@cache
def functions() -> Mapping[str, str]:
    """Return the SQL of every function by name, each of which replaces the function of that name in the store."""
    return MappingProxyType(dict(sorted(load_folder(files(_PACKAGE), "functions").items())))


@cache
def finishing() -> tuple[tuple[int, str, str], ...]:
    """Return (number, name, SQL) of the steps that programs of older schema versions do not survive, in order.

    A store needs programs of at least the number of the last one that was applied (``store.min_client``).
    """
    return _numbered("finish")


@cache
def migrations() -> tuple[tuple[int, str, str], ...]:
    """Return (number, name, SQL) of every migration, in order."""
    return _numbered("migrations")


def _numbered(folder: str) -> tuple[tuple[int, str, str], ...]:
    found = read_folder(files(_PACKAGE), folder)
    return tuple(sorted((int(name.split("_", 1)[0]), name, sql) for name, sql in found.items()))
