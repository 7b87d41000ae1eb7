"""Storing jobs over REST: one shared path for the framework's routes and for the bare handler of the hot one.

What must stay true: a 2xx is sent after the commit (I1); both ways decode, check and answer alike.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import attrgetter
from typing import Any
from uuid import UUID

import msgspec

from taskflowmq.client.headers import TRACEPARENT, is_traceparent
from taskflowmq.client.options import check_chance
from taskflowmq.core.errors import InvalidJob, UnknownTask
from taskflowmq.core.job import Enqueued, IdempotencyKey, NewJob
from taskflowmq.core.restoring import MASK_UTF8, refuse_mask
from taskflowmq.server.api.services import Services
from taskflowmq.server.api.v1.bulk_body import Slices, read_job
from taskflowmq.server.api.v1.idempotency import Repeat, idempotency_of
from taskflowmq.server.edge.body import decode_body, inside
from taskflowmq.server.edge.problems import Problem
from taskflowmq.server.edge.request_context import context_of
from taskflowmq.wire.job import BulkOut, JobBody, Submitted, job_fields, submitted

_ENCODER = msgspec.json.Encoder()
CREATED, FOUND = 201, 200


class FastIntake:
    """``POST /api/v1/jobs`` without a framework in between (docs/adr/0003-http-server.md).

    Args:
        services: what all routes share.
    """

    def __init__(self, services: Services) -> None:
        self._services = services

    async def __call__(self, scope: Mapping[str, Any], body: bytes) -> tuple[int, bytes]:
        """Serve one request, whose body the gate has read and whose answer, or error, it sends."""
        status, answer = await store_one(self._services, scope, decode_body(JobBody, body))
        return status, _ENCODER.encode(answer)


async def store_one(services: Services, scope: Mapping[str, Any], request: JobBody) -> tuple[int, Submitted]:
    """Store one job and return the status and the answer.

    Raises:
        InvalidJob, UnknownTask: nothing was stored; the error names the field.
        TaskFlowError: as the store says.
    """
    caller = _caller(scope)
    job = _prepare_plain(services, request, caller) or await _prepare(services, request, **caller)
    _refuse_masks(request, job)
    stored = await services.session.store_one(job, idempotency_of(scope, request))
    created = _is_new(job, stored)
    if stored.at is None:
        answer = Submitted(**await _read(services, context_of(scope).tenant, stored.id), created=created)
    else:
        answer = submitted(job, stored.at, created=created)
    return CREATED if created else FOUND, answer


async def _read(services: Services, tenant: str, job_id: UUID) -> dict[str, Any]:
    """Return the stored job if this request did not make it, or does not know its time."""
    view = await services.session.within(services.readback.get(tenant, job_id))
    if view is None:
        raise Problem(404, "not_found", f"This request created job {job_id}, which has been deleted since")
    return job_fields(view)


async def store_many(services: Services, scope: Mapping[str, Any], parts: Sequence[JobBody | msgspec.Raw]) -> BulkOut:
    """Store jobs, all or none.

    Raises:
        InvalidJob: names every wrong field of the first wrong job; nothing was stored.
    """
    jobs, stored = await services.session.write_prepared(lambda: _prepare_all(services, scope, parts), len(parts))
    return BulkOut(ids=[one.id for one in stored], created=sum(map(_is_new, jobs, stored)))


async def _prepare_all(
    services: Services, scope: Mapping[str, Any], parts: Sequence[JobBody | msgspec.Raw]
) -> tuple[list[NewJob], IdempotencyKey | None]:
    repeat = Repeat(scope)
    jobs, caller, slices = [], _caller(scope), Slices(parts)
    stride, is_keyed = slices.stride, repeat.is_keyed
    for index, part in enumerate(parts):
        # Tested here and not in the function that is called: this loop is a fourteenth of the cost of a job of a list.
        request = part if isinstance(part, JobBody) else read_job(part, index)
        if is_keyed:
            repeat.add(request)
        try:
            job = _prepare_plain(services, request, caller) or await _prepare(services, request, **caller)
            _refuse_masks(request, job)
            jobs.append(job)
        except InvalidJob as error:
            raise inside(index, error) from error
        except UnknownTask as error:
            raise InvalidJob.at(f"/jobs/{index}/task", "is not a known task") from error
        if not index & stride:
            await slices.end()
    return jobs, repeat.key()


def _refuse_masks(request: JobBody, job: NewJob) -> None:
    """Refuse values that were copied from where they are hidden: they would be stored as if they were meant."""
    if MASK_UTF8 in job.args or (job.meta is not None and MASK_UTF8 in job.meta):
        refuse_mask(request.args, "/args")
        refuse_mask(request.meta, "/meta")


def _is_new(job: NewJob, stored: Enqueued) -> bool:
    """Tell whether this request made the job.

    The library repeats a write whose answer was lost; then our own id is returned as a replay, and is new all the same.
    The replay of an Idempotency-Key returns the first request's ids, and which of them were new.
    """
    return stored.created or (stored.replayed and stored.id == job.id)


def _caller(scope: Mapping[str, Any]) -> dict[str, Any]:
    """Return the caller and its trace. A malformed trace context is not an error but a new trace (W3C, 4.3)."""
    context = context_of(scope)
    traceparent = context.headers.get(b"traceparent")
    if traceparent is None or not is_traceparent(traceparent.decode("latin-1")):
        return {"actor": context.actor}
    return {"actor": context.actor, TRACEPARENT: traceparent.decode("latin-1")}


def _prepare_plain(services: Services, request: JobBody, caller: Mapping[str, Any]) -> NewJob | None:
    """Check a request with only task and arguments; None if it has more fields, or the task is not the app's."""
    if TRACEPARENT in caller or _said(request) != _NOTHING:
        return None
    return services.app.sender.prepare_known(request.task, request.args, caller["actor"])


async def _prepare(services: Services, request: JobBody, **caller: Any) -> NewJob:
    """Check a request like any enqueue from Python, and return the job to store."""
    job = await services.app.aprepare(request.task, request.args, **caller, **_options(request))
    check_chance(job.delay_ms, job.expires_in_ms)
    return job


_SAID = tuple(name for name in JobBody.__struct_fields__ if name not in ("task", "args"))
_said = attrgetter(*_SAID)
_NOTHING = _said(JobBody(task=""))
#: The options of the client have these names, but for one.
_OPTIONS = tuple({"unique_key": "unique"}.get(name, name) for name in _SAID)


def _options(request: JobBody) -> dict[str, Any]:
    """Return the request's options in the words of the client; an option that is left out stays the task's own."""
    said = _said(request)
    if said == _NOTHING:
        return {}
    return {name: value for name, value in zip(_OPTIONS, said, strict=True) if value is not None and value != []}
