"""The statements of SQLite and its migrations."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from taskflowmq.stores.common.sql import Statements, read_folder

_PACKAGE = "taskflowmq.stores.sqlite"

#: ``q.read_claimable_jobs`` is the text of ``claim_jobs.sql``.
q = Statements(_PACKAGE)


@cache
def migrations() -> tuple[tuple[str, str], ...]:
    """Return (name, SQL) of every migration, oldest first."""
    return tuple(sorted(read_folder(files(_PACKAGE), "migrations").items()))


@cache
def finishing() -> tuple[tuple[str, str], ...]:
    """Return (name, SQL) of the finishing steps, each of the migration of its number, oldest first."""
    return tuple(sorted(read_folder(files(_PACKAGE), "finish").items()))
