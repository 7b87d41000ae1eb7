"""Shared metric files whose room on the disk exists before it is written to.

prometheus_client maps files that it has only lengthened, not filled. If the disk is full, the first write to such a
page ends the process with SIGBUS: a full /tmp would end workers and their supervisors, and charge their jobs for it.
Here the room is allocated first; if there is none, a process counts in its own memory, invisible to the others.
"""

from __future__ import annotations

import contextlib
import logging
import mmap
import os
import struct
from pathlib import Path
from typing import Any

from prometheus_client import values
from prometheus_client.mmap_dict import MmapedDict

log = logging.getLogger("taskflowmq.telemetry")

FIRST_BYTES = 64 * 1024
#: Bytes of a value beside its key, padding included.
_BESIDE_KEY = 40
_said: set[str] = set()


class AllocatedDict(MmapedDict):
    """The values of one process in one file.

    Args:
        filename: the file.
        read_mode: only read what is there.
    """

    def __init__(self, filename: str, read_mode: bool = False) -> None:
        self._in_memory = not read_mode and not _allocate(filename)
        if not self._in_memory:
            super().__init__(filename, read_mode)  # type: ignore[no-untyped-call]
            return
        self._f: Any = None
        self._fname = filename
        self._capacity = FIRST_BYTES
        self._m: Any = mmap.mmap(-1, FIRST_BYTES)
        self._positions: dict[str, int] = {}
        self._used = 8
        self._m[:4] = struct.pack("i", self._used)

    def _init_value(self, key: str) -> None:
        while self._used + len(key.encode()) + _BESIDE_KEY > self._capacity:
            self._grow()
        super()._init_value(key)  # type: ignore[no-untyped-call]

    def _grow(self) -> None:
        size = 2 * self._capacity
        if self._f is not None:
            try:
                os.posix_fallocate(self._f.fileno(), 0, size)
                self._m = mmap.mmap(self._f.fileno(), size)
            except OSError as error:
                _say(self._fname, error)
                self._f.close()
                self._f = None
        if self._f is None:
            # The part that others have read stays unchanged.
            memory = mmap.mmap(-1, size)
            memory[: self._capacity] = self._m[:]
            self._m = memory
        self._capacity = size


def _allocate(filename: str) -> bool:
    """Make a new file with room; True for one that is there already."""
    try:
        fd = os.open(filename, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        _say(filename, error)
        return False
    try:
        if os.fstat(fd).st_size == 0:
            os.posix_fallocate(fd, 0, FIRST_BYTES)
    except OSError as error:
        _say(filename, error)
        with contextlib.suppress(OSError):
            Path(filename).unlink()
        return False
    finally:
        os.close(fd)
    return True


def _say(filename: str, error: OSError) -> None:
    folder = str(Path(filename).parent)
    if folder not in _said:
        _said.add(folder)
        log.warning("cannot share metrics in %s, this process counts on its own: %s", folder, error.strerror)


def allocate_metrics() -> None:
    """Have the metrics of this process use files that are allocated; does nothing on systems that cannot."""
    if hasattr(os, "posix_fallocate"):
        values.MmapedDict = AllocatedDict  # type: ignore[attr-defined]
