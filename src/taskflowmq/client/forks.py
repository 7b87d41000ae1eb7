"""A copy of this process starts with nothing of ours, however it was made.

Python's own forks run hooks; a fork by C code does not (uWSGI without ``--py-call-uwsgi-fork-hooks``, embedding
programs). In the copy our threads are gone and our sockets are still the parent's, so a call that trusts either waits
forever. Code that is about to trust them calls :func:`notice_fork` first: it compares process ids, some 50 ns.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable

_start_again: list[Callable[[], None]] = []
#: Held only while a copy is being noticed, so no copy inherits it locked.
_noticing = threading.Lock()
_pid = os.getpid()
#: What a copy inherited and must neither use nor close.
_inherited: list[object] = []


def on_fork(start_again: Callable[[], None]) -> None:
    """Have this called in every copy of this process, once, before anything of ours is used there.

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
    # Last: another thread that asks meanwhile waits for us.
    _pid = os.getpid()


os.register_at_fork(after_in_child=_become_copy)
