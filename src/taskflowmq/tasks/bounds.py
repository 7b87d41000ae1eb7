"""Limits of the operating system around work on data from strangers.

They bind a whole process, so they are set only in a body process, which runs one body at a time and can be replaced.
Elsewhere (a test, a call of the plain function) the checks of the caller must do.
"""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from taskflowmq.core.errors import WrongContext
from taskflowmq.ports.context import current_context
from taskflowmq.worker.running.body import BodyContext


@contextmanager
def bounded(memory: int, seconds: int) -> Iterator[None]:
    """Bound what the block may use, where it runs in a body process.

    Above ``memory`` an allocation fails (MemoryError). Above ``seconds`` the kernel ends the process with SIGXCPU,
    which no decoder can hold up, and the attempt counts as crashed.

    Args:
        memory: bytes of address space beyond what the process has now.
        seconds: of processor time from now.
    """
    if not _in_body_process():
        yield
        return
    used = resource.getrusage(resource.RUSAGE_SELF)
    with (
        _lowered(resource.RLIMIT_AS, _address_space() + memory),
        _lowered(resource.RLIMIT_CPU, int(used.ru_utime + used.ru_stime) + 1 + seconds),
    ):
        yield


def _in_body_process() -> bool:
    try:
        return isinstance(current_context(), BodyContext)
    except WrongContext:
        return False


@contextmanager
def _lowered(kind: int, limit: int) -> Iterator[None]:
    """Lower a soft limit for the block; the hard one stays, so that it can be put back."""
    soft, hard = resource.getrlimit(kind)
    if soft == resource.RLIM_INFINITY or limit < soft:
        resource.setrlimit(kind, (limit, hard))
    try:
        yield
    finally:
        resource.setrlimit(kind, (soft, hard))


def _address_space() -> int:
    """Return the size of this process's address space in bytes; where the system does not say, more than any limit."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    except (OSError, ValueError):
        return 1 << 40
    return pages * resource.getpagesize()
