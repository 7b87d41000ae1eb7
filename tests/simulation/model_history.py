"""The history of jobs, in the model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from tests.simulation.rows import Data, Stat

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
                data.append(kind, counts, at)

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
        for key in taken:
            row = data.stat.pop(key)
            parts.setdefault((_floor(row.minute, span), row.kind), []).append(row.figures)
        for (at, kind), figures in parts.items():
            data.append(kind, joined(figures), at, span_s)
        return len(taken)

    async def prune(self, kept: HistoryKept, limit: int) -> int:
        data, now = self._data, self._now()
        until, hours = now - kept.hours_s * SECOND, now - kept.minutes_s * SECOND
        old = [key for key, row in data.stat.items() if row.minute < until][:limit]
        counted = [at for at in data.backlog if at < until or (at < hours and at != _floor(at, HOUR))]
        gone = len(old) + sum(len(data.backlog[at]) + 1 for at in counted)
        for key in old:
            del data.stat[key]
        for at in counted:
            del data.backlog[at]
        return gone

    async def read(self, query: HistoryQuery) -> list[StepFigures]:
        found: dict[tuple[int, str | None], list[Stat]] = {}
        for row in self._data.stat.values():
            name = _name(row.kind, query.by)
            wanted = query.names is None or name in query.names
            if row.kind.tenant == query.tenant and wanted and query.since <= row.minute < query.until:
                number = (row.minute - query.since) // (query.step_s * SECOND)
                found.setdefault((number, name), []).append(row)
        return [
            StepFigures(number, name, max(row.span for row in rows), [row.figures for row in rows])
            for (number, name), rows in found.items()
        ]

    async def read_backlog(
        self, tenant: str, minutes: Sequence[datetime], by: By, names: tuple[str, ...] | None = None
    ) -> dict[datetime, dict[str | None, int]]:
        found: dict[datetime, dict[str | None, int]] = {}
        for at in minutes:
            if at in self._data.backlog:
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
