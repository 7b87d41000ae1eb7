"""Keeps the descriptors of the standard streams from being reused.

If a handler closes standard output, the next socket gets its number, and a later print writes into a connection of the
database.
"""

from __future__ import annotations

import os
import stat
import sys

_NUMBERS = (0, 1, 2)


class StdioGuard:
    """The standard streams of this process, as they were when this was made, and the stack that its loops need."""

    def __init__(self) -> None:
        self._before = {number: _identity(number) for number in _NUMBERS}
        self._frames = sys.getrecursionlimit()

    def keep(self) -> bool:
        """Reopen descriptors that were closed; False if a socket has one of them already, which cannot be repaired."""
        kept = True
        if sys.getrecursionlimit() < self._frames:  # a handler lowered it for all the process
            sys.setrecursionlimit(self._frames)
        for number in _NUMBERS:
            found = _identity(number)
            if found is None:
                os.open(os.devnull, os.O_RDWR)  # takes the lowest free number: this one
            elif found != self._before[number] and found[2]:
                kept = False
        return kept


def _identity(number: int) -> tuple[int, int, bool] | None:
    try:
        found = os.fstat(number)
    except OSError:
        return None
    return found.st_dev, found.st_ino, stat.S_ISSOCK(found.st_mode)
