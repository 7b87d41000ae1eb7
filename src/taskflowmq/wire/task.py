"""Tasks in JSON."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from taskflowmq.ports.tasks import TaskNotice, TaskView
from taskflowmq.wire.raw import as_json


class TaskOut(msgspec.Struct, kw_only=True):
    """A task that a program announced."""

    name: str
    args_schema: Annotated[Any, Meta(description="JSON Schema of the arguments, or null if none was announced")]
    options: Annotated[Any, Meta(description="Defaults of its jobs: queue, priority, max_attempts, timeout, unique")]
    seen_at: datetime | None


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
