"""The database file: how it is made, opened and recognised again.

A file can be deleted, or replaced by another one, while processes have it open: SQLite continues with the file that no
longer has a name, and a job that is committed there is lost. So each connection remembers which files it opened, and
before a commit is acknowledged the names are checked again (a `stat`: 2 µs). A file that was replaced is opened again
if it is the same store, for example a restored copy; any other file is refused until the right one is back or the
process is started again.

Must stay true: nothing here opens the database, its log or its shared memory with a descriptor of its own. Closing
such a descriptor would release all locks that this process holds on the file (POSIX).
"""

from __future__ import annotations

import errno
import gc
import os
import sqlite3
import stat
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple, Protocol
from urllib.parse import quote
from weakref import WeakSet

from taskflowmq.core.errors import SchemaMismatch, StoreUnavailable
from taskflowmq.stores.sqlite.connection import SETUP_WAIT_S, set_up
from taskflowmq.stores.sqlite.errors import error_code, is_busy, translate
from taskflowmq.stores.sqlite.holder import lock_holder
from taskflowmq.stores.sqlite.options import SqliteOptions
from taskflowmq.stores.sqlite.queries import q

#: "TKFL": the application id, by which `file` and other programs recognise a database that holds only a store.
APPLICATION_ID = 0x544B464C
#: The log and the shared memory are checked once per this time; the database itself before each acknowledgement.
_LOOK_S = 0.1
_DENIED = frozenset({sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_IOERR})


class Connection(sqlite3.Connection):
    """A connection that remembers which files it opened."""

    database: _Files
    logs: tuple[Path, Path]
    #: The log and the shared memory; they exist from the first read on.
    beside: tuple[_Files, _Files] | None = None
    looked_at = 0.0
    owner: Database | None = None

    def close(self) -> None:
        """Close it."""
        super().close()
        if self.owner is not None:
            self.owner.closed(self)


def _refuse_circle(path: Path) -> None:
    """Refuse links that lead to each other, before any part of the store follows them."""
    try:
        path.resolve()
    except (RuntimeError, OSError) as error:  # RuntimeError until Python 3.12
        if isinstance(error, RuntimeError) or error.errno == errno.ELOOP:
            raise StoreUnavailable(f"{path} is part of a loop of symbolic links") from error


class Opener(Protocol):
    """A part of the store that keeps a connection open."""

    def let_go(self) -> None:
        """Close the connection soon: the file was deleted or replaced. Called from any thread."""
        ...


class _Files(NamedTuple):
    device: int
    inode: int


#: The stores of this process on each file.
_PEERS: dict[str, WeakSet[Database]] = {}


