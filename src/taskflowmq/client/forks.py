"""A forked copy of this process starts without connections and threads of TaskFlow, however it was made.

Python's own forks run hooks; a fork by C code does not (uWSGI without ``--py-call-uwsgi-fork-hooks``, embedding
programs). In the copy our threads are gone and our sockets are still the parent's, so a call that relies on either
waits forever. Code calls :func:`notice_fork` before it relies on them: it compares process ids, some 50 ns.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable

_start_again: list[Callable[[], None]] = []
#: Held only while a copy is detected, so no copy inherits it locked.
_noticing = threading.Lock()
_pid = os.getpid()
#: Objects that a copy inherited and must neither use nor close.
_inherited: list[object] = []


def on_fork(start_again: Callable[[], None]) -> None:
    """Register a function to be called in every copy of this process, once, before TaskFlow is used there.

    It must not wait for a lock that existed before: its holder may not exist in the copy.
    """
    _start_again.append(start_again)


def notice_fork() -> None:
    """Start again if this process is a copy that ran no hook."""
    if os.getpid() != _pid:
        with _noticing:
            if os.getpid() != _pid:
                _become_copy()


def keep_inherited(thing: object) -> None:
    """Keep something alive in a copy, so that no finaliser closes what the parent still uses."""
    _inherited.append(thing)


def _become_copy() -> None:
    global _pid
    for start_again in _start_again:
        start_again()
    # Last: another thread that calls meanwhile waits for this one.
    _pid = os.getpid()


os.register_at_fork(after_in_child=_become_copy)
