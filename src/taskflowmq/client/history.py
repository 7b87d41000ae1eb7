"""``app.history``: what happened to the jobs of the app's tenant."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from taskflowmq.client.hub import Hub
from taskflowmq.client.session import Session
from taskflowmq.client.sync import sync_twin
from taskflowmq.core.chart import Series, Summary
from taskflowmq.core.history import MINUTE_S, By
from taskflowmq.core.validation import check_int
from taskflowmq.core.waiting import Server

#: Most minutes of a summary: a day.
MAX_MINUTES = 1_440


class History:
    """The history of an app's tenant. Percentiles are right within 21 %, and those below a millisecond within that."""

    def __init__(self, hub: Hub[Session], tenant: str) -> None:
        self._hub = hub
        self._tenant = tenant

    async def aseries(
        self,
        since: datetime | None = None,
        until: datetime | None = None,
        *,
        step: int = MINUTE_S,
        by: str = "none",
        names: Sequence[str] | None = None,
    ) -> Series:
        """Return figures per step of time.

        Args:
            since, until: aware times; the last hour by default. The range is widened to whole steps.
            step: seconds per point, a multiple of 60 up to 86,400; the answer has hours where only those are kept.
            by: none, queue, task or node: the host that worked.
            names: only these queues, tasks or nodes, at most 50; by default the 50 with the most jobs.

        Raises:
            InvalidJob: an argument is refused, or there would be more than 1,500 points.
        """
        chosen = None if names is None else tuple(names)
        return await self._hub.call(
            lambda session: session.charts.series(self._tenant, since, until, step=step, by=by, names=chosen)
        )

    async def asummary(self, minutes: int = 60, *, by: By = By.NONE) -> list[Summary]:
        """Return what jobs did in the last minutes, by name; at most two seconds old.

        Args:
            minutes: how many, 1…1440, besides the present one.
            by: none, queue, task or node: the host that worked.
        """
        wanted = check_int("/minutes", minutes, 1, MAX_MINUTES)
        return await self._hub.call(lambda session: session.charts.summaries(self._tenant, by, wanted))

    async def aservers(self) -> list[Server]:
        """Return the living workers of the installation; at most two seconds old."""
        return await self._hub.call(lambda session: session.charts.servers())

    series = sync_twin(aseries)
    summary = sync_twin(asummary)
