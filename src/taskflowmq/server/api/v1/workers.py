"""Workers: who claims, who did in the last hour, and what operators tell them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from litestar import Request, get, post
from litestar.params import FromPath, RawBody

from taskflowmq.client.workers import SHOWN_JOBS, command_worker
from taskflowmq.core.audit import Caller
from taskflowmq.core.errors import WorkerNotFound
from taskflowmq.core.workers import Command
from taskflowmq.server.api.answers import workers_of
from taskflowmq.server.api.operator import told
from taskflowmq.server.api.services import Services, Shared
from taskflowmq.server.edge.request_context import context_of
from taskflowmq.wire.worker import WorkerList, WorkerOut, worker_out

TAGS = ["workers"]


@get("/workers", operation_id="listWorkers", summary="List workers", tags=TAGS)
async def list_workers(request: Request[Any, Any, Any], services: Shared) -> WorkerList:
    """Return live workers, and workers that ended within the last hour."""
    return await workers_of(services.session, context_of(request.scope).tenant)


@post(
    "/workers/{worker_id:str}/drain", operation_id="drainWorker", summary="Drain a worker", tags=TAGS, status_code=202
)
async def drain(
    worker_id: FromPath[str], body: RawBody, request: Request[Any, Any, Any], services: Shared
) -> WorkerOut:
    """Tell a worker to claim no more jobs and to finish those that run. It stays, and can be resumed.

    It obeys with its next heartbeat. If its process is replaced meanwhile, the replacement begins drained. A worker of
    a version without commands ignores them: returns 409.
    """
    return await _tell(services, told(request, body), worker_id, Command.DRAIN)


@post(
    "/workers/{worker_id:str}/resume",
    operation_id="resumeWorker",
    summary="Resume a worker",
    tags=TAGS,
    status_code=202,
)
async def resume(
    worker_id: FromPath[str], body: RawBody, request: Request[Any, Any, Any], services: Shared
) -> WorkerOut:
    """Tell a drained worker to claim jobs again. A worker that stops cannot be resumed: returns 409."""
    return await _tell(services, told(request, body), worker_id, None)


@post("/workers/{worker_id:str}/stop", operation_id="stopWorker", summary="Stop a worker", tags=TAGS, status_code=202)
async def stop(worker_id: FromPath[str], body: RawBody, request: Request[Any, Any, Any], services: Shared) -> WorkerOut:
    """Tell a worker to drain and then to end its process, as after a SIGTERM. This cannot be undone.

    Its supervisor does not replace it, and ends with the last one. A worker that is embedded in a program ends; the
    program continues.
    """
    return await _tell(services, told(request, body), worker_id, Command.STOP)


async def _tell(services: Services, by: Caller, worker_id: str, wanted: Command | None) -> WorkerOut:
    try:
        wanted_id = UUID(worker_id)
    except ValueError as error:
        raise WorkerNotFound(f"there is no worker {worker_id:.80}") from error
    workers = services.session.asked.workers
    view = await command_worker(workers, wanted_id, wanted, by=by)
    jobs = await workers.first_jobs(by.tenant, SHOWN_JOBS)
    return worker_out(view, jobs.get(view.id, ()))
