"""The history of jobs: charts, and a summary of the last minutes."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from litestar import Request, get
from litestar.params import QueryParameter

from taskflowmq.client.history import MAX_MINUTES
from taskflowmq.core.chart import MAX_NAMES
from taskflowmq.core.errors import InvalidJob
from taskflowmq.core.filters import split_words
from taskflowmq.core.history import DAY_S, MINUTE_S, By
from taskflowmq.core.job import State
from taskflowmq.core.validation import MAX_NAME_LENGTH
from taskflowmq.server.api.services import Shared
from taskflowmq.server.edge.problems import bad_parameter
from taskflowmq.server.edge.request_context import context_of
from taskflowmq.wire.history import SeriesOut, SummaryOut, failing_of, series_out, summary_out

TAGS = ["stats"]

From = Annotated[
    datetime | None,
    QueryParameter(name="from", description="Start, rounded down to a whole step; default: an hour before `to`"),
]
To = Annotated[datetime | None, QueryParameter(name="to", description="End, rounded up to a whole step; default: now")]
Step = Annotated[
    int, QueryParameter(ge=MINUTE_S, le=DAY_S, description="Seconds per step, a multiple of 60; at most 1,500 steps")
]
Names = Annotated[
    str | None,
    QueryParameter(
        description="Names of queues, tasks or nodes, separated by commas, at most 50; default: the 50 with most jobs",
        max_length=MAX_NAMES * (MAX_NAME_LENGTH + 1),
    ),
]
Kinds = Annotated[
    Literal["none", "queue", "task", "node"],
    QueryParameter(
        description="One series for all jobs, or one per queue, task or node. A node is the host of a worker; jobs that"
        " wait are on none, so by node `backlog` and `arrived` are null"
    ),
]
Minutes = Annotated[int, QueryParameter(ge=1, le=MAX_MINUTES, description="How many minutes, besides the present one")]


@get("/stats/series", operation_id="statsSeries", summary="Read figures per step of time", tags=TAGS)
async def series(
    request: Request[Any, Any, Any],
    services: Shared,
    begin: From = None,
    to: To = None,
    step: Step = MINUTE_S,
    by: Kinds = "none",
    names: Names = None,
) -> SeriesOut:
    """Return counts and percentiles per step, in columns. Figures of the last ten seconds may be missing.

    Figures are kept by the minute for 48 hours and by the hour for 90 days, unless the operator set otherwise. Times
    and steps are UTC: a step of a day begins at midnight UTC.
    """
    tenant = context_of(request.scope).tenant
    wanted = None if names is None else tuple(split_words(names))
    try:
        found = await services.session.charts.series(tenant, begin, to, step=step, by=by, names=wanted)
    except InvalidJob as error:
        field = error.errors[0]
        raise bad_parameter(field.pointer.removeprefix("/"), field.detail) from error
    return series_out(found)


@get("/stats/summary", operation_id="statsSummary", summary="Read figures of the last minutes", tags=TAGS)
async def summary(request: Request[Any, Any, Any], services: Shared, minutes: Minutes = 60) -> SummaryOut:
    """Return what jobs did in the last minutes, what waits and works now, and which tasks fail most."""
    tenant = context_of(request.scope).tenant
    (whole,) = await services.session.charts.summaries(tenant, By.NONE, minutes)
    failing = failing_of(await services.session.charts.summaries(tenant, By.TASK, minutes))
    wanted = [task.failed_job for task in failing if task.failed_job is not None]
    jobs = {job.id: job for job in await services.jobs.get_many(tenant, wanted)} if wanted else {}
    counts = await services.stats.count(tenant)
    ages = [queue.oldest_ready_age for queue in counts.queues if queue.oldest_ready_age is not None]
    servers = [server for server in await services.session.charts.servers() if server.serves_tenant(tenant)]
    return summary_out(
        minutes,
        whole,
        [(task, None if task.failed_job is None else jobs.get(task.failed_job)) for task in failing],
        (counts.states.get(State.PENDING, 0), max(ages, default=None)),
        servers,
    )
