"""The one border where errors of sqlite3 become errors of TaskFlow."""

from __future__ import annotations

import sqlite3

from taskflowmq.core.errors import SchemaMismatch, StoreClosed, StoreUnavailable, TaskFlowError

_BUSY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL})
_TEXTS = {
    sqlite3.SQLITE_BUSY: (
        "another connection has held the database's write lock for too long; inside a transaction of your own, enqueue "
        "with conn="
    ),
    sqlite3.SQLITE_LOCKED: "another connection holds the database",
    sqlite3.SQLITE_PROTOCOL: "another process holds the database",
    sqlite3.SQLITE_FULL: "the disk is full",
    sqlite3.SQLITE_IOERR: "a disk I/O error, or the disk is full",
    sqlite3.SQLITE_CANTOPEN: "{file} cannot be opened",
    sqlite3.SQLITE_READONLY: "{file} cannot be written",
    sqlite3.SQLITE_NOMEM: "there is not enough memory",
    sqlite3.SQLITE_INTERRUPT: "the statement was interrupted",
    sqlite3.SQLITE_CORRUPT: "{file} is damaged; run `taskflow doctor`",
    sqlite3.SQLITE_NOTADB: "{file} is not a SQLite database: correct the database's address",
    sqlite3.SQLITE_PERM: "{file} may not be used",
    sqlite3.SQLITE_NOLFS: "{file} is larger than the file system allows",
    sqlite3.SQLITE_SCHEMA: "the schema is being changed by another connection",
    sqlite3.SQLITE_ABORT: "the statement was ended by a rollback",
    sqlite3.SQLITE_INTERNAL: "SQLite itself failed",
}
#: The beginning of SQLite's message that a table or column is missing; the result code is that of any bad statement.
_MISSING = ("no such table: ", "no such column: ")


def error_code(error: BaseException) -> int | None:
    """Return SQLite's primary result code, or None for an error that is not SQLite's."""
    code = getattr(error, "sqlite_errorcode", None)
    return None if code is None else code & 0xFF


def is_busy(error: BaseException) -> bool:
    """Tell whether another connection holds a lock, so that waiting may help."""
    return error_code(error) in _BUSY


def is_outage(error: BaseException) -> bool:
    """Tell whether the database, not the statement, is the cause."""
    return error_code(error) in _TEXTS


def translate(error: BaseException, path: str | None = None) -> BaseException:
    """Return the error to raise for one that came from a connection; unknown ones are returned as they are.

    Args:
        error: what was raised.
        path: the database file, to name it.
    """
    if isinstance(error, TaskFlowError):
        return error
    if isinstance(error, sqlite3.ProgrammingError) and "closed" in str(error):
        return StoreClosed("the store is closed")
    code = error_code(error)
    if code is not None and code in _TEXTS:
        file = f"the file {path}" if path else "the database file"
        found = StoreUnavailable(f"{_TEXTS[code].format(file=file)} ({error})")
        found.__cause__ = error
        return found
    return _schema_error(str(error)) or error if code == sqlite3.SQLITE_ERROR else error


def _schema_error(text: str) -> SchemaMismatch | None:
    """Return the error for a database whose tables are not ours; None for any other error."""
    if text.startswith("table taskflow_") and text.endswith(" already exists"):
        return SchemaMismatch(
            f"the database holds an object that is not TaskFlow's: {text}. Rename it, or use another file"
        )
    if text.startswith(_MISSING) or " has no column named " in text:
        return SchemaMismatch(f"the schema of the store does not match this version: {text}. Run: taskflow db migrate")
    return None
