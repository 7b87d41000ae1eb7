"""Workers: who claims, and who did in the last hour."""

from __future__ import annotations

from litestar import get

from taskflowmq.server.api.services import Shared
from taskflowmq.wire.worker import WorkerList, worker_out


@get("/workers", operation_id="listWorkers", summary="List workers", tags=["workers"])
async def list_workers(services: Shared) -> WorkerList:
    """Return live workers, and workers that ended within the last hour."""
    return WorkerList(items=[worker_out(worker) for worker in await services.session.asked.workers.list_workers()])
