"""One tick: what is asked of the store for all streams together, and what each of them receives.

What must stay true: a job, a filter and a kind of value are asked for once, however many streams show them; and what
was found is remembered only if the streams that show it are told.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import NamedTuple, Protocol
from uuid import UUID

from taskflowmq.core.feed import PAGE_IDS, Changes, JobProbe, PageNews, PageProbe, Throttle, differing
from taskflowmq.core.job import JobFilter, State
from taskflowmq.core.job_logs import LogCursor, LogPage
from taskflowmq.ports.store import MAX_PROBED
from taskflowmq.server.feed.frames import encode
from taskflowmq.server.feed.limits import FeedLimits
from taskflowmq.server.feed.stream import Clock, PageView, Stream
from taskflowmq.wire.feed import JobInspectionEvent, JobLogEvent
from taskflowmq.wire.inspection import InspectionNews
from taskflowmq.wire.job_log import news_of

#: Seconds after a change of a job in which lines of an attempt that has ended may still come.
LATE_LINES_S = 30.0
Jobs = Mapping[UUID, JobProbe | None]


class Value(NamedTuple):
    """An answer that is sent whole.

    Args:
        data: its JSON.
        compared: what must differ for it to be sent again; without the time at which it was made.
    """

    data: bytes
    compared: bytes


class Sources(Protocol):
    """Where the answers come from. Whatever is raised here ends the tick."""

    @property
    def visible_after_s(self) -> float:
        """For how many seconds after the revision has changed a commit may be invisible."""
        ...

    async def revision(self) -> str | None:
        """Return what differs after every commit; None: unknown."""
        ...

    async def probe_jobs(self, tenant: str, job_ids: Sequence[UUID]) -> list[JobProbe]:
        """Return what moves of jobs."""
        ...

    async def probe_page(self, query: JobFilter, limit: int) -> PageProbe:
        """Return the ids that a list begins with."""
        ...

    async def value(self, kind: str, tenant: str) -> Value:
        """Return what the route of this name answers to a tenant."""
        ...

    async def detail(self, tenant: str, job_id: UUID, probe: JobProbe | None) -> bytes:
        """Return the JSON of event ``job``."""
        ...

    async def last_line(self, tenant: str, job_id: UUID) -> LogCursor | None:
        """Return the place of a job's last line; None: it has logged nothing."""
        ...

    async def lines(self, tenant: str, job_id: UUID, after: LogCursor | None) -> LogPage:
        """Return the lines behind a place."""
        ...

    async def inspections(self, tenant: str, job_ids: Sequence[UUID]) -> dict[UUID, list[InspectionNews]]:
        """Return the requests for stacks and profiles of those jobs that have some."""
        ...

    def bell(self) -> AbstractAsyncContextManager[AsyncIterator[object]]:
        """Yield something whenever jobs become ready, in whatever process."""
        ...


class _Told(NamedTuple):
    """What one stream receives from one tick."""

    jobs: dict[UUID, JobProbe | None]
    pages: dict[str, PageNews]
    values: dict[str, bytes]
    details: dict[UUID, bytes]
    logs: dict[UUID, bytes]
    inspections: dict[UUID, bytes]

    @property
    def changes(self) -> int:
        return len(self.jobs) + sum(len(news.new) for news in self.pages.values())


class _Tail:
    """How far the log of a job is known.

    Args:
        place: behind its last line.
    """

    def __init__(self, place: LogCursor | None) -> None:
        self.place = place
        #: Whether more lines are stored behind it.
        self.is_behind = False
        self._probe: JobProbe | None = None
        self._moved_at = float("-inf")

    def may_grow(self, probe: JobProbe | None, now: float) -> bool:
        """Tell whether there may be new lines: the job runs, or it did a moment ago."""
        if probe != self._probe:
            self._probe, self._moved_at = probe, now
        return probe is not None and (probe.state is State.RUNNING or now - self._moved_at < LATE_LINES_S)


class _Kept:
    """A value that is asked for at intervals."""

    def __init__(self, seconds: float) -> None:
        self.throttle = Throttle(seconds)
        self.last: Value | None = None


