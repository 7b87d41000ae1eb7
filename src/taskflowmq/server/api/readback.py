"""Reading jobs that concurrent requests found in the store, in one query for all of them.

A job that a request has made itself needs no query (docs/adr/0008-cost-of-a-request.md).

A query starts when the previous one has returned, and reads all jobs requested meanwhile: no caller waits for others.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from uuid import UUID

from taskflowmq.core.errors import for_one
from taskflowmq.core.job import JobView
from taskflowmq.ports.background import Background
from taskflowmq.ports.store import MAX_BATCH

Key = tuple[str, UUID]
GetMany = Callable[[str, Sequence[UUID]], Awaitable[list[JobView]]]


class Readback:
    """Reads jobs by id, coalescing concurrent calls.

    Args:
        get_many: the store's read.
    """

    def __init__(self, get_many: GetMany) -> None:
        self._get_many = get_many
        #: By tenant and id: a tenant never receives another's job.
        self._asked: dict[Key, asyncio.Future[JobView | None]] = {}
        self._reading = Background(self._read, "taskflow-readback")

    async def get(self, tenant: str, job_id: UUID) -> JobView | None:
        """Return one job of a tenant, or None."""
        future = self._asked.get((tenant, job_id))
        if future is None:
            future = self._asked[tenant, job_id] = asyncio.get_running_loop().create_future()
            self._reading.start()
        # Several callers may share the future, so one that is cancelled must not cancel it.
        return await asyncio.shield(future)

    async def _read(self) -> None:
        while self._asked:
            tenant = next(iter(self._asked))[0]
            batch = {key[1]: future for key, future in self._asked.items() if key[0] == tenant}
            batch = dict(list(batch.items())[:MAX_BATCH])
            for job_id in batch:
                del self._asked[tenant, job_id]
            await self._answer(tenant, batch)

    async def _answer(self, tenant: str, batch: dict[UUID, asyncio.Future[JobView | None]]) -> None:
        try:
            found = {view.id: view for view in await self._get_many(tenant, sorted(batch))}
        except Exception as error:  # noqa: BLE001 - every caller of this batch gets it
            for future in batch.values():
                if not future.done():
                    future.set_exception(for_one(error))
                    future.exception()  # all callers may have disconnected; that is not logged
            return
        for job_id, future in batch.items():
            if not future.done():
                future.set_result(found.get(job_id))
