"""Reads from the store what :func:`taskflowmq.core.waiting.why_waiting` needs to know."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from taskflowmq.core.job import JobFilter, JobView, QueueRef, State
from taskflowmq.core.pauses import Pause
from taskflowmq.core.waiting import UNSERVED, Server, Wait, WaitingJob, why_waiting
from taskflowmq.ports.store import Store
from taskflowmq.ports.store.workers import WorkerView

#: Seconds that the search for a ready job of one task may take.
LOOK_S = 0.02


class _Info(msgspec.Struct):
    """The info of a worker's row; other versions may write fewer or more fields."""

    tenants: list[str] = []
    queues: list[str] = []
    tasks: list[str] = []
    concurrency: int = 1
    isolated: bool = False
    notes: dict[str, str] = {}


def servers_of(workers: Iterable[WorkerView]) -> list[Server]:
    """Return the workers that are considered alive and take any job; a child that runs isolated jobs does not."""
    found = []
    for worker in workers:
        info = msgspec.json.decode(worker.info, type=_Info)
        if worker.ended_at is None and not worker.lease_over and not info.isolated:
            found.append(
                Server(
                    tenants=info.tenants,
                    queues=info.queues,
                    tasks=info.tasks,
                    slots=info.concurrency,
                    running=worker.running,
                    drained=worker.command is not None,
                    notes=list(info.notes.values()),
                )
            )
    return found


class Waits:
    """The workers and queues as of one moment, from which the waits of any number of jobs are answered."""

    def __init__(self, servers: list[Server], paused: Mapping[QueueRef, Pause]) -> None:
        self.servers = servers
        self.paused = paused

    @classmethod
    async def look(cls, store: Store) -> Waits:
        """Read them from the store: two small statements."""
        return cls(servers_of(await store.workers.list_workers()), await store.claims.paused_queues())

    def of(self, view: JobView) -> Wait:
        """Return what a job waits for."""
        queue = QueueRef(view.tenant, view.queue)
        job = WaitingJob(task=view.task, queue=queue, state=view.state, run_at=view.run_at)
        return why_waiting(job, self.servers, pause=self.paused.get(queue))


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


async def find_unserved(store: Store, tenants: Sequence[str] = (), *, most: int = 50) -> list[Unserved]:
    """Return the tasks that have a ready job which no living worker serves, one job of each.

    Args:
        store: an open store.
        tenants: whose jobs; none means every tenant that has ready jobs.
        most: how many tasks are examined; each costs a statement.
    """
    waits = await Waits.look(store)
    found: list[Unserved] = []
    asked = tenants or await store.stats.list_ready_tenants()
    for tenant, name in (await _without_free_worker(store, waits, asked))[:most]:
        query = JobFilter(tenant=tenant, task=name, states=(State.PENDING,))
        for view in (await store.jobs.list_jobs(query, limit=1, before=None, seconds=LOOK_S)).items:
            wait = waits.of(view)
            if wait.code in UNSERVED:
                found.append(Unserved(view, wait))
    return found


async def _without_free_worker(store: Store, waits: Waits, tenants: Sequence[str]) -> list[tuple[str, str]]:
    """Return (tenant, task) of the tasks that no worker takes from every queue of their tenant."""
    asked = []
    for tenant in tenants:
        servers = [server for server in waits.servers if not server.queues and server.serves_tenant(tenant)]
        known = {task for server in servers for task in server.tasks}
        asked += [(tenant, task.name) for task in await store.intake.list_tasks(tenant) if task.name not in known]
    return asked
