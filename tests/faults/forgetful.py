"""A store that does what it is asked and now and then says that it could not (RELIABILITY F8)."""

from __future__ import annotations

import inspect
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from taskflowmq import StoreUnavailable
from taskflowmq.ports import store as ports
from taskflowmq.ports.store import Store

#: What a worker, its duties or an operator changes. The first answer to each of these is lost for certain.
CHANGES = {
    "intake": {"enqueue", "announce_tasks"},
    "claims": {"claim", "settle", "save_progress"},
    "workers": {"register", "renew", "end", "end_expired"},
    "jobs": {"cancel", "retry", "reschedule", "move", "delete"},
    "queues": {"pause", "resume"},
    "inspections": {"ask", "answer"},
    "upkeep": {"take_turn", "stage_due", "expire_ready", "prune", "maintain"},
}
#: Not calls to the database of their own: a caller's transaction, and what an adapter remembers.
_NOT_LOST = {"enqueue_on", "settle_on", "forget"}
PARTS = {"intake": ports.Intake, "claims": ports.Claims, "workers": ports.Workers, "jobs": ports.Jobs,
         "queues": ports.Queues, "stats": ports.Stats, "upkeep": ports.Upkeep,
         "inspections": ports.Inspections}  # fmt: skip


def calls(part: str) -> set[str]:
    """Return every call of a part whose answer can be lost, reading ones included."""
    return {name for name, _ in inspect.getmembers(PARTS[part], inspect.iscoroutinefunction)} - _NOT_LOST


class Forgetful:
    """Passes every call on, and loses the answers of some after they took effect.

    Args:
        store: where the calls go.
        seed: each call has a sequence of its own, so what is lost does not depend on how calls interleave.
        rate: the share of the answers that are lost.
    """

    def __init__(self, store: Store, seed: int, rate: float) -> None:
        self._store = store
        self._rate = rate
        self._luck = {name: random.Random(f"{seed} {name}") for part in PARTS for name in calls(part)}
        self._certain = {name for names in CHANGES.values() for name in names}
        self._parts = {part: _Part(getattr(store, part), calls(part), self._lossy) for part in PARTS}
        #: How many answers there were, and how many were lost, by call.
        self.asked: Counter[str] = Counter()
        self.lost: Counter[str] = Counter()
        #: How often each job was claimed, answered or not.
        self.claimed: Counter[UUID] = Counter()

    def __getattr__(self, name: str) -> Any:
        return self._parts.get(name) or getattr(self._store, name)

    def _lossy(self, name: str, call: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def called(*args: Any, **kwargs: Any) -> Any:
            answer = await call(*args, **kwargs)
            self.asked[name] += 1
            if name == "claim":
                self.claimed.update(job.id for job in answer)
            certain = name in self._certain
            self._certain.discard(name)
            if self._luck[name].random() < self._rate or certain:
                self.lost[name] += 1
                raise StoreUnavailable(f"the answer to {name} was lost")
            return answer

        return called


class _Part:
    def __init__(self, part: Any, names: set[str], lossy: Callable[..., Any]) -> None:
        self._part = part
        self._lossy = {name: lossy(name, getattr(part, name)) for name in names}

    def __getattr__(self, name: str) -> Any:
        return self._lossy.get(name) or getattr(self._part, name)
