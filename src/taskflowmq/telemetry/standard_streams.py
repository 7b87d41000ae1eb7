"""Standard output and error of a process that runs bodies: a ``print()`` never fails a job, and never blocks one.

The reader of a log can end (a pipe is closed, a terminal disconnects), stop reading, or fill its disk; and one job can
close the stream that all share. None of that may affect a job that prints. Text that cannot be written is lost; see
:mod:`taskflowmq.telemetry.outlet`.
"""

from __future__ import annotations

import io
import os
import sys
from typing import TYPE_CHECKING, TextIO

from taskflowmq.telemetry.outlet import Outlet

if TYPE_CHECKING:
    from typing_extensions import Buffer

#: How long the end of a process waits for a reader.
LAST_SECONDS = 1.0

_outlets: list[Outlet] = []


class _Raw(io.RawIOBase):
    """Bytes for a descriptor; all of them are accepted, even if they are lost later."""

    def __init__(self, number: int, outlet: Outlet) -> None:
        self._number, self._outlet = number, outlet

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._number

    def isatty(self) -> bool:
        return os.isatty(self._number)

    def write(self, data: Buffer, /) -> int:
        taken = bytes(data)
        self._outlet.put(taken, taken.count(b"\n") or 1)
        return len(taken)


class _Guarded(io.TextIOWrapper):
    """Text that is written line by line, in characters that the encoding has, and that no job closes."""

    def close(self) -> None:
        self.flush()


def guard_streams() -> None:
    """Replace ``sys.stdout`` and ``sys.stderr``, where they have a file; call once, before logging is configured."""
    sys.stdout, sys.stderr = _guarded(sys.stdout), _guarded(sys.stderr)


def finish_streams() -> None:
    """Wait, for a limited time, until the last output is read."""
    for outlet in _outlets:
        outlet.finish(LAST_SECONDS)


def _guarded(stream: TextIO) -> TextIO:
    try:
        number = stream.fileno()
        outlet = Outlet(number, "up to {} lines of output were lost".format)
    except (OSError, ValueError, AttributeError):  # none, or without a file: such as a test's
        return stream
    _outlets.append(outlet)
    return _Guarded(
        io.BufferedWriter(_Raw(number, outlet)),
        encoding=stream.encoding or "utf-8",
        errors="backslashreplace",
        line_buffering=True,
    )
