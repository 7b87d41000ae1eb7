"""The statements of PostgreSQL and its migrations."""

from __future__ import annotations

from importlib.resources import files

from taskflowmq.stores.common.sql import Statements, read_folder

_PACKAGE = "taskflowmq.stores.postgres"

#: ``q.claim_jobs`` is the text of ``claim_jobs.sql``.
q = Statements(_PACKAGE)


def migrations() -> list[tuple[int, str, str]]:
    """Return (number, name, SQL) of every migration, in order."""
    found = read_folder(files(_PACKAGE), "migrations")
    return sorted((int(name.split("_", 1)[0]), name, sql) for name, sql in found.items())
