"""The PostgreSQL store: assembles its parts and owns their connections."""

from __future__ import annotations

import time
from datetime import datetime

from taskflowmq.core.job import QueueRef
from taskflowmq.ports.clock import Clock
from taskflowmq.stores.postgres.audit import PostgresAudit
from taskflowmq.stores.postgres.bulks import PostgresBulks
from taskflowmq.stores.postgres.claims import PostgresClaims
from taskflowmq.stores.postgres.error_groups import PostgresErrors
from taskflowmq.stores.postgres.history import PostgresHistory
from taskflowmq.stores.postgres.inspections import PostgresInspections
from taskflowmq.stores.postgres.intake import PostgresIntake
from taskflowmq.stores.postgres.jobs import PostgresJobs
from taskflowmq.stores.postgres.logs import PostgresLogs
from taskflowmq.stores.postgres.names import Names
from taskflowmq.stores.postgres.notifier import PostgresNotifier
from taskflowmq.stores.postgres.options import PostgresOptions
from taskflowmq.stores.postgres.pool import Pool
from taskflowmq.stores.postgres.probes import PostgresProbes
from taskflowmq.stores.postgres.queries import q
from taskflowmq.stores.postgres.queues import PostgresQueues
from taskflowmq.stores.postgres.schema import PostgresSchema
from taskflowmq.stores.postgres.stats import PostgresStats
from taskflowmq.stores.postgres.upkeep import PostgresUpkeep
from taskflowmq.stores.postgres.views import PostgresViews
from taskflowmq.stores.postgres.workers import PostgresWorkers


class PostgresStore:
    """One PostgreSQL database (14–18), its parts by noun.

    Args:
        url: ``postgresql://user:password@host:port/database``.
        options: how to talk to it.
        clock: its ``now()`` stands in for the database's clock (tests and simulation).
    """

    def __init__(self, url: str, options: PostgresOptions | None = None, clock: Clock | None = None) -> None:
        self._options = options or PostgresOptions()
        self._clock = clock
        self._pool = Pool(url, self._options)
        #: Connections lent to handlers for their transactions; none before the first.
        self._lent = Pool(url, self._options, lent=True)
        self._names = Names(self._pool, self._now, self._options.max_queues)
        self.notifier = PostgresNotifier(self._pool, self._options, self._names.queues, self._heard)
        self.intake = PostgresIntake(self._pool, self._names, self.notifier, self._now)
        self.claims = PostgresClaims((self._pool, self._lent), self._names, self.notifier, self._now)
        self.workers = PostgresWorkers(self._pool, self._now)
        self.jobs = PostgresJobs(self._pool, self._names, self.notifier, self._now)
        self.bulks = PostgresBulks(self._pool, self._names, self.jobs, self.notifier, self._now)
        self.logs = PostgresLogs(self._pool, self._now)
        self.probes = PostgresProbes(self._pool, self.jobs)
        self.stats = PostgresStats(self._pool, self._names, self._now)
        self.queues = PostgresQueues(
            self._pool, self._names, self.notifier, self.stats, self._now, self.claims.forget_all
        )
        self.history = PostgresHistory(self._pool, self._names, self._now)
        self.audit = PostgresAudit(self._pool, self._now)
        self.views = PostgresViews(self._pool, self._now)
        self.inspections = PostgresInspections(self._pool, self._now)
        self.errors = PostgresErrors(self._pool, self._names, self._now)
        self.upkeep = PostgresUpkeep(self._pool, self._names, self._now)
        self.schema = PostgresSchema(self._pool)

    @property
    def url(self) -> str:
        """The database's address without its password."""
        return self._pool.safe_url

    async def open(self) -> None:
        """Connect. Migrates an empty or older database, checks the version of another. Idempotent."""
        await self._pool.open()
        try:
            await self._prepare()
        except BaseException:
            await self._pool.close()  # a caller does not close a store that did not open
            raise
        self.notifier.open()

    async def _prepare(self) -> None:
        if self._options.migrate == "off":
            return
        if self._options.migrate == "auto" or (self._options.migrate == "upgrade" and await self.schema.version()):
            await self.schema.migrate()
        await self.schema.check_client()
        self._pool.identity = self._lent.identity = await self._pool.fetchval(q.read_identity)

    async def close(self) -> None:
        """Finish what is in progress and disconnect. Idempotent."""
        self._names.close()
        await self.notifier.close()
        await self.stats.close()
        await self._lent.close()
        await self._pool.close()

    async def ping(self) -> float:
        """Ask the database for an answer that proves it can commit, and return the seconds it took."""
        began = time.perf_counter()
        self._pool.check_identity(await self._pool.fetchval(q.ping_commit))
        return time.perf_counter() - began

    def _now(self) -> datetime | None:
        return None if self._clock is None else self._clock.now()

    def _heard(self, queue: QueueRef | None) -> None:
        # The first job of a new queue: its lane is not known here yet, and waiting for the next poll costs latency.
        if queue is None or not self._names.knows_queue(queue):
            self._names.forget_lanes()
