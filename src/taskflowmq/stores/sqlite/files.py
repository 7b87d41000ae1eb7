"""Files beside the database: their rights, and who may own them.

A user who may write one of them could delay our writes, end our process (a mapped file that is truncated) or read the
names of queues. So they are made for the owner alone, or for the group if the database is (``file_mode``), never
through a symbolic link; a file that another user has put there is not used.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

_ROOT = 0


class Untrusted(OSError):
    """Another user owns a file that should be ours, or may change it."""


def open_beside(path: Path, database: Path, mode: int) -> int:
    """Open a small file beside the database for reading and writing; make it if it is missing.

    Args:
        path: the file.
        database: whose owner may own it too.
        mode: its rights when it is made.

    Raises:
        Untrusted: another user made it, or every user may write it.
        OSError: it cannot be opened or made.
    """
    flags = os.O_RDWR | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        fd = os.open(path, flags | os.O_CREAT | os.O_EXCL, mode)
        made = True
    except FileExistsError:
        fd = os.open(path, flags)
        made = False
    try:
        if made and os.name == "posix":
            os.fchmod(fd, mode)
        found = os.fstat(fd)
        if not stat.S_ISREG(found.st_mode):
            raise Untrusted(f"{path} is not a regular file: remove it")
        _refuse_others(path, found, database)
    except BaseException:
        os.close(fd)
        raise
    return fd


def check_folder(path: Path, database: Path) -> os.stat_result:
    """Check a folder beside the database before it is used.

    Raises:
        Untrusted: it is not a folder, another user made it, or every user may write it.
        OSError: it is missing.
    """
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode):
        raise Untrusted(f"{path} is not a folder: remove it")
    _refuse_others(path, found, database)
    return found


def make_folder(path: Path, database: Path, mode: int) -> None:
    """Make a folder beside the database, or check the one that is there.

    Args:
        path: the folder.
        database: whose owner may own it too.
        mode: the rights of files in it.

    Raises:
        Untrusted: see :func:`check_folder`.
        OSError: it cannot be made.
    """
    try:
        # A user who may read a file may enter its folder.
        entered = mode | (mode & 0o444) >> 2
        path.mkdir(mode=entered)
        # The group of a folder is inherited where this bit is set; chmod would clear it.
        path.chmod(entered | (path.lstat().st_mode & stat.S_ISGID))
    except FileExistsError:
        check_folder(path, database)


def wide_rights(database: Path) -> list[str]:
    """Return the names of the store's files that every user of this machine may read or write."""
    names = ("", "-wal", "-shm", "-turn", "-wake")
    found = []
    for name in names:
        path = database.with_name(database.name + name)
        try:
            mode = path.stat().st_mode
        except OSError:
            continue
        if mode & 0o007:
            found.append(path.name)
    return found


def log_size(database: Path) -> int:
    """Return the size of the write-ahead log in bytes, 0 if there is none."""
    try:
        return database.with_name(database.name + "-wal").stat().st_size
    except OSError:
        return 0


def _refuse_others(path: Path, found: os.stat_result, database: Path) -> None:
    if os.name != "posix":
        return
    if found.st_uid not in (_ROOT, os.geteuid()) and found.st_uid != database.stat().st_uid:
        raise Untrusted(f"{path} belongs to user {found.st_uid}, who does not own the database: remove it")
    if found.st_mode & 0o002:
        raise Untrusted(f"every user may write {path}: remove it, or revoke that permission (chmod o-w)")
