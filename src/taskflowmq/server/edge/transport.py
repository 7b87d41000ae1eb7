"""The HTTP protocol of a server that untrusted clients may reach, and one write for head and body of an answer.

uvicorn's protocol has no limit except for bodies: it keeps a head, an address or a trailer until memory ends, and
a connection that sends nothing forever. Here every byte outside a body is counted before the parser may keep it, and
every state of a connection has a deadline (:mod:`taskflowmq.server.edge.connections`).

What must stay true: at most :data:`MAX_HEAD` bytes without a byte of a body are passed to the parser for one request;
bytes that cannot be a request get one answer, after those before it, and nothing is read after them; nothing that
follows a head, trailers included, changes the meaning of the head.

uvicorn writes head and body apart, and uvloop sends every write at once: two system calls and two packets for an
answer of some hundred bytes, a sixth of what a request costs. :class:`JoiningTransport` keeps a head that was written
until the next write, or until the loop's next turn if none follows.
"""

from __future__ import annotations

import asyncio
import logging
import weakref
from collections.abc import Awaitable, Callable
from random import getrandbits
from typing import Any, cast
from urllib.parse import unquote

import httptools
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from taskflowmq.server.edge.connections import Connections
from taskflowmq.server.edge.exchange import Cycle
from taskflowmq.server.edge.gate import STREAM, WHOLE
from taskflowmq.server.edge.policy import API_HEADERS, header_lines
from taskflowmq.server.edge.problems import Problem
from taskflowmq.wire.problem import MEDIA_TYPE

log = logging.getLogger("taskflowmq.server")
App = Callable[[Any, Any, Any], Awaitable[None]]

#: Bytes of a request's head, and the most that is given to the parser at once.
MAX_HEAD = 32 * 1024
MAX_FIELDS = 100
#: Requests that may wait on one connection behind the one that is being answered.
MAX_PIPELINED = 64
#: How much a refused peer may continue sending so that it can read why.
LINGER_BYTES = 1024 * 1024
#: Bytes of its answer that a peer must have taken to count as reading.
LEAST_TAKEN = 16 * 1024
#: How long the rest of a body may take when its request has been answered, and how large it may be.
REST_SECONDS = 5.0
REST_BYTES = 16 * 1024 * 1024

#: What this server can do beyond ASGI; the gate checks it.
_EXTENSIONS: dict[str, dict[object, object]] = {WHOLE: {}, STREAM: {}}
#: Where a connection is between two bytes: before a request, in its head, or behind its head.
_RESTING, _IN_HEAD, _BEHIND_HEAD = range(3)
_FIXED_HEAD = header_lines(((b"content-type", MEDIA_TYPE.encode()), *API_HEADERS, (b"connection", b"close")))


class Refused(Exception):
    """The received bytes are not a request that is served here.

    Args:
        status, code, detail: the answer.
    """

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(detail)
        self.problem = Problem(status, code, detail)