class Questions:
    """What is known of everything that streams show.

    Args:
        sources: answer.
        limits: how often values are asked for at most.
        now: monotonic seconds.
    """

    def __init__(self, sources: Sources, limits: FeedLimits, now: Clock) -> None:
        self._sources = sources
        self._limits = limits
        self._now = now
        self._changes = Changes(sources.visible_after_s)
        self._jobs: dict[str, dict[UUID, JobProbe | None]] = {}
        self._values: dict[tuple[str, str], _Kept] = {}
        self._tails: dict[tuple[str, UUID], _Tail] = {}
        #: When the beginning of each list was asked for, and since when all are to be asked for.
        self._pages: dict[JobFilter, float] = {}
        self._pages_due_at = float("-inf")
        #: What is known of the requests for stacks and profiles of the jobs whose page is open.
        self._inspected: dict[tuple[str, UUID], list[InspectionNews]] = {}

    async def ask(self, streams: Sequence[Stream]) -> Mapping[Stream, _Told]:
        """Ask what may have changed, and return what each stream receives. A new stream receives everything."""
        new = {stream for stream in streams if not stream.is_served}
        wrote = self._changes.must_ask(await self._sources.revision(), self._now())
        told = {stream: _Told({}, {}, {}, {}, {}, {}) for stream in streams}
        if wrote:
            for kept in self._values.values():
                kept.throttle.wrote()
        if wrote or new:
            self._pages_due_at = self._now()
            await self._ask_jobs(told, new)
        await self._ask_pages(told)
        await self._ask_logs(told, new, wrote=wrote)
        if wrote or new:
            await self._ask_inspections(told, new)
        await self._ask_values(told, new)
        return told

    async def _ask_jobs(self, told: Mapping[Stream, _Told], new: Collection[Stream]) -> None:
        known: dict[str, dict[UUID, JobProbe | None]] = {}
        changed: dict[str, Jobs] = {}
        for tenant, streams in _by_tenant(told).items():
            wanted = sorted(frozenset[UUID]().union(*(stream.wishes.probed for stream in streams)))
            before = self._jobs.get(tenant, {})
            moved: dict[UUID, JobProbe | None] = {}
            for start in range(0, len(wanted), MAX_PROBED):
                part = wanted[start : start + MAX_PROBED]
                moved |= differing(before, part, await self._sources.probe_jobs(tenant, part))
            known[tenant] = {job_id: moved.get(job_id, before.get(job_id)) for job_id in wanted}
            changed[tenant] = moved
            details = await self._details(tenant, streams, known[tenant], moved, new)
            for stream in streams:
                news = known[tenant] if stream in new else moved
                told[stream].jobs.update((one, news[one]) for one in stream.wishes.jobs if one in news)
                told[stream].details.update((one, details[one]) for one in stream.wishes.details if one in news)
        self._jobs = known

    async def _details(
        self, tenant: str, streams: Sequence[Stream], known: Jobs, moved: Jobs, new: Collection[Stream]
    ) -> dict[UUID, bytes]:
        """Return the JSON of jobs whose page is open: of those that moved, and of those that a new stream shows."""
        wanted = {job_id for stream in streams for job_id in stream.wishes.details if job_id in moved or stream in new}
        return {job_id: await self._sources.detail(tenant, job_id, known[job_id]) for job_id in wanted}

    async def _ask_logs(self, told: Mapping[Stream, _Told], new: Collection[Stream], *, wrote: bool) -> None:
        """Ask for new lines of the jobs whose page is open."""
        shown = {(stream.wishes.tenant, one) for stream in told for one in stream.wishes.details}
        self._tails = {key: tail for key, tail in self._tails.items() if key in shown}
        for tenant, job_id in shown:
            tail = self._tails.get((tenant, job_id))
            readers = [stream for stream in told if job_id in stream.wishes.details and stream.wishes.tenant == tenant]
            probe = self._jobs.get(tenant, {}).get(job_id)
            if tail is None:
                tail = self._tails[tenant, job_id] = _Tail(await self._sources.last_line(tenant, job_id))
                tail.may_grow(probe, self._now())
            elif tail.is_behind or (tail.may_grow(probe, self._now()) and wrote):
                page = await self._sources.lines(tenant, job_id, tail.place)
                if page.items:
                    _tell_lines(told, readers, job_id, page, tail.place)
                    tail.place = page.items[-1].cursor
                tail.is_behind = page.next is not None
                readers = [stream for stream in readers if job_id not in told[stream].logs]
            # A new stream learns where the others are: what it lacks until there, its reader asks for.
            nothing = LogPage([], None, 0, 0)
            _tell_lines(told, [one for one in readers if one in new], job_id, nothing, tail.place)

    async def _ask_inspections(self, told: Mapping[Stream, _Told], new: Collection[Stream]) -> None:
        """Ask what became of the requests for stacks and profiles of jobs that run, or ran at the last look."""
        before, self._inspected = self._inspected, {}
        for tenant, streams in _by_tenant(told).items():
            shown = sorted(frozenset[UUID]().union(*(stream.wishes.details for stream in streams)))
            probes = self._jobs.get(tenant, {})
            wanted = [one for one in shown if _may_be_inspected(probes.get(one)) or (tenant, one) in before]
            found = await self._sources.inspections(tenant, wanted) if wanted else {}
            for job_id, news in found.items():
                self._inspected[tenant, job_id] = news
                moved = before.get((tenant, job_id)) != news
                data = encode(JobInspectionEvent(id=job_id, inspections=news))
                for stream in streams:
                    if job_id in stream.wishes.details and (moved or stream in new):
                        told[stream].inspections[job_id] = data

    async def _ask_pages(self, told: Mapping[Stream, _Told]) -> None:
        readers: defaultdict[JobFilter, list[tuple[Stream, PageView]]] = defaultdict(list)
        for stream in told:
            for view in stream.pages:
                readers[view.wish.query].append((stream, view))
        self._pages = {query: self._pages.get(query, float("-inf")) for query in readers}
        due = sorted((at, number) for number, at in enumerate(self._pages.values()) if at < self._pages_due_at)
        queries, began = tuple(readers), self._now()
        for done, (_, number) in enumerate(due):
            # Lists that search texts take long, and each visitor may watch one: the rest waits, so that rows move.
            if done and self._now() - began >= self._limits.pages_s:
                break
            query = queries[number]
            page = await self._sources.probe_page(query, PAGE_IDS)
            self._pages[query] = self._now()
            for stream, view in readers[query]:
                if (news := view.look(page)) is not None:
                    told[stream].pages[view.wish.text] = news

    async def _ask_values(self, told: Mapping[Stream, _Told], new: Collection[Stream]) -> None:
        readers: defaultdict[tuple[str, str], list[Stream]] = defaultdict(list)
        for stream in told:
            for kind in stream.wishes.values:
                readers[kind, stream.wishes.tenant].append(stream)
        self._values = {key: self._values.get(key) or _Kept(self._seconds(key[0])) for key in readers}
        for (kind, tenant), streams in readers.items():
            kept, before = self._values[kind, tenant], self._values[kind, tenant].last
            if kept.throttle.is_due(self._now()):
                kept.last = await self._sources.value(kind, tenant)
            if kept.last is None:
                continue
            differs = before is None or before.compared != kept.last.compared
            for stream in streams:
                if differs or stream in new:
                    told[stream].values[kind] = kept.last.data

    def _seconds(self, kind: str) -> float:
        return self._limits.series_s if kind == "series" else self._limits.value_s


def _tell_lines(
    told: Mapping[Stream, _Told], readers: Sequence[Stream], job_id: UUID, page: LogPage, after: LogCursor | None
) -> None:
    if readers:
        data = encode(JobLogEvent(id=job_id, logs=news_of(page, after)))
        for stream in readers:
            told[stream].logs[job_id] = data


def _may_be_inspected(probe: JobProbe | None) -> bool:
    return probe is not None and probe.state is State.RUNNING


def _by_tenant(told: Mapping[Stream, _Told]) -> dict[str, list[Stream]]:
    found: defaultdict[str, list[Stream]] = defaultdict(list)
    for stream in told:
        found[stream.wishes.tenant].append(stream)
    return found
