"""One request and its answer on a connection: what the server can do beyond ASGI."""

from __future__ import annotations

import socket
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

from taskflowmq.server.edge.gate import DROP, STREAM, WHOLE

#: How long the peer of a stream may acknowledge nothing, or take nothing, in milliseconds.
SILENCE_MS = 10_000
#: Bytes of a stream that the kernel holds for a peer: megabytes of events would be minutes old when they are read, and
#: the kernel says that a peer reads only when a third of them is free.
KERNEL_BYTES = 64 * 1024


class Cycle(RequestResponseCycle):
    """uvicorn's exchange of one request, with a way to send a whole answer at once, and answers that do not end.

    The usual way checks each header by two expressions and writes head and body apart: a fifth of what a request
    costs. The gate's own answers have fixed headers (ASGI extension :data:`WHOLE`).
    """

    #: Whether the answer does not end by itself (ASGI extension :data:`STREAM`).
    is_stream = False

    async def send(self, message: Any) -> None:
        """Send a part of the answer, or all of it."""
        if message["type"] == STREAM:
            self._become_stream()
            return
        if message["type"] == DROP:
            self.disconnected = True
            self.transport.abort()
            return
        if message["type"] != WHOLE:
            if self.is_stream and self.scope["http_version"] == "1.0":
                self._send_unframed(message)
            await super().send(message)
            return
        if self.flow.write_paused and not self.disconnected:
            await self.flow.drain()
        if self.disconnected:
            return
        if self.response_started:
            raise RuntimeError("a complete response was sent after another response had started")
        self.response_started = self.response_complete = True
        self.waiting_for_100_continue = False
        parts = [STATUS_LINE[message["status"]]]
        for name, value in self.default_headers:
            parts += (name, b": ", value, b"\r\n")
        parts.append(message["head"])
        parts.append(b"\r\n" if self.keep_alive else b"connection: close\r\n\r\n")
        parts.append(message["body"])
        self.transport.write(b"".join(parts))
        self.message_event.set()
        if not self.keep_alive:
            self.transport.close()
        self.on_response()

    def _become_stream(self) -> None:
        """Let the kernel hold little, and drop a peer that has vanished or takes nothing: it would not be noticed."""
        self.is_stream = True
        self.keep_alive = False
        sock = self.transport.get_extra_info("socket")
        if sock is None:
            return
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, KERNEL_BYTES)
        is_tcp = sock.family in (socket.AF_INET, socket.AF_INET6)
        if is_tcp and hasattr(socket, "TCP_USER_TIMEOUT"):  # not every system has it
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, SILENCE_MS)

    def _send_unframed(self, message: Any) -> None:
        """Have uvicorn send a part as it is: HTTP/1.0 has no chunks, the connection's end is that of the answer."""
        self.chunked_encoding = False
        self.expected_content_length = len(message.get("body", b""))