class Database:
    """One database file, for all connections of one store.

    Args:
        path: the file.
        options: the store's settings.

    Attributes:
        identity: which store must be in it; known once the store has been opened.
    """

    def __init__(self, path: Path, options: SqliteOptions) -> None:
        # A handler that changes the working directory must not change which file this is.
        with suppress(OSError):
            path = path.absolute()
        _refuse_circle(path)
        self.path = path
        self.options = options
        self.identity: bytes | None = None
        self._text = os.fspath(path)
        # Weak: no one waits for a connection that is dropped without close() (its caller was cancelled).
        self._open: WeakSet[Connection] = WeakSet()
        self._outdated: WeakSet[Connection] = WeakSet()
        #: Also parts without a connection at the moment: they may remember what they read.
        self._openers: WeakSet[Opener] = WeakSet()
        self._pid = os.getpid()
        self._lock = threading.Lock()
        #: Whether connections were closed because their files had been deleted or replaced, and none has worked with
        #: new ones since.
        self._lost = False
        self._peers = _PEERS.setdefault(os.path.realpath(self._text), WeakSet())
        self._peers.add(self)

    def make(self) -> bool:
        """Make the file if it is missing, unreadable for other users from the start; tell whether it was missing.

        SQLite gives the log and the shared memory the rights of the database.

        Raises:
            StoreUnavailable: it cannot be made.
        """
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
        try:
            fd = os.open(self._text, flags, self.options.file_mode)
        except FileExistsError:
            return False
        except OSError as error:
            raise StoreUnavailable(f"cannot create the database file {self._text}: {error.strerror}") from error
        try:
            if os.name == "posix":
                os.fchmod(fd, self.options.file_mode)
        finally:
            os.close(fd)
        return True

    def exists(self) -> bool:
        """Tell whether there is something at the file's path."""
        # If that cannot be seen, opening the file says why.
        try:
            return self.path.exists()
        except OSError:
            return True

    def connect(self, *, writes: bool, opener: Opener | None = None) -> Connection:
        """Open the file, which must exist, for one thread; its owner must be the only one to use it.

        Args:
            writes: false for a connection that only reads.
            opener: called when the file is deleted or replaced; None: the connection is closed after one transaction.

        Raises:
            StoreUnavailable: the file is missing, or is not the store that was opened before.
            sqlite3.Error: the engine refuses.
        """
        before = self._stat()
        # Connections of one process share the shared memory of the first: while old ones are open, those of another
        # store included, a new one would use the file that was deleted.
        if any(peer.is_outdated() for peer in list(self._peers)):
            raise StoreUnavailable(f"the database file {self._text} was replaced and is being opened again")
        if self._lost:
            # A closed connection lives on inside SQLite as long as one of its cursors has rows left. One in a circle of
            # references, as tracebacks make them, waits for the garbage collector, and would lend us the old files. At
            # each attempt: another thread may have let go of such a circle since the last one.
            gc.collect()
        conn = sqlite3.connect(
            f"file:{quote(os.fsencode(self._text))}?mode=rw",
            uri=True,
            timeout=SETUP_WAIT_S,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=256,
            factory=Connection,
        )
        try:
            self._recognise(conn)
            set_up(conn, self.options, writes=writes)
            if self._stat() != before:
                raise StoreUnavailable(f"the database file {self._text} was replaced while it was opened")
        except BaseException:
            conn.close()
            raise
        conn.database, conn.owner = before, self
        # SQLite puts them beside the file itself, not beside a link to it.
        target = os.path.realpath(self._text)
        conn.logs = (Path(f"{target}-wal"), Path(f"{target}-shm"))
        with self._lock:
            self._open.add(conn)
            if opener is not None:
                self._openers.add(opener)
        return conn

    def is_outdated(self) -> bool:
        """Tell whether connections to a file that was replaced are still open."""
        if self._pid != os.getpid():
            # After a fork, do not wait for the parent's connections, nor for its lock, held or not.
            self._pid, self._lock = os.getpid(), threading.Lock()
            self._open, self._outdated = WeakSet(), WeakSet()
        return len(self._outdated) > 0

    def check(self, conn: Connection) -> None:
        """Check that the path still names the file that a connection has open.

        Raises:
            StoreUnavailable: it does not; the connection must be closed.
        """
        try:
            # Not Path.stat: it costs twice as much, for every commit.
            found = os.stat(self._text)  # noqa: PTH116
        except OSError:
            found = None
        if found is None or found.st_ino != conn.database.inode or found.st_dev != conn.database.device:
            self._lose()
            raise StoreUnavailable(self._gone() if found is None else self._replaced())
        now = time.monotonic()
        if now - conn.looked_at >= _LOOK_S:
            conn.looked_at = now
            self._check_logs(conn)

    def look(self, conn: Connection) -> None:
        """Do the same for a reader, which acknowledges nothing, at intervals.

        Raises:
            StoreUnavailable: see :meth:`check`.
        """
        if time.monotonic() - conn.looked_at >= _LOOK_S:
            self.check(conn)

    def translate(self, error: BaseException) -> BaseException:
        """Return the error to raise for one of the engine; it names the file and the right that is missing."""
        found = translate(error, self._text)
        if is_busy(error) and (holder := lock_holder(self.path.resolve())) is not None:
            found = StoreUnavailable(f"{found}: {holder.sentence}")
            found.__cause__ = error
        if error_code(error) in _DENIED and (why := self._denied()) is not None:
            found = StoreUnavailable(f"{found}: {why}")
            found.__cause__ = error
        return found

    def closed(self, conn: Connection) -> None:
        """Record that a connection was closed."""
        with self._lock:
            self._open.discard(conn)
            self._outdated.discard(conn)

    def _check_logs(self, conn: Connection) -> None:
        try:
            found = (_files(conn.logs[0].stat()), _files(conn.logs[1].stat()))
        except OSError:
            found = None
        if conn.beside is None and not (self._lost and found is None):
            # They may be missing before a connection has read.
            conn.beside = found
            self._lost = False
        elif conn.beside is None or conn.beside != found:
            self._lose()
            raise StoreUnavailable(
                f"the files {self._text}-wal and -shm were deleted or replaced while the database was open: what was "
                "written last may be lost. They belong to the database; never delete or copy them alone"
            )

    def _lose(self) -> None:
        for peer in list(self._peers):
            peer.let_go()

    def let_go(self) -> None:
        """Have all connections closed: the file was replaced."""
        with self._lock:
            self._lost = True
            self._outdated = self._open.copy()
            openers = list(self._openers)
        for opener in openers:
            opener.let_go()

    def _stat(self) -> _Files:
        try:
            found = self.path.stat()
        except FileNotFoundError:
            if self.path.is_symlink():
                raise StoreUnavailable(
                    f"{self._text} is a symbolic link to a file that does not exist: make that file's folder and name "
                    "the file itself, or remove the link"
                ) from None
            raise StoreUnavailable(self._missing()) from None
        except OSError as error:
            raise StoreUnavailable(f"cannot open the database file {self._text}: {error.strerror}") from error
        if not stat.S_ISREG(found.st_mode):
            what = "a directory" if stat.S_ISDIR(found.st_mode) else "no regular file"
            raise StoreUnavailable(f"{self._text} is {what}, not a database file: correct the database's address")
        return _files(found)

    def _recognise(self, conn: sqlite3.Connection) -> None:
        """Refuse another store than the one that was opened first, before anything is changed in the file."""
        if self.identity is None:
            return
        found = read_identity(conn)
        if found is None:
            raise StoreUnavailable(
                f"{self._text} holds no TaskFlow store any more: put the right file back, or start this process again "
                "with the right address"
            )
        if found != self.identity:
            raise StoreUnavailable(
                f"{self._text} holds another TaskFlow store than the one that this process opened: put the right file "
                "back, or start this process again to use the new one"
            )

    def _denied(self) -> str | None:
        """Return which right this process lacks to use the file; None if that is not why it fails."""
        if not os.access(self._text, os.R_OK):
            return "this user may not read it"
        if not os.access(self.path.parent, os.W_OK):
            return "this user may not write its folder, where SQLite creates -wal and -shm files even for reading"
        if not os.access(self._text, os.W_OK):
            return "this user may not write it"
        return None

    def _missing(self) -> str:
        if self.identity is not None:
            return self._gone()
        return (
            f"there is no database file {self._text}: `taskflow db migrate` makes it, as `taskflow dev`, `worker`, "
            "`server` and `enqueue` do; or correct the database's address"
        )

    def _gone(self) -> str:
        return (
            f"the database file {self._text} is gone: restore it to continue, or restart the processes to use a new one"
        )

    def _replaced(self) -> str:
        return f"the database file {self._text} was replaced while it was open: what was being written may be lost"


