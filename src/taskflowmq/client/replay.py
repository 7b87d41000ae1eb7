"""Replay: a new job like one that is there, with other arguments if wanted."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from taskflowmq.client.options import check_options
from taskflowmq.client.sender import Sender
from taskflowmq.core.audit import Act, Action, AuditQuery, Caller, job_object
from taskflowmq.core.errors import InvalidJob
from taskflowmq.core.job import JobView, NewJob
from taskflowmq.core.redacted import hidden_values, told_without
from taskflowmq.core.redaction import Hider
from taskflowmq.core.restoring import restored
from taskflowmq.ports.store import Audit

#: Replays of one job that are shown, the newest ones.
SHOWN_REPLAYS = 20


async def read_replays(audit: Audit, tenant: str, job_id: UUID) -> list[UUID]:
    """Return the newest jobs by which a job was replayed, for as long as the audit keeps that."""
    query = AuditQuery(tenant=tenant, action=Action.JOB_REPLAY, object=job_object(job_id))
    page = await audit.list_acts(query, limit=SHOWN_REPLAYS, below=None)
    return [UUID(one.act.after["job"]) for one in page.items if one.act.after is not None]


class Replay(NamedTuple):
    """The job to store, and what the audit keeps of it."""

    job: NewJob
    act: Act


async def replay_of(
    sender: Sender,
    view: JobView,
    by: Caller,
    hider: Hider | None,
    *,
    args: Mapping[str, Any] | None = None,
    queue: str | None = None,
    run_at: datetime | None = None,
) -> Replay:
    """Return a new job with task, arguments, queue, priority, attempts, timeout, tags and meta of another.

    It has neither the unique key nor the expiry of the other: they belong to one enqueue. Those of the task count.

    Args:
        sender: of the app.
        view: the other job, in any state.
        by: the operator.
        hider: what hides the fields of its task: a mask in the arguments stands for the value that the other job has.
        args: other arguments; None: the same, as they are stored.
        queue: another queue.
        run_at: when it is due; None: now.

    Raises:
        InvalidJob: an argument or option is wrong.
        UnknownTask: neither the app nor the store knows the task.
    """
    given: dict[str, Any] = {
        "queue": view.queue if queue is None else queue,
        "priority": view.priority,
        "max_attempts": view.max_attempts,
        "tags": view.tags,
        "meta": view.meta,
        "run_at": run_at,
    }
    if view.timeout_ms is not None:
        given["timeout"] = view.timeout_ms / 1000
    options = msgspec.structs.replace(check_options(given), actor=by.actor, replay_of=str(view.id))
    other = None if args is None else restored(args, view.raw_args, hider)
    try:
        request = await sender.prepare(view.task, view.raw_args if other is None else other, options)
    except InvalidJob as error:
        # The operator who asks for the copy may not be shown what is wrong with a value that stays.
        raise told_without(hidden_values(hider, view.raw_args, view.raw_meta), error) from None
    after = {"job": request.new.id, "queue": request.new.queue, "new_arguments": args is not None}
    if run_at is not None:
        after["run_at"] = run_at
    return Replay(
        request.new,
        Act(
            action=Action.JOB_REPLAY,
            object=job_object(view.id),
            by=by,
            before={"state": view.state, "queue": view.queue},
            after=after,
        ),
    )
