"""Asks the store what :func:`taskflowmq.core.waiting.why_waiting` needs to know."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from taskflowmq.core.job import JobView
from taskflowmq.core.waiting import Server, Wait, WaitingJob, why_waiting
from taskflowmq.ports.store import Store
from taskflowmq.ports.workers import WorkerView


class _Info(msgspec.Struct):
    """What a worker says of itself; versions before and after this one may say less and more."""

    queues: list[str] = []
    tasks: list[str] = []
    concurrency: int = 1
    isolated: bool = False
    notes: dict[str, str] = {}


def servers_of(workers: Iterable[WorkerView]) -> list[Server]:
    """Return the workers that are believed alive and take any job: one that runs suspects alone is a guest."""
    found = []
    for worker in workers:
        info = msgspec.json.decode(worker.info, type=_Info)
        if worker.ended_at is None and not worker.lease_over and not info.isolated:
            found.append(
                Server(
                    queues=info.queues,
                    tasks=info.tasks,
                    slots=info.concurrency,
                    running=worker.running,
                    notes=list(info.notes.values()),
                )
            )
    return found


class Waits:
    """What the workers and queues were like at one moment, to ask about as many jobs as one likes."""

    def __init__(self, servers: list[Server], paused: set[str]) -> None:
        self.servers = servers
        self.paused = paused

    @classmethod
    async def look(cls, store: Store) -> Waits:
        """Ask the store: two small statements."""
        return cls(servers_of(await store.workers.list_workers()), await store.claims.paused_queues())

    def of(self, view: JobView) -> Wait:
        """Return what a job waits for."""
        job = WaitingJob(task=view.task, queue=view.queue, state=view.state, run_at=view.run_at)
        return why_waiting(job, self.servers, paused=view.queue in self.paused)


async def why_waits(store: Store, view: JobView) -> Wait:
    """Return why a job has not ended, or not started, as far as the store can tell.

    Args:
        store: an open store.
        view: the job, just read.
    """
    return (await Waits.look(store)).of(view)
