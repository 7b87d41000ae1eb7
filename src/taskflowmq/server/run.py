"""Runs the ASGI application on uvicorn, inside an event loop that someone else owns and stops."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
from collections.abc import AsyncIterator, Iterator

import uvicorn

from taskflowmq.core.errors import TaskFlowError
from taskflowmq.server.gate import Gate
from taskflowmq.server.transport import OneWriteProtocol

#: Connections, idle ones included. Requests under way have a limit of their own, in the gate, with a proper answer.
MAX_CONNECTIONS = 10_000
BACKLOG = 1_024
GRACE_SECONDS = 5
#: How many ports are tried when none was asked for.
PORTS_TRIED = 50


class PortBusy(TaskFlowError):
    """Another program listens on the port."""

    code = "port_busy"


def bind(host: str, port: int, *, try_next: bool = False) -> socket.socket:
    """Return a listening socket, so that a busy port is known before anything else starts.

    Args:
        host: the address.
        port: the port; 0 takes any free one.
        try_next: whether to go on with the following ports.

    Raises:
        PortBusy: it is taken, or may not be used.
    """
    for candidate in range(port, min(port + (PORTS_TRIED if try_next else 1), 65_536)):
        try:
            return _listen(host, candidate)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise PortBusy(f"cannot listen on {host}:{candidate}: {error.strerror or error}") from error
    raise PortBusy(f"port {port} on {host} is in use by another program. Choose one with --port, or stop that program")


def _listen(host: str, port: int) -> socket.socket:
    family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(address)
        sock.listen(BACKLOG)
    except OSError:
        sock.close()
        raise
    sock.setblocking(False)
    return sock


def base_url(sock: socket.socket) -> str:
    """Return the address under which this machine reaches the socket."""
    host, port = sock.getsockname()[:2]
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104
    return f"http://{shown}:{port}"


class ApiServer(uvicorn.Server):
    """A uvicorn server that leaves signals to its owner and says when it answers.

    Args:
        application: the ASGI application.
        sock: where it listens.
    """

    def __init__(self, application: Gate, sock: socket.socket) -> None:
        config = uvicorn.Config(
            application,
            http=OneWriteProtocol,
            access_log=False,
            log_level="warning",
            log_config=None,
            lifespan="on",
            proxy_headers=False,
            server_header=False,
            limit_concurrency=MAX_CONNECTIONS,
            timeout_graceful_shutdown=GRACE_SECONDS,
        )
        super().__init__(config)
        self.ready = asyncio.Event()
        self._sock = sock

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals alone."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and tell whoever waits for it."""
        await super().startup(sockets=sockets)
        self.ready.set()

    async def run_until_stopped(self) -> None:
        """Serve until :meth:`stop`. The app must be open already: uvicorn ends the process if it cannot start."""
        await self.serve(sockets=[self._sock])

    def stop(self) -> None:
        """Answer what is under way, then end."""
        self.should_exit = True


@contextlib.asynccontextmanager
async def serving(application: Gate, sock: socket.socket) -> AsyncIterator[str]:
    """Serve an application while the body runs, and give its address. Its app must be open already."""
    server = ApiServer(application, sock)
    running = asyncio.create_task(server.run_until_stopped(), name="taskflow-server")
    try:
        await server.ready.wait()
        yield base_url(sock)
    finally:
        server.stop()
        await running
