"""How many files this process may open: each connection is one, and the usual limit of 1,024 is too low."""

from __future__ import annotations

import sys
from pathlib import Path

if sys.platform != "win32":
    import resource

#: Descriptors that connections never take: for databases, logs, handlers and libraries.
RESERVED_FILES = 128
#: A limit of open files can be anything up to a thousand million; nothing here needs more than this.
MOST_FILES = 65_536


def raise_file_limit() -> None:
    """Let this process and its children open as many files as the system allows them."""
    if sys.platform == "win32":
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, MOST_FILES)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    except (OSError, ValueError):  # some systems have a lower limit that they do not name
        return


def room_for_files() -> int:
    """Return how many more files this process can open for connections, with some left for all else."""
    if sys.platform == "win32":
        return MOST_FILES
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return MOST_FILES
    return max(soft - _open_files() - RESERVED_FILES, 0)


def _open_files() -> int:
    try:
        return sum(1 for _ in Path("/dev/fd").iterdir())
    except OSError:
        return 64
