"""A process that must not outlive its parent, whatever kills the parent."""

from __future__ import annotations

import ctypes
import logging
import os
import signal
import sys
from pathlib import Path

log = logging.getLogger("taskflowmq.worker")

_PR_SET_PDEATHSIG = 1
#: In thousandths of the memory: how much is added to a child's size when the kernel chooses a process to kill.
OOM_SCORE = 300
_body = False


def become_body() -> None:
    """Remember that this process runs the bodies of a worker elsewhere."""
    global _body
    _body = True


def is_body() -> bool:
    """Tell whether this process runs bodies: a program that is imported here must not start a worker of its own."""
    return _body


def die_with_parent(parent_pid: int) -> None:
    """Ask the kernel to kill this process when its parent dies. Elsewhere than on Linux, the pipe's end does it later.

    Args:
        parent_pid: who started us; if another process is our parent by now, it is dead already.
    """
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) failed")
    if os.getppid() != parent_pid:
        os._exit(1)


def die_of_memory_first() -> None:
    """Tell the kernel that, when memory runs out, this process and what it starts go before the supervisor.

    The kernel picks a second process while the first still frees its memory; the supervisor would be a small one.
    """
    score = Path("/proc/self/oom_score_adj")
    try:
        score.write_text(str(min(int(score.read_text()) + OOM_SCORE, 1_000)))
    except (OSError, ValueError) as error:  # another system, or a locked one: the kernel's own choice then
        log.debug("cannot set the OOM score of this process: %s", error)
