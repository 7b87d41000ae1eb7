"""Waiting for jobs to end: all waiters of one loop share one query.

Each job is polled when it is 20 ms old, by its id, then at growing intervals, up to 500 ms; one query reads all jobs
that are due.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from itertools import groupby
from operator import itemgetter
from typing import Any
from uuid import UUID

from taskflowmq.core.errors import StoreUnavailable, for_one
from taskflowmq.core.ids import unix_ms
from taskflowmq.core.job import JobView
from taskflowmq.core.operations import not_found
from taskflowmq.ports.background import Background
from taskflowmq.ports.store import MAX_BATCH, Jobs

FIRST_DELAY_S = 0.02
MAX_DELAY_S = 0.5
GROWTH = 1.5
#: A store that does not answer for this long is reported to the waiters; a shorter outage is waited out.
PATIENCE_S = 30.0
#: A job that has not ended after this long may have no worker to run it: its waiters get a hint.
HINT_S = 3.0

#: A tenant and a job of it: another tenant's job of the same id is not found.
Key = tuple[str, UUID]
Hint = Callable[[list[JobView]], Coroutine[Any, Any, None]]


def _too_young_s(job_id: UUID) -> float:
    """Return how long a job need not be polled, because it was just made.

    An immediate query would find it unfinished, and on a small machine it takes the processor from the worker that is
    just being woken: a tenth of the time that an idle worker takes to pick up a job (ADR 5).
    """
    age = time.time() - unix_ms(job_id) / 1000
    return FIRST_DELAY_S - age if 0 <= age < FIRST_DELAY_S else 0.0


class _Waiter:
    """All waiters of one job."""

    def __init__(self, now: float) -> None:
        self.answers: set[asyncio.Future[JobView]] = set()
        self.delay = FIRST_DELAY_S
        self.look_at = now
        #: When to query why it has not ended; never again once that was done.
        self.hint_at = now + HINT_S


class Watch:
    """The waiters of one loop.

    Args:
        jobs: where jobs are read.
        tenant: the tenant of jobs, unless a caller names another.
        hint: called once for each job that callers have waited for long, and that has not ended.
    """

    def __init__(self, jobs: Jobs, tenant: str, *, hint: Hint | None = None, patience: float = PATIENCE_S) -> None:
        self._jobs = jobs
        self._hint = hint
        self._hinting = Background(self._give_hint, "taskflow-hint")
        self._tenant = tenant
        self._patience = patience
        self._waiters: dict[Key, _Waiter] = {}
        self._poller = Background(self._poll, "taskflow-watch")
        self._more = asyncio.Event()
        self._silent_since: float | None = None

    async def ended(self, job_id: UUID, tenant: str | None = None) -> JobView:
        """Return the job as soon as it is in a final state.

        Args:
            job_id: the job.
            tenant: whose it is.

        Raises:
            JobNotFound: there is no such job, or it is not committed yet.
            StoreUnavailable: the store did not answer for half a minute.
        """
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[JobView] = loop.create_future()
        key = (self._tenant if tenant is None else tenant, job_id)
        waiter = self._waiters.get(key)
        if waiter is None:
            waiter = self._waiters[key] = _Waiter(loop.time() + _too_young_s(job_id))
        waiter.answers.add(answer)
        self._more.set()
        self._poller.start(loop.time)
        try:
            return await answer
        finally:
            waiter.answers.discard(answer)
            if not waiter.answers and self._waiters.get(key) is waiter:
                del self._waiters[key]

    async def close(self) -> None:
        """Stop polling; callers that still wait are cancelled."""
        await self._poller.stop()
        await self._hinting.stop()
        for waiter in tuple(self._waiters.values()):
            for answer in waiter.answers:
                answer.cancel()

    async def _poll(self, now: Callable[[], float]) -> None:
        while self._waiters:
            self._more.clear()
            due = [key for key, waiter in self._waiters.items() if waiter.look_at <= now()][:MAX_BATCH]
            for tenant, keys in groupby(sorted(due), key=itemgetter(0)):
                await self._look(tenant, list(keys), now)
            if not self._waiters:
                return
            pause = min(waiter.look_at for waiter in self._waiters.values()) - now()
            if pause > 0:
                try:
                    async with asyncio.timeout(pause):
                        await self._more.wait()
                except TimeoutError:
                    continue

    async def _look(self, tenant: str, keys: list[Key], now: Callable[[], float]) -> None:
        try:
            views = await self._jobs.get_many(tenant, [job_id for _, job_id in keys])
        except StoreUnavailable as error:
            self._outage(keys, error, now())
            return
        except Exception as error:  # noqa: BLE001 - handed to the waiters, who raise it
            self._refuse(keys, error)
            return
        self._silent_since = None
        found = {view.id: view for view in views}
        for key in keys:
            job_id = key[1]
            view = found.get(job_id)
            if view is None:
                self._refuse([key], not_found(job_id, enqueued_here=True))
            elif view.state.final:
                self._answer(key, view)
            else:
                self._look_later(key, now())
        self._tell(tenant, views, now())

    def _tell(self, tenant: str, views: list[JobView], now: float) -> None:
        """Pass on the jobs that callers have waited for so long that a hint is due."""
        if self._hint is None or self._hinting.running:
            return
        late = [
            view
            for view in views
            if (waiter := self._waiters.get((tenant, view.id))) is not None and waiter.hint_at <= now
        ]
        for view in late:
            self._waiters[tenant, view.id].hint_at = float("inf")
        if late:
            self._hinting.start(late)

    async def _give_hint(self, late: list[JobView]) -> None:
        if self._hint is not None:
            await self._hint(late)

    def _outage(self, keys: list[Key], error: StoreUnavailable, now: float) -> None:
        if self._silent_since is None:
            self._silent_since = now
        if now - self._silent_since >= self._patience:
            self._refuse(keys, error)
            return
        for key in keys:
            self._look_later(key, now)

    def _look_later(self, key: Key, now: float) -> None:
        waiter = self._waiters.get(key)
        if waiter is not None:
            waiter.look_at = now + waiter.delay
            waiter.delay = min(waiter.delay * GROWTH, MAX_DELAY_S)

    def _answer(self, key: Key, view: JobView) -> None:
        waiter = self._waiters.pop(key, None)
        for answer in waiter.answers if waiter else ():
            if not answer.done():
                answer.set_result(view)

    def _refuse(self, keys: list[Key], error: Exception) -> None:
        for key in keys:
            waiter = self._waiters.pop(key, None)
            for answer in waiter.answers if waiter else ():
                if not answer.done():
                    answer.set_exception(for_one(error))
