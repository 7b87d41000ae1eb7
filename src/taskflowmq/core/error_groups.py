"""Groups of errors: what is counted of a kind of failures, and the state in which operators put its group. Pure.

The state is computed from times and never written when an error occurs: a resolved group is open again once it occurred
after its resolution, so ten thousand failures change no row that others read or write.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

import msgspec

from taskflowmq.core.errors import InvalidJob
from taskflowmq.core.fingerprint import ErrorKind
from taskflowmq.core.job import HeldJob
from taskflowmq.core.transitions import Transition
from taskflowmq.core.validation import check_name

#: Hours that a group's trend shows, one bucket each.
TREND_HOURS = 24
#: Dead jobs of a group are counted up to here.
MOST_DEAD = 10_000
#: Releases that a reader of a group sees of it.
MAX_GROUP_RELEASES = 10
#: Most groups of one page.
MAX_GROUPS = 200
#: Kinds that a process counts between two appends; failures of others are not counted, which it logs.
MOST_KINDS = 500
#: Groups that a tenant keeps. Lists and counts read all of them, so what they cost is bounded by this.
MOST_GROUPS = 10_000
MAX_QUERY = 200
#: The longest mute.
MAX_MUTE = timedelta(days=366)


class GroupState(StrEnum):
    """What operators have decided about a group."""

    OPEN = "open"
    #: It has not occurred since it was resolved.
    RESOLVED = "resolved"
    #: Hidden until a time, whatever occurs.
    MUTED = "muted"


class GroupSort(StrEnum):
    """The order of groups, the largest value first."""

    LAST = "last"
    FIRST = "first"
    COUNT = "count"


class Occurrences(msgspec.Struct, kw_only=True):
    """Failures of one kind that a process has seen since its last append. Ages are milliseconds at the append."""

    tenant: str
    task: str
    kind: ErrorKind
    count: int
    first_age_ms: int
    last_age_ms: int
    #: Of the jobs that failed, the one made last.
    job_id: UUID


class ErrorGroup(msgspec.Struct, frozen=True, kw_only=True):
    """A group of errors as a reader sees it."""

    fingerprint: str
    type: str
    message: str
    task: str
    state: GroupState
    #: How often it occurred.
    count: int
    first_at: datetime
    last_at: datetime
    #: How often in each of the last 24 hours, oldest first.
    trend: tuple[int, ...]
    #: Jobs that are dead of it now, up to :data:`MOST_DEAD`.
    dead: int
    #: The newest of these, otherwise the newest that failed so; it may be deleted.
    job_id: UUID | None
    #: The last decision of an operator; None: there was none.
    resolved_at: datetime | None
    muted_until: datetime | None
    changed_at: datetime | None
    changed_by: str | None
    #: The newest of all releases, if it occurred first in it.
    new_in: str | None = None
    #: The newest release that ran its task when it was resolved: failures of older ones open nothing for an hour.
    resolved_release: str | None = None

    @property
    def reopened(self) -> bool:
        """Whether it occurred again after it was resolved, in a way that opens it."""
        return self.resolved_at is not None and self.state is GroupState.OPEN


class GroupRelease(msgspec.Struct, frozen=True, kw_only=True):
    """What a group counted in one release, as long as counts are kept."""

    #: None: the workers announced none.
    name: str | None
    count: int
    #: To the minute, or to the hour where it is old.
    first_at: datetime
    last_at: datetime


class GroupReleases(msgspec.Struct, frozen=True):
    """In which releases a group occurred, the newest first."""

    items: list[GroupRelease]
    #: How many there are, with those that are left out.
    total: int


class GroupCounts(msgspec.Struct, frozen=True, kw_only=True):
    """How many groups a tenant has, by state, and how many open ones occurred first in the last 24 hours."""

    open: int = 0
    resolved: int = 0
    muted: int = 0
    new: int = 0

    @property
    def full(self) -> bool:
        """Whether there are as many groups as a tenant keeps, so that others may have been deleted."""
        return self.open + self.resolved + self.muted >= MOST_GROUPS


class Excess(msgspec.Struct, frozen=True, kw_only=True):
    """Groups of a tenant that were deleted because it had more than are kept."""

    tenant: str
    #: How many there were.
    count: int
    #: The task and the exception type that most of them were of, and how many of them.
    task: str
    type: str
    alike: int


def excess_of(tenant: str, deleted: Sequence[tuple[str, str]]) -> Excess:
    """Return what was deleted of a tenant.

    Args:
        tenant: whose groups they were.
        deleted: task and type of each; at least one.
    """
    ((task, kind), alike), *_ = Counter(deleted).most_common(1)
    return Excess(tenant=tenant, count=len(deleted), task=task, type=kind, alike=alike)


def excess_line(excess: Excess) -> str:
    """Return the line of a log that says what was deleted, why, and what to do about it."""
    return (
        f"deleted {excess.count:,} groups of errors of tenant {excess.tenant!r}: a tenant keeps {MOST_GROUPS:,}. "
        f"{excess.alike:,} of the deleted ones were of {excess.type} in task {excess.task!r}. If its message differs "
        "each time, each failure is a group of its own: raise it with a constant message, and log what differs"
    )


class GroupQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which groups of a tenant to read, and in which order."""

    tenant: str
    state: GroupState | None = None
    task: str | None = None
    #: Part of the type, message or task, in whatever case its ASCII letters are.
    text: str | None = None
    sort: GroupSort = GroupSort.LAST
    limit: int = 50
    #: The last group of the page before: its value in the order (microseconds since 1970, or a count) and fingerprint.
    after: tuple[int, str] | None = None


