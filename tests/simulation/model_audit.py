"""The audit, in the model."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from tests.simulation.rows import Data

from taskflowmq.core.audit import Act, AuditPage, AuditQuery
from taskflowmq.stores.common.audit import page_of


class ModelAudit:
    """What operators did."""

    def __init__(self, data: Data, now: Callable[[], datetime]) -> None:
        self._data, self._now = data, now

    async def add(self, act: Act) -> None:
        self._data.note(self._now(), act)

    async def list_acts(self, query: AuditQuery, *, limit: int, below: int | None) -> AuditPage:
        numbers = sorted((one for one in self._data.acts if below is None or one < below), reverse=True)
        whole = page_of(((number, *self._data.acts[number]) for number in numbers), len(numbers) + 1)
        found = [one for one in whole.items if _fits(query, one.act, one.at)]
        return AuditPage(found[:limit], found[limit - 1].id if len(found) > limit else None)

    async def prune(self, age_ms: int, limit: int) -> int:
        until = self._now() - timedelta(milliseconds=age_ms)
        old = [number for number, (at, _) in self._data.acts.items() if at <= until][:limit]
        for number in old:
            del self._data.acts[number]
        return len(old)


def _fits(query: AuditQuery, act: Act, at: datetime) -> bool:
    wanted = ((query.actor, act.by.actor), (query.action, act.action), (query.object, act.object))
    named = act.by.tenant == query.tenant and all(one is None or one == is_ for one, is_ in wanted)
    return named and (query.after is None or at >= query.after) and (query.before is None or at < query.before)
