"""Hands back the jobs of lost workers (I4), and never those of workers that could not renew because of an outage.

Order matters: the worker row is ended first, so that it can claim no more, then its running rows are emptied under
their fences. A worker that was considered lost and lives finds its fences gone; that is harmless by design (I2).
"""

from __future__ import annotations

import logging
from uuid import UUID

from taskflowmq.core.printable import counted
from taskflowmq.core.transitions import Lost, decide
from taskflowmq.ports.chance import chance
from taskflowmq.ports.clock import Clock
from taskflowmq.ports.counting import count_ends
from taskflowmq.ports.store import Settled, Store
from taskflowmq.ports.telemetry import Telemetry
from taskflowmq.scheduler.looper import TurnLooper

log = logging.getLogger("taskflowmq.scheduler")

WORKERS = 100
JOBS = 500


class Rescuer(TurnLooper):
    """Ends workers whose lease is over and settles what they held as lost.

    Args:
        store, clock, telemetry, interval: as for every duty; the interval is the sweep.
        lease_ms: how long the grace after a silence lasts: every living worker renews within it.
    """

    name = "rescuer"

    def __init__(self, store: Store, clock: Clock, telemetry: Telemetry, interval: float, *, lease_ms: int) -> None:
        super().__init__(store, clock, telemetry, interval)
        self._lease_ms = lease_ms
        self._seen: set[UUID] = set()
        self._graced = False

    async def turn(self) -> float | None:
        """Sweep once, unless another node did or a grace is in force."""
        turn = await self._take_turn(lease_ms=self._lease_ms)
        if not turn.taken:
            return None
        if turn.grace:
            if not self._graced:
                log.info("rescue paused for one lease: first sweep after a start or an outage")
            self._graced = True
            return None
        self._graced = False
        # This process, or the store, may be blocked at this point for longer than the leases.
        for worker_id in await self._store.workers.end_expired(WORKERS, turn_within_ms=self._lease_ms // 2):
            log.warning("worker %s is lost: its lease is over", worker_id)
            self._telemetry.event("worker_lost")
            await self._empty(worker_id)
        await self._orphans()
        return None

    async def _orphans(self) -> None:
        """Settle what ended workers still hold, from the second sighting on.

        The first time, their supervisor may be about to settle them, and it knows the outcome of each job better.
        """
        orphaned = set(await self._store.workers.orphaned(WORKERS))
        for worker_id in orphaned & self._seen:
            await self._empty(worker_id)
        self._seen = orphaned

    async def _empty(self, worker_id: UUID) -> None:
        rescued = 0
        while jobs := await self._store.workers.held_jobs(worker_id, JOBS):
            lost = [decide(job, Lost(), rand=chance.random()) for job in jobs]
            answers = await self._store.claims.settle(lost)
            ends = [
                (job, change)
                for job, change, answer in zip(jobs, lost, answers, strict=True)
                if answer is Settled.APPLIED
            ]
            await count_ends(self._store, worker_id, ends)
            rescued += len(ends)
            if len(jobs) < JOBS:
                break
        if rescued:
            self._telemetry.event("rescue", rescued)
            log.warning("rescued %s of worker %s", counted(rescued, "job"), worker_id)
