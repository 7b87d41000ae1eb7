"""Groups of errors in JSON."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import Meta

from taskflowmq.core.attempts import AttemptView
from taskflowmq.core.error_groups import (
    MAX_GROUP_RELEASES,
    MOST_DEAD,
    MOST_GROUPS,
    ErrorGroup,
    GroupCounts,
    GroupPage,
    GroupReleases,
    GroupState,
)
from taskflowmq.core.fingerprint import LENGTH
from taskflowmq.core.job import JobView, State
from taskflowmq.wire.audit import Reason
from taskflowmq.wire.kinds import AttemptOutcome, ErrorOut, Id, Time
from taskflowmq.wire.raw import as_json

Fingerprint = Annotated[
    str,
    Meta(
        description="Of tenant, task, exception type, the program's own calls, and the message without variable parts",
        pattern=f"^[0-9a-f]{{{LENGTH}}}$",
    ),
]


class ErrorGroupOut(msgspec.Struct, kw_only=True):
    """Failures of one kind."""

    fingerprint: Fingerprint
    type: Annotated[str, Meta(description="Name of the exception, or of what ended the attempts")]
    message: Annotated[str, Meta(description="Message, with its variable parts masked: `order <number> not found`")]
    task: str
    state: Annotated[
        GroupState,
        Meta(description="A resolved group is open again once it occurs again; a muted one when the mute has ended"),
    ]
    reopened: Annotated[bool, Meta(description="True if it occurred again after it was resolved")]
    count: Annotated[int, Meta(description="Failed attempts, as long as the group is kept")]
    first_at: Annotated[Time, Meta(description="When it occurred first")]
    last_at: Annotated[Time, Meta(description="When it occurred last")]
    trend: Annotated[list[int], Meta(description="Failed attempts in each of the last 24 hours, oldest first")]
    dead: Annotated[int, Meta(description=f"Jobs that are dead of it now, counted up to {MOST_DEAD:,}")]
    resolved_at: Time | None
    muted_until: Time | None
    changed_at: Annotated[Time | None, Meta(description="When an operator last set the state; null: never")]
    changed_by: str | None
    new_in: Annotated[
        str | None, Meta(description="The newest of all releases, if the group occurred first in it; null otherwise")
    ]
    resolved_release: Annotated[
        str | None,
        Meta(
            description="The newest release that ran its task when it was resolved: failures in older ones do not open "
            "it for an hour; null: any failure does"
        ),
    ]


class GroupReleaseOut(msgspec.Struct, kw_only=True):
    """What a group counted in one release, as long as counts are kept."""

    name: Annotated[str | None, Meta(description="Name of the release; null: the workers announced none")]
    count: Annotated[int, Meta(description="Failed attempts")]
    first_at: Annotated[Time, Meta(description="When it occurred first; to the hour after two days")]
    last_at: Annotated[Time, Meta(description="When it occurred last")]


class GroupCountsOut(msgspec.Struct, kw_only=True):
    """How many groups there are, whatever the list is filtered by."""

    open: int
    resolved: int
    muted: int
    new: Annotated[int, Meta(description="Open groups that occurred first in the last 24 hours")]
    most: Annotated[
        int,
        Meta(
            description="Groups that a tenant keeps. With as many, others may have been deleted: of the tasks with the "
            "most groups, those that occurred longest ago"
        ),
    ]


class ErrorGroupList(msgspec.Struct, kw_only=True):
    """One page of groups."""

    items: list[ErrorGroupOut]
    next: Annotated[str | None, Meta(description="Cursor of the next page; null ends the list")]
    counts: GroupCountsOut


class SampleOut(msgspec.Struct, kw_only=True):
    """A job that failed so."""

    job_id: UUID
    state: State
    attempt: int
    outcome: AttemptOutcome
    finished_at: Time | None
    worker: Id | None
    host: str | None
    error: Annotated[ErrorOut | None, Meta(description="Null if the worker was lost")]


class ErrorGroupDetail(ErrorGroupOut, kw_only=True):
    """Failures of one kind, with one of them."""

    sample: Annotated[
        SampleOut | None,
        Meta(
            description="The newest dead job of the group, otherwise the newest that failed so; null if it is deleted"
        ),
    ]
    releases: Annotated[
        list[GroupReleaseOut],
        Meta(
            description=f"In which releases it occurred, the newest first, at most {MAX_GROUP_RELEASES}. Empty or one "
            "without a name where workers announce no release"
        ),
    ]
    releases_total: Annotated[int, Meta(description="How many releases there are, with those left out")]


class MuteBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The request to mute a group."""

    until: Annotated[Annotated[datetime, Meta(tz=True)], Meta(description="End of the mute, in the next 366 days")]
    reason: Reason = None


def group_out(group: ErrorGroup) -> ErrorGroupOut:
    """Return the answer for a group."""
    return ErrorGroupOut(**_fields(group))


def detail_out(
    group: ErrorGroup, sample: tuple[JobView, AttemptView] | None, releases: GroupReleases
) -> ErrorGroupDetail:
    """Return the answer for a group with a job, the attempt at it that failed so, and its releases."""
    return ErrorGroupDetail(
        **_fields(group),
        sample=None if sample is None else _sample_out(*sample),
        releases=[
            GroupReleaseOut(name=one.name, count=one.count, first_at=one.first_at, last_at=one.last_at)
            for one in releases.items
        ],
        releases_total=releases.total,
    )


def list_out(page: GroupPage, counts: GroupCounts) -> ErrorGroupList:
    """Return the answer for a page of groups."""
    return ErrorGroupList(
        items=[group_out(group) for group in page.items],
        next=None if page.next is None else write_cursor(page.next),
        counts=GroupCountsOut(
            open=counts.open, resolved=counts.resolved, muted=counts.muted, new=counts.new, most=MOST_GROUPS
        ),
    )


def write_cursor(place: tuple[int, str]) -> str:
    """Return where a page begins, as text."""
    return f"{place[0]}-{place[1]}"


def read_cursor(text: str) -> tuple[int, str]:
    """Return where a page begins.

    Raises:
        ValueError: it is not a cursor.
    """
    value, _, fingerprint = text.partition("-")
    if not (value.isascii() and value.isdecimal() and len(value) <= 18):
        raise ValueError("is not a cursor of this API")
    return int(value), fingerprint


def _fields(group: ErrorGroup) -> dict[str, Any]:
    known = set(ErrorGroup.__struct_fields__)
    fields = {name: getattr(group, name) for name in ErrorGroupOut.__struct_fields__ if name in known}
    return {**fields, "reopened": group.reopened, "trend": list(group.trend)}


def _sample_out(job: JobView, attempt: AttemptView) -> SampleOut:
    return SampleOut(
        job_id=job.id,
        state=job.state,
        attempt=attempt.attempt,
        outcome=AttemptOutcome(attempt.outcome),
        finished_at=attempt.finished_at,
        worker=attempt.worker,
        host=attempt.host,
        error=as_json(attempt.raw_error),
    )