class BoundedProtocol(HttpToolsProtocol):
    """uvicorn's protocol within limits, on a transport that joins head and body.

    Args:
        connections: the server's connections, this one soon among them.
        probes_only: what answers instead of the application on a connection beyond the limit.
        given: what uvicorn's protocol takes.
    """

    def __init__(self, connections: Connections, probes_only: App, **given: Any) -> None:
        super().__init__(**given)
        self._connections = connections
        self._limits = connections.limits
        self._probes_only = probes_only
        self.peer = ""
        #: When this connection is closed unless something happens; counts while it is idle.
        self.deadline = float("inf")
        self.took_at = 0.0
        self._left = 0
        self._state = _RESTING
        #: Bytes since the last one that belonged to a body or ended a request.
        self._spent = 0
        self._fresh = False
        #: Whether the head came in several parts.
        self._split = False
        self._asked = False
        self._running: Cycle | None = None
        self._deaf = False
        self._ignored = 0

    # -- the connection

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection."""
        super().connection_made(cast("asyncio.Transport", JoiningTransport(transport, _outbox())))
        self.peer = self.client[0] if self.client else ""
        self.deadline = self.loop.time() + self._limits.head_seconds
        if not self._connections.add(self):
            self.app = cast("Any", self._probes_only)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell all requests that wait for this connection, not only the last one."""
        self._connections.remove(self)
        self.pipeline.clear()
        if self._running is not None:
            self._running.disconnected = True
            self._running.message_event.set()
        super().connection_lost(exc)

    def drop(self) -> None:
        """Close the connection now, and let go of what it has not read."""
        self._deaf = True
        self._connections.remove(self)
        self.transport.abort()

    def unsent(self) -> int:
        """Return how many bytes of answers wait for the peer to read."""
        size: int = self.transport.get_write_buffer_size()
        return size

    def look(self, now: float) -> None:
        """Close the connection if the peer reads nothing, or sends nothing where it should."""
        if self.flow.write_paused or self.transport.is_closing():
            self._look_at_reading(now)
        elif self._running is None and now >= self.deadline:
            self._expire()

    def _look_at_reading(self, now: float) -> None:
        left = self.unsent()
        is_stream = self._running is not None and self._running.is_stream
        # A stream is no answer of a certain size that must be through at some time: any byte will do.
        if not self.took_at or self._left - left >= (1 if is_stream else LEAST_TAKEN):
            self._left, self.took_at = left, now
        elif now - self.took_at >= (self._limits.stream_seconds if is_stream else self._limits.write_seconds):
            log.debug("connection closed: the peer does not read its response")
            self.drop()

    def _expire(self) -> None:
        if self._state == _IN_HEAD and not self._deaf:
            detail = f"The request header section must arrive within {self._limits.head_seconds:g} seconds"
            self._refuse(Problem(408, "too_slow", detail))
        else:
            self.transport.close()

    def pause_writing(self) -> None:
        """Record that the peer does not read as fast as it sends requests."""
        super().pause_writing()
        self._left, self.took_at = self.unsent(), self.loop.time()
        self._connections.stall(self)

    def resume_writing(self) -> None:
        """Continue."""
        super().resume_writing()
        self._connections.stalled.pop(self, None)
        self.took_at = 0.0

    # -- incoming data

    def data_received(self, data: bytes) -> None:
        """Pass received data to the parser, in parts that it may keep."""
        if len(data) <= MAX_HEAD:
            self._feed(data)
            return
        whole = memoryview(data)
        for start in range(0, len(data), MAX_HEAD):
            self._feed(whole[start : start + MAX_HEAD])

    def _feed(self, data: bytes | memoryview) -> None:
        if self._deaf:
            self._ignore(len(data))
            return
        self._fresh = False
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:  # the bytes after it would be another protocol; none is supported
            self._deaf = True
            return
        except httptools.HttpParserError as error:
            refused = error.__context__
            self._refuse(refused.problem if isinstance(refused, Refused) else _malformed())
            return
        if self._fresh:
            self._spent = 0
            if self._state == _RESTING:
                return
        else:
            self._spent += len(data)
            if self._spent > MAX_HEAD:
                self._refuse(_too_large())
                return
        if self._state == _IN_HEAD and not self._split:
            self._split = True
            if self._running is None:
                self.deadline = self.loop.time() + self._limits.head_seconds

    def _ignore(self, count: int, most: int = LINGER_BYTES) -> None:
        self._ignored += count
        if self._ignored > most:
            self.drop()

    def on_message_begin(self) -> None:
        """Begin a head."""
        super().on_message_begin()
        self._state = _IN_HEAD
        self._split = False

    def on_headers_complete(self) -> None:
        """Refuse a head that is too large or says two things at once, and start its request."""
        if self._split or len(self.headers) > MAX_FIELDS:
            self._check_size()
        scope, parser = self.scope, self.parser
        version = parser.get_http_version()
        if version != "1.1":
            self._check_version()
            scope["http_version"] = version
        if not self.url.startswith(b"/"):
            self._make_origin_form()
        if len(self.pipeline) >= MAX_PIPELINED:
            raise Refused(400, "too_many_requests", "Too many requests are pipelined on this connection")
        scope["method"] = parser.get_method().decode("ascii")
        scope["extensions"] = _EXTENSIONS
        self._read_target()
        before = cast("Cycle | None", self.cycle)
        self.cycle = self._new_cycle(version == "1.1" and parser.should_keep_alive() and not parser.should_upgrade())
        if before is None or before.response_complete:
            self._start(self.cycle, self.app)
            self._connections.idle.pop(self, None)
        else:
            self.flow.pause_reading()
            self.pipeline.appendleft((self.cycle, self.app))
        # Trailers come as headers too. The request has its own list; no code reads that of trailers.
        self.headers = []
        self._state = _BEHIND_HEAD
        if not self._asked:
            self._asked = True
            self._connections.asked(self)

    def _read_target(self) -> None:
        target = httptools.parse_url(self.url)
        path = target.path.decode("ascii")
        self.scope["path"] = self.root_path + (unquote(path) if "%" in path else path)
        self.scope["raw_path"] = self.root_path.encode("ascii") + target.path
        self.scope["query_string"] = target.query or b""

    def _new_cycle(self, keep_alive: bool) -> Cycle:
        return Cycle(
            self.scope,
            self.transport,
            self.flow,
            self.logger,
            self.access_logger,
            self.access_log,
            self.server_state.default_headers,
            asyncio.Event(),
            self.expect_100_continue,
            keep_alive,
            self.on_response_complete,
        )

    def _start(self, cycle: Cycle, app: Any) -> None:
        self._running = cycle
        task = self.loop.create_task(cycle.run_asgi(app))
        task.add_done_callback(self.tasks.discard)
        self.tasks.add(task)

    def on_body(self, body: bytes) -> None:
        """Take a part of the body."""
        self._fresh = True
        cycle = self.cycle
        if cycle.response_complete:  # it was answered already
            self._ignore(len(body), REST_BYTES)
            return
        cycle.body += body
        if len(cycle.body) > HIGH_WATER_LIMIT:
            self.flow.pause_reading()
        cycle.message_event.set()

    def on_message_complete(self) -> None:
        """End a request."""
        self._fresh = True
        self._state = _RESTING
        cycle = self.cycle
        if not cycle.response_complete:
            cycle.more_body = False
            cycle.message_event.set()
        elif self._running is None:  # it was answered before it had come to its end
            self._ignored = 0
            self.deadline = self.loop.time() + self._limits.keep_alive_seconds

    def _check_size(self) -> None:
        size = len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
        if size > MAX_HEAD or len(self.headers) > MAX_FIELDS:
            raise Refused(431, "head_too_large", _too_large().detail)

    def _check_version(self) -> None:
        if self.parser.get_http_version() != "1.0":
            raise Refused(505, "unknown_version", "Only HTTP/1.1 and HTTP/1.0 are supported")
        if any(name == b"transfer-encoding" for name, _ in self.headers):
            raise Refused(400, "malformed_request", "HTTP/1.0 has no Transfer-Encoding")

    def _make_origin_form(self) -> None:
        """Read ``http://host/path`` as ``/path`` of ``host``: the target says who is meant, not the Host header."""
        if self.url == b"*" and self.parser.get_method() == b"OPTIONS":
            return
        scheme, mark, rest = self.url.partition(b"://")
        end = min((at for at in map(rest.find, (b"/", b"?", b"#")) if at >= 0), default=len(rest))
        host, path = rest[:end], rest[end:]
        if not mark or scheme.lower() not in (b"http", b"https") or not host or b"@" in host:
            raise Refused(400, "malformed_request", "The request target must be a path, or an http URL with a path")
        self.url = path if path.startswith(b"/") else b"/" + path
        self.headers[:] = [(b"host", host), *(field for field in self.headers if field[0] != b"host")]

    # -- outgoing data

    def on_response_complete(self) -> None:
        """Start the next request, or wait for one."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            cycle, app = self.pipeline.pop()
            self._start(cast("Cycle", cycle), app)
            return
        self._running = None
        self._connections.idle[self] = None
        if self._state == _RESTING:
            seconds = self._limits.keep_alive_seconds
        else:
            seconds = self._limits.head_seconds if self._state == _IN_HEAD else REST_SECONDS
        self.deadline = self.loop.time() + seconds

    def _refuse(self, problem: Problem) -> None:
        """Stop reading, and send the reason once all requests before have been answered."""
        self._deaf = True
        cycle = cast("Cycle | None", self.cycle)
        if self.pipeline:  # the order of answers would need more code than this case is worth
            self.drop()
        elif cycle is None or (cycle.response_complete and self._state != _BEHIND_HEAD):
            self._answer(problem)
        elif self._state != _BEHIND_HEAD:  # an earlier request is being answered
            cycle.keep_alive = False
        elif not cycle.response_started:
            cycle.disconnected = True
            cycle.waiting_for_100_continue = False
            cycle.message_event.set()
            self._answer(problem)
        else:
            self.drop()

    def _answer(self, problem: Problem) -> None:
        """Send the last answer of this connection, and give the peer time to read it."""
        request_id = f"{getrandbits(64):016x}"
        log.debug("refused: %s", problem.detail, extra={"request_id": request_id})
        body = problem.body(request_id)
        head = b"HTTP/1.1 %d %s\r\nx-request-id: %s\r\ncontent-length: %d\r\n" % (
            *(problem.status, _PHRASES.get(problem.status, b"")),
            *(request_id.encode(), len(body)),
        )
        self.transport.write(b"".join((head, _FIXED_HEAD, b"\r\n", body)))
        self.transport.write_eof()
        self._running = None
        self.deadline = self.loop.time() + self._limits.linger_seconds
        self._connections.idle[self] = None


_PHRASES = {
    400: b"Bad Request",
    408: b"Request Timeout",
    431: b"Request Header Fields Too Large",
    505: b"HTTP Version Not Supported",
}


def _too_large() -> Problem:
    detail = f"The request header section may have at most {MAX_HEAD} bytes and {MAX_FIELDS} fields"
    return Problem(431, "head_too_large", detail)


def _malformed() -> Problem:
    return Problem(400, "malformed_request", "The received data is not an HTTP request")


class Outbox:
    """The heads that are held on one loop: one callback a turn sends all of them."""

    def __init__(self) -> None:
        # Not the loop itself: a reference to this object must not keep the loop alive.
        self._held: list[JoiningTransport] = []

    def hold(self, transport: JoiningTransport) -> None:
        """Send its head in the loop's next turn, unless it was sent with a body by then."""
        if not self._held:
            asyncio.get_running_loop().call_soon(self._flush)
        self._held.append(transport)

    def _flush(self) -> None:
        held, self._held = self._held, []
        try:
            while held:
                held.pop().flush()
        finally:
            for transport in held:  # one of them failed: that must not affect the others
                self.hold(transport)


