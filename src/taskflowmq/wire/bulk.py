"""Bulk operations in JSON."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from taskflowmq.core.bulk import (
    MOST_COUNTED,
    MOST_IDS,
    MOST_RATE,
    UNDO_S,
    Bulk,
    BulkAction,
    BulkResult,
    BulkState,
    Counted,
)
from taskflowmq.core.filter_text import MAX_FILTER
from taskflowmq.core.job import State
from taskflowmq.core.reasons import MAX_REASON
from taskflowmq.core.validation import MAX_DELAY_MS, PRIORITY_MAX, PRIORITY_MIN
from taskflowmq.wire.kinds import Time
from taskflowmq.wire.listing import JobRowOut

#: Of an operation that is accepted.
ShownReason = Annotated[
    Annotated[str, Meta(max_length=MAX_REASON)] | None,
    Meta(description="Why, on one line; shown with the operation"),
]


class CountBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which jobs to count."""

    q: Annotated[str, Meta(max_length=MAX_FILTER, description="Filter, as `q` of `GET /jobs`; empty: all jobs")] = ""


class CountOut(msgspec.Struct, kw_only=True):
    """A number of jobs."""

    value: Annotated[int, Meta(description=f"At most {MOST_COUNTED:,}")]
    exact: Annotated[bool, Meta(description="False: there are at least `value` jobs")]


