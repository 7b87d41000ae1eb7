"""Answers requests for the dashboard: the page and its files. They hold no data, and need no key."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import msgspec

from taskflowmq.core.permissions import listed
from taskflowmq.server.dashboard.files import ASSETS, Build, File, Files
from taskflowmq.server.dashboard.page import Boot, Features, content_policy, fill, not_built
from taskflowmq.server.edge.body import Receive
from taskflowmq.server.edge.gate import Scope, Send, send_body
from taskflowmq.server.edge.negotiation import best_coding
from taskflowmq.server.edge.policy import API, is_file
from taskflowmq.server.edge.request_context import RequestContext, context_of

_HTML = b"text/html; charset=utf-8"
#: Each name holds a digest of its content.
_FOREVER = b"public, max-age=31536000, immutable"
_ASK_AGAIN = b"no-cache"
#: Of this caller, and not without asking.
_OWN = b"private, no-cache"
#: A worker has the policy of its own script, not that of the page that starts it.
_SCRIPT_POLICY = b"default-src 'none'; script-src 'self'; connect-src 'self'; frame-ancestors 'none'"


class About(msgspec.Struct, frozen=True, kw_only=True):
    """What every page of one server says.

    Args:
        version: of the server.
        engine: returns the name of the store's engine; the app's address may change until it is opened.
        zone: the time zone of the server.
        environment: the name of the installation, or None.
        ancestors: who may show the page in a frame, in the words of a content security policy.
        public: whether it is a demonstration for everyone.
        requires_reason: whether an act must say why.
        playground: whether stress tests can be started.
        resets_at: when the store of a demonstration goes back to how it began; None: never.
    """

    version: str
    engine: Callable[[], str]
    zone: str
    environment: str | None
    ancestors: str
    public: bool = False
    requires_reason: bool = False
    playground: bool = False
    resets_at: datetime | None = None


class Dashboard:
    """An ASGI application for GET requests that the gate has let in.

    Args:
        about: what every page says.
        files: the built files.
    """

    def __init__(self, about: About, files: Files) -> None:
        self._about = about
        self._files = files

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        context = context_of(scope)
        if is_file(scope["path"]):
            await self._send_file(scope["path"].removeprefix("/"), context.headers, send)
        else:
            await self._send_page(scope["path"], context, send)

    async def _send_file(self, name: str, headers: Mapping[bytes, bytes], send: Send) -> None:
        build = self._files.build()
        file = None if build is None else build.files.get(name)
        if file is None:
            await send_body(send, 404, b"", b"text/plain", [(b"cache-control", b"no-store")])
            return
        fields = [
            (b"cache-control", _FOREVER if name.startswith(f"{ASSETS}/") else _ASK_AGAIN),
            (b"etag", file.etag),
            (b"vary", b"Accept-Encoding"),
        ]
        if name.endswith(".js"):
            fields.append((b"content-security-policy", _SCRIPT_POLICY))
        if headers.get(b"if-none-match") == file.etag:
            await send({"type": "http.response.start", "status": 304, "headers": fields})
            await send({"type": "http.response.body", "body": b""})
            return
        coding, body = _coded(file, headers.get(b"accept-encoding", b""))
        if coding is not None:
            fields.append((b"content-encoding", coding.encode()))
        await send_body(send, 200, body, file.media_type, fields)

    async def _send_page(self, path: str, context: RequestContext, send: Send) -> None:
        build = self._files.build()
        nonce = secrets.token_urlsafe(16)
        base = context.base
        fields: list[tuple[bytes, bytes]] = [
            (b"cache-control", _OWN),
            (b"vary", b"Accept, Cookie"),
            (b"content-security-policy", content_policy(nonce, self._about.ancestors)),
        ]
        if build is None:
            fields.append((b"retry-after", b"3"))
            await send_body(send, 503, not_built(nonce, base), _HTML, fields)
        else:
            scripts = () if context.principal.role is None else _preloads(build, path)
            page = fill(build.page, self._boot(context, nonce, base), scripts)
            await send_body(send, 200, page, _HTML, fields)

    def _boot(self, context: RequestContext, nonce: str, base: str) -> Boot:
        principal, about = context.principal, self._about
        return Boot(
            base=base,
            api=base + API,
            version=about.version,
            nonce=nonce,
            tenant=context.tenant,
            actor=None if principal.role is None else principal.actor,
            role=principal.role,
            permissions=listed(principal.permissions),
            features=Features(playground=about.playground, public=about.public, resets_at=about.resets_at),
            zone=about.zone,
            store=about.engine(),
            environment=about.environment,
            requires_reason=about.requires_reason,
            sign_in=principal.role is None,
        )


def _coded(file: File, accept_encoding: bytes) -> tuple[str | None, bytes]:
    coding: Any = best_coding(accept_encoding, tuple(file.coded))
    return (None, file.plain) if coding is None else (coding, file.coded[coding])


def _preloads(build: Build, path: str) -> tuple[str, ...]:
    """Return the names of the scripts that a page loads beside those that the built HTML names."""
    return build.preloads.get(path.removeprefix("/"), ())
