"""The duties of any kind of process: a supervisor, a server, a scheduler, a worker inside a program."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from taskflowmq.client.redacting import configured_rules
from taskflowmq.ports.store import Store
from taskflowmq.ports.telemetry import NoTelemetry, Telemetry
from taskflowmq.scheduler import LOOKOUT_SECONDS, Bulker, Lookout, Looper, all_duties
from taskflowmq.worker import SystemClock, WorkerOptions


def duties_of(store: Store, options: WorkerOptions, telemetry: Telemetry) -> list[Looper]:
    """Return the duties that run in this process: all or none.

    Args:
        store: an opened store.
        options: whether they run, and how often.
        telemetry: where they count.
    """
    if not options.run_duties:
        return []
    clock = SystemClock()
    duties = all_duties(
        store,
        clock,
        telemetry,
        lease=options.lease,
        sweep=options.sweep,
        poll=options.poll,
        retention=options.retention,
        history=options.history_kept,
        rules=configured_rules(),
    )
    return [*duties, Lookout(store, clock, telemetry, LOOKOUT_SECONDS)]


def bulk_duty(store: Store, interval: float) -> Looper:
    """Return the duty that carries out bulk operations, for a command that waits for one.

    Args:
        store: an opened store.
        interval: seconds between two looks for work.
    """
    return Bulker(store, SystemClock(), NoTelemetry(), interval, configured_rules())


@asynccontextmanager
async def running(duties: Sequence[Looper]) -> AsyncIterator[None]:
    """Run duties beside the body of this context, in a process that has no supervisor."""
    tasks = [asyncio.create_task(duty.run(), name=f"taskflow-{duty.name}") for duty in duties]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
