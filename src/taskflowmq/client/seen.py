"""A store as people are shown it, by REST and the command line: :mod:`taskflowmq.core.redaction` hides fields.

Reads of jobs, rows, attempts, progress and log lines are changed here, and nowhere else; everything else, writes among
it, passes through.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from typing import Any, Protocol, cast
from uuid import UUID

import msgspec

from taskflowmq.core.attempts import Attempts
from taskflowmq.core.bulk import Counted
from taskflowmq.core.feed import JobProbe, PageProbe
from taskflowmq.core.filter_match import needs_of
from taskflowmq.core.job import JobFilter, JobView, Page
from taskflowmq.core.job_logs import LogPage, LogQuery
from taskflowmq.core.redacted import (
    check_terms,
    hidden_values,
    shown_attempt,
    shown_job,
    shown_line,
    shown_probe,
    shown_row,
)
from taskflowmq.core.redaction import Redaction
from taskflowmq.core.rows import JobRow
from taskflowmq.ports.store import Jobs, Logs, Probes, Store

#: Jobs that are read at once for the errors of their rows.
PAYLOADS = 50
#: Bytes of their arguments and meta in which hidden values are looked for, for one page.
MOST_PAYLOAD = 512 * 1024
#: Returns the rules, which are fresh for jobs of these tasks.
Rules = Callable[[Collection[str]], Awaitable[Redaction]]


class _HasTask(Protocol):
    @property
    def task(self) -> str: ...


class _Part:
    """A part of a store, some of whose methods are replaced."""

    def __init__(self, part: Any) -> None:
        self._part = part

    def __getattr__(self, name: str) -> Any:
        """Return what is not replaced."""
        return getattr(self._part, name)


class _SeenJobs(_Part):
    def __init__(self, jobs: Jobs, rules: Rules) -> None:
        super().__init__(jobs)
        self._jobs = jobs
        self._rules = rules

    async def get(self, tenant: str, job_id: UUID) -> JobView | None:
        """Return one job, or None."""
        view = await self._jobs.get(tenant, job_id)
        return None if view is None else shown_job(await self._rules((view.task,)), view)

    async def get_many(self, tenant: str, job_ids: Sequence[UUID]) -> list[JobView]:
        """Return the jobs that exist among the ids, in id order."""
        return await self._views(await self._jobs.get_many(tenant, job_ids))

    async def get_rows(self, tenant: str, job_ids: Sequence[UUID]) -> list[JobRow]:
        """Return the rows of the jobs that exist among the ids, in id order."""
        return await self._rows(tenant, await self._jobs.get_rows(tenant, job_ids))

    async def attempts(self, tenant: str, job_id: UUID) -> Attempts:
        """Return a job's attempts; where one has an error, the job is read for what it must not hold."""
        found = await self._jobs.attempts(tenant, job_id)
        if any(one.raw_error is not None for one in found):
            view = await self._jobs.get(tenant, job_id)
            hider = None if view is None else (await self._rules((view.task,))).of(view.task)
            if view is not None and hider is not None:
                values = hidden_values(hider, view.raw_args, view.raw_meta, view.raw_result)
                found[:] = [shown_attempt(values, one) for one in found]
        return found

    async def list_jobs(self, query: JobFilter, **how: Any) -> Page[JobView]:
        """Return a page of jobs."""
        page = await self._jobs.list_jobs(await seen_filter(query, self._rules), **how)
        return msgspec.structs.replace(page, items=await self._views(page.items))

    async def list_rows(self, query: JobFilter, **how: Any) -> Page[JobRow]:
        """Return a page of rows."""
        page = await self._jobs.list_rows(await seen_filter(query, self._rules), **how)
        return msgspec.structs.replace(page, items=await self._rows(query.tenant, page.items))

    async def count(self, query: JobFilter, **how: Any) -> Counted:
        """Count the jobs that fit."""
        return await self._jobs.count(await seen_filter(query, self._rules), **how)

    async def _views(self, views: list[JobView]) -> list[JobView]:
        redaction = await self._rules(_tasks_of(views))
        return [shown_job(redaction, view) for view in views]

    async def _rows(self, tenant: str, rows: list[JobRow]) -> list[JobRow]:
        redaction = await self._rules(_tasks_of(rows))
        failed = [row.id for row in rows if row.error is not None and redaction.of(row.task) is not None]
        shown: dict[UUID, JobRow] = {}
        by_id = {row.id: row for row in rows}
        left = MOST_PAYLOAD
        # Rows have neither all arguments nor the meta, whose values an error may hold. A few at a time: they may be
        # large, and only their values are kept.
        for start in range(0, len(failed), PAYLOADS):
            for view in await self._jobs.get_many(tenant, failed[start : start + PAYLOADS]):
                left -= len(view.raw_args) + len(view.raw_meta or b"")
                shown[view.id] = shown_row(redaction, by_id[view.id], view, reads_payload=left >= 0)
        # One without its job was deleted meanwhile.
        return [shown.get(row.id) or shown_row(redaction, row) for row in rows]