class GroupPage(msgspec.Struct, frozen=True):
    """Some groups of a list."""

    items: list[ErrorGroup]
    #: Where the next page begins; None ends the list.
    next: tuple[int, str] | None


def place_of(group: ErrorGroup, sort: GroupSort) -> tuple[int, str]:
    """Return where a group is in an order."""
    value = {GroupSort.LAST: group.last_at, GroupSort.FIRST: group.first_at}.get(sort)
    return (group.count if value is None else microseconds(value)), group.fingerprint


def microseconds(at: datetime) -> int:
    """Return a time in microseconds since 1970."""
    return (at - datetime(1970, 1, 1, tzinfo=at.tzinfo)) // timedelta(microseconds=1)


class Tally:
    """Adds up failures by kind until they are appended.

    Times are monotonic seconds of the caller.
    """

    def __init__(self) -> None:
        self._seen: dict[str, tuple[Occurrences, float, float]] = {}
        #: Failures of further kinds than :data:`MOST_KINDS`.
        self.left_out = 0

    def __bool__(self) -> bool:
        """Tell whether there is anything to append."""
        return bool(self._seen or self.left_out)

    def add(self, tenant: str, task: str, change: Transition, at: float = 0.0) -> None:
        """Count the failure that a transition tells of, if it does."""
        kind = change.kind
        if kind is None:
            return
        known = self._seen.get(kind.fingerprint)
        if known is not None:
            one, first, _ = known
            one.count += 1
            one.job_id = max(one.job_id, change.job_id)
            self._seen[kind.fingerprint] = one, first, at
        elif len(self._seen) < MOST_KINDS:
            one = Occurrences(
                tenant=tenant, task=task, kind=kind, count=1, first_age_ms=0, last_age_ms=0, job_id=change.job_id
            )
            self._seen[kind.fingerprint] = one, at, at
        else:
            self.left_out += 1

    def take(self, now: float = 0.0) -> list[Occurrences]:
        """Return what was added, with its ages, and begin again."""
        seen, self._seen, self.left_out = self._seen, {}, 0
        for one, first, last in seen.values():
            one.first_age_ms, one.last_age_ms = round(1000 * (now - first)), round(1000 * (now - last))
        return [one for one, _, _ in seen.values()]


def occurrences_of(ends: Iterable[tuple[HeldJob, Transition]]) -> list[Occurrences]:
    """Return the failures among attempts that another process began."""
    tally = Tally()
    for job, change in ends:
        if job.kind is not None:
            tally.add(job.kind.tenant, job.kind.task, change)
    return tally.take()


def check_query(
    tenant: str,
    state: str | None = None,
    *,
    q: str | None = None,
    task: str | None = None,
    sort: str = GroupSort.LAST,
    limit: int = 50,
    after: tuple[int, str] | None = None,
) -> GroupQuery:
    """Return a query of groups.

    Raises:
        InvalidJob: names the parameter: state, q, task, sort or limit.
    """
    if state is not None and state not in list(GroupState):
        raise InvalidJob.at("/state", f"must be one of {', '.join(GroupState)}, got {state!r:.40}")
    if sort not in list(GroupSort):
        raise InvalidJob.at("/sort", f"must be one of {', '.join(GroupSort)}, got {sort!r:.40}")
    if not 1 <= limit <= MAX_GROUPS:
        raise InvalidJob.at("/limit", f"must be 1…{MAX_GROUPS}, got {limit}")
    text = q.strip() if q else None
    if text and len(text) > MAX_QUERY:
        raise InvalidJob.at("/q", f"must have at most {MAX_QUERY} characters, got {len(text)}")
    if text and ("\0" in text or not text.isprintable()):
        raise InvalidJob.at("/q", "must be one line without control characters")
    return GroupQuery(
        tenant=tenant,
        state=None if state is None else GroupState(state),
        task=None if task is None else check_name("task", task),
        text=text or None,
        sort=GroupSort(sort),
        limit=limit,
        after=after,
    )


def check_until(until: datetime, now: datetime) -> datetime:
    """Return until when a group is to be muted.

    Raises:
        InvalidJob: it is not in the future, too far away, or has no time zone.
    """
    if until.tzinfo is None:
        raise InvalidJob.at("/until", "must have a time zone: 2031-05-06T12:00:00Z")
    if not now < until <= now + MAX_MUTE:
        raise InvalidJob.at("/until", f"must be in the next {MAX_MUTE.days} days, got {until.isoformat()}")
    return until
