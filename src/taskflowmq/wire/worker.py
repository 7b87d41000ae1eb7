"""Workers in JSON."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import Meta

from taskflowmq.ports.store.workers import WorkerView
from taskflowmq.wire.raw import as_json


class WorkerOut(msgspec.Struct, kw_only=True):
    """A worker: one claiming process."""

    id: UUID
    supervisor: UUID
    host: str
    pid: int
    version: str
    started_at: datetime
    lease_until: datetime
    ended_at: datetime | None
    running: int
    info: Annotated[
        Any, Meta(description="Tenants and queues (unordered; empty: every one), tasks and slots of this worker")
    ]


class WorkerList(msgspec.Struct, kw_only=True):
    """Live workers, and workers that ended within the last hour."""

    items: list[WorkerOut]


def worker_out(view: WorkerView) -> WorkerOut:
    """Return a worker's answer."""
    return WorkerOut(
        id=view.id,
        supervisor=view.supervisor,
        host=view.host,
        pid=view.pid,
        version=view.version,
        started_at=view.started_at,
        lease_until=view.lease_until,
        ended_at=view.ended_at,
        running=view.running,
        info=as_json(view.info),
    )
