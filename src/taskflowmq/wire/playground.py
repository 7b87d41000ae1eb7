"""The playground in JSON."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from taskflowmq.core.playground import (
    LEAST_RATE,
    LEAST_SECONDS,
    MOST_JOBS,
    MOST_RATE,
    MOST_SECONDS,
    MOST_WEIGHT,
    Kind,
    Order,
)
from taskflowmq.wire.audit import Reason
from taskflowmq.wire.history import Percentiles
from taskflowmq.wire.kinds import Id, Time

Weight = Annotated[int, Meta(ge=0, le=MOST_WEIGHT)]


class PlaygroundMix(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Weights of the kinds of jobs."""

    quick: Annotated[Weight, Meta(description="Wait for some milliseconds")] = 0
    slow: Annotated[Weight, Meta(description="Wait for one to three seconds")] = 0
    cpu: Annotated[Weight, Meta(description="Compute for some hundredths of a second, in a thread")] = 0
    retried: Annotated[Weight, Meta(description="Fail at the first attempt, succeed at the second")] = 0


class PlaygroundBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A stress test."""

    rate: Annotated[float, Meta(ge=LEAST_RATE, le=MOST_RATE, description="Jobs per second")]
    seconds: Annotated[
        float,
        Meta(
            ge=LEAST_SECONDS,
            le=MOST_SECONDS,
            description=f"For how long jobs are enqueued; `rate` × `seconds` is at most {MOST_JOBS:,}",
        ),
    ]
    mix: Annotated[PlaygroundMix, Meta(description="Default: 6 quick, 2 slow, 1 cpu, 1 retried")] = PlaygroundMix(
        quick=6, slow=2, cpu=1, retried=1
    )
    fail: Annotated[float, Meta(ge=0, le=1, description="Share of the jobs that fail at every attempt")] = 0.0
    reason: Reason = None

    def order(self) -> Order:
        """Return it as the playground takes it."""
        mix = {kind: getattr(self.mix, kind) for kind in Kind}
        return Order(rate=self.rate, seconds=self.seconds, mix=mix, fail=self.fail)


class PlaygroundMixOut(msgspec.Struct, kw_only=True):
    """Weights of the kinds of jobs."""

    quick: int
    slow: int
    cpu: int
    retried: int


class PlaygroundRunOut(msgspec.Struct, kw_only=True):
    """A stress test, and what became of its jobs."""

    id: UUID
    tag: Annotated[str, Meta(description="Tag of its jobs: `tag:` with it in a filter finds them")]
    state: Annotated[
        Literal["enqueuing", "waiting", "ended"],
        Meta(description="waiting: all jobs were enqueued, and some have not ended. ended: its jobs are not followed"),
    ]
    rate: float
    seconds: float
    mix: PlaygroundMixOut
    fail: float
    started_at: Time
    actor: Annotated[str, Meta(description="Who started it")]
    stopped_by: Annotated[str | None, Meta(description="Who stopped it before its time; null: it was not stopped")]
    as_of: Annotated[Time, Meta(description="When its jobs were looked at; of more than 2,000 jobs, at some of them")]
    elapsed: Annotated[float, Meta(description="Seconds since the start, or until the end")]
    asked: Annotated[int, Meta(description="Jobs that it shall enqueue")]
    enqueued: int
    rate_reached: Annotated[float | None, Meta(description="Jobs per second that it enqueued; null: it just began")]
    waiting: Annotated[int, Meta(description="Jobs that are ready, or wait for a retry")]
    running: int
    completed: int
    failed: Annotated[int, Meta(description="Attempts that failed")]
    dead: int
    cancelled: int
    gone: Annotated[int, Meta(description="Jobs that were deleted before they were seen to have ended")]
    throughput: Annotated[
        float | None, Meta(description="Jobs that ended per second in the last 5 seconds, or over its whole time")
    ]
    wait: Annotated[Percentiles, Meta(description="Time from the enqueue to the first start")]
    run: Annotated[Percentiles, Meta(description="Run time of last attempts")]
    problem: Annotated[str | None, Meta(description="Why not all jobs could be enqueued in time, if so")]


class PlaygroundPoints(msgspec.Struct, kw_only=True):
    """How far a run was at moments: sums since its start, but `waiting` and `running`, which are as they were then."""

    seconds: Annotated[list[float], Meta(description="Since the start")]
    enqueued: list[int]
    completed: list[int]
    failed: list[int]
    dead: list[int]
    waiting: list[int]
    running: list[int]


class PlaygroundWorker(msgspec.Struct, kw_only=True):
    """A worker, and how many jobs of a run ended there."""

    id: Id
    host: Annotated[str | None, Meta(description="null: it ended long ago")]
    pid: int | None
    jobs: int


class PlaygroundRunDetail(PlaygroundRunOut, kw_only=True):
    """A stress test with its course and its workers."""

    points: PlaygroundPoints
    workers: Annotated[list[PlaygroundWorker], Meta(description="Those with the most jobs, at most 20")]


class PlaygroundRunList(msgspec.Struct, kw_only=True):
    """The stress tests that this server process remembers, newest first, at most 20."""

    items: list[PlaygroundRunOut]
    served: Annotated[bool, Meta(description="Whether a living worker takes such jobs")]
