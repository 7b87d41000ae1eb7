"""What happened in the demo's store before it began: releases, ten thousand failures of one kind, and a lost worker.

All are written by the store's own methods, as workers write them, so that they can be retried, grouped and rescued.
"""

from __future__ import annotations

import json
from uuid import UUID

import msgspec

from taskflowmq.client.app import BaseApp
from taskflowmq.client.ids import new_id
from taskflowmq.core.error_groups import Occurrences
from taskflowmq.core.history import HOUR_S, MINUTE_S, Figures
from taskflowmq.core.job import JobKind
from taskflowmq.core.transitions import Failed, decide
from taskflowmq.demo.orders import failed_orders, held_orders
from taskflowmq.demo.requests import requests_of
from taskflowmq.demo.shop import RELEASE
from taskflowmq.ports.store import MAX_BATCH, ClaimRequest
from taskflowmq.ports.store.workers import NewWorker

#: How many jobs have failed alike.
FAILURES = 10_000
#: When that was, in milliseconds before now; how long it lasted; in how many parts it is counted.
AGO_MS, LASTED_MS, PARTS = 5 * 3_600_000, 40 * 60_000, 8
#: Lease of the worker that died: shorter than a server takes to start.
LOST_MS = 1_000
LOST_HOST = "worker-2.shop.example"
#: The releases of the shop and how long ago they started, in seconds: one broke webhooks, the next one mended them.
BEFORE = "shop-2.4.1"
RELEASES = {"shop-2.4.0": 3.5 * HOUR_S, BEFORE: 3 * HOUR_S, RELEASE: 24 * MINUTE_S}
#: Where the shop worked yesterday.
PAST_HOSTS = ("worker-1.shop.example", "worker-3.shop.example", "worker-4.shop.example")
_TRACEBACK = """Traceback (most recent call last):
  File "/srv/shop/archive.py", line 61, in archive_receipt
    await bucket.put(f"{order}.pdf", document)
  File "/srv/shop/buckets.py", line 118, in put
    raise QuotaExceeded(f"bucket {self.name!r} is full: {used} of {quota} bytes")
shop.buckets.QuotaExceeded: bucket 'receipts-2026' is full: 53687091200 of 53687091200 bytes
"""
_ERROR = json.dumps(
    {
        "type": "QuotaExceeded",
        "message": "bucket 'receipts-2026' is full: 53687091200 of 53687091200 bytes",
        "traceback": _TRACEBACK,
    }
).encode()


async def seed_releases(app: BaseApp) -> None:
    """Announce the releases of the shop at their times: charts mark them.

    Args:
        app: the demo's, open; no worker is registered yet.
    """
    for name, age_s in RELEASES.items():
        await app.store.workers.announce_release(name, age_ms=int(1000 * age_s))


async def seed_failures(app: BaseApp, seed: int, count: int = FAILURES) -> None:
    """Store jobs that have died alike, and count them in the past.

    Args:
        app: the demo's, open; nothing else uses the store yet.
        seed: the same one stores the same.
        count: how many.
    """
    await app.aenqueue_many(requests_of(app, failed_orders(seed, count)))
    store, worker = app.store, _worker("worker-1.shop.example", lease_ms=600_000)
    await store.workers.register(worker)
    wanted = ClaimRequest(
        worker_id=worker.id, tenants=(app.tenant,), queues=("archive",), tasks=("receipt.archive",), limit=MAX_BATCH
    )
    last = None
    while held := await store.claims.claim(wanted):
        ends = [decide(job, Failed(_ERROR), rand=0.0) for job in held]
        await store.claims.settle(ends)
        last = ends[-1]
    await store.workers.end(worker.id)
    if last is None or last.kind is None:
        return
    kind = JobKind(app.tenant, "archive", "receipt.archive")
    for part in range(PARTS):
        age, number = AGO_MS - part * LASTED_MS // PARTS, count // PARTS
        seen = Occurrences(
            tenant=app.tenant,
            task="receipt.archive",
            kind=last.kind,
            count=number,
            first_age_ms=age,
            last_age_ms=age - LASTED_MS // PARTS,
            job_id=last.job_id,
        )
        await store.errors.append([seen])
        figures = Figures(started=number, failed=number, dead=number, failed_job=last.job_id)
        await store.history.append(worker.id, {kind: figures}, age_ms=age)


async def seed_past_workers(app: BaseApp) -> list[UUID]:
    """Store workers that have ended, one per machine of the shop, and return them: the history of the day is theirs.

    Args:
        app: the demo's, open.
    """
    workers = [_worker(host, lease_ms=600_000) for host in PAST_HOSTS]
    for worker in workers:
        await app.store.workers.register(worker)
        await app.store.workers.end(worker.id)
    return [worker.id for worker in workers]


async def seed_dead_worker(app: BaseApp, seed: int) -> None:
    """Have a worker claim jobs and fall silent: the demo's duties find it lost, and its jobs run elsewhere.

    Args:
        app: the demo's, open; nothing else uses the store yet.
        seed: the same one stores the same.
    """
    await app.aenqueue_many(requests_of(app, held_orders(seed)))
    worker = _worker(LOST_HOST, lease_ms=LOST_MS)
    await app.store.workers.register(worker)
    wanted = ClaimRequest(
        worker_id=worker.id, tenants=(app.tenant,), queues=("exports",), tasks=("export.write",), limit=MAX_BATCH
    )
    await app.store.claims.claim(wanted)


def _worker(host: str, *, lease_ms: int) -> NewWorker:
    info = msgspec.json.encode({"queues": ["archive", "exports"], "concurrency": 16})
    return NewWorker(
        id=new_id(),
        supervisor=new_id(),
        host=host,
        boot_id="demo",
        pid=4711,
        version="1.4.2",
        lease_ms=lease_ms,
        info=info,
        release=BEFORE,
    )
