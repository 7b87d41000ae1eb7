"""The session of a browser: an API key is shown once, and a cookie that scripts cannot read takes its place."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from litestar import Request, Response, delete, get, post
from litestar.params import RawBody

from taskflowmq.core.permissions import listed
from taskflowmq.server.api.services import Services, Shared
from taskflowmq.server.edge.auth import is_secure
from taskflowmq.server.edge.body import decode_body
from taskflowmq.server.edge.cookies import cookie_field
from taskflowmq.server.edge.keyring import SESSION_S
from taskflowmq.server.edge.principal import Principal
from taskflowmq.server.edge.problems import Problem
from taskflowmq.server.edge.request_context import RequestContext, context_of
from taskflowmq.server.edge.source import source_of
from taskflowmq.wire.session import SessionBody, SessionOut

TAGS = ["session"]


@get("/session", operation_id="getSession", summary="Show the caller", tags=TAGS)
async def get_session(request: Request[Any, Any, Any]) -> SessionOut:
    """Return who calls, and what it may do: by an API key, a session, or directly on this machine without keys."""
    context = context_of(request.scope)
    return _session_out(context.principal, context)


@post("/session", operation_id="createSession", summary="Sign in with an API key", tags=TAGS, status_code=200)
async def create_session(body: RawBody, request: Request[Any, Any, Any], services: Shared) -> Response[SessionOut]:
    """Check an API key, and set a cookie that identifies its holder for 12 hours. For browsers; programs send the key.

    After five failures an address waits, longer after each further one (429). A server without keys answers 409.
    """
    if not services.keyring:
        raise Problem(409, "no_api_keys", "This server has no API keys: nothing is needed to sign in with")
    context = context_of(request.scope)
    given = decode_body(SessionBody, body).api_key.strip()
    source = source_of(request.scope, context.headers, services.settings.trusted_networks())
    services.sign_ins.check(source)
    known = services.keyring.find(given.encode("utf-8", "surrogatepass"))
    if known is None:
        services.sign_ins.fail(source)
        services.refusals.note(source, "sign_in_failed", context.request_id)
        raise Problem(401, "unauthorised", "This API key is not accepted")
    services.sign_ins.succeed(source)
    session, principal = services.keyring.issue(known)
    return Response(_session_out(principal, context), headers=_cookie(request, services, session, SESSION_S))


@delete("/session", operation_id="deleteSession", summary="Sign out", tags=TAGS)
async def delete_session(request: Request[Any, Any, Any], services: Shared) -> Response[None]:
    """Remove the cookie from the browser. Removing the API key from the server ends all sessions of the key."""
    return Response(None, headers=_cookie(request, services, "", 0))


def _cookie(request: Request[Any, Any, Any], services: Services, value: str, seconds: int) -> dict[str, str]:
    secure = is_secure(request.scope, tls=services.settings.tls_proxy)
    return {"Set-Cookie": cookie_field(context_of(request.scope).base, value, seconds, secure=secure)}


def _session_out(principal: Principal, context: RequestContext) -> SessionOut:
    if principal.role is None:
        raise Problem(401, "unauthorised", "There is no session")
    expires = principal.expires_at
    return SessionOut(
        actor=principal.actor,
        role=principal.role,
        permissions=listed(principal.permissions),
        tenant=context.tenant,
        expires_at=None if expires is None else datetime.fromtimestamp(expires, UTC),
    )