class _SeenLogs(_Part):
    def __init__(self, logs: Logs, jobs: Jobs, rules: Rules) -> None:
        super().__init__(logs)
        self._logs = logs
        self._jobs = jobs
        self._rules = rules

    async def read(self, tenant: str, job_id: UUID, query: LogQuery, **how: Any) -> LogPage:
        """Return lines; with lines, their job is read for what they must not hold."""
        page = await self._logs.read(tenant, job_id, query, **how)
        view = await self._jobs.get(tenant, job_id) if page.items else None
        hider = None if view is None else (await self._rules((view.task,))).of(view.task)
        if view is None or hider is None:
            return page
        values = hidden_values(hider, view.raw_args, view.raw_meta, view.raw_result)
        lines = [shown_line(hider, values, line) for line in page.items]
        if query.text is not None:
            # One that was found by what is hidden must not tell so by being there.
            lines = [new for new, old in zip(lines, page.items, strict=True) if new is old or _has(new, query.text)]
        return page._replace(items=lines)


def _has(line: Any, text: str) -> bool:
    fields = line.raw_fields or b""
    return text.lower() in line.message.lower() or text.lower() in fields.decode("utf-8", "replace").lower()


class _SeenProbes(_Part):
    def __init__(self, probes: Probes, rules: Rules) -> None:
        super().__init__(probes)
        self._probes = probes
        self._rules = rules

    async def probe_jobs(self, tenant: str, job_ids: Sequence[UUID]) -> list[JobProbe]:
        """Return what moves of jobs."""
        found = await self._probes.probe_jobs(tenant, job_ids)
        if all(one.raw_progress is None for one in found):
            return found
        redaction = await self._rules(())
        return [shown_probe(redaction, one) for one in found]

    async def probe_page(self, query: JobFilter, limit: int) -> PageProbe:
        """Return the ids that a list begins with."""
        return await self._probes.probe_page(await seen_filter(query, self._rules), limit)


class _SeenStore(_Part):
    def __init__(self, store: Store, rules: Rules) -> None:
        super().__init__(store)
        self.jobs = _SeenJobs(store.jobs, rules)
        self.logs = _SeenLogs(store.logs, store.jobs, rules)
        self.probes = _SeenProbes(store.probes, rules)


async def seen_filter(query: JobFilter, rules: Rules, **how: str) -> JobFilter:
    """Return a filter whose terms see what its reader is shown.

    Args:
        query: the filter.
        rules: say what is hidden.
        **how: of :func:`check_terms`.

    Raises:
        BadFilter: a term names a field that is hidden.
    """
    if not any(needs_of(query.terms)):
        return query
    redaction = await rules(())
    check_terms(redaction, query.terms, query.task, **how)
    return msgspec.structs.replace(query, hidden=redaction)


def as_seen(store: Store, rules: Rules) -> Store:
    """Return the store as people are shown it."""
    return cast(Store, _SeenStore(store, rules))


def _tasks_of(found: Iterable[_HasTask]) -> set[str]:
    return {one.task for one in found}
