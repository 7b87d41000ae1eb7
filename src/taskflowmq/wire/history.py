"""The history of jobs in JSON: charts, and a summary of the last minutes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from taskflowmq.core.chart import Columns, Series, Summary
from taskflowmq.core.job import JobView
from taskflowmq.core.waiting import Server
from taskflowmq.wire.kinds import Time
from taskflowmq.wire.release import ReleaseOut, release_out

#: Tasks of a summary that fail most.
MOST_FAILING = 10


class PercentileColumns(msgspec.Struct, kw_only=True):
    """Percentiles per step, in seconds, right within 21 %; null where nothing was measured."""

    p50: list[float | None]
    p95: list[float | None]
    p99: list[float | None]


class Percentiles(msgspec.Struct, kw_only=True):
    """Percentiles in seconds, right within 21 %; null if nothing was measured."""

    p50: float | None
    p95: float | None
    p99: float | None


class SeriesColumns(msgspec.Struct, kw_only=True):
    """The figures of one queue, task or node, or of all jobs; each column has one value per step."""

    name: Annotated[str | None, Meta(description="Name of the queue, task or node; null: all jobs")]
    started: Annotated[list[int], Meta(description="Attempts that were claimed")]
    completed: Annotated[list[int], Meta(description="Jobs that completed")]
    failed: Annotated[list[int], Meta(description="Attempts that failed, with or without a retry")]
    retried: Annotated[list[int], Meta(description="Failed attempts with a retry")]
    dead: Annotated[list[int], Meta(description="Jobs that became dead letters")]
    cancelled: Annotated[list[int], Meta(description="Jobs that were cancelled or expired")]
    arrived: Annotated[
        list[int | None], Meta(description="Jobs that became ready, retries included; null where it was not measured")
    ]
    backlog: Annotated[
        list[int | None], Meta(description="Ready jobs at the start of the step; null where they were not counted")
    ]
    wait: Annotated[PercentileColumns, Meta(description="Time from ready to claimed")]
    run: Annotated[PercentileColumns, Meta(description="Run time of attempts")]


class SeriesOut(msgspec.Struct, kw_only=True):
    """A chart: figures per step of time."""

    begin: Annotated[Time, Meta(description="Start of the first step")] = msgspec.field(name="from")
    to: Annotated[Time, Meta(description="End of the last step, which may not be over")]
    step: Annotated[int, Meta(description="Seconds per step; longer than requested where only hours are kept")]
    at: Annotated[list[Time], Meta(description="Start of each step")]
    series: Annotated[list[SeriesColumns], Meta(description="Ordered by name")]
    left_out: Annotated[int, Meta(description="Number of names beyond 50, those with the fewest jobs")]
    releases: Annotated[
        list[ReleaseOut],
        Meta(description="Releases of programs that workers first announced in this range, in that order, at most 200"),
    ]


class SummaryError(msgspec.Struct, kw_only=True):
    """The error of a job."""

    type: str
    message: str


class FailingTask(msgspec.Struct, kw_only=True):
    """A task with failed attempts."""

    task: str
    failed: Annotated[int, Meta(description="Attempts that failed")]
    attempts: Annotated[int, Meta(description="Attempts that completed or failed")]
    share: Annotated[float, Meta(description="failed / attempts")]
    dead: Annotated[int, Meta(description="Jobs that became dead letters")]
    job_id: Annotated[UUID | None, Meta(description="The newest of the jobs that failed")]
    error: Annotated[SummaryError | None, Meta(description="Its last error, as long as the job is kept")]


class SummaryOut(msgspec.Struct, kw_only=True):
    """What jobs did in the last minutes, and what waits and works now."""

    minutes: int
    seconds: Annotated[float, Meta(description="Time that was measured: the minutes and the present one")]
    started: Annotated[int, Meta(description="Attempts that were claimed")]
    completed: Annotated[int, Meta(description="Jobs that completed")]
    failed: Annotated[int, Meta(description="Attempts that failed, with or without a retry")]
    retried: Annotated[int, Meta(description="Failed attempts with a retry")]
    dead: Annotated[int, Meta(description="Jobs that became dead letters")]
    cancelled: Annotated[int, Meta(description="Jobs that were cancelled or expired")]
    throughput: Annotated[float, Meta(description="Jobs that ended, per second")]
    failing: Annotated[float | None, Meta(description="Share of attempts that failed; null if none ended")]
    wait: Annotated[Percentiles, Meta(description="Time from ready to claimed")]
    run: Annotated[Percentiles, Meta(description="Run time of attempts")]
    ready: Annotated[int, Meta(description="Jobs that are ready now")]
    oldest_ready_age: Annotated[float | None, Meta(description="Age of the oldest ready job, in seconds")]
    workers: Annotated[int, Meta(description="Living workers")]
    slots: Annotated[int, Meta(description="Their slots")]
    busy: Annotated[int, Meta(description="Their running jobs")]
    failing_tasks: Annotated[list[FailingTask], Meta(description="At most 10 tasks, those that failed most first")]


class KindOut(msgspec.Struct, kw_only=True):
    """What the jobs of one queue, task or node did, or all of them."""

    name: Annotated[str | None, Meta(description="Name of the queue, task or node; null: all jobs")]
    seconds: Annotated[float, Meta(description="Time that was measured")]
    counts: dict[str, int]
    throughput: Annotated[float, Meta(description="Jobs that ended, per second")]
    failing: Annotated[float | None, Meta(description="Share of attempts that failed; null if none ended")]
    wait: Percentiles
    run: Percentiles
    run_mean: Annotated[float | None, Meta(description="Mean run time, in seconds")]


def kind_out(one: Summary) -> KindOut:
    """Return the answer for one queue, task or node."""
    return KindOut(
        name=one.name,
        seconds=round(one.seconds, 3),
        counts=one.counts,
        throughput=_per_second(one),
        failing=one.failing,
        wait=Percentiles(**one.wait),
        run=Percentiles(**one.run),
        run_mean=one.run_mean,
    )


def _per_second(one: Summary) -> float:
    return round(one.ended / one.seconds, 4) if one.seconds else 0.0


def series_out(series: Series) -> SeriesOut:
    """Return a chart's answer."""
    return SeriesOut(
        begin=series.since,
        to=series.until,
        step=series.step,
        at=series.at,
        series=[_columns_out(columns) for columns in series.columns],
        left_out=series.left_out,
        releases=[release_out(release) for release in series.releases],
    )


