"""Many jobs in one request: all of them stored, or none."""

from __future__ import annotations

from typing import Any

from litestar import Request, post
from litestar.params import RawBody

from taskflowmq.server.api.services import Shared
from taskflowmq.server.api.v1.bulk_body import split_jobs
from taskflowmq.server.api.v1.intake import store_many
from taskflowmq.wire.job import BulkOut


@post(
    "/jobs/bulk",
    operation_id="createJobs",
    summary="Store many jobs",
    tags=["jobs"],
    status_code=201,
)
async def create_jobs(body: RawBody, request: Request[Any, Any, Any], services: Shared) -> BulkOut:
    """Store up to 10,000 jobs, all or none. Returns their ids in request order.

    If a live job holds the unique key of an entry, its id is returned in that position; `created` excludes it.
    """
    return await store_many(services, request.scope, split_jobs(body))
