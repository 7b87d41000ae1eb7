"""Probes. Live: this process answers. Ready: its store commits."""

from __future__ import annotations

from litestar import get

from taskflowmq.server.api.services import Shared
from taskflowmq.server.edge.policy import LIVE_PATH, READY_PATH
from taskflowmq.wire.health import Health

TAGS = ["health"]


@get(LIVE_PATH, operation_id="live", summary="Liveness probe", tags=TAGS)
async def live() -> Health:
    """Return 200 while the process serves requests. It does not query the store: a slow store causes no restart."""
    return Health(status="ok")


@get(READY_PATH, operation_id="ready", summary="Readiness probe", tags=TAGS)
async def ready(services: Shared) -> Health:
    """Return 200 if the store commits, otherwise 503."""
    await services.readiness.check()
    return Health(status="ok")