def _files(found: os.stat_result) -> _Files:
    return _Files(found.st_dev, found.st_ino)


def read_identity(conn: sqlite3.Connection) -> bytes | None:
    """Return which store a database holds: None if it holds none, empty bytes for one of an older schema."""
    if not conn.execute(q.find_store).fetchall():
        return None
    if not conn.execute(q.find_identity).fetchall():
        return b""
    found: bytes | None = conn.execute(q.read_identity).fetchone()[0]
    return found or b""


def refuse_foreign(conn: sqlite3.Connection, path: Path, *, beside: bool) -> None:
    """Refuse to install a store into a database of another program.

    Args:
        conn: of a database without a store.
        path: its file, for the message.
        beside: whether tables of the application are expected there.

    Raises:
        SchemaMismatch: it holds something else.
    """
    if beside:
        return
    (number,) = conn.execute("PRAGMA application_id").fetchone()
    if number not in (0, APPLICATION_ID):
        raise SchemaMismatch(
            f"{path} belongs to another program (application id {number:#010x}) and holds no TaskFlow store: "
            "correct the database's address"
        )
    (tables,) = conn.execute(q.count_tables).fetchone()
    if tables:
        raise SchemaMismatch(
            f"{path} holds {tables} tables of another program and no TaskFlow store: correct the database's address, "
            "or let jobs live beside them with `?beside=true` behind it"
        )


def mark_own(conn: sqlite3.Connection) -> None:
    """Write the application id into a database that holds nothing but a store."""
    (number,) = conn.execute("PRAGMA application_id").fetchone()
    (tables,) = conn.execute(q.count_tables).fetchone()
    if number == 0 and tables == 0:
        conn.execute(f"PRAGMA application_id = {APPLICATION_ID}")
