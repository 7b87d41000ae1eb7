"""Tasks in JSON."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from taskflowmq.core.job import JobView
from taskflowmq.ports.tasks import TaskNotice, TaskView
from taskflowmq.wire.kinds import Object, Time
from taskflowmq.wire.raw import as_json


class UniqueOut(msgspec.Struct, kw_only=True):
    """What makes a job of a task unique."""

    by: Annotated[
        list[str] | Literal["function"] | None,
        Meta(description="Arguments that make the key; null: all; `function`: computed by the program"),
    ]
    until: Annotated[Literal["finish", "start"], Meta(description="When the key is freed")]
    period: Annotated[float | None, Meta(description="Seconds from the enqueue after which the key is freed")]
    on_conflict: Annotated[Literal["return", "raise", "replace"], Meta(description="What a second job gets")]


class TaskOptions(msgspec.Struct, kw_only=True):
    """Defaults of the jobs of a task."""

    queue: str
    priority: int
    max_attempts: int
    timeout: Annotated[float | None, Meta(description="Time limit of one attempt, in seconds")]
    unique: UniqueOut | None
    redact: Annotated[
        list[str] | msgspec.UnsetType,
        Meta(description="Paths of fields that are redacted in its jobs; missing if it names none"),
    ] = msgspec.UNSET


class TaskOut(msgspec.Struct, kw_only=True):
    """A task that a program announced."""

    name: str
    args_schema: Annotated[
        Object | None,
        Meta(description="JSON Schema of the arguments, with `examples` if it has any; null: none was announced"),
    ]
    options: Annotated[TaskOptions | None, Meta(description="Defaults of its jobs; null: none were announced")]
    seen_at: Annotated[Time | None, Meta(description="Last announcement by a program that has the task")]


class RecentArgs(msgspec.Struct, kw_only=True):
    """The arguments of a job."""

    id: Annotated[UUID, Meta(description="The job")]
    created_at: Time
    args: Object


class TaskDetail(TaskOut, kw_only=True):
    """A task, and the arguments of its last jobs."""

    recent: Annotated[
        list[RecentArgs] | None,
        Meta(description="Of its newest jobs, without repeats and without large ones; null without payload:read"),
    ]


class TaskList(msgspec.Struct, kw_only=True):
    """All tasks, ordered by name."""

    items: list[TaskOut]


def task_out(view: TaskView) -> TaskOut:
    """Return a task's answer."""
    return TaskOut(
        name=view.name, args_schema=as_json(view.args_schema), options=as_json(view.options), seen_at=view.seen_at
    )


def own_task_out(notice: TaskNotice, seen_at: datetime | None) -> TaskOut:
    """Return the answer of a task that this server has itself."""
    return TaskOut(
        name=notice.name, args_schema=as_json(notice.args_schema), options=as_json(notice.options), seen_at=seen_at
    )


def detail_out(task: TaskOut, recent: Sequence[JobView] | None) -> TaskDetail:
    """Return the answer of one task.

    Args:
        task: as in a list.
        recent: jobs whose arguments are shown; None if the caller may not see them.
    """
    shown = None if recent is None else [_recent_out(view) for view in recent]
    return TaskDetail(**msgspec.structs.asdict(task), recent=shown)


def _recent_out(view: JobView) -> RecentArgs:
    return RecentArgs(id=view.id, created_at=view.created_at, args=as_json(view.raw_args))
