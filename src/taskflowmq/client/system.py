"""What an operator wants to know of an installation: its store, its duties, its nodes, and what is wrong."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from taskflowmq.client.checks import check_store
from taskflowmq.core.system import EVERYWHERE, IN_TURNS, Finding, Node
from taskflowmq.ports.store import DutyView, Store, StoreSizes
from taskflowmq.ports.store.workers import WorkerView


class Installation(NamedTuple):
    """An installation at a moment.

    Attributes:
        schema: the version of the schema.
        pending: the migrations that this version of the library would apply.
        sizes: of the store.
        duties: all of them, by name.
        nodes: machines with living workers, by name.
        checks: what ``taskflow doctor`` says, without what reads all jobs.
    """

    schema: int
    pending: list[str]
    sizes: StoreSizes
    duties: list[DutyView]
    nodes: list[Node]
    checks: list[Finding]


async def look(store: Store) -> Installation:
    """Read what there is to know of an installation; reads no table of jobs whole.

    Args:
        store: an open store.
    """
    known = {view.duty: view for view in await store.upkeep.duties()}
    return Installation(
        schema=await store.schema.version(),
        pending=[name for name, _ in await store.schema.pending_sql()],
        sizes=await store.stats.sizes(),
        duties=[known.get(name) or DutyView(name, None) for name in sorted({*IN_TURNS, *EVERYWHERE})],
        nodes=nodes_of(await store.workers.list_workers()),
        checks=[finding async for finding in check_store(store, whole=False)],
    )


def nodes_of(workers: list[WorkerView]) -> list[Node]:
    """Return the machines of living workers, by name."""
    hosts: dict[str, list[WorkerView]] = {}
    for worker in workers:
        if worker.ended_at is None and not worker.lease_over:
            hosts.setdefault(worker.host, []).append(worker)
    return [
        Node(
            host,
            len(living),
            sum(msgspec.json.decode(one.info).get("concurrency", 0) for one in living),
            sum(one.running for one in living),
            tuple(sorted({one.version for one in living})),
        )
        for host, living in sorted(hosts.items())
    ]
