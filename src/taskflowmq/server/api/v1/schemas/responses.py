"""Bodies of answers, and how they are made from what the store says."""

from __future__ import annotations

from copy import copy
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import Meta

from taskflowmq.core.job import AttemptView, JobView, NewJob, State
from taskflowmq.core.retention import NEVER
from taskflowmq.core.unique_keys import shown_key
from taskflowmq.ports.store import QueueView, StoreStats
from taskflowmq.ports.store.workers import WorkerView
from taskflowmq.ports.tasks import TaskNotice, TaskView


class JobOut(msgspec.Struct, kw_only=True):
    """A job."""

    id: UUID
    task: str
    args: Annotated[Any, Meta(description="Arguments of the task, by name")]
    queue: str
    priority: int
    state: Annotated[str, Meta(description="scheduled, pending, running, retrying, completed, cancelled or dead")]
    reason: Annotated[str | None, Meta(description="Reason for the state cancelled or dead")]
    round: int
    attempt: Annotated[int, Meta(description="Attempts started in this round")]
    max_attempts: int
    crashes: int
    losses: int
    created_at: datetime
    run_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    expires_at: datetime | None
    timeout: Annotated[float | None, Meta(description="Time limit of one attempt, in seconds")]
    result: Any
    result_truncated: Annotated[bool, Meta(description="True if the result was not stored completely")]
    result_error: Annotated[str | None, Meta(description="Reason why the result was not stored completely")]
    error: Annotated[Any, Meta(description="Last error (type, message, traceback) or null")]
    progress: Any
    worker: str | None
    cancel_requested_at: datetime | None
    tags: tuple[str, ...]
    meta: Any
    unique_key: str | None
    tenant: str
    workflow_id: str | None = None


class AttemptOut(msgspec.Struct, kw_only=True):
    """One attempt at a job."""

    attempt: int
    lease_no: int
    worker: str | None
    started_at: datetime | None
    finished_at: datetime | None
    outcome: Annotated[str, Meta(description="running, completed, failed, timeout, crashed, lost, snoozed …")]
    error: Any


class JobDetail(JobOut, kw_only=True):
    """A job with its attempts."""

    attempts: Annotated[list[AttemptOut], Meta(description="The first 10 attempts, and those of the last 90 claims")]
    attempts_total: Annotated[int, Meta(description="Number of all attempts, including those not listed")]
    attempt_counts: Annotated[dict[str, int], Meta(description="Number of all attempts, by outcome")]


class Submitted(JobOut, kw_only=True):
    """The response to a request that stores a job."""

    created: Annotated[bool, Meta(description="False if a live job holds the unique key; the response is that job")]


class BulkOut(msgspec.Struct, kw_only=True):
    """The response to a request that stores many jobs: ids in request order."""

    ids: list[UUID]
    created: Annotated[int, Meta(description="Number of new jobs; the other ids are holders of unique keys")]


class JobPage(msgspec.Struct, kw_only=True):
    """Jobs, newest first. A page can hold fewer than ``limit`` jobs; the last page has ``next: null``."""

    items: list[JobOut]
    next: Annotated[str | None, Meta(description="Pass it as ?cursor= to continue")]


class StatsOut(msgspec.Struct, kw_only=True):
    """Job counts of the store."""

    states: dict[str, int]
    queues: Annotated[
        dict[str, dict[str, int | float | None]], Meta(description="By queue: counts by state, oldest_ready_age")
    ]
    as_of: datetime
    exact: bool


class TaskOut(msgspec.Struct, kw_only=True):
    """A task that a program announced."""

    name: str
    args_schema: Annotated[Any, Meta(description="JSON Schema of the arguments, or null if none was announced")]
    options: Annotated[Any, Meta(description="Defaults of its jobs: queue, priority, max_attempts, timeout, unique")]
    seen_at: datetime | None


class TaskList(msgspec.Struct, kw_only=True):
    """All tasks, ordered by name."""

    items: list[TaskOut]


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


class WorkerOut(msgspec.Struct, kw_only=True):
    """A worker: one claiming process."""

    id: UUID
    supervisor: UUID
    host: str
    pid: int
    version: str
    started_at: datetime
    lease_until: datetime
    ended_at: datetime | None
    running: int
    info: Annotated[Any, Meta(description="Queues (unordered), tasks and slots of this worker")]


class WorkerList(msgspec.Struct, kw_only=True):
    """Live workers, and workers that ended within the last hour."""

    items: list[WorkerOut]


class Health(msgspec.Struct, kw_only=True):
    """The response of a probe."""

    status: str


