"""A store that says what a test tells it, and counts what it is asked."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from uuid import UUID

from taskflowmq.core.feed import JobProbe, PageProbe
from taskflowmq.core.job import JobFilter, State
from taskflowmq.core.job_logs import LogCursor, LogLine, LogPage
from taskflowmq.server.feed.questions import Value
from taskflowmq.wire.inspection import InspectionNews

NOON = datetime(2031, 5, 6, 12, 0, tzinfo=UTC)


def job_id(number: int) -> UUID:
    """Return the id of a job."""
    return UUID(int=number)


class ToldSources:
    """Answers of a test.

    Attributes:
        asked: how often what was asked.
        jobs: by tenant, the states of jobs.
        pages: the ids that lists begin with.
        values: by kind.
        inspected: requests for stacks and profiles.
        lines_of: what jobs have logged; at most ``most_lines`` are answered at once.
        failure: raised instead of answers.
        held: while it is set, answers wait for it.
    """

    visible_after_s = 0.0

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        self.probed: list[tuple[str, list[UUID]]] = []
        self.jobs: dict[str, dict[UUID, State]] = {"default": {}}
        self.pages: dict[JobFilter, tuple[UUID, ...]] = {}
        self.values: dict[str, bytes] = {}
        self.lines_of: dict[UUID, list[LogLine]] = {}
        self.inspected: dict[UUID, list[InspectionNews]] = {}
        self.most_lines = 200
        self.failure: Exception | None = None
        self.held: asyncio.Event | None = None
        self.bells = 0
        self.rung = asyncio.Event()
        self._revision = 0

    def write(self) -> None:
        """Commit something."""
        self._revision += 1

    def log(self, one: UUID, *messages: str) -> None:
        """Commit lines of a job."""
        lines = self.lines_of.setdefault(one, [])
        for message in messages:
            seq = len(lines) + 1
            lines.append(
                LogLine(lease_no=1, round=1, attempt=1, seq=seq, at=NOON, level=20, message=message, raw_fields=None)
            )
        self.write()

    async def _answers(self, what: str) -> None:
        self.asked[what] += 1
        if self.held is not None:
            await self.held.wait()
        if self.failure is not None:
            raise self.failure

    async def revision(self) -> str | None:
        await self._answers("revision")
        return str(self._revision)

    async def probe_jobs(self, tenant: str, job_ids: Sequence[UUID]) -> list[JobProbe]:
        await self._answers("jobs")
        self.probed.append((tenant, list(job_ids)))
        found = self.jobs.get(tenant, {})
        return [probe(one, found[one]) for one in job_ids if one in found]

    async def probe_page(self, query: JobFilter, limit: int) -> PageProbe:
        await self._answers("page")
        return PageProbe(self.pages.get(query, ())[:limit], None)

    async def value(self, kind: str, tenant: str) -> Value:
        await self._answers(kind)
        data = self.values.get(kind, b"{}")
        return Value(data, data)

    async def detail(self, tenant: str, job_id: UUID, probe: JobProbe | None) -> bytes:
        await self._answers("detail")
        return b'{"id":"%s"}' % str(job_id).encode()

    async def last_line(self, tenant: str, job_id: UUID) -> LogCursor | None:
        await self._answers("last_line")
        lines = self.lines_of.get(job_id, [])
        return lines[-1].cursor if lines else None

    async def lines(self, tenant: str, job_id: UUID, after: LogCursor | None) -> LogPage:
        await self._answers("lines")
        found = [line for line in self.lines_of.get(job_id, []) if line.cursor > (after or (0, 0))]
        items = found[: self.most_lines]
        return LogPage(items, items[-1].cursor if len(found) > len(items) else None, 0, 0)

    async def inspections(self, tenant: str, job_ids: Sequence[UUID]) -> dict[UUID, list[InspectionNews]]:
        await self._answers("inspections")
        return {one: self.inspected[one] for one in job_ids if one in self.inspected}

    @asynccontextmanager
    async def bell(self) -> AsyncIterator[AsyncIterator[object]]:
        self.bells += 1
        try:
            yield self._rings()
        finally:
            self.bells -= 1

    async def _rings(self) -> AsyncIterator[object]:
        while True:
            await self.rung.wait()
            self.rung.clear()
            yield None


def probe(one: UUID, state: State) -> JobProbe:
    """Return what moves of a job in a state."""
    return JobProbe(one, state, None, 1, 0, 0, NOON, None, None, None, None, None, "default", 0)
