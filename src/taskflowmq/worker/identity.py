"""The identity of a worker, and whether a supervisor watches it."""

from __future__ import annotations

import os
import socket
from collections.abc import Sequence
from functools import cache
from importlib import metadata
from pathlib import Path
from uuid import UUID, uuid4

import msgspec

from taskflowmq.core.job import DEFAULT_TENANT
from taskflowmq.core.workers import KNOWN, Command
from taskflowmq.ports.store.workers import NewWorker
from taskflowmq.worker.deps import WorkerDeps
from taskflowmq.worker.slots import SlotTable


class WorkerIdentity(msgspec.Struct, frozen=True, kw_only=True):
    """A worker's identity. With ``table`` a supervisor watches: it renews the lease and reads the table.

    ``tenant`` is that of the app whose tasks it runs.
    """

    worker_id: UUID
    supervisor: UUID
    table: SlotTable | None = None
    tenant: str = DEFAULT_TENANT
    #: What it obeys from its start: of the worker that it replaces.
    command: Command | None = None
    #: The commands that are handed on to it: its supervisor may be of an older version.
    commands: Sequence[str] = KNOWN
    #: Of the program that it belongs to.
    release: str | None = None

    @classmethod
    def embedded(cls, tenant: str = DEFAULT_TENANT, release: str | None = None) -> WorkerIdentity:
        """A worker that is its own supervisor."""
        worker_id = uuid4()
        return cls(worker_id=worker_id, supervisor=worker_id, tenant=tenant, release=release)


def introduction(
    identity: WorkerIdentity, deps: WorkerDeps, tasks: Sequence[str], command: Command | None
) -> NewWorker:
    """Return the row with which a worker registers in the store.

    Args:
        identity: of the worker.
        deps: its ports.
        tasks: the names of those that it can run.
        command: what it obeys already.
    """
    options = deps.options
    info = {
        "tenants": list(deps.tenants),
        "queues": list(options.queues),
        "tasks": list(tasks),
        "concurrency": options.slots,
        "isolated": options.isolated,
        "commands": list(identity.commands),
    }
    return NewWorker(
        id=deps.worker_id,
        supervisor=identity.supervisor,
        host=socket.gethostname(),
        boot_id=_boot_id(),
        pid=os.getpid(),
        version=_version(),
        lease_ms=options.lease_ms,
        info=msgspec.json.encode(info),
        command=command,
        release=identity.release,
    )


@cache
def _boot_id() -> str:
    path = Path("/proc/sys/kernel/random/boot_id")
    return path.read_text().strip() if path.exists() else ""


@cache
def _version() -> str:
    try:
        return metadata.version("taskflowmq")
    except metadata.PackageNotFoundError:
        return "unknown"
