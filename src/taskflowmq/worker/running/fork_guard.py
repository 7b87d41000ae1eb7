"""Handlers may fork. The copy must never run the worker's own code: it has our connections, our lease and our loop.

A copy that execs, or ends by ``os._exit`` as ``multiprocessing`` does, never reaches this code. One that returns from
its handler, or awaits, would continue as a second worker without a supervisor.
"""

from __future__ import annotations

import os

#: The exit code of a copy that returned from its handler.
EXIT_CODE = 70

#: Whether this process is such a copy, as far as Python's own forks go: a fork by C code runs no hook.
copied = False
_pid = 0


def guard_forks() -> None:
    """Detect from now on when this process is copied; call once."""
    global _pid
    _pid = os.getpid()
    os.register_at_fork(after_in_child=_mark)


def leave_if_copied() -> None:
    """If this process is a forked copy, end it at once and silently. Call where a handler's code returns."""
    if copied or (_pid and _pid != os.getpid()):
        os._exit(EXIT_CODE)


def _mark() -> None:
    global copied
    copied = True
