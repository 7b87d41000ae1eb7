"""A chart of the history: which figures to read for it, and their columns per step. Pure.

Figures of a minute that is over never change, so a chart keeps what it has added up, and only what is new is read. A
minute counts as over once no process can append to it any more (:data:`SETTLED_S`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from taskflowmq.core.errors import InvalidJob
from taskflowmq.core.history import (
    COUNTS,
    DAY_S,
    HOUR_S,
    MINUTE_S,
    SETTLED_S,
    By,
    Figures,
    Total,
    arrived,
)
from taskflowmq.core.releases import Release
from taskflowmq.core.validation import MAX_NAME_LENGTH, check_int, check_name

MAX_POINTS, MAX_NAMES = 1_500, 50
#: How much is read at once: of the last days, which are kept by the minute, and of those before.
_SLICE_S, _OLD_SLICE_S, _RECENT_S = 3 * HOUR_S, 7 * DAY_S, 3 * DAY_S
#: A chart that was not asked for in this long begins again: minutes become hours after an hour at the earliest.
_STALE_S = 1_800

Name = str | None


class Range(msgspec.Struct, frozen=True, kw_only=True):
    """What a chart shows. Times are seconds since 1970, multiples of the step."""

    since: int
    until: int
    step: int
    by: By = By.NONE
    #: Only these queues, tasks or nodes; None: all.
    names: tuple[str, ...] | None = None


def check_range(
    since: datetime | None,
    until: datetime | None,
    now: datetime,
    *,
    step: int = MINUTE_S,
    by: str = "none",
    names: Sequence[str] | None = None,
) -> Range:
    """Return what a chart shows, widened to whole steps.

    Args:
        since, until: its ends; the last hour by default.
        now: the store's time; nothing after it is shown.
        step: seconds per point.
        by: none, queue, task or node.
        names: of queues, tasks or nodes.

    Raises:
        InvalidJob: names the parameter: from, to, step, by or names.
    """
    if check_int("/step", step, MINUTE_S, DAY_S) % MINUTE_S:
        raise InvalidJob.at("/step", f"must be a multiple of {MINUTE_S} seconds, got {step}")
    if by not in list(By):
        raise InvalidJob.at("/by", f"must be one of {', '.join(By)}, got {by!r:.40}")
    end = min(_seconds("/to", until, now), now.timestamp())
    begin = end - HOUR_S if since is None else _seconds("/from", since, now)
    if begin >= end:
        raise InvalidJob.at("/from", "must be earlier than to, and in the past")
    low, high = int(begin // step) * step, -int(-end // step) * step
    if end == now.timestamp():  # the present step is shown from its first moment
        high = int(end // step) * step + step
    points = (high - low) // step
    if points > MAX_POINTS:
        enough = -(-(high - low) // (MAX_POINTS - 1) // MINUTE_S) * MINUTE_S
        hint = f"step={enough} or a shorter range" if enough <= DAY_S else "a shorter range"
        raise InvalidJob.at("/step", f"would give {points} points, more than {MAX_POINTS}: use {hint}")
    return Range(since=low, until=high, step=step, by=By(by), names=_names(names, by))


def _seconds(pointer: str, at: datetime | None, now: datetime) -> float:
    if at is None:
        return now.timestamp()
    if at.tzinfo is None:
        raise InvalidJob.at(pointer, "must have a time zone: 2031-05-06T12:00:00Z")
    return at.timestamp()


def _names(names: Sequence[str] | None, by: str) -> tuple[str, ...] | None:
    if not names:
        return None
    if by == By.NONE:
        raise InvalidJob.at("/names", "requires by=queue, by=task or by=node")
    if len(names) > MAX_NAMES:
        raise InvalidJob.at("/names", f"must be at most {MAX_NAMES} names, got {len(names)}")
    check = _node if by == By.NODE else partial(check_name, "names")
    return tuple(dict.fromkeys(check(name) for name in names))


def _node(name: str) -> str:
    """Return the name of a node, or refuse it: it is whatever a machine calls itself."""
    if not 1 <= len(name) <= MAX_NAME_LENGTH or not name.isprintable():
        rule = f"must be 1–{MAX_NAME_LENGTH} printable characters, as the Workers page shows the node"
        raise InvalidJob.at("/names", f"{rule}, got {name!r:.80}")
    return name


PERCENTILES = ("p50", "p95", "p99")
#: The figures of one name in one step: its counts, then percentiles of the times waited and run, in seconds, which are
#: None where nothing was measured.
Point = tuple[Any, ...]
_FIELDS = (*COUNTS, *(f"wait_{part}" for part in PERCENTILES), *(f"run_{part}" for part in PERCENTILES))
_STARTED, _CANCELLED = _FIELDS.index("started"), _FIELDS.index("cancelled")
_NOTHING: Point = (*[0] * len(COUNTS), *[None] * (2 * len(PERCENTILES)))


def point_of(total: Total) -> Point:
    """Return added figures as they are shown."""
    return (*total.counts, *_rounded(total.wait.percentiles()), *_rounded(total.run.percentiles()))


def _rounded(seconds: Iterable[float | None]) -> Iterator[float | None]:
    """Yield seconds without digits that mean nothing."""
    return (None if one is None else float(f"{one:.4g}") for one in seconds)


class Columns(msgspec.Struct, frozen=True, kw_only=True):
    """The columns of one name, one value per step."""

    name: Name
    counts: dict[str, Sequence[int]]
    #: Jobs that became ready, and those that were ready at the start of the step; None where they were not counted.
    arrived: list[int | None]
    backlog: list[int | None]
    #: By percentile.
    wait: dict[str, Sequence[float | None]]
    run: dict[str, Sequence[float | None]]


class Series(msgspec.Struct, frozen=True, kw_only=True):
    """A chart as it is shown."""

    since: datetime
    until: datetime
    step: int
    at: list[datetime]
    columns: list[Columns]
    #: How many names are not shown, because there are too many.
    left_out: int = 0
    #: Those that were first announced in the range, in that order.
    releases: Sequence[Release] = ()


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """What the jobs of one queue or task did in the last minutes."""

    name: Name
    #: Over which it was counted.
    seconds: float
    counts: dict[str, int]
    #: By percentile.
    wait: dict[str, float | None]
    run: dict[str, float | None]
    run_mean: float | None
    #: Jobs that were ready at the beginning; None if they were not counted.
    backlog: int | None
    #: Of the jobs that failed, the one made last.
    failed_job: UUID | None

    @property
    def ended(self) -> int:
        """Jobs that ended."""
        return self.counts["completed"] + self.counts["dead"] + self.counts["cancelled"]

    @property
    def failing(self) -> float | None:
        """The share of attempts that failed; None if none ended."""
        tried = self.counts["completed"] + self.counts["failed"]
        return self.counts["failed"] / tried if tried else None

    @property
    def claimed_per_second(self) -> float | None:
        """Jobs that were claimed and not handed back, per second; None if no time has passed."""
        if self.seconds <= 0:
            return None
        return max(self.counts["started"] - self.counts["returned"], 0) / self.seconds

    def arrived(self, backlog: int) -> int | None:
        """Return how many jobs became ready; None if the backlog at the beginning is unknown.

        Args:
            backlog: jobs that are ready now.
        """
        if self.backlog is None:
            return None
        left = self.counts["started"] - self.counts["returned"] + self.counts["cancelled_ready"]
        return max(left + backlog - self.backlog, 0)


def summary_of(name: Name, parts: Iterable[Figures], seconds: float, backlog: int | None) -> Summary:
    """Add figures up."""
    total = Total()
    for part in parts:
        total.add(part)
    ran = total.run.total
    return Summary(
        name=name,
        seconds=seconds,
        counts=dict(zip(COUNTS, total.counts, strict=True)),
        wait=dict(zip(PERCENTILES, _rounded(total.wait.percentiles()), strict=True)),
        run=dict(zip(PERCENTILES, _rounded(total.run.percentiles()), strict=True)),
        run_mean=total.run.sum_us / ran / 1e6 if ran else None,
        backlog=backlog,
        failed_job=total.failed_job,
    )


class Read(NamedTuple):
    """Figures to read: those of minutes from ``since`` to ``until``, added up per ``step``."""

    since: int
    until: int
    step: int


#: What was read: the time of a step, a name, and its figures.
Found = Iterable[tuple[int, Name, Sequence[Figures]]]


class Chart:
    """What was added up for a chart so far. Times are seconds since 1970.

    A caller gives :meth:`take` what :meth:`next_read` names until that is nothing, and :meth:`show` what is not over.

    Args:
        step: seconds per point.
    """

    def __init__(self, step: int) -> None:
        self._step = step
        self._now = 0.0
        self._forget(0)

    def _forget(self, since: int) -> None:
        #: Figures from here to there are added up: in points where their step is over, otherwise in totals.
        self._low = self._high = since
        self._points: dict[int, dict[Name, Point]] = {}
        self._totals: dict[int, dict[Name, Total]] = {}
        #: Ready jobs at the start of a step, where they were counted.
        self._backlog: dict[int, Mapping[Name, int]] = {}

    @property
    def size(self) -> int:
        """How many points it keeps."""
        return sum(map(len, self._points.values()))

    def begin(self, since: int, now: float) -> None:
        """Forget what cannot be continued from.

        Args:
            since: the first step that is shown.
            now: the store's time. If it has stepped back, minutes that were over receive figures again.
        """
        stale = self._high > self._low and closed_before(now) - self._high > _STALE_S
        if stale or now < self._now - MINUTE_S or not self._low <= since <= self._high:
            self._forget(since)
        self._now = now

    def next_read(self) -> Read | None:
        """Return what to read next; None once all that is over is known."""
        high, closed = self._high, closed_before(self._now)
        if high >= closed:
            return None
        whole = closed // self._step * self._step
        if high % self._step or high >= whole:
            end = min(closed, high - high % self._step + self._step, high + _SLICE_S)
            return Read(high, end, end - high)
        size = _OLD_SLICE_S if high + _OLD_SLICE_S < closed - _RECENT_S else _SLICE_S
        return Read(high, min(whole, high - -size // self._step * self._step), self._step)

    def starts_in(self, read: Read) -> range:
        """Return the starts of steps whose backlog belongs to what is read."""
        return range(-(-read.since // self._step) * self._step, read.until, self._step)

    def take(self, read: Read, found: Found, backlog: Mapping[int, Mapping[Name, int]]) -> None:
        """Add what was read.

        Args:
            read: what it is.
            found: figures.
            backlog: ready jobs by the starts of steps, where they were counted.
        """
        self._high = read.until
        self._backlog.update(backlog)
        _add(self._totals, found, self._step)
        for start in [start for start in self._totals if start + self._step <= self._high]:
            self._points[start] = {name: point_of(total) for name, total in self._totals.pop(start).items()}
        if len(self._points) > 2 * MAX_POINTS:
            self._low = self._high - MAX_POINTS * self._step
            self._points = {start: points for start, points in self._points.items() if start >= self._low}
            self._backlog = {start: ready for start, ready in self._backlog.items() if start >= self._low}

    def live(self) -> Read:
        """Return the minutes that are not over, which are read each time."""
        closed = closed_before(self._now)
        return Read(closed, int(self._now // MINUTE_S) * MINUTE_S + MINUTE_S, MINUTE_S)

    def show(self, shown: Range, found: Found, backlog: Mapping[int, Mapping[Name, int]]) -> Series:
        """Return the columns of a chart.

        Args:
            shown: its range.
            found: figures of the minutes that :meth:`live` says.
            backlog: ready jobs by those minutes, where they were counted.
        """
        totals: dict[int, dict[Name, Total]] = {}
        for start, open_ in self._totals.items():
            _add(totals, ((start, name, [total.figures()]) for name, total in open_.items()), self._step)
        _add(totals, found, self._step)
        new = {start: {name: point_of(total) for name, total in known.items()} for start, known in totals.items()}
        starts = range(shown.since, shown.until, shown.step)
        points = [new[at] if at in new else self._points.get(at, {}) for at in starts]
        ready = self._ready(starts, backlog)
        names, left_out = _chosen(shown, points)
        return Series(
            since=_time(shown.since),
            until=_time(shown.until),
            step=shown.step,
            at=[_time(at) for at in starts],
            columns=[_columns(name, [step.get(name, _NOTHING) for step in points], ready) for name in names],
            left_out=left_out,
        )

    def _ready(self, starts: range, backlog: Mapping[int, Mapping[Name, int]]) -> list[Mapping[Name, int] | None]:
        """Return the ready jobs at the start of each step and at the end of the last, None where they are unknown."""
        known = {**self._backlog, **backlog}
        ready: list[Mapping[Name, int] | None] = [known.get(at) for at in starts]
        # A step that is not over ends, for now, with the last count.
        end = min(starts.stop, max(known, default=0))
        ready.append(known.get(end) if end > starts[-1] else None)
        return ready


def closed_before(now: float) -> int:
    """Return the time before which figures do not change any more."""
    return int(now // MINUTE_S) * MINUTE_S - SETTLED_S


def _add(totals: dict[int, dict[Name, Total]], found: Found, step: int) -> None:
    for at, name, parts in found:
        known = totals.setdefault(at // step * step, {})
        total = known.get(name)
        if total is None:
            total = known[name] = Total()
        for part in parts:
            total.add(part)


def _chosen(shown: Range, points: Sequence[Mapping[Name, Point]]) -> tuple[list[Name], int]:
    """Return which names are shown, and how many are not: of too many, those with the most jobs."""
    if shown.by is By.NONE:
        return [None], 0
    if shown.names is not None:
        return list(shown.names), 0
    jobs: dict[Name, int] = {}
    for step in points:
        for name, point in step.items():
            jobs[name] = jobs.get(name, 0) + point[_STARTED] + point[_CANCELLED]
    chosen = sorted(jobs, key=lambda name: (-jobs[name], name or ""))[:MAX_NAMES]
    return sorted(chosen, key=lambda name: name or ""), len(jobs) - len(chosen)


def _columns(name: Name, points: Sequence[Point], ready: Sequence[Mapping[Name, int] | None]) -> Columns:
    columns = dict(zip(_FIELDS, zip(*points, strict=True), strict=True))
    backlog = [None if one is None else one.get(name, 0) for one in ready]
    return Columns(
        name=name,
        counts={count: columns[count] for count in COUNTS},
        arrived=arrived(columns["started"], columns["returned"], columns["cancelled_ready"], backlog),
        backlog=backlog[:-1],
        wait={part: columns[f"wait_{part}"] for part in PERCENTILES},
        run={part: columns[f"run_{part}"] for part in PERCENTILES},
    )


def _time(at: int) -> datetime:
    return datetime.fromtimestamp(at, UTC)
