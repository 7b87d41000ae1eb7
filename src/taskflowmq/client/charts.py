"""Charts of the history in one process: what they have added up is kept, so that each costs only what is new."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import NamedTuple

import msgspec

from taskflowmq.core.chart import Chart, Found, Name, Range, Read, Series, Summary, check_range, summary_of
from taskflowmq.core.history import HOUR_S, MINUTE_S, By
from taskflowmq.core.waiting import Server
from taskflowmq.ports.store import History, HistoryQuery, Workers
from taskflowmq.ports.waiting import servers_of

#: Charts, and points of all of them, that are kept at most; the one used least recently goes first.
MOST_CHARTS, MOST_POINTS = 64, 50_000
#: Over how many minutes that are over, besides the present one, the rates of queues are measured.
RATE_MINUTES = 5
#: How old an answer of :meth:`Charts.summaries` may be, in seconds.
KEPT_S = 2.0


class Key(NamedTuple):
    """Which figures a chart adds up."""

    tenant: str
    step: int
    by: By
    names: tuple[str, ...] | None


class Coarser(Exception):
    """The history of this range is kept by the hour only."""


class Charts:
    """The charts of one session.

    Args:
        history: the store's.
        workers: the store's.
        clock: monotonic seconds.
    """

    def __init__(self, history: History, workers: Workers, clock: Callable[[], float] = time.monotonic) -> None:
        self._history = history
        self._workers = workers
        self._servers: tuple[float, list[Server]] = float("-inf"), []
        self._clock = clock
        self._charts: dict[Key, tuple[Chart, asyncio.Lock]] = {}
        self._kept: dict[tuple[str, By, int], tuple[float, list[Summary]]] = {}

    async def series(
        self,
        tenant: str,
        since: datetime | None = None,
        until: datetime | None = None,
        *,
        step: int = MINUTE_S,
        by: str = "none",
        names: tuple[str, ...] | None = None,
    ) -> Series:
        """Return the columns of a chart; its step is longer than asked for where the history is kept by the hour only.

        Raises:
            InvalidJob: a parameter is refused (:func:`~taskflowmq.core.chart.check_range`).
        """
        now = await self._history.now()
        shown = check_range(since, until, now, step=step, by=by, names=names)
        try:
            return await self._series(tenant, shown, now)
        except Coarser:
            hours = -(-step // HOUR_S) * HOUR_S
            return await self._series(tenant, check_range(since, until, now, step=hours, by=by, names=names), now)

    async def _series(self, tenant: str, shown: Range, now: datetime) -> Series:
        key = Key(tenant, shown.step, shown.by, shown.names)
        chart, lock = self._chart(key)
        async with lock:
            chart.begin(shown.since, now.timestamp())
            while (read := chart.next_read()) is not None:
                found = await self._read(key, read)
                chart.take(read, found, await self._backlog(key, chart.starts_in(read)))
                # A long range is read in parts, and other work of this loop comes between them.
                await asyncio.sleep(0)
            live = chart.live()
            minutes = range(live.since, live.until, MINUTE_S)
            series = chart.show(shown, await self._read(key, live), await self._backlog(key, minutes))
        return msgspec.structs.replace(series, releases=await self._workers.list_releases(series.since, series.until))

    def _chart(self, key: Key) -> tuple[Chart, asyncio.Lock]:
        found = self._charts.pop(key, None) or (Chart(key.step), asyncio.Lock())
        self._charts[key] = found
        points = sum(chart.size for chart, _ in self._charts.values())
        for old, (chart, lock) in list(self._charts.items()):
            if (len(self._charts) <= MOST_CHARTS and points <= MOST_POINTS) or old == key:
                break
            if not lock.locked():
                points -= chart.size
                del self._charts[old]
        return found

    async def _read(self, key: Key, read: Read) -> Found:
        rows = await self._history.read(
            HistoryQuery(
                tenant=key.tenant,
                since=_time(read.since),
                until=_time(read.until),
                step_s=read.step,
                by=key.by,
                names=key.names,
            )
        )
        if any(row.span_s > MINUTE_S and key.step % row.span_s for row in rows):
            raise Coarser
        return [(read.since + row.number * read.step, row.name, row.parts) for row in rows]

    async def _backlog(self, key: Key, minutes: range) -> dict[int, dict[Name, int]]:
        if not minutes:
            return {}
        times = [_time(at) for at in minutes]
        found = await self._history.read_backlog(key.tenant, times, key.by, key.names)
        return {int(at.timestamp()): ready for at, ready in found.items()}

    async def summaries(self, tenant: str, by: By, minutes: int) -> list[Summary]:
        """Return what jobs did in the last minutes that are over and the present one, by name; at most two seconds old.

        Args:
            tenant: whose jobs.
            by: none, queue, task or node: the host that worked.
            minutes: how many.
        """
        key = tenant, by, minutes
        kept = self._kept.get(key)
        if kept is None or self._clock() - kept[0] >= KEPT_S:
            found = await self._summaries(tenant, by, minutes)
            now = self._clock()
            self._kept = {known: old for known, old in self._kept.items() if now - old[0] < KEPT_S}
            kept = self._kept[key] = now, found
        return kept[1]

    async def servers(self) -> list[Server]:
        """Return the living workers of the installation; at most two seconds old."""
        if self._clock() - self._servers[0] >= KEPT_S:
            self._servers = self._clock(), servers_of(await self._workers.list_workers())
        return self._servers[1]

    async def _summaries(self, tenant: str, by: By, minutes: int) -> list[Summary]:
        now = await self._history.now()
        until = int(now.timestamp() // MINUTE_S + 1) * MINUTE_S
        step = (minutes + 1) * MINUTE_S
        since = _time(until - step)
        query = HistoryQuery(tenant=tenant, since=since, until=_time(until), step_s=step, by=by)
        parts = {row.name: row.parts for row in await self._history.read(query)}
        backlog = (await self._history.read_backlog(tenant, [since], by)).get(since)
        seconds = (now - since).total_seconds()
        names = {*parts, *(backlog or {})} or ({None} if by is By.NONE else set())
        return [
            summary_of(name, parts.get(name, ()), seconds, None if backlog is None else backlog.get(name, 0))
            for name in sorted(names, key=lambda name: name or "")
        ]


def _time(at: int) -> datetime:
    return datetime.fromtimestamp(at, UTC)
