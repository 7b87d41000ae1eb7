"""What jobs have logged, in the model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from tests.simulation.rows import FIRST_CLAIMS, LAST_CLAIMS, Data

from taskflowmq.core.job_logs import MAX_LINES, LogCursor, LogLine, LogPage, LogQuery, NewLines
from taskflowmq.stores.common.logs import page_of


class ModelLogs:
    """Log lines of jobs."""

    def __init__(self, data: Data, now: Callable[[], datetime]) -> None:
        self._data, self._now = data, now

    async def append(self, attempts: Sequence[NewLines]) -> None:
        data = self._data
        for one in attempts:
            job = data.jobs.get(one.job_id)
            for seq, age_us, line in one.lines if job is not None and job.deleted_at is None else ():
                stored = LogLine(
                    lease_no=one.lease_no,
                    round=one.round,
                    attempt=one.attempt,
                    seq=seq,
                    at=self._now() - timedelta(microseconds=age_us),
                    level=line.level,
                    message=line.message,
                    raw_fields=line.fields,
                )
                data.lines.setdefault((one.job_id, one.lease_no, seq), stored)
            for key in [key for key in data.lines if key[0] == one.job_id]:
                middle = key[1] == one.lease_no and one.keep_to < key[2] < one.keep_from
                if middle or FIRST_CLAIMS < key[1] <= one.lease_no - LAST_CLAIMS:
                    del data.lines[key]

    async def read(self, tenant: str, job_id: UUID, query: LogQuery, *, counts: bool = True) -> LogPage:
        job = self._data.jobs.get(job_id)
        if job is None or job.deleted_at is not None or job.new.tenant != tenant:
            return LogPage([], None, 0, 0)
        lines = [line for key, line in sorted(self._data.lines.items()) if key[0] == job_id]
        only = [line for line in lines if query.attempt in (None, line.attempt) and query.round in (None, line.round)]
        fit = [line for line in only if line.cursor > (query.after or (0, 0)) and _fits(line, query)]
        last = {line.lease_no: line.seq for line in only}
        total, dropped = (len(only), sum(last.values()) - len(only)) if counts else (0, 0)
        return page_of(fit, query, total, dropped)

    async def last(self, tenant: str, job_id: UUID) -> LogCursor | None:
        lines = (await self.read(tenant, job_id, LogQuery(limit=MAX_LINES))).items
        return lines[-1].cursor if lines else None


def _fits(line: LogLine, query: LogQuery) -> bool:
    texts = [line.message, (line.raw_fields or b"").decode()]
    return line.level >= query.level and (
        query.text is None or any(query.text.lower() in text.lower() for text in texts)
    )
