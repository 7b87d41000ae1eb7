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
from litestar.params import QueryParameter
from litestar.typing import FieldDefinition

from taskflowmq.client.app import BaseApp
from taskflowmq.core.errors import FieldError
from taskflowmq.server.api import health, metrics
from taskflowmq.server.api.services import MetricsPage, Services
from taskflowmq.server.api.v1 import (
    audit,
    bulk,
    bulks,
    demo,
    errors,
    events,
    export,
    inspections,
    job_lists,
    job_logs,
    jobs,
    playground,
    queues,
    search,
    selections,
    session,
    stats,
    system,
    tasks,
    views,
    workers,
)
from taskflowmq.server.api.v1.intake import FastIntake
from taskflowmq.server.dashboard.files import Files
from taskflowmq.server.dashboard.serve import About, Dashboard
from taskflowmq.server.dashboard.zone import local_zone
from taskflowmq.server.edge.body import ClientGone, Receive
from taskflowmq.server.edge.gate import Gate, Intake, Scope, Send
from taskflowmq.server.edge.policy import API, LIVE_PATH
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
#: What a route takes that is no query parameter.
_NO_PARAMETERS = frozenset({"services", "request", "body"})
#: What clients send that always send JSON.
_EMPTY = frozenset({b"", b"{}", b"null"})
_CODES = {400: "malformed_request", 404: "not_found", 405: "method_not_allowed", 413: "too_large"}


def create_app(
    app: BaseApp,
    settings: ServerSettings | None = None,
    *,
    metrics_page: MetricsPage | None = None,
    files: Files | None = None,
    mounted: bool = False,
) -> Gate:
    """Return the ASGI application that serves an app's jobs.

    Args:
        app: the app; opened at startup, closed at shutdown unless it was open before.
        settings: the server's settings; checked here.
        metrics_page: what writes /metrics; None answers 404 there.
        files: the built files of the dashboard; None: those of this package.
        mounted: whether it may serve without a lifespan, as a part of another application: then the first request opens
            the app on its loop, where it stays open until it is closed there or the loop ends.

    Raises:
        UnsafeServer: the settings would expose the server.
    """
    settings = (settings or ServerSettings()).check()
    services = Services(app, settings, metrics_page)
    intake: Intake | None = FastIntake(services) if settings.fast_intake else None
    if mounted and intake is not None:
        intake = _opening(services, intake)
    about = About(
        version=metadata.version("taskflowmq"),
        engine=lambda: "SQLite" if app.url.startswith("sqlite") else "PostgreSQL",
        zone=local_zone(),
        environment=settings.environment,
        ancestors=settings.frame_ancestors,
        public=settings.public is not None,
        requires_reason=settings.require_reason,
        playground=settings.playground,
        resets_at=None if settings.public is None else settings.public.resets_at,
    )
    dashboard = Dashboard(about, files or Files())
    return Gate(
        _Routes(services, mounted=mounted),
        intake,
        settings,
        app.telemetry,
        dashboard=dashboard,
        streams=services.feed,
        tenant=app.tenant,
    )


def _opening(services: Services, inner: Intake) -> Intake:
    """Return an intake that opens the app where necessary."""

    async def intake(scope: Scope, body: bytes) -> tuple[int, bytes]:
        await services.join()
        return await inner(scope, body)

    return intake