_outboxes: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, Outbox] = weakref.WeakKeyDictionary()


def _outbox() -> Outbox:
    loop = asyncio.get_running_loop()
    found = _outboxes.get(loop)
    if found is None:
        found = _outboxes[loop] = Outbox()
    return found


class JoiningTransport:
    """A transport that holds back the head of an answer until what follows it.

    Args:
        inner: the transport that sends.
        outbox: what sends a head that nothing follows.
    """

    def __init__(self, inner: Any, outbox: Outbox) -> None:
        self._inner = inner
        self._outbox = outbox
        self._head = b""
        # Read with every answer; all other attributes go through __getattr__.
        self.is_closing = inner.is_closing

    def __getattr__(self, name: str) -> Any:
        """Return the inner transport's attributes that do not send."""
        return getattr(self._inner, name)

    def write(self, data: bytes) -> None:
        """Send data, together with the head that is held; a head itself waits."""
        if self._head:
            data, self._head = self._head + data, b""
        elif data.startswith(b"HTTP/1.1 ") and data.endswith(b"\r\n\r\n"):
            self._head = data
            self._outbox.hold(self)
            return
        self._inner.write(data)

    def close(self) -> None:
        """Send what is held, then close."""
        self.flush()
        self._inner.close()

    def flush(self) -> None:
        """Send what is held."""
        if self._head and self.is_closing():  # the peer has disconnected meanwhile: it is not read
            self._head = b""
        if self._head:
            head, self._head = self._head, b""
            self._inner.write(head)
