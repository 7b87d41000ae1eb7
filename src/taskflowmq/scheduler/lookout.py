"""Logs which ready jobs no living worker takes: a task that was renamed, a queue without a worker."""

from __future__ import annotations

import logging

from taskflowmq.ports.waiting import find_unserved
from taskflowmq.scheduler.looper import TurnLooper

log = logging.getLogger("taskflowmq.scheduler")

INTERVAL = 60.0


class Lookout(TurnLooper):
    """Checks once per interval for the cluster; a process logs a reason of a task once, until it is served again.

    It logs what two checks in sequence have found: while programs start and end, jobs wait for short times.
    """

    name = "lookout"
    #: What the last look found, and what was said of it already: task and reason.
    _found: frozenset[tuple[str, str]] = frozenset()
    _said: frozenset[tuple[str, str]] = frozenset()

    async def turn(self) -> float | None:
        """Check, if it is this node's turn."""
        turn = await self._take_turn()
        if turn.taken:
            await self._look()
        return None

    async def _look(self) -> None:
        found = {(one.view.task, one.wait.text): one for one in await find_unserved(self._store)}
        for key, one in found.items():
            if key in self._found and key not in self._said:
                log.warning("job %s waits: %s", one.view.id, one.wait, extra={"job_id": str(one.view.id)})
        self._said = self._found & found.keys()
        self._found = frozenset(found)
