"""``app.queues``: the queues of the store, and holding them."""

from __future__ import annotations

from taskflowmq.client.hub import Hub
from taskflowmq.client.session import Session
from taskflowmq.client.sync import sync_twin
from taskflowmq.core.limits import check_name
from taskflowmq.ports.store import QueueView


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

    pause = sync_twin(apause)
    resume = sync_twin(aresume)
    list = sync_twin(alist)
