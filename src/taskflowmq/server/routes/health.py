"""Probes. Live: this process answers. Ready: its store commits."""

from __future__ import annotations

from litestar import get

from taskflowmq.server.schemas.responses import Health
from taskflowmq.server.services import Shared

TAGS = ["health"]


@get("/health/live", operation_id="live", summary="This process answers", tags=TAGS)
async def live() -> Health:
    """Say that the process is alive; asks nothing else, so a slow store does not get it killed."""
    return Health(status="ok")


@get("/health/ready", operation_id="ready", summary="The store commits", tags=TAGS)
async def ready(services: Shared) -> Health:
    """Say whether requests can be served now: 200, or 503 while the store does not commit."""
    await services.readiness.check()
    return Health(status="ok")
