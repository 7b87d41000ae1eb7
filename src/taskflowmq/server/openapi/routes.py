"""The description of the API, for machines and for people."""

from __future__ import annotations

from functools import cache

import msgspec
from litestar import Litestar, MediaType, Request, Response, get
from litestar.datastructures import State
from litestar.response import Redirect

from taskflowmq.server.edge.policy import DOCS_PATH, OPENAPI_PATH
from taskflowmq.server.openapi.docs_page import render, static
from taskflowmq.server.openapi.document import describe


@cache
def _document(app: Litestar) -> bytes:
    return msgspec.json.encode(describe(app))


@cache
def _page(app: Litestar) -> bytes:
    return render(describe(app), OPENAPI_PATH).encode()


@get(OPENAPI_PATH, include_in_schema=False)
async def openapi_json(request: Request[None, None, State]) -> Response[bytes]:
    """Return the OpenAPI 3.1 document."""
    return Response(_document(request.app), media_type=MediaType.JSON)


@get("/", include_in_schema=False)
async def home() -> Redirect:
    """Lead a browser to something to read."""
    return Redirect(DOCS_PATH, status_code=307)


@get(DOCS_PATH, include_in_schema=False)
async def docs(request: Request[None, None, State]) -> Response[bytes]:
    """Return the page to read the API on."""
    return Response(_page(request.app), media_type=MediaType.HTML)


@get(f"{DOCS_PATH}/docs.css", include_in_schema=False)
async def docs_style() -> Response[str]:
    """Return the page's style sheet."""
    return Response(static("docs.css"), media_type=MediaType.CSS)
