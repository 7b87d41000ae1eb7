"""Signals that a terminal or a service manager sends to a whole group: the processes below a supervisor ignore them.

The first import of these processes, with few imports of its own: until the signals are ignored, Ctrl-C ends a process
with a traceback, and what a process needs to work takes a third of a second to import.
"""

from __future__ import annotations

import os
import signal
import threading

_held = threading.local()
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
