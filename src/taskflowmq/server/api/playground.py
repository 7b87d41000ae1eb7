"""The playground of a server process: enqueues the jobs of a run at its rate, and follows them to their end.

Runs live in this process: they end with it, and another one does not know them. Their jobs are ordinary jobs of the
store, found by the run's tag. What must stay true: no step holds the loop for long, and looking at jobs takes at most
a tenth of the time.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from enum import StrEnum
from itertools import islice
from typing import Any
from uuid import UUID

from taskflowmq.client.app import BaseApp
from taskflowmq.client.ids import new_id
from taskflowmq.client.options import check_options
from taskflowmq.client.session import Session
from taskflowmq.client.task import JobRequest
from taskflowmq.core.audit import Act, Action, Caller, playground_object
from taskflowmq.core.errors import Conflict, PlaygroundBusy, PlaygroundRunNotFound, StoreUnavailable, TaskFlowError
from taskflowmq.core.job import QueueRef
from taskflowmq.core.playground import QUEUE, TAG, TASKS, Order, Planned, Tally, plan
from taskflowmq.ports.store import MAX_PROBED

#: Runs that are remembered.
MOST_RUNS = 20
#: Seconds between two transactions of new jobs; jobs of one transaction.
TICK_S, BATCH = 0.1, 100
#: A run that is behind its rate at its end may catch up for so long, in seconds.
CATCH_UP_S = 5.0
#: Seconds between two looks at the jobs: at least, and at most if nothing is new. Statements of one look.
LOOK_S, IDLE_LOOK_S, LOOKS = 0.5, 5.0, 4
#: A look is followed by a pause of at least its duration times this.
PAUSE_TIMES = 9

log = logging.getLogger("taskflowmq.server")


class RunState(StrEnum):
    """How far a run is."""

    ENQUEUING = "enqueuing"
    WAITING = "waiting"
    ENDED = "ended"


class PlaygroundRun:
    """One stress test.

    Args:
        order: what it shall do.
        by: who started it.
        now: monotonic seconds.
    """

    def __init__(self, order: Order, by: Caller, now: Callable[[], float]) -> None:
        self.id = new_id()
        self.order, self.by = order, by
        self.tag = f"{TAG}-{self.id.hex[-12:]}"
        self.tally = Tally()
        self.started_at = datetime.now(UTC)
        self.as_of = self.started_at
        #: When all was enqueued or it was stopped, and when nothing more is looked at: seconds since the start.
        self.enqueued_after: float | None = None
        self.ended_after: float | None = None
        self.stopped_by: str | None = None
        self.is_stopping = False
        #: Why the store took no jobs, the last time that it did not.
        self.problem: str | None = None
        self._now = now
        self._begun = now()

    @property
    def elapsed(self) -> float:
        """Seconds since the start; of a run that has ended, until then."""
        return self._now() - self._begun if self.ended_after is None else self.ended_after

    @property
    def state(self) -> RunState:
        """How far it is."""
        if self.ended_after is not None:
            return RunState.ENDED
        return RunState.ENQUEUING if self.enqueued_after is None else RunState.WAITING

    @property
    def rate(self) -> float | None:
        """Jobs that it enqueued per second; None: it has just begun."""
        seconds = self.elapsed if self.enqueued_after is None else self.enqueued_after
        return self.tally.enqueued / seconds if seconds >= TICK_S else None

    @property
    def throughput(self) -> float | None:
        """Jobs that ended per second lately; of a run that has ended, over its whole time."""
        if self.ended_after is None:
            return self.tally.throughput(self.elapsed)
        return sum(self.tally.ended.values()) / max(self.ended_after, TICK_S)

    def looked(self) -> None:
        """Take note that its jobs were looked at."""
        self.as_of = datetime.now(UTC)
        self.tally.mark(self.elapsed)

    def end(self) -> None:
        """Look at its jobs no more."""
        if self.ended_after is None:
            self.looked()
            self.ended_after = self.elapsed
            self.enqueued_after = self.ended_after if self.enqueued_after is None else self.enqueued_after


class Playground:
    """The runs of a server process, one at a time.

    Args:
        app: whose jobs they are; it has the tasks of the playground.
        session: returns the app's open session.
        now: monotonic seconds.
        sleep: waits for seconds.
    """

    def __init__(
        self,
        app: BaseApp,
        session: Callable[[], Session],
        *,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[Any]] = asyncio.sleep,
    ) -> None:
        self._app, self._session = app, session
        self._now, self._sleep = now, sleep
        self._runs: OrderedDict[UUID, PlaygroundRun] = OrderedDict()
        self._starting = asyncio.Lock()
        self._producing: asyncio.Task[None] | None = None
        self._following: asyncio.Task[None] | None = None

    def runs(self) -> list[PlaygroundRun]:
        """Return the runs that are remembered, newest first."""
        return list(reversed(self._runs.values()))

    def get(self, run_id: UUID) -> PlaygroundRun:
        """Return a run.

        Raises:
            PlaygroundRunNotFound: this process has no such run.
        """
        try:
            return self._runs[run_id]
        except KeyError:
            raise PlaygroundRunNotFound(f"this server process has no run {run_id}: runs end with it") from None

    async def is_served(self) -> bool:
        """Tell whether a living worker that is not drained takes jobs of the playground."""
        queue = QueueRef(self._app.tenant, QUEUE)
        servers = await self._session().charts.servers()
        names = frozenset(TASKS.values())
        return any(one.serves(queue) and not one.drained and names <= {*one.tasks} for one in servers)

    async def start(self, order: Order, *, by: Caller) -> PlaygroundRun:
        """Begin a run; jobs of the one before that have not ended are not followed any more.

        Raises:
            InvalidJob: the order is refused.
            PlaygroundBusy: the one before enqueues jobs.
            StoreUnavailable: the act could not be kept.
        """
        order.check()
        async with self._starting:
            if self._producing is not None and not self._producing.done():
                raise PlaygroundBusy("a run enqueues jobs in this server process: wait for it, or stop it")
            run = PlaygroundRun(order, by, self._now)
            await self._session().asked.audit.add(_start_of(run, by))
            await self._end_following()
            self._runs[run.id] = run
            while len(self._runs) > MOST_RUNS:
                self._runs.popitem(last=False)
            self._producing = asyncio.create_task(self._produce(run), name="taskflow-playground")
            self._following = asyncio.create_task(self._follow(run), name="taskflow-playground-look")
        return run

    async def stop(self, run_id: UUID, *, by: Caller) -> PlaygroundRun:
        """End the enqueuing of a run; its jobs stay, and are followed.

        Raises:
            PlaygroundRunNotFound: there is no such run.
            Conflict: it does not enqueue any more.
        """
        run = self.get(run_id)
        if run.state is not RunState.ENQUEUING or self._producing is None:
            raise Conflict(f"run {run_id} enqueues no more jobs, so it cannot be stopped")
        await self._session().asked.audit.add(_stop_of(run, by))
        run.stopped_by = by.actor
        # Not by a cancellation: the jobs that are being stored would not be counted.
        run.is_stopping = True
        await asyncio.wait([self._producing])
        return run

    async def close(self) -> None:
        """End what runs: the server stops."""
        for task in (self._producing, self._following):
            if task is not None:
                await _ended(task)
        for run in self._runs.values():
            run.end()

    async def _end_following(self) -> None:
        if self._following is not None:
            await _ended(self._following)
            for run in self._runs.values():
                run.end()

    async def _produce(self, run: PlaygroundRun) -> None:
        planned, held = plan(run.order, run.tag), list[JobRequest[Any]]()
        latest = run.order.seconds + CATCH_UP_S
        try:
            while not run.is_stopping and run.tally.enqueued < run.order.total and run.elapsed < latest:
                due = run.order.due(run.elapsed) - run.tally.enqueued
                if due > 0:
                    # A batch whose answer was lost is stored again as it is: its ids make that harmless.
                    held = held or [await self._request(run, one) for one in islice(planned, min(due, BATCH))]
                    held = await self._store(run, held)
                is_behind = due > BATCH and not held
                if not is_behind and run.tally.enqueued < run.order.total:
                    await self._sleep(TICK_S)
        except TaskFlowError as error:
            run.problem = str(error)
            log.warning("run %s of the playground ends early: %s", run.id, error)
        finally:
            if run.enqueued_after is None:
                run.enqueued_after = run.elapsed

    async def _request(self, run: PlaygroundRun, one: Planned) -> JobRequest[Any]:
        # Not by the task itself, which may be of several apps: jobs are of this one's tenant.
        options = check_options({"queue": QUEUE, "tags": [TAG, run.tag]})
        return await self._app.sender.prepare(TASKS[one.kind], {"number": one.number, "fails": one.fails}, options)

    async def _store(self, run: PlaygroundRun, held: list[JobRequest[Any]]) -> list[JobRequest[Any]]:
        """Store jobs; return those that must be stored again."""
        try:
            handles = await self._app.aenqueue_many(held)
        except StoreUnavailable as error:
            log.debug("the playground stored no jobs: %s", error)
            run.problem = "the store did not answer"
            return held
        run.tally.add([handle.id for handle in handles])
        return []

    async def _follow(self, run: PlaygroundRun) -> None:
        pause = LOOK_S
        while run.state is RunState.ENQUEUING or run.tally.open:
            await self._sleep(pause)
            begun = self._now()
            try:
                news = await self._look(run)
            except StoreUnavailable as error:
                log.debug("the playground does not see its jobs: %s", error)
                news = False
            busy = news or run.state is RunState.ENQUEUING
            pause = LOOK_S if busy else min(2 * pause, IDLE_LOOK_S)
            pause = max(pause, PAUSE_TIMES * (self._now() - begun))
        run.end()

    async def _look(self, run: PlaygroundRun) -> bool:
        probes, news = self._session().asked.probes, False
        for _ in range(LOOKS):
            asked = run.tally.next_ids(MAX_PROBED)
            if not asked:
                break
            news |= run.tally.take(asked, await probes.probe_jobs(self._app.tenant, asked))
            if run.tally.open <= MAX_PROBED:
                break
        run.looked()
        return news


def _start_of(run: PlaygroundRun, by: Caller) -> Act:
    order = run.order
    mix = {str(kind): weight for kind, weight in order.mix.items() if weight}
    after = {"rate": order.rate, "seconds": order.seconds, "mix": mix, "fail": order.fail}
    named = playground_object(run.id)
    return Act(action=Action.PLAYGROUND_START, object=named, by=by, count=order.total, after=after)


def _stop_of(run: PlaygroundRun, by: Caller) -> Act:
    named, enqueued = playground_object(run.id), run.tally.enqueued
    return Act(action=Action.PLAYGROUND_STOP, object=named, by=by, before={"enqueued": enqueued}, count=enqueued)


async def _ended(task: asyncio.Task[None]) -> None:
    """Cancel a task, and wait for its end."""
    task.cancel()
    await asyncio.wait([task])
