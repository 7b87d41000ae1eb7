"""Whether a thread of this process is a real thread.

gevent and eventlet can replace threads, queues and the waiting for sockets by greenlets of one thread. An event loop on
such a thread runs in the caller's thread: the two cannot be distinguished, and a wait for it would block itself.
"""

from __future__ import annotations

import sys

from taskflowmq.core.errors import WrongContext

#: The functions that our threads and loops use.
_NEEDED = ("threading", "queue", "select", "selectors")


def refuse_green_threads() -> None:
    """Raise :class:`WrongContext` if threads have been replaced; cheap, called before one is started."""
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