class BulkParams(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an action needs beside its jobs: `reschedule` `run_at` or `delay`, `move` at least one of the others."""

    run_at: Annotated[
        Annotated[datetime, Meta(tz=True)] | None,
        Meta(description="The time at which the jobs are due; one that is over means now"),
    ] = None
    delay: Annotated[
        Annotated[float, Meta(ge=0, le=MAX_DELAY_MS / 1000)] | None, Meta(description="Seconds from the acceptance")
    ] = None
    queue: Annotated[str | None, Meta(description="Another queue; a new one is created")] = None
    priority: Annotated[
        Annotated[int, Meta(ge=PRIORITY_MIN, le=PRIORITY_MAX)] | None,
        Meta(description="Another priority; a lower value runs sooner"),
    ] = None


class BulkParamsOut(msgspec.Struct, kw_only=True):
    """What an operation needs beside its jobs."""

    run_at: Annotated[Time | None, Meta(description="The time at which rescheduled jobs are due")]
    queue: Annotated[str | None, Meta(description="The queue to which jobs are moved; null: it stays")]
    priority: Annotated[int | None, Meta(description="The priority that moved jobs get; null: it stays")]


class BulkRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An operation on all jobs that match a filter, or on jobs that are named."""

    action: Annotated[
        Literal["retry", "cancel", "delete", "reschedule", "move"], Meta(description="What to do to each job")
    ]
    q: Annotated[
        Annotated[str, Meta(max_length=MAX_FILTER)] | None,
        Meta(description="Which jobs: a filter, as `q` of `GET /jobs`; empty: all jobs"),
    ] = None
    ids: Annotated[
        Annotated[list[UUID], Meta(min_length=1, max_length=MOST_IDS)] | None,
        Meta(description="Which jobs, instead; none twice"),
    ] = None
    params: Annotated[BulkParams | None, Meta(description="Of `reschedule` and `move`, which require them")] = None
    reason: ShownReason = None
    rate: Annotated[
        Annotated[int, Meta(ge=1, le=MOST_RATE)] | None,
        Meta(description="Maximum number of jobs per second; default: no limit"),
    ] = None
    dry_run: Annotated[bool, Meta(description="Do nothing; return what the operation would act on")] = False


class PurgeBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to purge of a queue."""

    confirm: Annotated[str, Meta(description="The name of the queue again")]
    states: Annotated[
        Annotated[list[State], Meta(min_length=1, max_length=9)] | None,
        Meta(description="States of the jobs; default: pending, scheduled and retrying. Ended ones may be named too"),
    ] = None
    reason: ShownReason = None
    rate: Annotated[
        Annotated[int, Meta(ge=1, le=MOST_RATE)] | None,
        Meta(description="Maximum number of jobs per second; default: no limit"),
    ] = None


class DryRunOut(msgspec.Struct, kw_only=True):
    """What an operation would act on now: jobs that match and whose state allows the action."""

    matched: CountOut
    sample: Annotated[list[JobRowOut], Meta(description="The newest of these jobs")]


class BulkOperation(msgspec.Struct, kw_only=True):
    """An operation on many jobs."""

    id: UUID
    action: BulkAction
    state: Annotated[
        BulkState,
        Meta(
            description="waiting: it has touched no job. running. done. stopped: by hand; jobs that it had not reached"
            " are untouched. undone: by hand, before it began. failed: `problem` says why"
        ),
    ]
    q: Annotated[str | None, Meta(description="The filter; null if the jobs were named")]
    reason: str | None
    actor: Annotated[str, Meta(description="Who started it")]
    rate: Annotated[int | None, Meta(description="Maximum number of jobs per second; null: no limit")]
    created_at: Annotated[Time, Meta(description="The set of jobs is that of this moment; newer jobs are not touched")]
    undo_until: Annotated[
        Time | None, Meta(description=f"It begins then; {UNDO_S:g} s for all but retry, for which it is null")
    ]
    started_at: Time | None
    finished_at: Time | None
    total: Annotated[int, Meta(description="Jobs of the set that were found so far")]
    collected: Annotated[bool, Meta(description="Whether `total` is the whole set")]
    done: Annotated[int, Meta(description="Jobs that were acted on")]
    failed: Annotated[int, Meta(description="Jobs that were left as they were; `outcomes` says why")]
    outcomes: Annotated[
        dict[str, int],
        Meta(
            description="Number of jobs by what became of them. Acted on: new_round, due_now, cancelled, requested (a"
            " worker will stop it), deleted, rescheduled, moved, unchanged (it was there already)."
            " Left: expires (before its new time), not_found, conflict or final (its state does not allow the action"
            " now), changed (its state does not match the filter any more), moving (it changed during every try)"
        ),
    ]
    problem: str | None
    params: Annotated[BulkParamsOut | None, Meta(description="Of `reschedule` and `move`; otherwise null")]


class BulkList(msgspec.Struct, kw_only=True):
    """Operations, newest first."""

    items: list[BulkOperation]
    next: Annotated[UUID | None, Meta(description="Pass it as ?before= to continue; null: the list has ended")]


class BulkResultOut(msgspec.Struct, kw_only=True):
    """What became of one job."""

    id: UUID
    outcome: Annotated[str | None, Meta(description="As in `outcomes` of the operation; null: nothing yet")]
    ok: Annotated[bool | None, Meta(description="Whether it was acted on; null: nothing yet")]


class BulkResultPage(msgspec.Struct, kw_only=True):
    """What became of jobs, in the order in which they are acted on."""

    items: list[BulkResultOut]
    next: Annotated[str | None, Meta(description="Pass it as ?cursor= to continue; null: the list has ended")]


def count_out(counted: Counted) -> CountOut:
    """Return the answer of a count."""
    return CountOut(value=counted.value, exact=counted.exact)


def bulk_out(bulk: Bulk) -> BulkOperation:
    """Return the answer of an operation."""
    return BulkOperation(
        id=bulk.id,
        action=bulk.action,
        state=bulk.state,
        q=bulk.filter,
        reason=bulk.reason,
        actor=bulk.actor,
        rate=bulk.rate,
        created_at=bulk.created_at,
        undo_until=bulk.undo_until,
        started_at=bulk.started_at,
        finished_at=bulk.finished_at,
        total=bulk.total,
        collected=bulk.collected,
        done=bulk.done,
        failed=bulk.failed,
        outcomes=bulk.counts,
        problem=bulk.problem,
        params=None
        if bulk.params is None
        else BulkParamsOut(run_at=bulk.params.run_at, queue=bulk.params.queue, priority=bulk.params.priority),
    )


def result_out(result: BulkResult) -> BulkResultOut:
    """Return the answer of one job."""
    ok = None if result.outcome is None else not result.failed
    return BulkResultOut(id=result.job_id, outcome=result.outcome, ok=ok)
