"""Many jobs in one request: all of them stored, or none."""

from __future__ import annotations

from typing import Any

from litestar import Request, post
from litestar.params import JSONBody

from taskflowmq.server.bulk_body import split_jobs
from taskflowmq.server.intake import store_many
from taskflowmq.server.schemas.requests import BulkBody
from taskflowmq.server.schemas.responses import BulkOut
from taskflowmq.server.services import Shared
from taskflowmq.server.strict import StrictBody


class _SplitBulk(StrictBody[BulkBody]):
    """Splits the list and leaves its jobs unread."""

    def decode_bytes(self, value: bytes) -> Any:
        """Return the JSON of each job, or raise the error that names the field."""
        return split_jobs(value)


@post(
    "/jobs/bulk",
    operation_id="createJobs",
    summary="Store many jobs",
    tags=["jobs"],
    dto=_SplitBulk,
    return_dto=None,
    status_code=201,
)
async def create_jobs(data: JSONBody[Any], request: Request[Any, Any, Any], services: Shared) -> BulkOut:
    """Store up to 10,000 jobs, all or none. The ids are in the order of the request.

    A job whose unique key is taken answers with the id of its holder, and does not count as created.
    """
    return await store_many(services, request.scope, data)
