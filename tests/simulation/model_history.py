"""The history of jobs, in the model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from tests.simulation.rows import Data, NodeStat, Stat

from taskflowmq.core.history import By, Figures, HistoryKept, joined
from taskflowmq.core.job import JobKind
from taskflowmq.ports.store import HistoryQuery, StepFigures

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)


class ModelHistory:
    """Figures of jobs."""

    def __init__(self, data: Data, now: Callable[[], datetime]) -> None:
        self._data, self._now = data, now

    async def now(self) -> datetime:
        return self._now()

    async def append(self, writer: UUID, figures: Mapping[JobKind, Figures], *, age_ms: int = 0) -> None:
        data, at = self._data, self._now() - timedelta(milliseconds=age_ms)
        for kind, counts in figures.items():
            known = kind.tenant, kind.queue
            if known in data.queues and (kind.tenant, kind.task) in data.tasks:
                data.append(kind, counts, at, writer=writer)

    async def count_backlog(self) -> int:
        now = self._now()
        minute = _floor(now, MINUTE)
        if now - minute <= 10 * SECOND and minute not in self._data.backlog:
            news = [self._data.jobs[job_id].new for job_id in self._data.ready]
            self._data.backlog[minute] = Counter(JobKind(new.tenant, new.queue, new.task) for new in news)
        return 60_000 - (now - minute) // timedelta(milliseconds=1)

    async def roll_up(self, kept: HistoryKept) -> int:
        now = self._now()
        return self._join(MINUTE, _floor(now, MINUTE) - 2 * MINUTE, 10) or self._join(
            HOUR, _floor(now - kept.minutes_s * SECOND, HOUR), 1
        )

    def _join(self, span: timedelta, until: datetime, most: int) -> int:
        data, span_s = self._data, span // SECOND
        due = [row.minute for row in data.stat.values() if row.span < span_s and row.minute < until]
        if not due:
            return 0
        since = _floor(min(due), span)
        until = min(until, since + most * span)
        taken = [key for key, row in data.stat.items() if row.span <= span_s and since <= row.minute < until]
        parts: dict[tuple[datetime, JobKind], list[Figures]] = {}
        of_nodes: dict[tuple[datetime, str, str], list[Figures]] = {}
        for key, node_row in list(data.node_stat.items()):
            if node_row.span <= span_s and since <= node_row.minute < until:
                del data.node_stat[key]
                place = _floor(node_row.minute, span), node_row.tenant, node_row.node
                of_nodes.setdefault(place, []).append(node_row.figures)
        for key in taken:
            row = data.stat.pop(key)
            if (node := self._node(row)) is not None:
                of_nodes.setdefault((_floor(row.minute, span), row.kind.tenant, node), []).append(row.figures)
            parts.setdefault((_floor(row.minute, span), row.kind), []).append(row.figures)
        for (at, kind), figures in parts.items():
            data.append(kind, joined(figures), at, span_s)
        for (at, tenant, node), figures in of_nodes.items():
            row_of = NodeStat(minute=at, span=span_s, tenant=tenant, node=node, figures=joined(figures))
            data.node_stat[max(data.node_stat, default=0) + 1] = row_of
        return len(taken)

    def _node(self, row: Stat) -> str | None:
        """Return the host of who appended a row, as long as that is known."""
        known = None if row.writer is None else self._data.workers.get(row.writer)
        return None if known is None else known.host

    async def prune(self, kept: HistoryKept, limit: int) -> int:
        data, now = self._data, self._now()
        until, hours = now - kept.hours_s * SECOND, now - kept.minutes_s * SECOND
        old = [key for key, row in data.stat.items() if row.minute < until][:limit]
        of_nodes = [key for key, row in data.node_stat.items() if row.minute < until][:limit]
        counted = [at for at in data.backlog if at < until or (at < hours and at != _floor(at, HOUR))]
        gone = len(old) + len(of_nodes) + sum(len(data.backlog[at]) + 1 for at in counted)
        for key in old:
            del data.stat[key]
        for key in of_nodes:
            del data.node_stat[key]
        for at in counted:
            del data.backlog[at]
        return gone

    async def read(self, query: HistoryQuery) -> list[StepFigures]:
        found: dict[tuple[int, str | None], list[Stat | NodeStat]] = {}
        for tenant, name, row in self._named(query.by):
            wanted = query.names is None or name in query.names
            if tenant == query.tenant and wanted and query.since <= row.minute < query.until:
                number = (row.minute - query.since) // (query.step_s * SECOND)
                found.setdefault((number, name), []).append(row)
        return [
            StepFigures(number, name, max(row.span for row in rows), [row.figures for row in rows])
            for (number, name), rows in found.items()
        ]

    def _named(self, by: By) -> Iterator[tuple[str, str | None, Stat | NodeStat]]:
        """Yield each row with its tenant and its name."""
        if by is not By.NODE:
            yield from ((row.kind.tenant, _name(row.kind, by), row) for row in self._data.stat.values())
            return
        yield from ((row.tenant, row.node, row) for row in self._data.node_stat.values())
        for row in self._data.stat.values():
            if row.span == 0 and (node := self._node(row)) is not None:
                yield row.kind.tenant, node, row

    async def read_backlog(
        self, tenant: str, minutes: Sequence[datetime], by: By, names: tuple[str, ...] | None = None
    ) -> dict[datetime, dict[str | None, int]]:
        found: dict[datetime, dict[str | None, int]] = {}
        for at in minutes:
            if by is not By.NODE and at in self._data.backlog:
                ready = found[at] = {}
                for kind, jobs in self._data.backlog[at].items():
                    name = _name(kind, by)
                    if kind.tenant == tenant and (names is None or name in names):
                        ready[name] = ready.get(name, 0) + jobs
        return found


def _name(kind: JobKind, by: By) -> str | None:
    return {By.QUEUE: kind.queue, By.TASK: kind.task, By.NONE: None}[by]


def _floor(at: datetime, span: timedelta) -> datetime:
    return at - (at - datetime(1970, 1, 1, tzinfo=at.tzinfo)) % span