def _columns_out(columns: Columns) -> SeriesColumns:
    names = ("started", "completed", "failed", "retried", "dead", "cancelled")
    return SeriesColumns(
        name=columns.name,
        arrived=columns.arrived,
        backlog=columns.backlog,
        wait=PercentileColumns(**{part: list(values) for part, values in columns.wait.items()}),
        run=PercentileColumns(**{part: list(values) for part, values in columns.run.items()}),
        **{name: list(columns.counts[name]) for name in names},
    )


def failing_of(tasks: Sequence[Summary]) -> list[Summary]:
    """Return the tasks that failed most, those first."""
    failing = [one for one in tasks if one.counts["failed"] > 0]
    return sorted(failing, key=lambda one: (-one.counts["failed"], one.name or ""))[:MOST_FAILING]


def summary_out(
    minutes: int,
    whole: Summary,
    failing: Sequence[tuple[Summary, JobView | None]],
    ready: tuple[int, float | None],
    servers: Sequence[Server],
) -> SummaryOut:
    """Return a summary's answer.

    Args:
        minutes: that were requested.
        whole: the sum of all jobs.
        failing: tasks, each with its newest job that failed, as long as that is kept.
        ready: how many jobs are ready, and the age of the oldest.
        servers: living workers.
    """
    names = ("started", "completed", "failed", "retried", "dead", "cancelled")
    return SummaryOut(
        minutes=minutes,
        seconds=round(whole.seconds, 3),
        throughput=_per_second(whole),
        failing=whole.failing,
        wait=Percentiles(**whole.wait),
        run=Percentiles(**whole.run),
        ready=ready[0],
        oldest_ready_age=ready[1],
        workers=len(servers),
        slots=sum(server.slots for server in servers),
        busy=sum(server.running for server in servers),
        failing_tasks=[_failing_out(task, job) for task, job in failing],
        **{name: whole.counts[name] for name in names},
    )


def _failing_out(task: Summary, job: JobView | None) -> FailingTask:
    error = None if job is None else job.error
    return FailingTask(
        task=task.name or "",
        failed=task.counts["failed"],
        attempts=task.counts["completed"] + task.counts["failed"],
        share=round(task.failing or 0.0, 4),
        dead=task.counts["dead"],
        job_id=None if job is None else job.id,
        error=None if error is None else SummaryError(type=error["type"], message=error["message"]),
    )
