"""Commands to workers, and what a reader sees of them, for the API and the command line alike."""

from __future__ import annotations

from uuid import UUID

from taskflowmq.core.audit import Caller
from taskflowmq.core.errors import WorkerNotFound
from taskflowmq.core.workers import Command, check
from taskflowmq.ports.store import Workers
from taskflowmq.ports.store.workers import WorkerView

#: Running jobs that are shown of a worker.
SHOWN_JOBS = 3


async def command_worker(workers: Workers, worker_id: UUID, wanted: Command | None, *, by: Caller) -> WorkerView:
    """Tell a worker what to do from its next heartbeat on, and return it.

    Args:
        workers: the store's.
        worker_id: the worker.
        wanted: None to run jobs again.
        by: the operator; the audit keeps the act.

    Raises:
        WorkerNotFound: there is none.
        CommandNotSupported: its version ignores commands.
        Conflict: it has ended, or has been told to stop.
    """
    check(await workers.command(worker_id, wanted, actor=by.actor, by=by), worker_id)
    view = await workers.get(worker_id)
    if view is None:
        raise WorkerNotFound(f"worker {worker_id} is gone")
    return view
