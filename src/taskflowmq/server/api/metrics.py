"""The page that Prometheus reads."""

from __future__ import annotations

import asyncio

from litestar import Response, get
from litestar.openapi.datastructures import ResponseSpec

from taskflowmq.core.errors import StoreUnavailable
from taskflowmq.ports.store import StoreStats
from taskflowmq.server.api.services import Shared
from taskflowmq.server.edge.policy import METRICS_PATH
from taskflowmq.server.edge.problems import Problem

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


@get(
    METRICS_PATH,
    operation_id="metrics",
    summary="Metrics of this node and of the store",
    tags=["health"],
    media_type="text/plain",
    responses={200: ResponseSpec(data_container=str, description="Prometheus text format", media_type="text/plain")},
)
async def metrics(services: Shared) -> Response[bytes]:
    """Return the metrics in Prometheus text format. While the store is unreachable, its gauges are omitted."""
    if services.metrics is None:
        raise Problem(404, "no_metrics", "This process collects no metrics")
    stats: StoreStats | None
    try:
        stats = await services.cached_stats.get()
    except StoreUnavailable:
        stats = None
    async with services.writing_metrics:  # a large page takes a second: beside the loop, and one at a time
        page = await asyncio.to_thread(services.metrics.page, stats)
    return Response(page, headers={"Content-Type": CONTENT_TYPE})
