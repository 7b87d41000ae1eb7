"""``app.queues``: the queues of the store, and holding them."""

from __future__ import annotations

from datetime import timedelta

from taskflowmq.client.hub import Hub
from taskflowmq.client.session import Session
from taskflowmq.client.sync import sync_twin
from taskflowmq.core.limits import check_name
from taskflowmq.core.retention import NEVER, age_ms
from taskflowmq.ports.store import QueueView

#: How long jobs are kept: seconds, a timedelta, or text like 7d; None keeps them.
Age = str | float | timedelta | None


class Queues:
    """The queues of an app's store."""

    def __init__(self, hub: Hub[Session]) -> None:
        self._hub = hub

    async def alist(self) -> list[QueueView]:
        """Return every queue, by name."""
        return await self._hub.call(lambda session: session.asked.board.list_queues())

    async def apause(self, queue: str) -> None:
        """Let no job of this queue start any more; those that run go on."""
        name = check_name("queue", queue)
        await self._hub.call(lambda session: session.asked.board.pause(name))

    async def aresume(self, queue: str) -> None:
        """Let jobs of this queue start again."""
        name = check_name("queue", queue)
        await self._hub.call(lambda session: session.asked.board.resume(name))

    async def aset_retention(self, queue: str, *, completed: Age = "", cancelled: Age = "", dead: Age = "") -> None:
        """Keep ended jobs of a queue for another time than all others; what is not named stays as it is.

        Args:
            queue: its name.
            completed, cancelled, dead: seconds, a timedelta or text like ``12h``; ``never`` and None keep them, and
                ``default`` is as for all queues again.

        Raises:
            InvalidJob: one of them is no age.
        """
        name = check_name("queue", queue)
        ages: dict[str, int | None] = {}
        for state, age in (("completed", completed), ("cancelled", cancelled), ("dead", dead)):
            if age == "default":
                ages[f"{state}_ms"] = None
            elif age != "":
                kept = age_ms(age, f"/{state}")
                ages[f"{state}_ms"] = NEVER if kept is None else kept
        await self._hub.call(lambda session: session.asked.board.set_retention(name, ages))

    set_retention = sync_twin(aset_retention)
    pause = sync_twin(apause)
    resume = sync_twin(aresume)
    list = sync_twin(alist)
