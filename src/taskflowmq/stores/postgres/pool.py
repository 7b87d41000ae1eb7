"""Connections: one asyncpg pool per process, and the rules of what happens to a statement that fails.

What must stay true: driver errors never leave this package (``errors.translate`` is the one border); a connection
that proved unusable is thrown away at once; a deadlock or serialisation failure is tried again with jitter; a
process that was forked never touches its parent's sockets.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any, NamedTuple, TypeVar

import asyncpg

from taskflowmq.core.errors import StoreClosed, StoreUnavailable
from taskflowmq.core.redact import safe_url
from taskflowmq.ports.chance import chance
from taskflowmq.stores.postgres import address, errors, session
from taskflowmq.stores.postgres.options import PostgresOptions
from taskflowmq.stores.postgres.queries import q

T = TypeVar("T")
Row = Any
_log = logging.getLogger("taskflowmq.stores.postgres")
#: Pauses between tries of one statement double this often, to 0.6 s: more tries must not take minutes.
_DOUBLINGS = 5

#: Seconds after which the kernel drops a silent peer: a link that went down, a firewall that forgot the connection.
#: Without it a statement on a half-open connection waits for ``command_timeout``, and a renewal comes after the lease.
#: A statement that only takes long is safe: what was sent for it has been acknowledged.
SILENCE_S = 10
_KEEPALIVE_S = 5
#: Seconds for a server to acknowledge the cancellation of a statement. Where the peer is silent, the driver alone waits
#: as long as for a statement, and the canceller (a drain, a deadline) waits with it.
CANCEL_S = 2.0
#: If a statement waited this long for a lock, in seconds, the lock's transaction may take much longer.
_PATIENCE_S = 3.0


class Connection(asyncpg.Connection):  # type: ignore[misc]
    """A connection that notices a silent peer, without the reset round trip at release: nothing leaves state behind."""

    #: The URL's parameters of the socket.
    asked: Mapping[str, int] = {}

    def __init__(self, protocol: Any, transport: asyncio.Transport, *args: Any) -> None:
        super().__init__(protocol, transport, *args)
        #: Whether a statement or a transaction has it.
        self.lent = False
        _bound_silence(transport.get_extra_info("socket"), self.asked)

    def itself(self) -> Connection:
        """Return the connection behind a pool's proxy."""
        return self

    def get_reset_query(self) -> str:
        """Return no statement."""
        return ""


#: libpq's names of parameters that have other names in the kernel.
_SOCKET_NAMES = {
    "keepalives_idle": "TCP_KEEPIDLE",
    "keepalives_interval": "TCP_KEEPINTVL",
    "keepalives_count": "TCP_KEEPCNT",
    "tcp_user_timeout": "TCP_USER_TIMEOUT",
}


def _bound_silence(sock: Any, asked: Mapping[str, int]) -> None:
    if sock is None or sock.family not in (socket.AF_INET, socket.AF_INET6):
        return
    options = {"TCP_KEEPIDLE": _KEEPALIVE_S, "TCP_KEEPINTVL": _KEEPALIVE_S, "TCP_USER_TIMEOUT": SILENCE_S * 1000}
    # 0 means the system's default, as for libpq.
    options |= {_SOCKET_NAMES[name]: value for name, value in asked.items() if name in _SOCKET_NAMES and value > 0}
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, asked.get("keepalives", 1))
    for name, value in options.items():
        if hasattr(socket, name):  # not every system has them all
            sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


class Loan(NamedTuple):
    """A connection that was lent: the pool that receives it back, its proxy, and the connection itself."""

    pool: asyncpg.Pool
    proxy: Any
    conn: Connection

    async def end(self) -> None:
        """Return the connection to its pool; one that cannot be used again is closed."""
        self.conn.lent = False
        try:
            await self.pool.release(self.proxy, timeout=CANCEL_S)
        except errors.FAILURES as error:
            _log.debug("a connection returned by a handler is unusable and was closed: %s", error)


