"""``app.queues``: the queues of the app's tenant, and holding them."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from datetime import timedelta

from taskflowmq.client.acting import Acting
from taskflowmq.client.bulks import Bulks
from taskflowmq.client.hub import Hub
from taskflowmq.client.session import Session
from taskflowmq.client.sync import sync_twin
from taskflowmq.core.bulk import Bulk, BulkAction, purge_filter
from taskflowmq.core.errors import QueueNotFound
from taskflowmq.core.filters import read_states
from taskflowmq.core.job import State
from taskflowmq.core.retention import NEVER, age_ms
from taskflowmq.core.validation import check_name
from taskflowmq.ports.store import QueueView

#: How long jobs are kept: seconds, a timedelta, or text like 7d; None keeps them.
Age = str | float | timedelta | None


def find_queue(queues: Iterable[QueueView], name: str) -> QueueView:
    """Return the queue of this name.

    Raises:
        QueueNotFound: there is none; names the one that may be meant.
    """
    names = {}
    for queue in queues:
        if queue.name == name:
            return queue
        names[queue.name] = queue
    close = difflib.get_close_matches(name, names, n=1)
    meant = f": did you mean {close[0]!r}?" if close else ": it is created by its first job"
    raise QueueNotFound(f"queue {name!r} does not exist{meant}")


class Queues:
    """The queues of an app's tenant."""

    def __init__(self, hub: Hub[Session], tenant: str, acting: Acting) -> None:
        self._hub = hub
        self._tenant = tenant
        self._acting = acting
        self._bulks = Bulks(hub, tenant, acting)

    async def alist(self) -> list[QueueView]:
        """Return every queue that is in use, by name."""
        return await self._hub.call(lambda session: session.asked.queues.list_queues(self._tenant))

    async def apause(
        self, queue: str, *, reason: str | None = None, create: bool = False, actor: str | None = None
    ) -> None:
        """Stop jobs of this queue from starting; those that run continue. The audit keeps who did, and why.

        Args:
            queue: its name.
            reason: why, on one line; others see it where the queue is listed, and where its jobs wait.
            create: make the queue if no job has named it yet, so that its first job waits.
            actor: who pauses it, as others shall see it.

        Raises:
            QueueNotFound: there is no such queue: the name may be misspelt.
            InvalidJob: the reason is too long, or no single line.
        """
        name, by = check_name("queue", queue), self._acting.caller(actor, reason)
        if not create:
            await self._find(name)
        await self._hub.call(
            lambda session: session.asked.queues.pause(self._tenant, name, actor=by.actor, reason=by.reason, by=by)
        )

    async def aresume(self, queue: str, *, reason: str | None = None, actor: str | None = None) -> None:
        """Allow jobs of this queue to start again. The audit keeps who did, and why.

        Args:
            queue: its name.
            reason: why, on one line.
            actor: the operator, as others shall see them.

        Raises:
            QueueNotFound: there is no such queue: the name may be misspelt.
        """
        name, by = check_name("queue", queue), self._acting.caller(actor, reason)
        await self._find(name)
        await self._hub.call(lambda session: session.asked.queues.resume(self._tenant, name, by=by))

    async def aset_retention(
        self,
        queue: str,
        *,
        completed: Age = "",
        cancelled: Age = "",
        dead: Age = "",
        create: bool = False,
        reason: str | None = None,
        actor: str | None = None,
    ) -> None:
        """Set the retention of a queue's ended jobs; ages that are not given stay unchanged. The audit keeps who did.

        Args:
            queue: its name.
            completed, cancelled, dead: seconds, a timedelta or text like ``12h``; ``never`` and None keep them, and
                ``default`` restores the store's.
            create: make the queue if no job has named it yet.
            reason: why, on one line.
            actor: the operator, as others shall see them.

        Raises:
            QueueNotFound: there is no such queue: the name may be misspelt.
            InvalidJob: one of them is not an age.
        """
        name, by = check_name("queue", queue), self._acting.caller(actor, reason)
        ages: dict[str, int | None] = {}
        for state, age in (("completed", completed), ("cancelled", cancelled), ("dead", dead)):
            if age == "default":
                ages[f"{state}_ms"] = None
            elif age != "":
                kept = age_ms(age, f"/{state}")
                ages[f"{state}_ms"] = NEVER if kept is None else kept
        if not create:
            await self._find(name)
        await self._hub.call(lambda session: session.asked.queues.set_retention(self._tenant, name, ages, by=by))

    async def apurge(
        self,
        queue: str,
        *,
        state: State | str | Sequence[State | str] | None = None,
        reason: str | None = None,
        rate: int | None = None,
        undo: float | timedelta = 0.0,
        actor: str | None = None,
    ) -> Bulk:
        """Delete the jobs of a queue: what waits is cancelled and deleted, by a bulk operation, which is returned.

        The set is frozen now: jobs that are enqueued later are not touched. Those that run go on; :meth:`apause` keeps
        others from starting meanwhile. ``app.bulks`` follows the operation, and takes it back or stops it.

        Args:
            queue: its name.
            state: one state or several: pending, scheduled and retrying unless others are named; ended ones too.
            reason: why, on one line; others see it with the operation.
            rate: most jobs per second; None: as fast as it goes.
            undo: how long it waits before it begins, in seconds or as a timedelta.
            actor: who starts it, as others shall see it.

        Raises:
            QueueNotFound: there is no such queue: the name may be misspelt.
            InvalidJob: an argument is wrong.
        """
        name = check_name("queue", queue)
        text = purge_filter(name, None if state is None else read_states(state))
        await self._find(name)
        return await self._bulks.astart(BulkAction.PURGE, filter=text, reason=reason, rate=rate, undo=undo, actor=actor)

    async def _find(self, name: str) -> None:
        find_queue(await self.alist(), name)

    purge = sync_twin(apurge)
    set_retention = sync_twin(aset_retention)
    pause = sync_twin(apause)
    resume = sync_twin(aresume)
    list = sync_twin(alist)
