"""The store on SQLite: one file, WAL, one writer thread per process with group commit.

:mod:`~taskflowmq.stores.sqlite.steps` explains the shape of the statements, ``writer.py`` how processes share the
file. Must stay true: every write happens in a transaction of the writer thread, or of a caller that requests it.
"""

from __future__ import annotations

from taskflowmq.stores.sqlite.options import SqliteOptions
from taskflowmq.stores.sqlite.store import SqliteStore

__all__ = ["SqliteOptions", "SqliteStore"]