def job_fields(view: JobView) -> dict[str, Any]:
    """Return the fields of a job's answer; stored JSON passes through without being parsed."""
    counters = view.counters
    return {
        "id": view.id,
        "task": view.task,
        "args": _json(view.raw_args),
        "queue": view.queue,
        "priority": view.priority,
        "state": view.state.value,
        "reason": view.reason.value if view.reason else None,
        "round": counters.round,
        "attempt": counters.attempt,
        "max_attempts": view.max_attempts,
        "crashes": counters.crashes,
        "losses": counters.losses,
        "created_at": view.created_at,
        "run_at": view.run_at,
        "started_at": view.started_at,
        "finished_at": view.finished_at,
        "expires_at": view.expires_at,
        "timeout": None if view.timeout_ms is None else view.timeout_ms / 1000,
        "result": _json(view.raw_result),
        "result_truncated": view.result_error is not None,
        "result_error": view.result_error,
        "error": _json(view.raw_error),
        "progress": _json(view.raw_progress),
        "worker": view.worker,
        "cancel_requested_at": view.cancel_requested_at,
        "tags": view.tags,
        "meta": _json(view.raw_meta),
        "unique_key": view.unique_key,
        "tenant": view.tenant,
    }


#: What the answers to all new jobs have in common.
_NEW = Submitted(
    id=UUID(int=0),
    task="",
    args=None,
    queue="",
    priority=0,
    state="pending",
    reason=None,
    round=1,
    attempt=0,
    max_attempts=1,
    crashes=0,
    losses=0,
    created_at=datetime.fromtimestamp(0, UTC),
    run_at=datetime.fromtimestamp(0, UTC),
    started_at=None,
    finished_at=None,
    expires_at=None,
    timeout=None,
    result=None,
    result_truncated=False,
    result_error=None,
    error=None,
    progress=None,
    worker=None,
    cancel_requested_at=None,
    tags=(),
    meta=None,
    unique_key=None,
    tenant="",
    created=True,
)


def submitted(job: NewJob, at: datetime, *, created: bool) -> Submitted:
    """Return the answer to a job that has just been stored at this time, without asking the store again.

    A copy that is filled in takes a third of what thirty names and values take.
    """
    answer = copy(_NEW)
    answer.id = job.id
    answer.task = job.task
    answer.args = msgspec.Raw(job.args)
    answer.queue = job.queue
    answer.priority = job.priority
    answer.max_attempts = job.max_attempts
    answer.created_at = answer.run_at = at
    if job.run_at is not None:
        answer.run_at = job.run_at.astimezone(UTC)
    elif job.delay_ms:
        answer.run_at = at + timedelta(milliseconds=job.delay_ms)
    if answer.run_at > at:
        answer.state = "scheduled"
    if job.expires_in_ms is not None:
        answer.expires_at = at + timedelta(milliseconds=job.expires_in_ms)
    if job.timeout_ms is not None:
        answer.timeout = job.timeout_ms / 1000
    if job.unique is not None:
        answer.unique_key = shown_key(job.unique.key)
    answer.tags = job.tags
    answer.meta = _json(job.meta)
    answer.tenant = job.tenant
    answer.created = created
    return answer


def job_out(view: JobView) -> JobOut:
    """Return a job's answer."""
    return JobOut(**job_fields(view))


def attempt_out(view: AttemptView) -> AttemptOut:
    """Return an attempt's answer."""
    return AttemptOut(
        attempt=view.attempt,
        lease_no=view.lease_no,
        worker=view.worker,
        started_at=view.started_at,
        finished_at=view.finished_at,
        outcome=view.outcome,
        error=_json(view.raw_error),
    )


#: What every queue is counted by, also where there is nothing to count.
_NOBODY = dict.fromkeys((state.value for state in (State.SCHEDULED, State.PENDING, State.RUNNING, State.RETRYING)), 0)


def stats_out(stats: StoreStats) -> StatsOut:
    """Return the counts' answer."""
    queues: dict[str, dict[str, int | float | None]] = {
        queue.name: {**_NOBODY, **queue.states, "oldest_ready_age": queue.oldest_ready_age} for queue in stats.queues
    }
    return StatsOut(states=stats.states, queues=queues, as_of=stats.as_of, exact=stats.exact)


def task_out(view: TaskView) -> TaskOut:
    """Return a task's answer."""
    return TaskOut(
        name=view.name, args_schema=_json(view.args_schema), options=_json(view.options), seen_at=view.seen_at
    )


def own_task_out(notice: TaskNotice, seen_at: datetime | None) -> TaskOut:
    """Return the answer of a task that this server has itself."""
    return TaskOut(
        name=notice.name, args_schema=_json(notice.args_schema), options=_json(notice.options), seen_at=seen_at
    )


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


def worker_out(view: WorkerView) -> WorkerOut:
    """Return a worker's answer."""
    return WorkerOut(
        id=view.id,
        supervisor=view.supervisor,
        host=view.host,
        pid=view.pid,
        version=view.version,
        started_at=view.started_at,
        lease_until=view.lease_until,
        ended_at=view.ended_at,
        running=view.running,
        info=_json(view.info),
    )


def _json(raw: bytes | None) -> Any:
    return None if raw is None else msgspec.Raw(raw)
