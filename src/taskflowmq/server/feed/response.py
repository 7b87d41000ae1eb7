"""A stream as an HTTP answer."""

from __future__ import annotations

import asyncio
import logging

from taskflowmq.server.edge.body import ClientGone, Receive, unless_gone
from taskflowmq.server.edge.gate import DROP, STREAM, Scope, Send
from taskflowmq.server.feed.feed import Feed
from taskflowmq.server.feed.stream import Stream

log = logging.getLogger("taskflowmq.server")

MEDIA_TYPE = "text/event-stream"
_HEAD = [
    (b"content-type", MEDIA_TYPE.encode()),
    # nginx buffers a response unless this field disables it.
    (b"x-accel-buffering", b"no"),
]


class EventStream:
    """The answer: an ASGI application.

    Args:
        feed: serves the stream.
        stream: what is sent.
        wants_body: whether the request is no HEAD.
    """

    def __init__(self, feed: Feed, stream: Stream, *, wants_body: bool) -> None:
        self._feed = feed
        self._stream = stream
        self._wants_body = wants_body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the answer.

        Raises:
            Problem: 503, there are too many streams.
        """
        start = {"type": "http.response.start", "status": 200, "headers": list(_HEAD)}
        if not self._wants_body:
            await send(start)
            await send({"type": "http.response.body", "body": b""})
            return
        # The server's own transport drops a client that takes nothing; of other servers only the delay is seen.
        ours = STREAM in (scope.get("extensions") or ())
        with self._feed.joined(self._stream):
            if ours:
                await send({"type": STREAM})
            await send(start)
            if await self._send_events(receive, send, None if ours else self._feed.limits.patience_s):
                await send({"type": "http.response.body", "body": b""})
            elif ours:
                await send({"type": DROP})

    async def _send_events(self, receive: Receive, send: Send, patience_s: float | None) -> bool:
        """Send events until the stream ends, and tell whether the client is still there."""

        async def write(chunk: bytes) -> None:
            async with asyncio.timeout(patience_s):
                await send({"type": "http.response.body", "body": chunk, "more_body": True})

        try:
            await unless_gone(receive, self._stream.send_all(write, self._feed.is_current))
        except ClientGone:
            log.debug("a stream ended: the client disconnected")
        except TimeoutError:
            log.debug("a stream ended: the client does not read it")
        else:
            return True
        return False
