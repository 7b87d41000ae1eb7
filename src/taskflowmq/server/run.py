"""Runs the ASGI application on uvicorn, inside an event loop that its caller owns and stops."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import socket
from collections.abc import AsyncIterator, Iterator
from functools import partial

import uvicorn

from taskflowmq.core.errors import TaskFlowError
from taskflowmq.server.edge.acceptor import Acceptor
from taskflowmq.server.edge.connections import ConnectionLimits, Connections
from taskflowmq.server.edge.gate import Gate, ProbesOnly
from taskflowmq.server.edge.transport import BoundedProtocol

log = logging.getLogger("taskflowmq.server")

BACKLOG = 1_024
GRACE_SECONDS = 5
#: The date in the head of answers is renewed this often.
TICK_SECONDS = 1.0
#: How often a server that ends looks whether its last answers have been sent.
LOOK_SECONDS = 0.01
#: How many ports are tried if none is requested.
PORTS_TRIED = 50


class PortBusy(TaskFlowError):
    """Another program listens on the port."""

    code = "port_busy"


def bind(host: str, port: int, *, try_next: bool = False) -> socket.socket:
    """Return a listening socket, so that a busy port is known before anything else starts.

    Args:
        host: the address.
        port: the port; 0 takes any free one.
        try_next: whether to continue with the following ports.

    Raises:
        PortBusy: it is taken, or may not be used.
    """
    for candidate in range(port, min(port + (PORTS_TRIED if try_next else 1), 65_536)):
        try:
            return _listen(host, candidate)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise PortBusy(f"cannot listen on {host}:{candidate}: {error.strerror or error}") from error
    raise PortBusy(
        f"port {port} on {host} is in use by another program. Select a port with --port (a worker: --health-port), or "
        "stop that program"
    )


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
    """A uvicorn server that leaves signals to its owner and reports when it answers.

    Args:
        application: the ASGI application.
        sock: where it listens.
        limits: what connections may cost.
    """

    def __init__(self, application: Gate, sock: socket.socket, limits: ConnectionLimits | None = None) -> None:
        config = uvicorn.Config(
            application,
            http=BoundedProtocol,
            ws="none",
            access_log=False,
            log_level="warning",
            log_config=None,
            lifespan="on",
            proxy_headers=False,
            server_header=False,
        )
        super().__init__(config)
        self.ready = asyncio.Event()
        self._stopping = asyncio.Event()
        self._application = application
        self._sock = sock
        self._probes_only = ProbesOnly(application)
        self._limits = limits or ConnectionLimits()
        self._connections: Connections | None = None
        self._acceptor: Acceptor | None = None

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals alone."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, accept connections within their limits, and report it."""
        await super().startup(sockets=[])
        connections = self._connections = Connections(self._limits)
        make_protocol = partial(
            BoundedProtocol,
            connections,
            self._probes_only,
            config=self.config,
            server_state=self.server_state,
            app_state=self.lifespan.state,
        )
        self._acceptor = Acceptor(self._sock, make_protocol, connections.make_room)
        self._acceptor.start()
        self.ready.set()

    async def main_loop(self) -> None:
        """Serve until :meth:`stop`. uvicorn wakes ten times a second to see whether it ends; this one is woken."""
        while not await self.on_tick(0):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(TICK_SECONDS):
                    await self._stopping.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the answers that do not end by themselves, accept no more, answer what is in progress, and end.

        uvicorn's own takes a tenth of a second at least, and looks as seldom whether the last answer has been sent.
        """
        await self._application.drain()
        if self._acceptor is not None:
            self._acceptor.close()
        self._sock.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        try:
            async with asyncio.timeout(GRACE_SECONDS):
                # Sets of uvicorn, which gives no signal when they become empty.
                while self.server_state.connections or self.server_state.tasks:  # noqa: ASYNC110
                    await asyncio.sleep(LOOK_SECONDS)
        except TimeoutError:
            left = len(self.server_state.tasks)
            log.warning("cancelling requests that did not end within %g s of the stop: %d", GRACE_SECONDS, left)
            for task in self.server_state.tasks:
                task.cancel()
        await self.lifespan.shutdown()
        if self._connections is not None:
            self._connections.close()

    async def run_until_stopped(self) -> None:
        """Serve until :meth:`stop`. The app must be open already: uvicorn ends the process if it cannot start."""
        await self.serve(sockets=[self._sock])

    def stop(self) -> None:
        """Answer what is in progress, then end."""
        self.should_exit = True
        self._stopping.set()


@contextlib.asynccontextmanager
async def serving(application: Gate, sock: socket.socket, limits: ConnectionLimits | None = None) -> AsyncIterator[str]:
    """Serve an application while the body runs, and give its address. Its app must be open already."""
    server = ApiServer(application, sock, limits)
    running = asyncio.create_task(server.run_until_stopped(), name="taskflow-server")
    try:
        await server.ready.wait()
        yield base_url(sock)
    finally:
        server.stop()
        await running
