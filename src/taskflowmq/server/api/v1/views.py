"""Saved views of the list of jobs: reading, keeping, changing and deleting them."""

from __future__ import annotations

from typing import Any

from litestar import Request, delete, get, patch, post
from litestar.params import FromPath, RawBody

from taskflowmq.client.ids import new_id
from taskflowmq.client.views import change_view, read_view_id
from taskflowmq.core.errors import ViewNotFound
from taskflowmq.core.views import SavedView, ViewContent, changed_view, check_view, writable_scopes
from taskflowmq.server.api.operator import ReasonText, operator_of
from taskflowmq.server.api.services import Services, Shared
from taskflowmq.server.edge.auth import require
from taskflowmq.server.edge.body import decode_body
from taskflowmq.server.edge.request_context import RequestContext, context_of
from taskflowmq.wire.view import ViewBody, ViewChange, ViewList, ViewOut, fields_of, view_out, views_out

TAGS = ["views"]


@get("/views", operation_id="listViews", summary="List saved views", tags=TAGS)
async def list_views(request: Request[Any, Any, Any], services: Shared) -> ViewList:
    """Return the views of the list of jobs that the caller may read: built-in ones, shared ones, and their own."""
    return views_out(await _readable(services, context_of(request.scope)))


@post("/views", operation_id="createView", summary="Save a view", tags=TAGS)
async def create_view(body: RawBody, request: Request[Any, Any, Any], services: Shared) -> ViewOut:
    """Save a view of the list of jobs. Names are unique among shared views, and among the caller's own: 409."""
    given, context = decode_body(ViewBody, body), context_of(request.scope)
    content = check_view(**fields_of(given))
    by = operator_of(request, given.reason, keeps_view=True)
    if content.shared:
        require(context.principal, "views:share")
    return view_out(await services.session.asked.views.add(by.tenant, new_id(), content, by=by))


@patch("/views/{view_id:str}", operation_id="changeView", summary="Change a saved view", tags=TAGS)
async def change(view_id: FromPath[str], body: RawBody, request: Request[Any, Any, Any], services: Shared) -> ViewOut:
    """Rename a view, share it, or change what it shows. What the request leaves out stays as it is."""
    given = decode_body(ViewChange, body)
    by = operator_of(request, given.reason, keeps_view=True)
    view, scopes = await _writable(services, context_of(request.scope), view_id, shares=given.shared is True)
    fields = fields_of(given)

    def new(kept: ViewContent) -> ViewContent:
        return changed_view(kept, fields)

    return view_out(await change_view(services.session.asked, view, new, by=by, scopes=scopes))


@delete("/views/{view_id:str}", operation_id="deleteView", summary="Delete a saved view", tags=TAGS)
async def remove(
    view_id: FromPath[str], request: Request[Any, Any, Any], services: Shared, reason: ReasonText = None
) -> None:
    """Delete a view."""
    by = operator_of(request, reason, keeps_view=True)
    view, scopes = await _writable(services, context_of(request.scope), view_id)
    if not await services.session.asked.views.delete(by.tenant, view.id, by=by, scopes=scopes):
        raise ViewNotFound(f"there is no view {view.id}")


async def _readable(services: Services, context: RequestContext) -> list[SavedView]:
    return await services.session.asked.views.list_views(context.tenant, context.actor)


async def _writable(
    services: Services, context: RequestContext, view_id: str, *, shares: bool = False
) -> tuple[SavedView, tuple[str, ...]]:
    """Return a view that the caller may change, and whose views that are.

    Args:
        services: the services.
        context: of the request.
        view_id: the id in the path.
        shares: whether it shall be shared.

    Raises:
        ViewNotFound: there is none that the caller may read.
        Problem: 403, it is shared, or shall be, and the caller may not share.
    """
    wanted = read_view_id(view_id)
    view = next((one for one in await _readable(services, context) if one.id == wanted), None)
    if view is None:
        raise ViewNotFound(f"there is no view {wanted}")
    if view.shared or shares:
        require(context.principal, "views:share")
    return view, writable_scopes(context.actor, shares="views:share" in context.principal.permissions)
