"""Progress of running jobs, coalesced: written at most once a second, the last value wins, losing one is harmless."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Sequence
from contextvars import Context as Variables
from uuid import UUID

from taskflowmq.core.errors import StoreUnavailable, TaskFlowError
from taskflowmq.core.printable import counted
from taskflowmq.ports.clock import Clock
from taskflowmq.ports.store import MAX_BATCH, Claims

log = logging.getLogger("taskflowmq.worker")

INTERVAL = 1.0


class ProgressWriter:
    """Collects progress from any thread and writes it in batches."""

    def __init__(self, claims: Claims, clock: Clock) -> None:
        self._claims = claims
        self._clock = clock
        self._pending: dict[UUID, tuple[int, bytes]] = {}
        self._loop = asyncio.get_running_loop()
        self._variables = Variables()
        self._task: asyncio.Task[None] | None = None
        # One write at a time: on two connections an earlier value could land after a later one, or after the outcome.
        self._writing = asyncio.Lock()
        self._under_way: frozenset[UUID] = frozenset()

    @property
    def waits(self) -> bool:
        """Whether there is anything to write, or being written."""
        return bool(self._pending or self._under_way)

    def put(self, job_id: UUID, lease_no: int, value: bytes) -> None:
        """Remember the last progress of a job; safe from any thread."""
        self._pending[job_id] = (lease_no, value)
        if self._task is None:
            self._loop.call_soon_threadsafe(self._start, context=self._variables)

    async def flush_of(self, job_ids: Iterable[UUID]) -> None:
        """Write the waiting progress of these jobs, which are about to end: it is stored before their outcome."""
        waiting = [job_id for job_id in job_ids if job_id in self._pending or job_id in self._under_way]
        if waiting:
            await self._write(sorted(waiting))

    async def close(self) -> None:
        """Stop writing."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def _start(self) -> None:
        if self._task is None and not self._loop.is_closed():
            self._task = self._loop.create_task(self._run(), name="taskflow-progress", context=Variables())

    async def _run(self) -> None:
        while self._pending:
            await self.flush()
            await self._clock.sleep(INTERVAL)
        self._task = None
        if self._pending:  # a thread put one between the last look and here
            self._start()

    async def flush(self) -> None:
        """Write all waiting progress. The fence drops late values; an outage drops all, and the next value follows."""
        await self._write(sorted(self._pending)[:MAX_BATCH])

    async def _write(self, job_ids: Sequence[UUID]) -> None:
        async with self._writing:
            updates = [(job_id, *self._pending.pop(job_id)) for job_id in job_ids if job_id in self._pending]
            if not updates:
                return
            self._under_way = frozenset(update[0] for update in updates)
            try:
                await self._claims.save_progress(updates)
            except StoreUnavailable as error:  # logged by the loops that wait for it
                log.debug("progress of %s was not written: %s", counted(len(updates), "job"), error)
            except TaskFlowError as error:
                log.warning("progress of %s was not written: %s", counted(len(updates), "job"), error)
            finally:
                self._under_way = frozenset()
