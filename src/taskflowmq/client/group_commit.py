"""Many callers, one commit: concurrent single enqueues share a statement and a fsync.

A flush starts when the one before it has returned, and takes the jobs that were submitted meanwhile: an idle system
never waits for more jobs, a busy one gets large batches by itself. What must stay true:

* A caller that is cancelled loses its own answer; the flush, which carries others, continues.
* An error in the data of one job is found by halving the batch and given to its caller alone.
* The queue is bounded: beyond it callers are refused at once, because waiting would only hide the overload.
* A flush has one deadline, halving included: at it every caller of the batch and of the queue is answered, and a new
  flush starts with the next callers, whatever the old one still does.

Jobs with a unique or idempotency key do not come here: they may wait for another program's open transaction.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from taskflowmq.client.deadline import DEFAULT_S, give_up, too_late
from taskflowmq.core.errors import StoreUnavailable, for_one
from taskflowmq.core.job import Enqueued, NewJob
from taskflowmq.ports.halving import halve
from taskflowmq.ports.store import MAX_BATCH

MAX_WAITING = 10_000

Write = Callable[[Sequence[NewJob]], Coroutine[Any, Any, list[Enqueued]]]
_Entry = tuple[NewJob, "asyncio.Future[Enqueued]"]


class GroupCommit:
    """Gathers single jobs of one loop into batches.

    Args:
        write: stores a batch, all or none, and returns after the commit.
        max_waiting: jobs that may wait for the next flush.
        seconds: the deadline.
    """

    def __init__(self, write: Write, *, max_waiting: int = MAX_WAITING, seconds: float = DEFAULT_S) -> None:
        self._write = write
        self._seconds = seconds
        self._max_waiting = max_waiting
        self._waiting: deque[_Entry] = deque()
        self._flusher: asyncio.Task[None] | None = None
        self._closed = False
        #: The batch in progress, and when the store must have answered it.
        self._under_way: list[_Entry] | None = None
        self._until = 0.0
        self._watch: asyncio.TimerHandle | None = None

    async def submit(self, job: NewJob) -> Enqueued:
        """Store one job together with those of other callers meanwhile, and return its own answer.

        Raises:
            StoreUnavailable: too many jobs wait, or the store does not answer.
            TaskFlowError: whatever is wrong with this job.
        """
        if self._closed:
            raise StoreUnavailable("the app is closed")
        if len(self._waiting) >= self._max_waiting:
            raise StoreUnavailable(
                f"{self._max_waiting} jobs are waiting to be stored: the store is too slow for this load"
            )
        answer: asyncio.Future[Enqueued] = asyncio.get_running_loop().create_future()
        self._waiting.append((job, answer))
        if self._flusher is None:
            self._flusher = asyncio.create_task(
                self._flush_all(), name="taskflow-group-commit", context=contextvars.Context()
            )
        return await answer

    async def flushed(self) -> None:
        """Wait until the jobs accepted so far are answered; later ones may keep the flusher busy forever."""
        accepted = [answer for _, answer in (*(self._under_way or ()), *self._waiting) if not answer.done()]
        if accepted:
            await asyncio.wait(accepted)

    async def close(self) -> None:
        """Refuse new jobs and wait until the accepted ones are answered."""
        self._closed = True
        if self._flusher is not None:
            await asyncio.wait([self._flusher])
        if self._watch is not None:
            self._watch.cancel()
        for _, answer in self._waiting:
            answer.cancel()
        self._waiting.clear()

    async def _flush_all(self) -> None:
        try:
            while self._waiting:
                await self._flush(self._next_batch())
        finally:
            if self._flusher is asyncio.current_task():
                self._flusher = None

    def _next_batch(self) -> list[_Entry]:
        """Take waiting jobs, except those of cancelled callers, as many as one statement takes."""
        waiting = self._waiting
        if len(waiting) > MAX_BATCH:
            taken = [waiting.popleft() for _ in range(MAX_BATCH)]
        else:
            taken = list(waiting)
            waiting.clear()
        return [entry for entry in taken if not entry[1].done()]

    def _look(self) -> None:
        """Check whether the flush in progress is too late. One timer serves many flushes: each costs as much as half
        a job.
        """
        self._watch = None
        batch = self._under_way
        if batch is None:
            return
        loop = asyncio.get_running_loop()
        left = self._until - loop.time()
        if left > 0:
            self._watch = loop.call_later(left, self._look)
        else:
            self._under_way = None
            self._give_up(batch)

    def _give_up(self, batch: list[_Entry]) -> None:
        """Answer the callers of a batch that the store did not answer in time, and those that wait behind it."""
        late = [entry for entry in (*batch, *self._waiting) if not entry[1].done()]
        self._waiting.clear()
        _refuse(late, too_late(self._seconds))
        flusher, self._flusher = self._flusher, None
        if flusher is not None:
            give_up(flusher)

    async def _flush(self, batch: list[_Entry]) -> None:
        if not batch:
            return
        loop = asyncio.get_running_loop()
        self._under_way, self._until = batch, loop.time() + self._seconds
        if self._watch is None:
            self._watch = loop.call_later(self._seconds, self._look)
        try:
            await self._store(batch)
        except asyncio.CancelledError:
            # The loop is ending: no caller may wait for an answer that will not come.
            for _, answer in batch:
                answer.cancel()
            raise
        finally:
            if self._under_way is batch:
                self._under_way = None

    async def _store(self, batch: list[_Entry]) -> None:
        """Store a batch and answer it; halves of a batch that was refused have the deadline of the whole."""
        try:
            answers = await self._write([job for job, _ in batch])
        except StoreUnavailable as error:
            _refuse(batch, error)
        except Exception as error:  # noqa: BLE001 - handed to the callers, who raise it
            await halve(batch, error, self._store, _refuse_one)
        else:
            for (_, answer), stored in zip(batch, answers, strict=True):
                if not answer.done():
                    answer.set_result(stored)


async def _refuse_one(entry: _Entry, error: Exception) -> None:
    _refuse([entry], error)


def _refuse(batch: list[_Entry], error: Exception) -> None:
    for _, answer in batch:
        if not answer.done():
            answer.set_exception(error if len(batch) == 1 else for_one(error))
