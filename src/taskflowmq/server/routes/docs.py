"""The description of the API, for machines and for people."""

from __future__ import annotations

from litestar import MediaType, Request, Response, get
from litestar.datastructures import State
from litestar.response import Redirect

from taskflowmq.server.docs_page import render, static
from taskflowmq.server.openapi import OPENAPI_PATH, describe


@get(OPENAPI_PATH, include_in_schema=False)
async def openapi_json(request: Request[None, None, State]) -> Response[dict[str, object]]:
    """Return the OpenAPI 3.1 document."""
    return Response(describe(request.app), media_type=MediaType.JSON)


@get("/", include_in_schema=False)
async def home() -> Redirect:
    """Lead a browser to something to read."""
    return Redirect("/docs", status_code=307)


@get("/docs", include_in_schema=False)
async def docs(request: Request[None, None, State]) -> Response[str]:
    """Return the page to read the API on."""
    return Response(render(describe(request.app), OPENAPI_PATH), media_type=MediaType.HTML)


@get("/docs/docs.css", include_in_schema=False)
async def docs_style() -> Response[str]:
    """Return the page's style sheet."""
    return Response(static("docs.css"), media_type=MediaType.CSS)
