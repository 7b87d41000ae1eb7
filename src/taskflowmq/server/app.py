"""Puts the server together: Litestar's routes, the bare handler for the hot one, and the gate around both.

The routes hold no state of an app: they are made once per process, and each request carries its services.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from functools import cache
from importlib import metadata
from typing import Any

from litestar import Litestar, Request, Response, Router
from litestar.di import Provide
from litestar.exceptions import HTTPException, ValidationException
from litestar.openapi import OpenAPIConfig

from taskflowmq.client.app import BaseApp
from taskflowmq.core.errors import FieldError
from taskflowmq.server.api import health, metrics
from taskflowmq.server.api.services import MetricsPage, Services
from taskflowmq.server.api.v1 import bulk, jobs, queues, tasks, workers
from taskflowmq.server.api.v1.intake import FastIntake
from taskflowmq.server.edge.body import ClientGone, Receive
from taskflowmq.server.edge.gate import Gate, Scope, Send
from taskflowmq.server.edge.policy import API
from taskflowmq.server.edge.problems import (
    TITLES,
    Problem,
    bad_parameter,
    from_error,
    internal,
    log_failure,
    overloaded,
)
from taskflowmq.server.edge.request_context import context_of
from taskflowmq.server.openapi import routes as docs
from taskflowmq.server.settings import ServerSettings
from taskflowmq.wire.problem import MEDIA_TYPE

log = logging.getLogger("taskflowmq.server")

#: The key of the services in a scope.
_SERVICES = "taskflow.services"
#: What clients send that always send JSON.
_EMPTY = frozenset({b"", b"{}", b"null"})
_CODES = {400: "malformed_request", 404: "not_found", 405: "method_not_allowed", 413: "too_large"}


def create_app(
    app: BaseApp, settings: ServerSettings | None = None, *, metrics_page: MetricsPage | None = None
) -> Gate:
    """Return the ASGI application that serves an app's jobs.

    Args:
        app: the app; opened at startup, closed at shutdown unless it was open before.
        settings: the server's settings; checked here.
        metrics_page: what writes /metrics; None answers 404 there.

    Raises:
        UnsafeServer: the settings would expose the server.
    """
    settings = (settings or ServerSettings()).check()
    services = Services(app, settings, metrics_page)
    intake = FastIntake(services) if settings.fast_intake else None
    return Gate(_Routes(services), intake, settings, app.telemetry, tenant=app.tenant)


class _Routes:
    """The framework with one server's services; opens them at startup and closes them at shutdown."""

    def __init__(self, services: Services) -> None:
        self._services = services
        # mypy cannot match Litestar's own protocol classes with plain ASGI callables.
        self._framework: Any = make_framework()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection event of ASGI."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        scope[_SERVICES] = self._services
        await self._framework(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        phase = "startup"
        await receive()
        try:
            async with self._services.opened():
                await send({"type": "lifespan.startup.complete"})
                await receive()
                phase = "shutdown"
        except Exception as error:
            await send({"type": f"lifespan.{phase}.failed", "message": str(error)})
            raise
        await send({"type": "lifespan.shutdown.complete"})


@cache
def make_framework() -> Litestar:
    """Return the framework with every route; :class:`Services` must be in the scope of its requests."""
    api = Router(
        API,
        route_handlers=[
            jobs.create_job, bulk.create_jobs, jobs.list_jobs, jobs.list_dead, jobs.stats, jobs.get_job, jobs.retry_job,
            jobs.cancel_job, jobs.delete_job, tasks.list_tasks, queues.list_queues, queues.pause, queues.resume,
            workers.list_workers,
        ],
    )  # fmt: skip
    return Litestar(
        [api, health.live, health.ready, metrics.metrics, docs.home, docs.openapi_json, docs.docs, docs.docs_style],
        dependencies={"services": Provide(_services_of)},
        before_request=_refuse_what_would_be_ignored,
        exception_handlers={Exception: _answer_error},
        openapi_config=OpenAPIConfig(
            title="TaskFlow",
            version=metadata.version("taskflowmq"),
            description="Store, read, retry and cancel jobs. Durations are in seconds; times are RFC 3339, UTC.",
            render_plugins=[],
            path="/never",
            use_handler_docstrings=True,
        ),
        logging_config=None,
        request_max_body_size=None,  # the gate has read the body within the server's limits
        debug=False,
        signature_types=[Services],
    )


async def _services_of(request: Request[Any, Any, Any]) -> Services:
    scope: Mapping[str, Any] = request.scope
    services: Services = scope[_SERVICES]
    return services


async def _refuse_what_would_be_ignored(request: Request[Any, Any, Any]) -> None:
    """Reject unknown query parameters and unexpected bodies.

    Ignoring them would return every job, or report success for something that was not done.
    """
    fields = request.route_handler.parsed_fn_signature.parameters.items()
    known = {getattr(field.kwarg_definition, "name", None) or name for name, field in fields}
    for name in request.query_params:
        if len(request.query_params.getall(name)) > 1:
            raise bad_parameter(name[:80], "is given more than once")
        if name not in known - {"services", "request", "body"}:
            raise Problem(
                422,
                "unknown_parameter",
                "Unknown query parameter",
                errors=(FieldError(f"/{name[:80]}", "is not a parameter of this operation"),),
            )
    if request.method == "POST" and "body" not in known and (await request.body()).strip() not in _EMPTY:
        field = FieldError("/", "must be empty")
        raise Problem(422, "unexpected_body", "This operation takes no body", errors=(field,))


def _answer_error(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    problem = _problem_of(error)
    request_id = context_of(request.scope).request_id
    if isinstance(error, ClientGone):
        log.debug("client disconnected before its response", extra={"request_id": request_id})
    elif problem.status >= 500:
        log_failure(error, request_id)
    return Response(
        problem.body(request_id), status_code=problem.status, media_type=MEDIA_TYPE, headers=dict(problem.headers)
    )


def _problem_of(error: Exception) -> Problem:
    known = from_error(error)
    if known is not None:
        return known
    if isinstance(error, ClientGone):  # the answer has no reader
        return overloaded()
    if isinstance(error, ValidationException):
        return _from_validation(error)
    if isinstance(error, HTTPException) and error.status_code < 500:
        status = error.status_code
        detail = TITLES.get(status, "The request cannot be served")
        return Problem(status, _CODES.get(status, "refused"), detail, headers=tuple((error.headers or {}).items()))
    return internal()


def _from_validation(error: ValidationException) -> Problem:
    """Turn Litestar's report on query parameters into ours."""
    extra = error.extra if isinstance(error.extra, list) else []
    fields = tuple(FieldError(f"/{one.get('key', '')}", one["message"].replace("`", "")) for one in extra)
    detail = "; ".join(f"{field.pointer.removeprefix('/')}: {field.detail}" for field in fields)
    return Problem(422, "invalid_parameter", detail or TITLES[422], errors=fields)
