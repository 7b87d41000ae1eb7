"""The slots of one child in shared memory, so that the supervisor can read them also when the child is blocked.

Layout: an array of 64-bit cells. First a header (the flags and counters below), then five cells per slot, then a ring
of the jobs that ended last, three cells each. The child writes, the supervisor reads (and writes how long the lease
holds); each cell is written whole, and a slot's ``state`` cell is written last when it is taken and first when it is
freed, so a reader never sees a started job with half an id.

What must stay true: a slot is STARTED exactly while code of its job may run, and a job whose end is not stored yet is
in the ring. After a death, jobs that are in neither were prefetched and are handed back without a charge; the others
are charged, also those that had ended: a job that kills its process as it ends would otherwise run forever.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import struct
import tempfile
from uuid import UUID

import msgspec

STEPPED, TICK_US, REGISTERED, TAINTED, SETTLED, HANDED_BACK, LEFT, SIZE, _LAST, HEALTHY_US, LEASE_US = range(11)
HEADER = 16
WIDTH = 5
_STATE, _HIGH, _LOW, _LEASE, _DEADLINE = range(WIDTH)
#: All cells of a slot but its state.
_BODY = struct.Struct("@4Q")
#: EXCLUSIVE: started, and must not outlive the lease.
FREE, STARTED, EXCLUSIVE = range(3)
_LOW_64 = (1 << 64) - 1
#: More than can wait for the store: the completer's high-water mark, the slots and a full prefetch (a power of two).
RING = 8_192
_RING_WIDTH = 3


class StartedJob(msgspec.Struct, frozen=True):
    """A body that runs, or ran when the child died. ``deadline`` is monotonic seconds, None without a timeout."""

    job_id: UUID
    lease_no: int
    deadline: float | None
    #: Whether the loop was inside this body.
    stepped: bool
    #: Whether it must not outlive the lease.
    exclusive: bool = False


class SlotTable:
    """Room for ``size`` running jobs, mapped from a file without a name."""

    def __init__(self, fd: int, size: int) -> None:
        self.fd = fd
        self.size = size
        self._ring = HEADER + WIDTH * size
        self._map = mmap.mmap(fd, _cells(size) * 8)
        #: The raw cells; the hot path writes STEPPED directly.
        self.cells = memoryview(self._map).cast("Q")
        self._free = list(range(size - 1, -1, -1))

    @classmethod
    def create(cls, size: int) -> SlotTable:
        """Make a table; ``fd`` can be passed to a child."""
        fd = _shared_memory(_cells(size) * 8)
        table = cls(fd, size)
        table.cells[SIZE] = size
        return table

    @classmethod
    def attach(cls, fd: int) -> SlotTable:
        """Map the table that a supervisor made."""
        return cls(fd, (os.fstat(fd).st_size // 8 - _cells(0)) // WIDTH)

    def close(self) -> None:
        """Unmap the table."""
        self.cells.release()
        self._map.close()
        os.close(self.fd)

    @property
    def free(self) -> int:
        """How many more bodies fit."""
        return len(self._free)

    def take(self) -> int:
        """Reserve a slot and return its index; IndexError when there is none."""
        return self._free.pop()

    def start(
        self, index: int, job_id: UUID, lease_no: int, deadline: float | None, *, exclusive: bool = False
    ) -> None:
        """Publish that the body of this job begins now."""
        at = HEADER + WIDTH * index
        number = job_id.int
        due = 0 if deadline is None else int(deadline * 1e6)
        _BODY.pack_into(self._map, 8 * (at + _HIGH), number >> 64, number & _LOW_64, lease_no, due)
        self.cells[at] = EXCLUSIVE if exclusive else STARTED

    def finish(self, index: int) -> None:
        """Publish that the body ended, and free the slot. A slot whose body never began stays unpublished."""
        cells, at = self.cells, HEADER + WIDTH * index
        if cells[at]:
            last = cells[_LAST] = (cells[_LAST] + 1) % RING
            ring = self._ring + _RING_WIDTH * last
            cells[ring : ring + _RING_WIDTH] = cells[at + _HIGH : at + _DEADLINE]
            cells[at] = FREE
        self._free.append(index)

    def started(self) -> list[StartedJob]:
        """Return the bodies that run now."""
        found = []
        cells = self.cells
        stepped = cells[STEPPED]
        for index in range(self.size):
            at = HEADER + WIDTH * index
            if cells[at]:
                deadline = cells[at + _DEADLINE]
                found.append(
                    StartedJob(
                        UUID(int=cells[at + _HIGH] << 64 | cells[at + _LOW]),
                        cells[at + _LEASE],
                        deadline / 1e6 if deadline else None,
                        stepped == index + 1,
                        cells[at] == EXCLUSIVE,
                    )
                )
        return found

    def ran(self) -> set[tuple[UUID, int]]:
        """Return the fences under which code ran here: of the bodies that run now, and of the last that ended."""
        cells = self.cells
        found = {(job.job_id, job.lease_no) for job in self.started()}
        for at in range(self._ring, self._ring + _RING_WIDTH * RING, _RING_WIDTH):
            high, low, lease = cells[at : at + _RING_WIDTH]
            if lease:
                found.add((UUID(int=high << 64 | low), lease))
        return found

    def clear_deadline(self, index: int) -> None:
        """Clear the deadline of a job that was settled without its body: no process need be killed for it."""
        self.cells[HEADER + WIDTH * index + _DEADLINE] = 0


def _shared_memory(size: int) -> int:
    """Return a file without a name, in memory if the system supports that: if a disk has no room for a page of a file,
    the process that writes to it ends with SIGBUS.
    """
    with contextlib.suppress(AttributeError, OSError):  # not on this system, or forbidden
        fd = os.memfd_create("taskflow-slots")
        os.ftruncate(fd, size)
        return fd
    with tempfile.TemporaryFile(prefix="taskflow-slots-") as file:
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(file.fileno(), 0, size)
        else:
            os.ftruncate(file.fileno(), size)
        return os.dup(file.fileno())


def _cells(size: int) -> int:
    return HEADER + WIDTH * size + _RING_WIDTH * RING
