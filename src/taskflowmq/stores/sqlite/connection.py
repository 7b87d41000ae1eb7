"""How a file is opened: pragmas, version check, and a warning where SQLite's locks cannot be trusted."""

from __future__ import annotations

import logging
import os
import sqlite3
from pathlib import Path

from taskflowmq.core.errors import SchemaMismatch
from taskflowmq.stores.sqlite.options import SqliteOptions
from taskflowmq.stores.sqlite.queries import q

log = logging.getLogger("taskflowmq.store")

OLDEST_SQLITE = (3, 37, 0)
#: While a connection is set up, SQLite itself waits for locks; afterwards the writer does, with a fair back-off.
SETUP_WAIT_S = 5.0
#: A reader waits only while another process recovers the log after a crash.
_READ_WAIT_MS = 10_000
#: Measured best for rows of 100 bytes and of 2 KB (docs/adr/0002); a file that exists keeps its own.
_PAGE_BYTES = 8_192
_WAL_LIMIT = 64 * 1024 * 1024
_NETWORK = frozenset({"nfs", "nfs4", "cifs", "smb3", "smbfs", "fuse.sshfs", "9p", "afs", "glusterfs", "fuse.glusterfs"})


def check_engine() -> None:
    """Raise :class:`SchemaMismatch` unless this Python's SQLite can run the store."""
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        oldest = ".".join(map(str, OLDEST_SQLITE[:2]))
        raise SchemaMismatch(f"SQLite {oldest} or newer is needed; this Python was built with {sqlite3.sqlite_version}")
    conn = sqlite3.connect(":memory:")
    try:
        conn.execute(q.check_json)
    except sqlite3.OperationalError as error:
        raise SchemaMismatch("this Python's SQLite was built without JSON functions, which the store needs") from error
    finally:
        conn.close()


def set_up(conn: sqlite3.Connection, options: SqliteOptions, *, writes: bool) -> None:
    """Set a new connection up.

    Args:
        conn: of a file that is a store, or becomes one.
        options: the store's settings.
        writes: false for a connection that only reads.
    """
    for name, value in _pragmas(options, writes).items():
        conn.execute(f"PRAGMA {name} = {value}").fetchall()


def _pragmas(options: SqliteOptions, writes: bool) -> dict[str, str | int]:
    common: dict[str, str | int] = {"foreign_keys": "OFF", "temp_store": "MEMORY", "cache_size": -options.cache_kib}
    if not writes:
        return {**common, "query_only": "ON", "busy_timeout": _READ_WAIT_MS}
    return {
        "page_size": _PAGE_BYTES,  # before WAL, which fixes it
        "journal_mode": "WAL",
        "synchronous": options.synchronous,
        "wal_autocheckpoint": options.wal_pages,
        "journal_size_limit": _WAL_LIMIT,
        # Debian builds overwrite deleted rows with zeros by default: every finished job would be written twice.
        "secure_delete": "OFF",
        **common,
        "busy_timeout": 0,
    }


def warn_network(path: Path) -> None:
    """Log a warning if the file is on a network filesystem, on which locks and WAL's shared memory do not work."""
    kind = network_of(path)
    if kind is not None:
        log.warning("%s is on %s: SQLite needs a local disk; use PostgreSQL for several machines", path, kind)


def network_of(path: Path) -> str | None:
    """Return the kind of network filesystem that a file is on, None for a local one."""
    kind = _filesystem(path.resolve().parent)
    return kind if kind in _NETWORK else None


def _filesystem(folder: Path) -> str | None:
    try:
        mounts = Path("/proc/self/mounts").read_text(errors="replace")
    except OSError:  # not Linux, hidden, or no descriptor left: this is advice, and opening says what is wrong
        return None
    best, kind = "", None
    for line in mounts.splitlines():
        _, point, filesystem, *_ = line.split(" ")
        if len(point) >= len(best) and os.path.commonpath([point, folder]) == point:
            best, kind = point, filesystem
    return kind