class _Routes:
    """The framework with one server's services; opens them at startup and closes them at shutdown."""

    def __init__(self, services: Services, *, mounted: bool) -> None:
        self._services = services
        self._mounted = mounted
        # mypy cannot match Litestar's own protocol classes with plain ASGI callables.
        self._framework: Any = make_framework()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection event of ASGI."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        if self._mounted and scope["path"] != LIVE_PATH:
            await self._services.join()
        scope[_SERVICES] = self._services
        if scope.get("root_path"):
            # The gate has taken the prefix from the path; the framework would look for it there.
            scope = {**scope, "root_path": ""}
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
            jobs.create_job, bulk.create_jobs, job_lists.list_jobs, job_lists.list_dead, export.export_jobs,
            jobs.stats, jobs.get_job,
            inspections.ask_stack, inspections.get_stack, inspections.ask_profile, inspections.get_profile,
            job_logs.logs, jobs.why, jobs.replay_job, jobs.retry_job, jobs.cancel_job, jobs.change_job,
            jobs.delete_job,
            tasks.list_tasks, tasks.get_task,
            queues.list_queues, queues.pause, queues.resume, queues.purge,
            errors.list_errors, errors.get_error, errors.resolve, errors.mute, errors.reopen,
            workers.list_workers, workers.drain, workers.resume, workers.stop, events.follow, stats.series,
            stats.summary, audit.list_acts, system.system,
            job_lists.count_jobs, search.suggest, demo.enqueue_demo_job,
            bulks.create_bulk, bulks.list_bulks, bulks.get_bulk, bulks.stop_bulk, bulks.undo_bulk, bulks.bulk_results,
            selections.retry_jobs, selections.cancel_jobs, selections.delete_jobs,
            views.list_views, views.create_view, views.change, views.remove,
            playground.start_run, playground.list_runs, playground.get_run, playground.stop_run,
            session.get_session, session.create_session, session.delete_session,
        ],
    )  # fmt: skip
    return Litestar(
        [api, health.live, health.ready, metrics.metrics, docs.openapi_json, docs.docs, docs.docs_style],
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
    fields = request.route_handler.parsed_fn_signature.parameters
    known = {public: fields[name] for name, public in _public_names(request).items()}
    for name in request.query_params:
        field = known.get(name)
        if len(request.query_params.getall(name)) > 1 and not (field is not None and _is_list(field)):
            raise bad_parameter(name[:80], "is given more than once")
        if field is None or name in _NO_PARAMETERS:
            raise Problem(
                422,
                "unknown_parameter",
                "Unknown query parameter",
                errors=(FieldError(f"/{name[:80]}", "is not a parameter of this operation"),),
            )
    if request.method == "POST" and "body" not in known and (await request.body()).strip() not in _EMPTY:
        wrong = FieldError("/", "must be empty")
        raise Problem(422, "unexpected_body", "This operation takes no body", errors=(wrong,))


def _is_list(field: FieldDefinition) -> bool:
    return any(one.is_non_string_sequence for one in (field, *field.inner_types))


def _public_names(request: Request[Any, Any, Any]) -> dict[str, str]:
    """Return what clients call the parameters of a route, by their names in Python, where some words are reserved."""
    fields = request.route_handler.parsed_fn_signature.parameters.items()
    return {name: getattr(field.kwarg_definition, "name", None) or name for name, field in fields}


def _missing(request: Request[Any, Any, Any]) -> list[str]:
    """Return the query parameters that a route requires and a request lacks; Litestar does not name them."""
    fields, names = request.route_handler.parsed_fn_signature.parameters, _public_names(request)
    wanted = [name for name, field in fields.items() if isinstance(field.kwarg_definition, QueryParameter)]
    required = [names[name] for name in wanted if fields[name].is_required]
    return [name for name in required if name not in request.query_params]


def _answer_error(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    problem = _from_validation(error, request) if isinstance(error, ValidationException) else _problem_of(error)
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
    if isinstance(error, HTTPException) and error.status_code < 500:
        status = error.status_code
        detail = TITLES.get(status, "The request cannot be served")
        return Problem(status, _CODES.get(status, "refused"), detail, headers=tuple((error.headers or {}).items()))
    return internal()


def _from_validation(error: ValidationException, request: Request[Any, Any, Any]) -> Problem:
    """Turn Litestar's report on query parameters into ours."""
    extra, names = error.extra if isinstance(error.extra, list) else [], _public_names(request)
    keys = [str(one.get("key", "")) for one in extra]
    fields = tuple(
        FieldError(f"/{names.get(key, key)}", one["message"].replace("`", ""))
        for key, one in zip(keys, extra, strict=True)
    )
    fields = fields or tuple(FieldError(f"/{name}", "is required") for name in _missing(request))
    detail = "; ".join(f"{field.pointer.removeprefix('/')}: {field.detail}" for field in fields)
    return Problem(422, "invalid_parameter", detail or TITLES[422], errors=fields)
