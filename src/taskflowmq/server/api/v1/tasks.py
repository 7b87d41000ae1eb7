"""Tasks: what can be enqueued, with the schema of its arguments."""

from __future__ import annotations

from typing import Any

from litestar import Request, get

from taskflowmq.server.api.services import Shared
from taskflowmq.server.edge.request_context import context_of
from taskflowmq.wire.task import TaskList, own_task_out, task_out


@get("/tasks", operation_id="listTasks", summary="List tasks", tags=["tasks"])
async def list_tasks(request: Request[Any, Any, Any], services: Shared) -> TaskList:
    """Return the tasks of this server and those that other programs announced, ordered by name."""
    stored = await services.session.asked.intake.list_tasks(context_of(request.scope).tenant)
    found = {task.name: task_out(task) for task in stored}
    registry = services.app.tasks
    for name in registry.names():
        spec = registry.get(name)
        if spec is not None:
            seen = found[name].seen_at if name in found else None
            found[name] = own_task_out(spec.notice(), seen)
    return TaskList(items=[found[name] for name in sorted(found)])
