"""Whether a thread of this process is a thread.

gevent and eventlet can replace threads, queues and the waiting for sockets by greenlets of one thread. An event loop on
such a thread is an event loop in the caller's: nothing could be told apart, and a wait for it would wait for itself.
"""

from __future__ import annotations

import sys

from taskflowmq.core.errors import WrongContext

#: What our threads and loops are made of.
_NEEDED = ("threading", "queue", "select", "selectors")


def refuse_green_threads() -> None:
    """Raise :class:`WrongContext` where threads have been replaced; cheap, asked before one is started."""
    name = _replaced_by()
    if name is not None:
        raise WrongContext(
            f"{name} has patched threads, queues or select in this process, and TaskFlow needs the originals: exclude "
            "them (gevent: patch_all(thread=False, queue=False, select=False)), or enqueue over REST"
        )


def _replaced_by() -> str | None:
    gevent = sys.modules.get("gevent.monkey")
    if gevent is not None and any(map(gevent.is_module_patched, _NEEDED)):
        return "gevent"
    eventlet = sys.modules.get("eventlet.patcher")
    if eventlet is not None and any(map(eventlet.is_monkey_patched, ("thread", "select"))):
        return "eventlet"
    return None
