"""One write for head and body of an answer.

uvicorn writes them apart, and uvloop sends every write at once: two system calls and two packets for an answer of
some hundred bytes, a sixth of what a request costs. What is put between them here knows nothing of uvicorn's inside:
a head that was written is kept until the next write, or until the loop's next turn if none follows.
"""

from __future__ import annotations

import asyncio
import weakref
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


class OneWriteProtocol(HttpToolsProtocol):
    """uvicorn's protocol on a transport that joins head and body."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection."""
        super().connection_made(cast("asyncio.Transport", JoiningTransport(transport, _outbox())))


class Outbox:
    """The heads that are held on one loop: one callback a turn sees to all of them."""

    def __init__(self) -> None:
        # Not the loop: who finds this by its loop must not keep the loop alive.
        self._held: list[JoiningTransport] = []

    def hold(self, transport: JoiningTransport) -> None:
        """See that its head is sent in the loop's next turn, if nothing has taken it along by then."""
        if not self._held:
            asyncio.get_running_loop().call_soon(self._flush)
        self._held.append(transport)

    def _flush(self) -> None:
        held, self._held = self._held, []
        try:
            while held:
                held.pop().flush()
        finally:
            for transport in held:  # one of them failed: that is none of the others' business
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
        # Asked for with every answer; all else goes by __getattr__.
        self.is_closing = inner.is_closing

    def __getattr__(self, name: str) -> Any:
        """Be the transport in everything that sends nothing."""
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
        if self._head and self.is_closing():  # the other side has hung up meanwhile: nobody reads it
            self._head = b""
        if self._head:
            head, self._head = self._head, b""
            self._inner.write(head)
