"""Accepts connections, and continues doing so whatever happens.

The event loops' own servers stop for a second, or for good, when the process has no descriptor left, and take a whole
burst of connections in one turn.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
from collections.abc import Callable

#: Connections that are accepted before other tasks run.
PER_TURN = 32
#: Pause after the system had no resources left, in seconds.
PAUSE = 0.05
#: The process or the system has no descriptor or no memory left.
_EXHAUSTED = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})

log = logging.getLogger("taskflowmq.server")


class Acceptor:
    """Accepts connections of one listening socket.

    Args:
        sock: listens, and does not block.
        make_protocol: makes what serves a connection.
        make_room: closes a connection that is not needed.
    """

    def __init__(
        self, sock: socket.socket, make_protocol: Callable[[], asyncio.Protocol], make_room: Callable[[], None]
    ) -> None:
        self._sock = sock
        self._make_protocol = make_protocol
        self._make_room = make_room
        self._loop = asyncio.get_running_loop()
        self._starting: set[asyncio.Task[None]] = set()
        self._resuming: asyncio.TimerHandle | None = None
        self._exhausted = False

    def start(self) -> None:
        """Accept from now on."""
        self._resuming = None
        self._loop.add_reader(self._sock, self._accept)

    def close(self) -> None:
        """Accept no more. Idempotent; the socket stays open."""
        if self._resuming is not None:
            self._resuming.cancel()
        self._loop.remove_reader(self._sock)

    def _accept(self) -> None:
        for _ in range(PER_TURN):
            try:
                conn, _ = self._sock.accept()
            except (BlockingIOError, InterruptedError):
                return
            except ConnectionAbortedError:  # it disconnected in the queue
                continue
            except OSError as error:
                self._wait(error)
                return
            self._exhausted = False
            conn.setblocking(False)
            task = self._loop.create_task(self._serve(conn))
            self._starting.add(task)
            task.add_done_callback(self._starting.discard)

    def _wait(self, error: OSError) -> None:
        """Make room, and try again after a pause: connections in the queue are served then."""
        if error.errno in _EXHAUSTED:
            self._make_room()
        if not self._exhausted:
            self._exhausted = True
            log.error("cannot accept connections, closing idle ones: %s", error.strerror or error)
        self._loop.remove_reader(self._sock)
        self._resuming = self._loop.call_later(PAUSE, self.start)

    async def _serve(self, conn: socket.socket) -> None:
        try:
            # asyncio leaves it off for sockets that do not name their protocol, and these do not.
            conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            await self._loop.connect_accepted_socket(self._make_protocol, conn)
        except OSError:  # it disconnected meanwhile
            conn.close()
