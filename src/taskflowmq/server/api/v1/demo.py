"""The public demonstration: what a visitor may do."""

from __future__ import annotations

from typing import Any

from litestar import Request, post

from taskflowmq.server.api.services import Shared
from taskflowmq.server.edge.problems import TITLES, Problem
from taskflowmq.server.edge.request_context import context_of
from taskflowmq.server.edge.source import source_of
from taskflowmq.wire.demo import DemoJobOut


@post("/demo/jobs", operation_id="enqueueDemoJob", summary="Enqueue a demo job", tags=["demo"])
async def enqueue_demo_job(request: Request[Any, Any, Any], services: Shared) -> DemoJobOut:
    """Enqueue a job of the demonstration. Only at a public demonstration (`taskflow demo --public`), otherwise 404.

    What the job does is not up to the caller. An address may do so ten times an hour (429).
    """
    public = services.settings.public
    if public is None:
        raise Problem(404, "not_found", TITLES[404])
    context = context_of(request.scope)
    left = services.visits.take(source_of(request.scope, context.headers, services.settings.trusted_networks()))
    task, args = public.jobs[left % len(public.jobs)]
    handle = await services.app.asend(task, args, tags=["visitor"])
    return DemoJobOut(id=handle.id, task=task, left=left)
