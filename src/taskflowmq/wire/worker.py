"""Workers in JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from taskflowmq.core.workers import Command, Load, WorkerState
from taskflowmq.ports.store.workers import RunningJob, WorkerView
from taskflowmq.wire.kinds import Time
from taskflowmq.wire.raw import as_json


class WorkerInfo(msgspec.Struct, kw_only=True):
    """What a worker serves. Workers of other versions may have more properties, or fewer."""

    queues: Annotated[list[str], Meta(description="Queues, unordered; empty: every queue of its tenants")]
    tenants: Annotated[list[str], Meta(description="Tenants, unordered; empty: every tenant")] = []
    tasks: Annotated[list[str], Meta(description="Tasks that it can run")] = []
    concurrency: Annotated[int, Meta(description="Number of slots")]
    isolated: Annotated[bool, Meta(description="Whether it takes only jobs that crashed a process")] = False
    commands: Annotated[list[str], Meta(description="Commands that it obeys; none: it is of an older version")] = []
    notes: Annotated[dict[str, str], Meta(description="Why it makes no progress, if it does not")] = {}


class LoadOut(msgspec.Struct, kw_only=True):
    """What the process of a worker uses."""

    cpu: Annotated[float, Meta(description="Processor time since the heartbeat before, as a share of one core")]
    cpu_seconds: Annotated[float, Meta(description="Processor seconds since the process started")]
    rss: Annotated[int, Meta(description="Resident memory in bytes")]
    at: Annotated[Time, Meta(description="Time of the heartbeat that reported it")]


class CommandOut(msgspec.Struct, kw_only=True):
    """A command: what a worker does instead of running jobs, from its next heartbeat on."""

    do: Annotated[
        Command, Meta(description="`drain`: claim nothing and finish what runs; `stop`: drain, then end the process")
    ]
    at: Time
    by: Annotated[str | None, Meta(description="Caller; null: taken over from the worker that this one replaces")]


class RunningOut(msgspec.Struct, kw_only=True):
    """A job that a worker runs."""

    id: UUID
    task: str
    started_at: Time


class WorkerOut(msgspec.Struct, kw_only=True):
    """A worker: one claiming process."""

    id: UUID
    supervisor: UUID
    host: str
    pid: int
    version: Annotated[str, Meta(description="Version of TaskFlow")]
    release: Annotated[str | None, Meta(description="Release of its program; null: it announces none")]
    state: Annotated[
        WorkerState,
        Meta(description="living, draining, lost (its lease is over: it died, or cannot reach the store) or ended"),
    ]
    started_at: Time
    lease_until: Annotated[Time, Meta(description="The worker is considered dead after this time")]
    ended_at: Time | None
    slots: Annotated[int, Meta(description="Number of jobs that it can run at once")]
    busy: Annotated[int, Meta(description="Number of slots in use")]
    running: Annotated[int, Meta(description="Number of jobs that it holds, also those that wait for a slot")]
    jobs: Annotated[list[RunningOut], Meta(description="The first 3 jobs of this tenant that it runs, oldest first")]
    load: Annotated[LoadOut | None, Meta(description="null: not reported yet, or the system does not say")]
    command: CommandOut | None
    info: WorkerInfo


class WorkerList(msgspec.Struct, kw_only=True):
    """Live workers, and workers that ended within the last hour."""

    items: list[WorkerOut]


class _Slots(msgspec.Struct):
    concurrency: int = 0


def worker_out(view: WorkerView, jobs: Sequence[RunningJob] = ()) -> WorkerOut:
    """Return a worker's answer.

    Args:
        view: the worker.
        jobs: some that it runs.
    """
    slots = msgspec.json.decode(view.info, type=_Slots).concurrency
    return WorkerOut(
        id=view.id,
        supervisor=view.supervisor,
        host=view.host,
        pid=view.pid,
        version=view.version,
        release=view.release,
        state=view.state,
        started_at=view.started_at,
        lease_until=view.lease_until,
        ended_at=view.ended_at,
        slots=slots,
        busy=min(view.running, slots),
        running=view.running,
        jobs=[RunningOut(id=job.id, task=job.task, started_at=job.started_at) for job in jobs],
        load=_load_out(view),
        command=_command_out(view),
        info=as_json(view.info),
    )


def _load_out(view: WorkerView) -> LoadOut | None:
    if view.load is None or view.load_at is None:
        return None
    load = msgspec.json.decode(view.load, type=Load)
    return LoadOut(cpu=load.cpu, cpu_seconds=load.cpu_seconds, rss=load.rss, at=view.load_at)


def _command_out(view: WorkerView) -> CommandOut | None:
    if view.command is None or view.command_at is None:
        return None
    return CommandOut(do=view.command, at=view.command_at, by=view.command_by)
