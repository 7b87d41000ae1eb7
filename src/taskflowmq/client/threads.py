"""Whether a thread of this process is a thread.

gevent and eventlet can replace ``threading`` by greenlets of one thread. An event loop on such a thread is an event
loop in the caller's: nothing could be told apart, and a wait for it would be a wait for ourselves.
"""

from __future__ import annotations

import sys

from taskflowmq.core.errors import WrongContext


def refuse_green_threads() -> None:
    """Raise :class:`WrongContext` where threads have been replaced; cheap, asked before one is started."""
    name = _replaced_by()
    if name is not None:
        raise WrongContext(
            f"{name} has replaced the threads of this process, and TaskFlow needs real ones: "
            "patch with thread=False, or enqueue over REST (POST /api/v1/jobs)"
        )


def _replaced_by() -> str | None:
    gevent = sys.modules.get("gevent.monkey")
    if gevent is not None and gevent.is_module_patched("threading"):
        return "gevent"
    eventlet = sys.modules.get("eventlet.patcher")
    if eventlet is not None and eventlet.is_monkey_patched("thread"):
        return "eventlet"
    return None
