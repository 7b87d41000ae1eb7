"""The services of routes: the app's client, and what requests share (read-backs, counts, readiness)."""

from __future__ import annotations

import asyncio
import os
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Generic, NamedTuple, Protocol, TypeVar
from uuid import UUID

from litestar.di import NamedDependency

from taskflowmq.client.app import BaseApp
from taskflowmq.client.session import Session
from taskflowmq.client.system import Installation, look
from taskflowmq.core.errors import JobNotFound, StoreUnavailable
from taskflowmq.core.job import JobView
from taskflowmq.core.redacted import shown_job
from taskflowmq.core.redaction import Hider
from taskflowmq.ports.store import Jobs, Queues, Stats, Store, StoreStats
from taskflowmq.server.api.answers import FeedSources
from taskflowmq.server.api.playground import Playground
from taskflowmq.server.api.readback import Readback
from taskflowmq.server.api.readiness import Readiness
from taskflowmq.server.edge.keyring import Keyring
from taskflowmq.server.edge.problems import not_found
from taskflowmq.server.edge.refusals import Refusals
from taskflowmq.server.edge.room import Seat
from taskflowmq.server.edge.sign_ins import SignIns
from taskflowmq.server.edge.visits import Visits
from taskflowmq.server.feed.feed import Feed
from taskflowmq.server.feed.limits import FeedLimits
from taskflowmq.server.settings import ServerSettings

STATS_SECONDS = 2.0
SYSTEM_SECONDS = 10.0
READY_SECONDS = 1.0

T = TypeVar("T")


class MetricsPage(Protocol):
    """A writer of the page that Prometheus reads."""

    def page(self, stats: StoreStats | None = None) -> bytes:
        """Return the page; ``stats`` are the store's counts, None when it does not answer."""
        ...


class Cached(Generic[T]):
    """One value, queried at most once per ``seconds``. Concurrent callers share the query and its failure: in sequence,
    each would wait for a deadline of its own while the store does not answer.

    Args:
        ask: gets a fresh value.
        seconds: how old an answer may be.
        clock: monotonic seconds.
    """

    def __init__(
        self, ask: Callable[[], Awaitable[T]], seconds: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._ask = ask
        self._seconds = seconds
        self._clock = clock
        self._at = float("-inf")
        self._value: T | None = None
        self._asking: asyncio.Task[T] | None = None

    async def get(self) -> T:
        """Return a value that is young enough."""
        if self._value is not None and self._clock() - self._at < self._seconds:
            return self._value
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._renew(), name="taskflow-cached")
            # All callers may have disconnected; that is not logged.
            self._asking.add_done_callback(lambda asking: asking.cancelled() or asking.exception())
        # A caller that disconnects must not take the answer from the others.
        return await asyncio.shield(self._asking)

    async def _renew(self) -> T:
        value = self._value = await self._ask()
        self._at = self._clock()
        return value


class Process(NamedTuple):
    """This server process."""

    host: str
    pid: int
    started_at: datetime


class Looked(NamedTuple):
    """The installation, as it was at a time."""

    at: datetime
    found: Installation


