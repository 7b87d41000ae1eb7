"""The first and last code that a request meets, before any framework: id, key, limits, headers, last-resort errors.

It wraps the whole application, so no route can bypass it. The body is read here, within its limits, and passed on
whole.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
from collections.abc import Awaitable, Callable, MutableMapping
from functools import partial
from random import getrandbits
from typing import Any, Protocol
from urllib.parse import unquote

from taskflowmq.core.job import DEFAULT_TENANT
from taskflowmq.ports.telemetry import Telemetry
from taskflowmq.server.edge.auth import Guard
from taskflowmq.server.edge.body import ClientGone, Receive, drop_body, read_body
from taskflowmq.server.edge.keyring import Keyring
from taskflowmq.server.edge.negotiation import takes_html, wants_html
from taskflowmq.server.edge.policy import (
    API_HEADERS,
    DEFAULT,
    PAGE,
    PAGE_PATH,
    POLICIES,
    SAFE_METHODS,
    Headers,
    Policy,
    header_lines,
    is_page,
)
from taskflowmq.server.edge.prefix import located
from taskflowmq.server.edge.principal import VISITOR
from taskflowmq.server.edge.problems import Problem, from_error, internal, log_failure, overloaded
from taskflowmq.server.edge.refusals import Refusals
from taskflowmq.server.edge.request_context import RequestContext
from taskflowmq.server.edge.room import Room, Seat
from taskflowmq.server.edge.source import source_of
from taskflowmq.server.settings import ServerSettings
from taskflowmq.wire.problem import MEDIA_TYPE

Scope = MutableMapping[str, Any]
Send = Callable[[Any], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
#: Serves a request whose body has been read: returns the status and the JSON of its answer.
Intake = Callable[[Scope, bytes], Awaitable[tuple[int, bytes]]]

_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
#: Fields that decide who calls and what is meant.
_ONCE = frozenset(
    {b"authorization", b"content-encoding", b"content-length", b"content-type", b"host", b"idempotency-key", b"origin"}
    | {b"transfer-encoding", b"x-api-key"}
)
_JSON = b"application/json"
_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{8,64}")
#: A message with a whole answer: status, head (lines of bytes, without the empty one) and body; an ASGI extension.
WHOLE = "taskflow.whole"
#: A message before the start of an answer that does not end by itself; an ASGI extension.
STREAM = "taskflow.stream"
#: A message that ends such an answer at once, with its connection: the client takes nothing.
DROP = "taskflow.drop"
#: The head of a whole answer of JSON.
_JSON_LINES = header_lines(((b"content-type", _JSON), *API_HEADERS))

TOO_LARGE = 413
#: How long, and how much, a client whose body is refused may continue sending so that it can read why.
LINGER_SECONDS = 1.0
LINGER_BYTES = 16 * 1024 * 1024

log = logging.getLogger("taskflowmq.server")


class Streams(Protocol):
    """What serves the answers that do not end by themselves."""

    def ring(self) -> None:
        """Take note that a request may have changed something."""
        ...

    async def drain(self) -> None:
        """End all of them, and begin no more."""
        ...


class Gate:
    """Wraps the application.

    Args:
        inner: the application for everything else.
        intake: the bare handler of ``POST /api/v1/jobs``, or None to let the application serve it too.
        settings: the server's settings.
        telemetry: counts refused requests.
        dashboard: serves the pages of the dashboard and its files; None: there is none.
        streams: serves the answers that do not end by themselves; None: there are none.
        tenant: that all requests are for.
    """

    def __init__(
        self,
        inner: App,
        intake: Intake | None,
        settings: ServerSettings,
        telemetry: Telemetry | None = None,
        *,
        dashboard: App | None = None,
        streams: Streams | None = None,
        tenant: str = DEFAULT_TENANT,
    ) -> None:
        self._dashboard = dashboard
        self.prefix = settings.prefix
        self._tenant = tenant
        self._streams = streams
        self._refusals = Refusals(telemetry)
        self._inner = inner
        self._intake = intake
        self._settings = settings
        self._guard = Guard(Keyring(settings.parsed_keys()), tls=settings.tls_proxy, public=settings.public is not None)
        self._trusted = settings.trusted_networks()
        self._room = Room(settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection event of ASGI."""
        if scope["type"] == "lifespan":
            await self._inner(scope, receive, send)
        elif scope["type"] == "http":
            await self._serve(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1008})

    async def drain(self) -> None:
        """End the answers that do not end by themselves: the server is about to accept no more connections."""
        if self._streams is not None:
            await self._streams.drain()

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope["headers"])
        request_id = _request_id(headers)
        if self.prefix or scope.get("root_path"):
            scope = located(scope, self.prefix)
        policy = POLICIES[scope["path"]]
        if policy is DEFAULT and self._dashboard is not None and _opens_page(scope, headers):
            policy = PAGE
        reply = _Reply(send, request_id, policy.headers)
        try:
            await self._pass(scope, receive, reply, headers, request_id, policy)
        except ClientGone:
            log.debug("client disconnected before its request was complete", extra={"request_id": request_id})
        except Exception as error:  # noqa: BLE001 - the last resort: every request gets an answer
            await self._fail(reply, receive, request_id, error)

    async def _pass(
        self,
        scope: Scope,
        receive: Receive,
        reply: _Reply,
        headers: dict[bytes, bytes],
        request_id: str,
        policy: Policy,
    ) -> None:
        method = scope["method"]
        if len(headers) != len(scope["headers"]):
            _refuse_two_meanings(scope["headers"])
            headers[b"cookie"] = b"; ".join(value for name, value in scope["headers"] if name == b"cookie")
        try:
            principal = self._guard.admit(scope, policy, headers)
        except Problem as problem:
            if problem.status in (401, 403):
                self._refusals.note(source_of(scope, headers, self._trusted), problem.code, request_id)
            raise
        may_stay = None
        if policy.is_stream:
            may_stay = partial(self._may_stay, scope, policy, headers)
        base, required, caller = scope.get("root_path", ""), self._settings.require_reason, principal.actor
        if is_visitor := principal is VISITOR:
            # Visitors have no name: those of one address are taken for one.
            caller = f"{caller} {source_of(scope, headers, self._trusted)}"
        context = RequestContext(
            principal, self._tenant, request_id, headers, base, may_stay, caller=caller, requires_reason=required
        )
        context.put_into(scope)
        if policy.is_dashboard and self._dashboard is not None and _takes_page(scope, headers):
            await self._dashboard(scope, receive, reply)
        elif policy.is_stream:
            context.wants_body = method != "HEAD"
            await self._route(scope, receive, reply, policy)
        elif not policy.in_flight:
            await self._route(scope, receive, reply, policy)
        elif method in SAFE_METHODS:
            async with Seat(self._room, receive, caller, is_visitor=is_visitor) as seat:
                context.seat = seat
                context.wants_body = method != "HEAD"
                await self._route(scope, receive, reply, policy)
        else:
            await self._write(scope, receive, reply, headers, policy)

    async def _write(
        self, scope: Scope, receive: Receive, reply: _Reply, headers: dict[bytes, bytes], policy: Policy
    ) -> None:
        body = b""
        if scope["method"] in _WITH_BODY:
            # A body that comes slowly has no seat among the writes: it would keep others out without any progress.
            body = await self._whole_body(policy, headers, receive)
        room = self._room
        if room.writes >= room.most:
            raise overloaded()
        room.writes += 1
        try:
            # The framework checks query parameters by route; this route has none.
            storing = policy.has_intake and scope["method"] == "POST"
            if storing and self._intake is not None and not scope.get("query_string"):
                await reply.whole(scope, *await self._intake(scope, body))
            else:
                if scope["method"] in _WITH_BODY:
                    receive = _replayed(body, receive)
                await self._route(scope, receive, reply, policy)
        finally:
            room.writes -= 1
            if self._streams is not None:
                self._streams.ring()

    def _may_stay(self, scope: Scope, policy: Policy, headers: dict[bytes, bytes]) -> bool:
        """Tell whether a request that was admitted would be admitted now."""
        try:
            self._guard.admit(scope, policy, headers)
        except Problem:
            return False
        return True

    async def _route(self, scope: Scope, receive: Receive, reply: _Reply, policy: Policy) -> None:
        if policy.has_name:
            _keep_escaped_slashes(scope)
        if scope["method"] == "HEAD":
            # Whatever answers GET answers HEAD (RFC 9110, 9.3.2); the HTTP server leaves the body out.
            scope = {**scope, "method": "GET"}
        await self._inner(scope, receive, reply)

    async def _whole_body(self, policy: Policy, headers: dict[bytes, bytes], receive: Receive) -> bytes:
        if headers.get(b"transfer-encoding", b"chunked").lower() != b"chunked":
            raise Problem(501, "unknown_coding", "Unsupported Transfer-Encoding: only chunked is accepted")
        limit = self._settings.max_bulk_body if policy.is_bulk else self._settings.max_body
        length = headers.get(b"content-length")
        body = await read_body(receive, length, limit, self._settings.body_seconds, self._room.bodies)
        if body:
            _check_media_type(headers.get(b"content-type", b""), headers.get(b"content-encoding"))
        return body

    async def _fail(self, reply: _Reply, receive: Receive, request_id: str, error: Exception) -> None:
        problem = from_error(error)
        if problem is None or problem.status >= 500:
            log_failure(error, request_id)
        if reply.started:
            return
        if problem is not None and problem.status == TOO_LARGE:
            await _send_and_linger(reply, receive, problem, request_id)
        else:
            await send_problem(reply, problem or internal(), request_id)


