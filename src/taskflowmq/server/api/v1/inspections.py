"""Stack and profile of a running job: ask its worker, and read what it answered."""

from __future__ import annotations

from typing import Any

from litestar import Request, get, post
from litestar.params import FromPath, RawBody

from taskflowmq.client.inspecting import inspect
from taskflowmq.core.inspection import Inspection, InspectionKind, kept
from taskflowmq.server.api.operator import operator_of, told
from taskflowmq.server.api.services import Services, Shared, parse_id
from taskflowmq.server.edge.body import decode_body
from taskflowmq.server.edge.request_context import context_of
from taskflowmq.wire.inspection import ProfileBody, ProfileOut, StackOut, profile_out, stack_out

TAGS = ["jobs"]


@post("/jobs/{job_id:str}/stack", operation_id="askStack", summary="Request a stack", tags=TAGS, status_code=202)
async def ask_stack(
    job_id: FromPath[str], body: RawBody, request: Request[Any, Any, Any], services: Shared
) -> StackOut:
    """Ask the worker of a running job where its body is now.

    It answers within about a second; read the answer with GET, or hear of it in event `job` of the live feed. Another
    request while one waits is the same one. A job that does not run returns 409 `job_not_running`.
    """
    wanted, by = parse_id(job_id), told(request, body)
    return stack_out(await inspect(services.session, by.tenant, wanted, InspectionKind.STACK, 0, by))


@get("/jobs/{job_id:str}/stack", operation_id="getStack", summary="Read a stack", tags=TAGS)
async def get_stack(job_id: FromPath[str], request: Request[Any, Any, Any], services: Shared) -> StackOut:
    """Return the last request for the stack of a job, which is kept for an hour, with its answer if there is one."""
    return stack_out(await _last(services, request, job_id, InspectionKind.STACK))


@post("/jobs/{job_id:str}/profile", operation_id="askProfile", summary="Request a profile", tags=TAGS, status_code=202)
async def ask_profile(
    job_id: FromPath[str], body: RawBody, request: Request[Any, Any, Any], services: Shared
) -> ProfileOut:
    """Ask the worker of a running job where the time of its body goes, for 1 to 60 seconds.

    Its calls are looked at 100 times a second. If the job ends before, the answer is what was seen until then.
    Otherwise as for a stack.
    """
    given = decode_body(ProfileBody, body) if body.strip() else ProfileBody()
    wanted, by = parse_id(job_id), operator_of(request, given.reason)
    return profile_out(await inspect(services.session, by.tenant, wanted, InspectionKind.PROFILE, given.seconds, by))


@get("/jobs/{job_id:str}/profile", operation_id="getProfile", summary="Read a profile", tags=TAGS)
async def get_profile(job_id: FromPath[str], request: Request[Any, Any, Any], services: Shared) -> ProfileOut:
    """Return the last request for a profile of a job, which is kept for an hour, with its answer if there is one."""
    return profile_out(await _last(services, request, job_id, InspectionKind.PROFILE))


async def _last(services: Services, request: Request[Any, Any, Any], job_id: str, kind: InspectionKind) -> Inspection:
    tenant = context_of(request.scope).tenant
    view = await services.job(tenant, parse_id(job_id))
    return kept(await services.session.asked.inspections.get(tenant, view.id, kind), view.id, kind)
