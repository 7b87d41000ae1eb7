"""Server-sent events as bytes."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib import metadata
from typing import Any

import msgspec

from taskflowmq.core.feed import TICK_S
from taskflowmq.wire.feed import HelloEvent

#: A line that no client shows: it proves that the stream is alive.
COMMENT = b":\n\n"
#: How long a client that reconnects by itself waits, in milliseconds.
_RECONNECT_MS = 2_000

encode = msgspec.json.Encoder().encode


def frame(event: str, data: bytes) -> bytes:
    """Return one event; JSON has no line break in it, so one line of data is enough."""
    return b"event: %s\ndata: %s\n\n" % (event.encode(), data)


def event(name: str, value: Any) -> bytes:
    """Return one event of a value."""
    return frame(name, encode(value))


def hello() -> bytes:
    """Return the first event of a stream."""
    now = datetime.now(UTC)
    said = HelloEvent(version=metadata.version("taskflowmq"), interval_ms=int(TICK_S * 1000), now=now)
    return b"retry: %d\n%s" % (_RECONNECT_MS, event("hello", said))