class Pool:
    """Runs statements on a bounded set of connections."""

    def __init__(self, url: str, options: PostgresOptions, *, lent: bool = False) -> None:
        self._url = url
        self._options = options
        #: Whether handlers run their own SQL on these connections.
        self._is_lent = lent
        #: Carries the URL's parameters of the socket: the driver makes connections from their class alone.
        self._connection_class = type("Connection", (Connection,), {"asked": options.socket})
        self._pool: asyncpg.Pool | None = None
        self._pid = 0
        self._opening = asyncio.Lock()
        self._connections: set[Connection] = set()
        #: Connections between two statements, with the pool's proxies for them; the last one is taken first.
        self._spare: list[tuple[Any, Connection]] = []
        #: How many wait for asyncpg's pool to give them one.
        self._waiting = 0
        #: Grows whenever a connection is lost: what is remembered of the database may be wrong then.
        self.generation = 0
        #: The identity of the store; None until it is read.
        self.identity: str | None = None

    @property
    def safe_url(self) -> str:
        """The address without its password."""
        return safe_url(self._url)

    async def open(self) -> None:
        """Connect once, to fail early. Idempotent."""
        async with self._opening:
            if self._pool is not None and self._pid == os.getpid():
                return
            # After a fork the parent's pool is dropped without closing it: its sockets belong to the parent.
            self._pool, self._connections, self._spare, self._waiting = None, set(), [], 0
            address.check_service(self._url)
            try:
                # Connections are never replaced because of their age: a lost one makes claims forget their positions.
                self._pool = await asyncpg.create_pool(
                    **self.connect_args(),
                    # No minimum: a pool with one logs a traceback per try during an outage.
                    min_size=0,
                    max_size=self._options.pool_size,
                    max_queries=2**31,
                    max_inactive_connection_lifetime=0,
                    init=self._watch,
                )
            except Exception as error:
                raise errors.translate(error) or error from error
            self._pid = os.getpid()
            try:
                await self._check_session()
            except BaseException:
                await self.close()
                raise

    async def close(self) -> None:
        """Let connections finish for a limited time, then cut them. Idempotent."""
        pool, self._pool = self._pool, None
        if pool is None or self._pid != os.getpid():
            return
        try:
            async with asyncio.timeout(5.0):
                while self._spare:
                    await pool.release(self._spare.pop()[0])
                await pool.close()
        except errors.FAILURES as error:
            _log.warning("connections were cut while closing the store: %s", error or type(error).__name__)
            pool.terminate()
        except BaseException:  # cancelled between two of them
            pool.terminate()
            raise
        finally:
            self._spare = []

    async def _check_session(self) -> None:
        """Connect, and refuse a server or a pooler on which no statement would work."""
        await self.run(lambda conn: session.check(conn, pooler=self._options.pooler))

    def connect_args(self) -> dict[str, Any]:
        """Return the arguments of the pool's connections and of the listener's own."""
        options = self._options
        args: dict[str, Any] = {
            "dsn": self._url,
            "timeout": options.connect_timeout,
            "command_timeout": options.command_timeout,
            "connection_class": self._connection_class,
        }
        if options.system_roots:
            args["ssl"] = True
        settings = {}
        if not options.pooler or options.application_name != PostgresOptions().application_name:
            settings["application_name"] = options.application_name  # a pooler's session would keep this setting
        if options.startup_options is not None:
            settings["options"] = options.startup_options
        if options.pooler:
            args["statement_cache_size"] = 0
        else:
            settings |= session.LENT_SETTINGS if self._is_lent else session.SETTINGS
        args["server_settings"] = settings
        return args

    async def fetch(self, sql: str, *args: Any) -> list[Row]:
        """Run one statement and return its rows."""
        rows: list[Row] = await self.run(lambda conn: conn.fetch(sql, *args))
        return rows

    async def fetchrow(self, sql: str, *args: Any) -> Row:
        """Run one statement and return its first row, or None."""
        return await self.run(lambda conn: conn.fetchrow(sql, *args))

    async def fetchval(self, sql: str, *args: Any) -> Any:
        """Run one statement and return the first column of its first row."""
        return await self.run(lambda conn: conn.fetchval(sql, *args))

    async def run(self, work: Callable[[Any], Awaitable[T]]) -> T:
        """Run work on one connection; it may run more than once, each time from its beginning.

        Raises:
            StoreUnavailable: the database did not answer; the work may or may not have taken effect.
        """
        began = time.monotonic()
        for attempt in range(1, self._options.tries + 1):
            try:
                return await self._once(work)
            except Exception as error:
                patient = attempt < self._options.tries and time.monotonic() - began < _PATIENCE_S
                cause = errors.origin(error)
                if patient and errors.retried(cause):
                    await asyncio.sleep(chance.uniform(0.005, 0.02) * 2 ** min(attempt, _DOUBLINGS))
                    continue
                known = errors.translate(cause)
                if known is None or known is cause:
                    raise
                raise known from cause
        raise AssertionError("unreachable")

    @property
    def tries(self) -> int:
        """How often work is tried."""
        return self._options.tries

    async def borrow(self) -> Loan:
        """Return a connection for longer than a statement; :meth:`Loan.end` gives it back.

        Raises:
            StoreUnavailable: there is none.
        """
        try:
            pool = await self._ready()
            return Loan(pool, *await self._take(pool))
        except Exception as error:
            known = errors.translate(error)
            if known is None or known is error:
                raise
            raise known from error

    async def _once(self, work: Callable[[Any], Awaitable[T]]) -> T:
        """Run work on a connection that returns to asyncpg's pool only if a caller waits there, or after an error.

        Returning and acquiring it again takes three times as long as a statement (ADR 5), and cleans up what statements
        of the store never leave behind: listeners, open transactions.
        """
        pool = await self._ready()
        conn, raw = await self._take(pool)
        try:
            answer = await work(conn)
        except BaseException as error:
            self.judge(conn, errors.origin(error))
            raw.lent = False
            with suppress(TimeoutError):  # the driver has closed the connection then
                await pool.release(conn, timeout=CANCEL_S)
            if isinstance(error, AttributeError) and raw.is_closed():
                # The driver's answer where a connection is cut between reading a statement and running it.
                raise StoreUnavailable("PostgreSQL: the connection was cut") from error
            raise
        raw.lent = False
        if self._waiting or self._pool is not pool or raw.is_closed():
            await pool.release(conn)
        else:
            self._spare.append((conn, raw))
        return answer

    async def _take(self, pool: asyncpg.Pool) -> tuple[Any, Connection]:
        while self._spare:
            conn, raw = self._spare.pop()
            if not raw.is_closed():
                raw.lent = True
                return conn, raw
            raw.terminate()  # so that its place in the pool becomes free, however it was closed
        self._waiting += 1
        try:
            conn = await pool.acquire(timeout=self._options.acquire_timeout)
        except TimeoutError as error:
            raise StoreUnavailable("PostgreSQL: no connection became free in time") from error
        except (asyncpg.PostgresError, ValueError) as error:
            raise errors.at_connect(error) from error
        finally:
            self._waiting -= 1
        raw = conn.itself()
        raw.lent = True
        return conn, raw

    def judge(self, conn: Any, error: BaseException) -> None:
        """Discard a connection if the error proves it unusable, and all idle ones if it proves them unusable too."""
        if not errors.dooms_connection(error) and not self._has_lost_its_store(error):
            return
        self.generation += 1
        if errors.dooms_all(error) or self._has_lost_its_store(error):
            self._drop_idle()
        # A connection that the server closed is the pool's again already, and refuses.
        with suppress(asyncpg.InterfaceError):
            conn.terminate()

    def _has_lost_its_store(self, error: BaseException) -> bool:
        """Tell whether tables are missing that existed before: if they are made again, they are another store."""
        return self.identity is not None and errors.code_of(error) in errors.NO_STORE

    def _drop_idle(self) -> None:
        for conn in tuple(self._connections):
            if not conn.lent:
                conn.terminate()

    async def _ready(self) -> asyncpg.Pool:
        if self._pool is None:
            raise StoreClosed("the store is not open")
        if self._pid != os.getpid():
            await self.open()
        return self._pool

    async def _watch(self, conn: Any) -> None:
        self._connections.add(conn)
        # Called with a proxy, which may have released its connection by then.
        conn.add_termination_listener(lambda _: self._lost(conn))
        if self._options.pooler:
            # When asyncpg reads types, it switches JIT off, queries, and switches it back: behind a pooler in three
            # sessions, of which one stays changed for its next user.
            conn._server_caps = conn._server_caps._replace(jit=False)
        # The failure of another connection discards idle ones, and this one is in use.
        conn.lent = True
        try:
            await session.prepare(conn, pooler=self._options.pooler)
            await self._recognise(conn)
        finally:
            conn.lent = False

    async def _recognise(self, conn: Any) -> None:
        """Refuse another store than the one that was opened first: the database was recreated, or its name moved."""
        if self.identity is None:
            return
        try:
            found = await conn.fetchval(q.read_identity)
        except asyncpg.PostgresError as error:
            if errors.code_of(error) not in errors.NO_STORE:
                raise
            found = None
        self.check_identity(found)

    def check_identity(self, found: str | None) -> None:
        """Compare the identity of the store that answers with that of the one that was opened.

        Raises:
            StoreUnavailable: it is another store; what was remembered is forgotten, and connections are made again.
        """
        if self.identity is None or found == self.identity:
            return
        self.generation += 1
        self._drop_idle()
        what = "no TaskFlow store any more" if found is None else "another TaskFlow store than this process opened"
        raise StoreUnavailable(
            f"PostgreSQL: the database holds {what}: restore the right one, or start this process again to use what is "
            "there"
        )

    def _lost(self, conn: Connection) -> None:
        self.generation += 1
        self._connections.discard(conn)
        self._spare = [spare for spare in self._spare if not spare[1].is_closed()]