class Services:
    """The objects that the routes of one server share.

    Args:
        app: the app whose jobs are served.
        settings: the server's settings.
        metrics: writes the metrics page; None if this process keeps no metrics.
    """

    def __init__(self, app: BaseApp, settings: ServerSettings, metrics: MetricsPage | None) -> None:
        self.app = app
        self.settings = settings
        self.metrics = metrics
        self.keyring = Keyring(settings.parsed_keys())
        self.sign_ins = SignIns()
        self.visits = Visits((0, 0) if settings.public is None else settings.public.per_hour)
        self.refusals = Refusals(app.telemetry)
        self.readback = Readback(self._get_many)
        self.cached_stats: Cached[StoreStats] = Cached(self._count, STATS_SECONDS)
        self.cached_installation: Cached[Looked] = Cached(self._look, SYSTEM_SECONDS)
        self.process = Process(socket.gethostname(), os.getpid(), datetime.now(UTC))
        self.readiness = Readiness(Cached(self._ping, READY_SECONDS).get, settings.ready_seconds)
        self.writing_metrics = asyncio.Lock()
        limits = FeedLimits(most=settings.max_streams, most_each=settings.max_streams_each)
        self.feed = Feed(FeedSources(lambda: self.session), limits)
        self.playground = Playground(app, lambda: self.session) if settings.playground else None
        self._session: Session | None = None

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """Keep the app open for as long as the server runs, whatever else opens and closes it meanwhile."""
        async with self.app.hub.kept() as session:
            await session.announce()
            await session.redaction()
            self._session = session
            self.feed.open()
            try:
                yield
            finally:
                await self.feed.close()
                if self.playground is not None:
                    await self.playground.close()
                self._session = None

    async def join(self) -> None:
        """Use the app as it is open on the running loop, or open it there: for a server without a lifespan.

        Raises:
            StoreUnavailable: it cannot be opened.
        """
        session = await self.app.hub.open_here()
        if session is not self._session:
            await session.announce()
            await session.redaction()
            self._session = session

    @property
    def session(self) -> Session:
        """The app's session on this loop: the commit queue, the waiters, the store."""
        if self._session is None:
            raise StoreUnavailable("the server is not open: it is starting or stopping")
        return self._session

    @property
    def store(self) -> Store:
        """The open store."""
        return self.session.store

    @property
    def jobs(self) -> Jobs:
        """The store's jobs, as people are shown them."""
        return self.session.seen.jobs

    @property
    def queues(self) -> Queues:
        """The store's queues, within the deadline."""
        return self.session.asked.queues

    @property
    def stats(self) -> Stats:
        """How many jobs the store has, within the deadline."""
        return self.session.asked.stats

    async def job(self, tenant: str, job_id: UUID) -> JobView:
        """Return a job of a tenant, or raise the 404."""
        found = await self.jobs.get(tenant, job_id)
        if found is None:
            raise not_found()
        return found

    async def stored_job(self, tenant: str, job_id: UUID) -> JobView:
        """Return a job as it is stored, with what no reader is shown, or raise the 404."""
        found = await self.session.asked.jobs.get(tenant, job_id)
        if found is None:
            raise not_found()
        return found

    async def hider(self, task: str) -> Hider | None:
        """Return what hides fields of a task's jobs; None: nothing does."""
        return (await self.session.redaction((task,))).of(task)

    async def wait(self, view: JobView, seconds: float, seat: Seat) -> JobView:
        """Return the job when it has ended, or as it is when the time has elapsed.

        Args:
            view: the job as it was read.
            seconds: how long to wait.
            seat: the request's seat, which it releases meanwhile.

        Raises:
            Problem: there is no room to wait.
            ClientGone: the client disconnected.
        """
        try:
            ended = await seat.waiting(lambda: self._ended(view, seconds))
        except JobNotFound as error:  # deleted meanwhile
            raise not_found() from error
        await seat.take_turn()
        if ended is None:
            return await self.job(view.tenant, view.id)
        # What the waiters of a process receive is as it is stored.
        return shown_job(await self.session.redaction((ended.task,)), ended)

    async def _ended(self, view: JobView, seconds: float) -> JobView | None:
        try:
            async with asyncio.timeout(seconds):
                return await self.session.watch.ended(view.id, view.tenant)
        except TimeoutError:
            return None

    # The store is known only once the app is open, so these look it up at each call.

    async def _get_many(self, tenant: str, job_ids: Sequence[UUID]) -> list[JobView]:
        return await self.jobs.get_many(tenant, job_ids)

    async def _count(self) -> StoreStats:
        return await self.stats.count_all()

    async def _look(self) -> Looked:
        return Looked(datetime.now(UTC), await self.session.within(look(self.session.store)))

    async def _ping(self) -> float:
        return await self.store.ping()


#: The dependency by which a route receives the services.
Shared = NamedDependency[Services]


def parse_id(text: str) -> UUID:
    """Return the id in a path; a text that is not an id names no job, so it is a 404."""
    try:
        return UUID(text)
    except ValueError as error:
        raise not_found() from error
