"""A store that does what it is asked and now and then says that it could not (RELIABILITY F8)."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from taskflowmq import StoreUnavailable
from taskflowmq.ports.store import Store

#: The calls whose answers get lost, by part of the store.
CALLS = {
    "intake": {"enqueue"},
    "claims": {"claim", "settle"},
    "upkeep": {"stage_due"},
    "workers": {"renew", "end"},
}


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
        self._luck = {name: random.Random(f"{seed} {name}") for names in CALLS.values() for name in names}
        self._parts = {part: _Part(getattr(store, part), names, self._lossy) for part, names in CALLS.items()}
        #: How many answers were lost, by call.
        self.lost: Counter[str] = Counter()
        #: How often each job was claimed, answered or not.
        self.claimed: Counter[UUID] = Counter()

    def __getattr__(self, name: str) -> Any:
        return self._parts.get(name) or getattr(self._store, name)

    def _lossy(self, name: str, call: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def called(*args: Any, **kwargs: Any) -> Any:
            answer = await call(*args, **kwargs)
            if name == "claim":
                self.claimed.update(job.id for job in answer)
            if self._luck[name].random() < self._rate:
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
