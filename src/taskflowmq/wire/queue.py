"""Queues and counts of jobs in JSON."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from taskflowmq.core.job import State
from taskflowmq.core.retention import NEVER
from taskflowmq.ports.store import QueueView, StoreStats


class QueueOut(msgspec.Struct, kw_only=True):
    """A queue, with counts of its live jobs."""

    name: str
    paused: bool
    paused_at: datetime | None
    states: dict[str, int]
    oldest_ready_age: Annotated[float | None, Meta(description="Age of the oldest ready job, in seconds")]
    retention: Annotated[
        dict[str, float | None],
        Meta(
            description="By state, where it differs from the default: seconds that ended jobs are kept; null: no limit"
        ),
    ]


class QueueList(msgspec.Struct, kw_only=True):
    """Queues, ordered by name. The last page has ``next: null``."""

    items: list[QueueOut]
    next: Annotated[str | None, Meta(description="Pass it as ?cursor= to continue")] = None


class StatsOut(msgspec.Struct, kw_only=True):
    """Job counts of a tenant."""

    states: dict[str, int]
    queues: Annotated[
        dict[str, dict[str, int | float | None]], Meta(description="By queue: counts by state, oldest_ready_age")
    ]
    as_of: datetime
    exact: bool


#: What every queue is counted by, also where there is nothing to count.
_NOBODY = dict.fromkeys((state.value for state in (State.SCHEDULED, State.PENDING, State.RUNNING, State.RETRYING)), 0)


def queue_out(view: QueueView) -> QueueOut:
    """Return a queue's answer."""
    return QueueOut(
        name=view.name,
        paused=view.paused_at is not None,
        paused_at=view.paused_at,
        states={**_NOBODY, **view.states},
        oldest_ready_age=view.oldest_ready_age,
        retention={
            state: None if kept == NEVER else kept / 1000
            for state, kept in (
                ("completed", view.retention.completed_ms),
                ("cancelled", view.retention.cancelled_ms),
                ("dead", view.retention.dead_ms),
            )
            if kept is not None
        },
    )


def stats_out(stats: StoreStats) -> StatsOut:
    """Return the counts' answer."""
    queues: dict[str, dict[str, int | float | None]] = {
        queue.name: {**_NOBODY, **queue.states, "oldest_ready_age": queue.oldest_ready_age} for queue in stats.queues
    }
    return StatsOut(states=stats.states, queues=queues, as_of=stats.as_of, exact=stats.exact)
