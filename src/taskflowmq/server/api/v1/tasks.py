"""Tasks: what can be enqueued, with the schema of its arguments."""

from __future__ import annotations

from typing import Any

from litestar import Request, get
from litestar.params import FromPath

from taskflowmq.client.task_views import find_task, recent_of
from taskflowmq.core.validation import check_name
from taskflowmq.server.api.services import Services, Shared
from taskflowmq.server.edge.request_context import context_of
from taskflowmq.wire.task import TaskDetail, TaskList, TaskOut, detail_out, own_task_out, task_out

TAGS = ["tasks"]


@get("/tasks", operation_id="listTasks", summary="List tasks", tags=TAGS)
async def list_tasks(request: Request[Any, Any, Any], services: Shared) -> TaskList:
    """Return the tasks of this server and those that other programs announced, ordered by name."""
    found = await _tasks(services, context_of(request.scope).tenant)
    return TaskList(items=[found[name] for name in sorted(found)])


@get("/tasks/{name:str}", operation_id="getTask", summary="Read a task", tags=TAGS)
async def get_task(name: FromPath[str], request: Request[Any, Any, Any], services: Shared) -> TaskDetail:
    """Return a task with the arguments of its newest jobs, to begin a form with. Encode a slash in the name as %2F.

    The arguments require the permission payload:read.
    """
    wanted, context = check_name("name", name.replace("%2F", "/")), context_of(request.scope)
    task = find_task(await _tasks(services, context.tenant), wanted)
    if "payload:read" not in context.principal.permissions:
        return detail_out(task, None)
    return detail_out(task, await recent_of(services.jobs, context.tenant, wanted))


async def _tasks(services: Services, tenant: str) -> dict[str, TaskOut]:
    stored = await services.session.asked.intake.list_tasks(tenant)
    found = {task.name: task_out(task) for task in stored}
    registry = services.app.tasks
    for name in registry.names():
        spec = registry.get(name)
        if spec is not None:
            seen = found[name].seen_at if name in found else None
            found[name] = own_task_out(spec.notice(), seen)
    return found
