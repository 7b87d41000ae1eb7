"""Says in the log which ready jobs no living worker takes: a task that was renamed, a queue without a worker."""

from __future__ import annotations

import logging

from taskflowmq.ports.waiting import find_unserved
from taskflowmq.scheduler.looper import Looper

log = logging.getLogger("taskflowmq.scheduler")

INTERVAL = 60.0


class Lookout(Looper):
    """Looks once per interval for the cluster; a process says the same of a task once, until it was served again."""

    name = "lookout"
    #: What this process has said already: task and reason.
    _said: frozenset[tuple[str, str]] = frozenset()

    async def turn(self) -> float | None:
        """Look, if it is this node's turn."""
        turn = await self._take_turn()
        if turn.taken:
            await self._look()
        return None

    async def _look(self) -> None:
        found = {(one.view.task, one.wait.text): one for one in await find_unserved(self._store)}
        for key, one in found.items():
            if key not in self._said:
                log.warning("job %s waits: %s", one.view.id, one.wait, extra={"job_id": str(one.view.id)})
        self._said = frozenset(found)
