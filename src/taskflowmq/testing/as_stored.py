"""A job as a worker and a reader see it, for stores without a database.

Fields of the job are copied by name, so that a new field is included by itself.
"""

from __future__ import annotations

from typing import Any

import msgspec

from taskflowmq.core.job import ClaimedJob, Counters, JobView, NewJob, State
from taskflowmq.core.rows import READ_ARGS, READ_ERROR, JobRow, shown_args, shown_error

_CLAIMED = tuple(name for name in ClaimedJob.__struct_fields__ if name in NewJob.__struct_fields__)
#: A reader's name -> the job's own: JSON is read as it is stored.
_VIEWED = {
    name: own for name in JobView.__struct_fields__ if (own := name.removeprefix("raw_")) in NewJob.__struct_fields__
}
#: What a row has of a job as it is.
_IN_BOTH = frozenset(JobView.__struct_fields__) - {"raw_progress"}


def claimed_job(new: NewJob, counters: Counters, **given: Any) -> ClaimedJob:
    """Return a job as its worker sees it.

    Args:
        new: what was enqueued.
        counters: with the claim in them.
        given: the times, and what else is not as it was enqueued.
    """
    brought = {name: getattr(new, name) for name in _CLAIMED}
    return ClaimedJob(**{**brought, **msgspec.structs.asdict(counters), **given})


def job_view(new: NewJob, **given: Any) -> JobView:
    """Return a job as a reader sees it.

    Args:
        new: what was enqueued.
        given: its state and times, and what else is not as it was enqueued; the rest has not happened yet.
    """
    brought = {name: getattr(new, own) for name, own in _VIEWED.items()}
    nothing = dict.fromkeys(name for name in JobView.__struct_fields__ if name not in brought)
    return JobView(**{**nothing, **brought, **given})


def row_of(view: JobView) -> JobRow:
    """Return a job as a list shows it."""
    brought = {name: getattr(view, name) for name in JobRow.__struct_fields__ if name in _IN_BOTH}
    return JobRow(
        **brought,
        args_preview=shown_args(view.raw_args.decode()[:READ_ARGS]),
        round=view.round,
        attempt=view.attempt,
        lease_no=view.counters.lease_no,
        raw_progress=view.raw_progress if view.state is State.RUNNING else None,
        error=None if view.raw_error is None else shown_error(view.raw_error.decode()[:READ_ERROR]),
    )