class ProbesOnly:
    """The application on a connection beyond the limit: it answers probes, and refuses all else with the reason.

    Args:
        inner: the application.
    """

    def __init__(self, inner: Gate) -> None:
        self._inner = inner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if not POLICIES[located(scope, self._inner.prefix)["path"]].in_flight:
            await self._inner(scope, receive, send)
            return
        problem = overloaded()
        problem.headers = (*problem.headers, ("Connection", "close"))
        await send_problem(send, problem, _request_id({}))


class _Reply:
    """The ``send`` of one request: adds the headers that every answer has, where the answer has none of that name."""

    __slots__ = ("_common", "_request_id", "_send", "started")

    def __init__(self, send: Send, request_id: str, common: Headers) -> None:
        self._send = send
        self._request_id = request_id
        self._common = common
        self.started = False

    async def __call__(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self.started = True
            given = message.get("headers", ())
            names = {name for name, _ in given}
            # Two policies of content would both apply, and two fields for caches contradict each other.
            message["headers"] = [*given, *(field for field in self._own_headers() if field[0] not in names)]
        await self._send(message)

    async def whole(self, scope: Scope, status: int, body: bytes) -> None:
        """Send a whole answer of JSON, at once where the server can."""
        self.started = True
        if WHOLE in scope.get("extensions", ()):
            own = b"%sx-request-id: %s\r\ncontent-length: %d\r\n"
            lines = own % (_JSON_LINES, self._request_id.encode(), len(body))
            await self._send({"type": WHOLE, "status": status, "head": lines, "body": body})
            return
        head = [(b"content-type", _JSON), (b"content-length", b"%d" % len(body)), *self._own_headers()]
        await self._send({"type": "http.response.start", "status": status, "headers": head})
        await self._send({"type": "http.response.body", "body": body})

    def _own_headers(self) -> Headers:
        return *self._common, (b"x-request-id", self._request_id.encode())


async def send_problem(send: Send, problem: Problem, request_id: str) -> None:
    """Send an error answer."""
    extra = [(name.lower().encode(), value.encode()) for name, value in problem.headers]
    await send_body(send, problem.status, problem.body(request_id), MEDIA_TYPE.encode(), extra)


async def _send_and_linger(send: Send, receive: Receive, problem: Problem, request_id: str) -> None:
    """Answer a client that is still sending, and drop what it sends, for a limited time, before the connection ends.

    Closing at once would reset the connection, and the reset would destroy the answer before the client reads it.
    """
    body = problem.body(request_id)
    head = [
        (b"content-type", MEDIA_TYPE.encode()),
        (b"content-length", str(len(body)).encode()),
        *((name.lower().encode(), value.encode()) for name, value in problem.headers),
    ]
    await send({"type": "http.response.start", "status": problem.status, "headers": head})
    await send({"type": "http.response.body", "body": body, "more_body": True})
    with contextlib.suppress(TimeoutError, ClientGone):
        async with asyncio.timeout(LINGER_SECONDS):
            await drop_body(receive, LINGER_BYTES)
    await send({"type": "http.response.body", "body": b""})


async def send_body(
    send: Send, status: int, body: bytes, media_type: bytes, headers: list[tuple[bytes, bytes]] | None = None
) -> None:
    """Send a whole answer."""
    head = [(b"content-type", media_type), (b"content-length", str(len(body)).encode()), *(headers or ())]
    await send({"type": "http.response.start", "status": status, "headers": head})
    await send({"type": "http.response.body", "body": body})


def _refuse_two_meanings(fields: Headers) -> None:
    """Refuse a repeated header that decides something: a proxy in front may read the other one."""
    seen: set[bytes] = set()
    for name, _ in fields:
        if name in seen and name in _ONCE:
            raise Problem(400, "repeated_header", f"The header {name.decode('latin-1')} is given more than once")
        seen.add(name)


def _opens_page(scope: Scope, headers: dict[bytes, bytes]) -> bool:
    """Tell whether a browser opens a path that has no row."""
    return scope["method"] in SAFE_METHODS and is_page(scope["path"]) and wants_html(headers.get(b"accept", b""))


def _takes_page(scope: Scope, headers: dict[bytes, bytes]) -> bool:
    """Tell whether the dashboard answers a request: it reads, and takes what there is."""
    if scope["method"] not in ("GET", "HEAD"):
        return False
    return scope["path"] != PAGE_PATH or takes_html(headers.get(b"accept", b""))


def _request_id(headers: dict[bytes, bytes]) -> str:
    given = headers.get(b"x-request-id")
    if given is not None and _REQUEST_ID.fullmatch(given):
        return given.decode()
    return f"{getrandbits(64):016x}"  # a name and no secret: the kernel's own random bytes cost a system call


def _replayed(body: bytes, receive: Receive) -> Receive:
    """Return a ``receive`` that returns a body which has been read, and then the messages that follow."""
    messages = iter(({"type": "http.request", "body": body, "more_body": False},))

    async def replay() -> Any:
        message = next(messages, None)
        return await receive() if message is None else message

    return replay


def _check_media_type(value: bytes, encoding: bytes | None) -> None:
    """Refuse any type but JSON: a form of a foreign page can send text, but not this type without a preflight (S19)."""
    if value == _JSON and encoding is None:
        return
    if encoding is not None and encoding.strip().lower() != b"identity":
        raise Problem(415, "encoded_body", "Content-Encoding is not supported: send the body uncompressed")
    kind = value.split(b";", 1)[0].strip().lower()
    if kind != _JSON:
        raise Problem(415, "not_json", "Send the body with Content-Type: application/json")


def _keep_escaped_slashes(scope: Scope) -> None:
    """Keep a slash in a queue name, escaped as %2F, part of the name: it must not become a path step."""
    raw = scope.get("raw_path") or b""
    if b"%2f" in raw.lower():
        written = raw.split(b"?", 1)[0].decode("ascii", "replace")
        if unquote(written) != scope["path"]:  # what mounts this application has changed one of them
            return
        parts = written.split("/")
        scope["path"] = "/".join(unquote(part).replace("/", "%2F") for part in parts)
