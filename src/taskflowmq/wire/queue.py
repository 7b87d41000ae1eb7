"""Queues and counts of jobs in JSON."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, NamedTuple

import msgspec
from msgspec import Meta

from taskflowmq.core.chart import Summary
from taskflowmq.core.job import QueueRef, State
from taskflowmq.core.reasons import MAX_REASON
from taskflowmq.core.retention import NEVER
from taskflowmq.core.waiting import Server
from taskflowmq.ports.store import QueueView, StoreStats
from taskflowmq.wire.kinds import NONE_LIVE, LiveCounts, Time, with_live


class QueueOut(msgspec.Struct, kw_only=True):
    """A queue, with counts of its live jobs."""

    name: str
    paused: bool
    paused_at: Time | None
    paused_by: Annotated[str | None, Meta(description="Who paused it; null: it is open, or that was not stored")]
    reason: Annotated[str | None, Meta(description="Why it is paused; null: no reason was given")]
    states: LiveCounts
    oldest_ready_age: Annotated[float | None, Meta(description="Age of the oldest ready job, in seconds")]
    retention: Annotated[
        dict[str, float | None],
        Meta(
            description="By state, where it differs from the default: seconds that ended jobs are kept; null: no limit"
        ),
    ]
    rate_in: Annotated[
        float | None, Meta(description="Jobs that became ready, per second, in the last 5 minutes; null: not measured")
    ]
    rate_out: Annotated[
        float | None, Meta(description="Jobs that were claimed, per second, in the last 5 minutes; null: none")
    ]
    wait_p50: Annotated[
        float | None, Meta(description="Median time from ready to claimed, in the last 5 minutes, in seconds")
    ]
    wait_p95: Annotated[float | None, Meta(description="Its 95th percentile")]
    slots: Annotated[
        int | None, Meta(description="Slots of the living workers that serve it, without those that drain")
    ]
    eta: Annotated[
        float | None, Meta(description="Seconds until no job is ready, at these rates; null if that is not foreseeable")
    ]


class PauseBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The request of a pause; it may be left out."""

    reason: Annotated[
        Annotated[str, Meta(max_length=MAX_REASON)] | None,
        Meta(description="Why, on one line without control characters; shown beside the queue"),
    ] = None


class Activity(NamedTuple):
    """What happens in a queue, beside what waits in it; None: it was not measured."""

    rate_in: float | None = None
    rate_out: float | None = None
    wait_p50: float | None = None
    wait_p95: float | None = None
    slots: int | None = None
    eta: float | None = None


def activity_of(view: QueueView, recent: Summary | None, servers: Iterable[Server]) -> Activity:
    """Return what happens in a queue.

    Args:
        view: the queue as it is now.
        recent: what its jobs did in the last minutes; None if they did nothing.
        servers: living workers.
    """
    ref = QueueRef(view.tenant, view.name)
    slots = sum(server.slots for server in servers if server.serves(ref) and not server.drained)
    rate_out = None if recent is None else recent.claimed_per_second
    if recent is None or rate_out is None:
        return Activity(slots=slots)
    ready = view.states.get(State.PENDING, 0)
    came = recent.arrived(ready)
    rate_in = None if came is None else came / recent.seconds
    eta = None
    if not ready:
        eta = 0.0
    elif view.paused_at is None and rate_in is not None and rate_out > rate_in:
        eta = round(ready / (rate_out - rate_in), 1)
    return Activity(
        rate_in=None if rate_in is None else round(rate_in, 4),
        rate_out=round(rate_out, 4),
        wait_p50=recent.wait["p50"],
        wait_p95=recent.wait["p95"],
        slots=slots,
        eta=eta,
    )


class QueueList(msgspec.Struct, kw_only=True):
    """Queues, ordered by name. The last page has ``next: null``."""

    items: list[QueueOut]
    next: Annotated[str | None, Meta(description="Pass it as ?cursor= to continue")]


#: Counts of one queue; its age is beside the counts.
QueueCounts = Annotated[
    dict[str, int | float | None],
    Meta(
        description="Number of live jobs by state, and the age of the oldest ready job in seconds",
        extra_json_schema=with_live({"oldest_ready_age": {"type": ["number", "null"]}}),
    ),
]


class StatsOut(msgspec.Struct, kw_only=True):
    """Job counts of a tenant."""

    states: Annotated[dict[str, int], Meta(description="Number of jobs, by state; states without jobs may be absent")]
    queues: Annotated[dict[str, QueueCounts], Meta(description="By queue")]
    as_of: Annotated[Time, Meta(description="Time of the counts")]
    exact: Annotated[bool, Meta(description="False if a state above 10,000 was counted before, at as_of")]


def queue_out(view: QueueView, activity: Activity) -> QueueOut:
    """Return a queue's answer."""
    return QueueOut(
        **activity._asdict(),
        name=view.name,
        paused=view.paused_at is not None,
        paused_at=view.paused_at,
        paused_by=None if view.pause is None else view.pause.by,
        reason=None if view.pause is None else view.pause.reason,
        states={**NONE_LIVE, **view.states},
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
    queues: dict[str, QueueCounts] = {
        queue.name: {**NONE_LIVE, **queue.states, "oldest_ready_age": queue.oldest_ready_age} for queue in stats.queues
    }
    return StatsOut(states=stats.states, queues=queues, as_of=stats.as_of, exact=stats.exact)
