"""A process that must not outlive its parent, whatever kills the parent."""

from __future__ import annotations

import ctypes
import logging
import os
import signal
import sys
import threading
from pathlib import Path

log = logging.getLogger("taskflowmq.worker")

_PR_SET_PDEATHSIG = 1
#: In thousandths of the memory: how much is added to a child's size when the kernel chooses a process to kill.
OOM_SCORE = 300
_body = False
_held = threading.local()


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


#: Signals that end or reload programs. The parent handles them, and sends its processes commands.
_PARENTS = tuple(
    getattr(signal, name)
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2")
    if hasattr(signal, name)
)


def leave_signals_to_parent() -> None:
    """Ignore signals that a terminal or a service manager sends to the whole group: the parent coordinates the end.

    By a handler, not SIG_IGN: programs that a body starts must not inherit an ignored signal. An exec resets handlers;
    a fork keeps them, so copies of this process restore them.
    """
    for number in _PARENTS:
        if signal.getsignal(number) is not signal.SIG_IGN:  # as nohup does: what is started here shall ignore it, too
            signal.signal(number, hear_nothing)
    os.register_at_fork(before=_hold_signals, after_in_parent=_release_signals, after_in_child=_hear_again)


def _hold_signals() -> None:
    """Block signals around a fork: one for a copy must wait until the copy has restored its handlers."""
    _held.mask = signal.pthread_sigmask(signal.SIG_BLOCK, _PARENTS)


def _release_signals() -> None:
    signal.pthread_sigmask(signal.SIG_SETMASK, _held.mask)


def _hear_again() -> None:
    signal.set_wakeup_fd(-1)  # the loop of the process that was copied
    for number in _PARENTS:
        if signal.getsignal(number) is hear_nothing:
            signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
    _release_signals()


def hear_nothing(number: int, frame: object) -> None:
    """Do nothing on a signal: unlike SIG_IGN, a handler is not inherited over an exec."""
