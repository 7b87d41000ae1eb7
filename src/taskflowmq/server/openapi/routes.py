"""The description of the API, for machines and for people."""

from __future__ import annotations

from functools import lru_cache

import msgspec
from litestar import Litestar, MediaType, Request, Response, get
from litestar.datastructures import State

from taskflowmq.server.edge.policy import DOCS_PATH, OPENAPI_PATH
from taskflowmq.server.edge.request_context import context_of
from taskflowmq.server.openapi.docs_page import render, static
from taskflowmq.server.openapi.document import describe


@lru_cache(maxsize=8)
def _document(app: Litestar, base: str) -> bytes:
    return msgspec.json.encode({**describe(app), "servers": [{"url": base or "/"}]})


@lru_cache(maxsize=8)
def _page(app: Litestar, base: str) -> bytes:
    return render(describe(app), base, OPENAPI_PATH).encode()


@get(OPENAPI_PATH, include_in_schema=False)
async def openapi_json(request: Request[None, None, State]) -> Response[bytes]:
    """Return the OpenAPI 3.1 document."""
    return Response(_document(request.app, context_of(request.scope).base), media_type=MediaType.JSON)


@get(DOCS_PATH, include_in_schema=False)
async def docs(request: Request[None, None, State]) -> Response[bytes]:
    """Return the page to read the API on."""
    return Response(_page(request.app, context_of(request.scope).base), media_type=MediaType.HTML)


@get(f"{DOCS_PATH}/docs.css", include_in_schema=False)
async def docs_style() -> Response[str]:
    """Return the page's style sheet."""
    return Response(static("docs.css"), media_type=MediaType.CSS)
