"""Asks the store what :func:`taskflowmq.core.waiting.why_waiting` needs to know."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from taskflowmq.core.job import JobFilter, JobView, State
from taskflowmq.core.waiting import Server, Wait, WaitCode, WaitingJob, why_waiting
from taskflowmq.ports.store import Store
from taskflowmq.ports.store.workers import WorkerView


class _Info(msgspec.Struct):
    """What a worker says of itself; versions before and after this one may say less and more."""

    queues: list[str] = []
    tasks: list[str] = []
    concurrency: int = 1
    isolated: bool = False
    notes: dict[str, str] = {}


def servers_of(workers: Iterable[WorkerView]) -> list[Server]:
    """Return the workers that are considered alive and take any job: one that runs suspects alone is a guest."""
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


class Unserved(msgspec.Struct, frozen=True):
    """A task whose ready jobs no living worker takes: one of them, and why."""

    view: JobView
    wait: Wait


async def find_unserved(store: Store, tenant: str = "default", *, most: int = 50) -> list[Unserved]:
    """Return the tasks that have a ready job which no living worker serves, one job of each.

    Args:
        store: an open store.
        tenant: whose jobs.
        most: how many tasks are looked at; each costs a statement.
    """
    waits = await Waits.look(store)
    known = {task for server in waits.servers for task in server.tasks if not server.queues}
    asked = [task.name for task in await store.intake.list_tasks() if task.name not in known]
    found: list[Unserved] = []
    for name in asked[:most]:
        query = JobFilter(tenant=tenant, task=name, states=(State.PENDING,))
        for view in (await store.jobs.list_jobs(query, limit=1, before=None)).items:
            wait = waits.of(view)
            if wait.code in _UNSERVED:
                found.append(Unserved(view, wait))
    return found


_UNSERVED = frozenset({WaitCode.NO_WORKER, WaitCode.NO_WORKER_FOR_QUEUE, WaitCode.NO_WORKER_FOR_TASK})
