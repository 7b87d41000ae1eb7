"""The audit: who did what by hand, to what, and why. A row is added in the transaction of its act and never changes.

Programs that enqueue are no operators: their jobs have no row here. An act that was refused has none.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import msgspec

from taskflowmq.core.job import DEFAULT_TENANT


class Via(StrEnum):
    """By which way an operator acted."""

    REST = "rest"
    CLI = "cli"
    PYTHON = "python"


class Action(StrEnum):
    """What was done."""

    JOB_RETRY = "job.retry"
    JOB_CANCEL = "job.cancel"
    JOB_RESCHEDULE = "job.reschedule"
    JOB_MOVE = "job.move"
    JOB_DELETE = "job.delete"
    JOB_REPLAY = "job.replay"
    JOB_STACK = "job.stack"
    JOB_PROFILE = "job.profile"
    BULK_RETRY = "bulk.retry"
    BULK_CANCEL = "bulk.cancel"
    BULK_DELETE = "bulk.delete"
    BULK_PURGE = "bulk.purge"
    BULK_RESCHEDULE = "bulk.reschedule"
    BULK_MOVE = "bulk.move"
    BULK_STOP = "bulk.stop"
    BULK_UNDO = "bulk.undo"
    QUEUE_PAUSE = "queue.pause"
    QUEUE_RESUME = "queue.resume"
    QUEUE_RETENTION = "queue.retention"
    ERROR_RESOLVE = "error.resolve"
    ERROR_MUTE = "error.mute"
    ERROR_REOPEN = "error.reopen"
    WORKER_DRAIN = "worker.drain"
    WORKER_RESUME = "worker.resume"
    WORKER_STOP = "worker.stop"
    VIEW_CREATE = "view.create"
    VIEW_CHANGE = "view.change"
    VIEW_DELETE = "view.delete"
    PLAYGROUND_START = "playground.start"
    PLAYGROUND_STOP = "playground.stop"


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """An operator, in one call.

    Args:
        actor: name or label of a key, ``local``, or a user of the command line.
        via: the way.
        tenant: whose audit keeps the act.
        role: the role by which it was permitted; None where there are none.
        reason: why, in the operator's words.
        request_id: of the request over REST, as in its answer and the server's log.
    """

    actor: str
    via: Via
    tenant: str = DEFAULT_TENANT
    role: str | None = None
    reason: str | None = None
    request_id: str | None = None


class Act(msgspec.Struct, frozen=True, kw_only=True):
    """What an operator did.

    Args:
        action: what, as one of :class:`Action`. A later version may have more.
        object: to what: kind and name, as ``job:<id>``, ``queue:mail``.
        by: who, how and why.
        query: the filter that chose the objects, where one did.
        count: how many objects, where that is not one.
        before, after: what changed, where it is small. Arguments of jobs are never kept here: they outlive no job.
    """

    action: str
    object: str
    by: Caller
    query: str | None = None
    count: int | None = None
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None


class AuditEntry(msgspec.Struct, frozen=True, kw_only=True):
    """An act as it is kept: with its number, which grows, and the store's time."""

    id: int
    at: datetime
    act: Act


class AuditQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which acts a reader asks for; None means any. ``before`` is not included."""

    tenant: str = DEFAULT_TENANT
    actor: str | None = None
    action: str | None = None
    object: str | None = None
    after: datetime | None = None
    before: datetime | None = None


class AuditPage(msgspec.Struct, frozen=True):
    """Acts, newest first; ``next`` is the number to continue below, or None at the end."""

    items: list[AuditEntry]
    next: int | None


def job_object(job_id: UUID) -> str:
    """Return the name of a job as an object of the audit."""
    return f"job:{job_id}"


def bulk_object(bulk_id: UUID) -> str:
    """Return the name of a bulk operation as an object of the audit."""
    return f"bulk:{bulk_id}"


def queue_object(name: str) -> str:
    """Return the name of a queue as an object of the audit."""
    return f"queue:{name}"


def error_object(fingerprint: str) -> str:
    """Return the name of a group of errors as an object of the audit."""
    return f"error:{fingerprint}"


def worker_object(worker_id: UUID) -> str:
    """Return the name of a worker as an object of the audit."""
    return f"worker:{worker_id}"


def view_object(view_id: UUID) -> str:
    """Return the name of a saved view as an object of the audit."""
    return f"view:{view_id}"


def playground_object(run_id: UUID) -> str:
    """Return the name of a run of the playground as an object of the audit."""
    return f"playground:{run_id}"
