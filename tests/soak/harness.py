"""The soak: a filled database, the shipped programs, steady load, a snapshot held in the middle, and what it all says.

Order: fill, start, idle, one job after the other (write transactions), capacity, load with samples, of which the
middle fifth is under a held snapshot, drain, books. The worker's own /metrics give claim and pick-up latencies
(histograms, differences per window); the kernel gives memory, descriptors and threads of the process trees; the
database's statistics views give the rest.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import os
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx
import msgspec
from tests.soak import tasks
from tests.soak.databases import Database, DatabaseSample, open_database
from tests.soak.load import Load
from tests.soak.programs import Counters, Programs, Usage

from taskflowmq.testing.waiting import wait_until

HELD_FROM, HELD_UNTIL = 0.4, 0.6


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """How large and how long."""

    seconds: float
    finished: int = 1_000_000
    scheduled: int = 200_000
    #: Share of the measured capacity that is offered.
    share: float = 0.6
    capacity_seconds: float = 20.0
    idle_seconds: float = 10.0
    unbatched: int = 200
    every: float = 5.0
    processes: int = 1


class Sample(msgspec.Struct, frozen=True):
    """Everything at one moment; ``at`` is seconds since the load began."""

    at: float
    usage: Usage
    counters: Counters
    database: DatabaseSample
    load_average: float
    acknowledged: int


class Unbatched(msgspec.Struct, frozen=True):
    """What jobs cost that run one after the other."""

    jobs: int = 0
    xids: int = 0
    wake_ups: int = 0
    idle_xids: float = 0.0
    #: The looks at the positions that a busy worker takes, each a transaction, at most one a second.
    looks: int = 0


class Record(msgspec.Struct, kw_only=True):
    """What happened; the last five are known when the programs have ended."""

    plan: Plan
    capacity: float
    unbatched: Unbatched
    samples: list[Sample]
    held: tuple[float, float]
    offered: float
    acknowledged: int
    unknown: int
    refused: int
    completed: int = 0
    elsewhere: int = 0
    violations: list[str] = []
    complaints: list[str] = []
    exit_codes: list[int] = []


async def run(url: str, plan: Plan, folder: Path, say: Callable[[str], None]) -> Record:
    """Soak one database, which must be empty, and return what was seen."""
    tasks.app.use_url(url)
    async with tasks.app as app:
        await tasks.seed.using(delay=86_400).aenqueue()
        database = await open_database(url)
        say(f"filling: {plan.finished:,} finished, {plan.scheduled:,} scheduled …")
        await database.seed(plan.finished, plan.scheduled)
        programs = Programs(url, folder, plan.processes)
        try:
            async with httpx.AsyncClient(timeout=60) as http:
                await programs.ready(http)
                record = await _Run(plan, database, programs, http, say).play()
            record.exit_codes = await programs.stop()
        finally:
            programs.close()
        say("closing the books …")
        record.complaints = programs.complaints()
        record.completed, record.elsewhere = await database.books("soak.tick")
        record.violations = await app.store.upkeep.check()
        await database.close()
    return record


class _Run:
    """One run against programs that are up."""

    def __init__(
        self, plan: Plan, database: Database, programs: Programs, http: httpx.AsyncClient, say: Callable[[str], None]
    ) -> None:
        self._plan, self._database, self._programs, self._http, self._say = plan, database, programs, http, say
        self._load = Load(programs, http)
        self._samples: list[Sample] = []
        self._held = (0.0, 0.0)

    async def play(self) -> Record:
        """Play all phases up to the drained queue."""
        plan, load = self._plan, self._load
        self._say("one job after the other …")
        unbatched = await self._unbatched()
        self._say("measuring capacity …")
        capacity = await load.capacity(plan.capacity_seconds)
        await self._drained()
        rate = plan.share * capacity
        self._say(f"capacity {capacity:,.0f} jobs/s; offering {rate:,.0f} jobs/s for {plan.seconds:g} s …")
        before = load.acknowledged
        began = time.monotonic()
        async with self._beside(self._sampling(began), self._holding(began)):
            took = await load.offer(rate, lambda: time.monotonic() - began >= plan.seconds)
        offered = (load.acknowledged - before) / took
        await self._drained()
        return Record(
            plan=plan,
            capacity=capacity,
            unbatched=unbatched,
            samples=self._samples,
            held=self._held,
            offered=offered,
            acknowledged=load.acknowledged,
            unknown=load.unknown,
            refused=load.refused,
        )

    async def _unbatched(self) -> Unbatched:
        """Idle for a while, then run jobs that nothing can batch, and count transaction ids."""
        jobs = self._plan.unbatched
        await self._load.run_one()
        if not self._database.has_xids:
            return Unbatched()
        idle_from, at = await self._xids(), time.monotonic()
        await asyncio.sleep(self._plan.idle_seconds)
        first, now = await self._xids(), time.monotonic()
        idle_rate = (first - idle_from) / (now - at)
        heard = await self._database.wake_ups()
        for _ in range(jobs):
            await self._load.run_one()
        xids, took = await self._xids() - first, time.monotonic() - now
        # Whole ones, and one at least: in so short a time a heartbeat or a duty happens or does not.
        idle = 1 + math.floor(idle_rate * took)
        return Unbatched(jobs, xids, await self._database.wake_ups() - heard, idle, math.ceil(took))

    async def _xids(self) -> int:
        return (await self._database.sample()).xids

    async def _drained(self) -> None:
        """Wait until everything that was acknowledged has run."""

        async def all_ran() -> bool:
            seen = await self._programs.counters(self._http)
            return seen.processed >= self._load.acknowledged

        await wait_until(all_ran, 120, what="the queue to be empty")

    async def _sampling(self, began: float) -> None:
        while True:
            usage = await asyncio.to_thread(self._programs.usage)
            counters = await self._programs.counters(self._http)
            database = await self._database.sample()
            at = time.monotonic() - began
            self._samples.append(Sample(at, usage, counters, database, os.getloadavg()[0], self._load.acknowledged))
            await asyncio.sleep(self._plan.every)

    async def _holding(self, began: float) -> None:
        """Hold a snapshot in the middle of the load."""
        seconds = self._plan.seconds
        await asyncio.sleep(HELD_FROM * seconds)
        async with self._database.snapshot():
            held_from = time.monotonic() - began
            self._say("another session holds a snapshot …")
            await asyncio.sleep((HELD_UNTIL - HELD_FROM) * seconds)
        self._held = (held_from, time.monotonic() - began)
        self._say("the snapshot is released …")

    @contextlib.asynccontextmanager
    async def _beside(self, endless: object, ending: object) -> AsyncIterator[None]:
        """Run the sampler and the holder beside the load; what goes wrong in them ends the run."""
        loops = [asyncio.ensure_future(loop) for loop in (endless, ending)]  # type: ignore[call-overload]
        try:
            yield
        finally:
            loops[0].cancel()
            for ended in await asyncio.gather(*loops, return_exceptions=True):
                if isinstance(ended, Exception):
                    raise ended
