"""A process that must not outlive its parent, whatever kills that."""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1
_body = False


def become_body() -> None:
    """Remember that this process runs the bodies of a worker elsewhere."""
    global _body
    _body = True


def is_body() -> bool:
    """Tell whether it does: a program that is imported here must not start a worker of its own."""
    return _body


def die_with_parent(parent_pid: int) -> None:
    """Ask the kernel to kill this process when its parent dies. Elsewhere than on Linux, the pipe's end does it later.

    Args:
        parent_pid: who started us; if somebody else is our parent by now, it is dead already.
    """
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) failed")
    if os.getppid() != parent_pid:
        os._exit(1)


def leave_signals_to_parent() -> None:
    """Take no part in Ctrl-C or a service manager's SIGTERM to the whole group: the parent coordinates the end.

    A handler, not SIG_IGN: what a body starts must not inherit deafness.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _hear_nothing)


def _hear_nothing(number: int, frame: object) -> None:
    return None
