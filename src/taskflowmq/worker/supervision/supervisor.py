"""Owns child processes, and does for them what they cannot do for themselves.

It alone renews their leases (a blocked child is not a dead one), detects deaths and hangs from outside, charges the
job that caused them and hands the others back, replaces children, and runs the duties. It never runs a body.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable, Sequence
from uuid import uuid4

from taskflowmq.core.errors import TaskFlowError
from taskflowmq.core.job import DEFAULT_TENANT
from taskflowmq.core.printable import counted
from taskflowmq.core.workers import Command
from taskflowmq.ports.clock import Clock
from taskflowmq.ports.lifecycle import Duty
from taskflowmq.ports.spawner import Spawner
from taskflowmq.ports.store import Store
from taskflowmq.ports.telemetry import NoTelemetry, Telemetry
from taskflowmq.worker.backoff import backoff, jittered
from taskflowmq.worker.clock import SystemClock
from taskflowmq.worker.options import WorkerOptions
from taskflowmq.worker.settling.failure import describe_exit
from taskflowmq.worker.slots import HEALTHY_US, LEASE_US
from taskflowmq.worker.store_log import StoreLog
from taskflowmq.worker.supervision.child import DRAIN, FINISH, HAND_BACK, STALLED, STOPPED, TIMEOUT, Child
from taskflowmq.worker.supervision.dead_children import settle_dead_child
from taskflowmq.worker.supervision.machine import memory_mb, reap_orphans
from taskflowmq.worker.watches.lease import kill_before
from taskflowmq.worker.watches.notes import CHILD

log = logging.getLogger("taskflowmq.supervisor")

WATCH_SECONDS = 0.1
#: While no body runs there is nothing to watch: ten checks a second were a third of the cost of an idle worker.
QUIET_SECONDS = 0.3
MEMORY_SECONDS = 1.0
#: A child that has not been healthy for longer makes no progress.
STUCK_SECONDS = 15.0
#: A child that lived longer did not die because of its start.
HEALTHY_SECONDS = 5.0
#: Seconds beyond its time in which a child may hand back and end before it is killed; then those to settle its jobs.
LAST_SECONDS = 5.0


class Supervisor:
    """Keeps ``options.processes`` children working until a stop is requested.

    Args:
        store: an opened store, for leases, dead children and duties; children have their own.
        spawner: starts children.
        options: the children's options, and how many there are.
        tenant: of the children's app.
        clock: time; the system's by default.
        telemetry: counts events.
        duties: loops that run here, beside the children.
    """

    def __init__(
        self,
        store: Store,
        spawner: Spawner,
        options: WorkerOptions,
        *,
        tenant: str = DEFAULT_TENANT,
        clock: Clock | None = None,
        telemetry: Telemetry | None = None,
        duties: Sequence[Duty] = (),
    ) -> None:
        self.id = uuid4()
        self._store = store
        self._spawner = spawner
        self._options = options
        self._tenants = options.serving(tenant)
        self._clock = clock or SystemClock()
        self._telemetry = telemetry or NoTelemetry()
        self._duties = duties
        self._children: dict[Child, asyncio.Task[None]] = {}
        #: How many children there shall be: an operator may have stopped some.
        self._processes = options.processes
        #: How many of the next children start drained, because they replace drained ones.
        self._to_start_drained = 0
        self._draining = False
        self._handed_back = 0
        self._early_deaths = 0
        self._next_spawn = 0.0
        self._end = asyncio.Event()

    @property
    def children(self) -> list[Child]:
        """The children that live, or whose jobs are being settled."""
        return list(self._children)

    @property
    def claiming(self) -> bool:
        """Whether jobs are being claimed: what readiness means. False while it drains."""
        now = self._clock.monotonic()
        return any(child.claims(now) for child in self._children)

    async def run(self) -> int:
        """Supervise until drained; return how many jobs were handed back."""
        loops: list[tuple[str, Callable[[], Awaitable[None]]]] = [
            ("heartbeat", self._renew),
            ("watch", self._watch),
            ("isolation", self._isolate),
            *((duty.name, duty.run) for duty in self._duties),
        ]
        tasks = [asyncio.create_task(self._keep(name, run), name=f"taskflow-{name}") for name, run in loops]
        try:
            await self._end.wait()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            for child in self._children:
                child.kill(HAND_BACK)
            await asyncio.gather(*self._children.values(), return_exceptions=True)
        return self._handed_back

    def on_signal(self) -> None:
        """First: drain. Second: hand back at once."""
        if self._draining:
            self.request_hand_back()
        else:
            self.request_drain()

    def request_drain(self) -> None:
        """Let children finish within the drain timeout and hand back the rest; returns at once."""
        log.info("draining for up to %g s", self._options.drain_timeout)
        self._leave(f"{DRAIN} {self._options.drain_timeout}", self._options.drain_timeout)

    def request_hand_back(self) -> None:
        """Hand back everything now; returns at once."""
        log.info("handing back running jobs")
        self._leave(HAND_BACK, 0.0)

    def _leave(self, command: str, patience: float) -> None:
        self._draining = True
        for child in self._children:
            child.tell(command)
        deadline = patience + self._options.grace + LAST_SECONDS
        loop = asyncio.get_running_loop()
        loop.call_later(deadline, self._kill_all)
        loop.call_later(deadline + LAST_SECONDS, self._give_up)
        self._check_end()

    def _kill_all(self) -> None:
        for child in self._children:
            self._kill_late(child)

    def _give_up(self) -> None:
        """End although the store does not answer: the operator waits, and rescuers settle what is left."""
        for child, tending in self._children.items():
            log.warning("the jobs of worker %s are left to a rescuer: the store is unreachable", child.worker_id)
            self._handed_back += len(child.table.ran())
            tending.cancel()

    def _check_end(self) -> None:
        if self._draining and not self._children:
            self._end.set()

    # -- children

    def _spawn(self, *, isolated: bool) -> None:
        slots = 1 if isolated else self._options.concurrency
        command = None
        if self._to_start_drained and not isolated:
            self._to_start_drained -= 1
            command = Command.DRAIN
        child = Child(self.id, slots, isolated=isolated, now=self._clock.monotonic(), command=command)
        self._children[child] = asyncio.create_task(self._tend(child), name="taskflow-child")

    async def _tend(self, child: Child) -> None:
        """Follow one child from its start until its jobs are settled."""
        try:
            process = await self._spawner.spawn(child.spec)
        except OSError as error:
            log.error("cannot start a child: %s", error)
            child.leaving = True
            self._keep_drained(child)
            self._forget(child, died=True)
            return
        child.spawned(process)
        log.info("child %d started", process.pid, extra={"worker": str(child.worker_id), "isolated": child.isolated})
        if self._draining:
            child.tell(HAND_BACK)
        # Whatever fails from here on: a dead child must be removed, or its lease would be renewed forever.
        try:
            code = await process.wait()
            self._note_end(child, process.pid, code)
            handed_back = await settle_dead_child(self._store, self._clock, child, code)
            self._handed_back += child.handed_back + handed_back
        finally:
            self._forget(child, died=False)

    def _note_end(self, child: Child, pid: int, code: int) -> None:
        """Log how a child ended, and have it replaced before its jobs are settled: that waits for the store."""
        child.leaving, was_leaving = True, child.leaving
        self._keep_drained(child)
        died = child.crash_reason(code) is not None
        self._pace_spawns(child, died=died)
        if died:
            self._telemetry.event("child_died")
            log.error("child %d ended with %s", pid, describe_exit(code))
        elif not was_leaving and not child.isolated:
            log.warning("child %d ended by itself with %s", pid, describe_exit(code))

    def _forget(self, child: Child, *, died: bool) -> None:
        if died:
            self._pace_spawns(child, died=True)
        self._children.pop(child, None)
        child.close()
        self._check_end()

    def _pace_spawns(self, child: Child, *, died: bool) -> None:
        """Replace children that die soon after their start with growing pauses; others at once."""
        now = self._clock.monotonic()
        young = now - child.born < HEALTHY_SECONDS
        self._early_deaths = self._early_deaths + 1 if died and young else 0
        if self._early_deaths > 1:
            self._next_spawn = now + backoff(self._early_deaths - 1, longest=5.0)

    # -- loops

    async def _watch(self) -> None:
        """Start missing children, and check every child from outside."""
        last = memory_at = self._clock.monotonic()
        # After a pause of our own (SIGSTOP, a stopped machine) the children's ticks are old too: check again later.
        trust_at = last
        while True:
            now = self._clock.monotonic()
            elapsed, last = now - last, now
            if elapsed > 1.0:
                trust_at = now + 1.0
            check_memory = now - memory_at >= MEMORY_SECONDS
            memory_at = now if check_memory else memory_at
            for child in self.children:
                if now >= trust_at:
                    self._check_hang(child, now)
                    self._check_stopped(child, now, elapsed)
                    self._check_stalled(child, now)
                self._check_lease(child, now)
                self._check_age(child, check_memory)
            if not self._draining and now >= self._next_spawn:
                for child in self._children:
                    self._keep_drained(child)
                ranks = sum(not child.leaving and not child.isolated for child in self._children)
                for _ in range(self._processes - ranks):
                    self._spawn(isolated=False)
            if os.getpid() == 1:
                reap_orphans({child.process.pid for child in self._children if child.process is not None})
            await self._clock.sleep(QUIET_SECONDS if self._is_quiet() else WATCH_SECONDS)

    def _is_quiet(self) -> bool:
        """Tell whether no body runs anywhere, and no child starts or ends."""
        if self._draining or len(self._children) != self._processes:
            return False
        return all(child.registered and not child.leaving and not child.table.started() for child in self._children)

    def _check_hang(self, child: Child, now: float) -> None:
        hung = child.hung_jobs(now) if child.killed_for is None else []
        if hung:
            ids = ", ".join(str(job.job_id) for job in hung)
            log.error("child %s hangs in job %s past its timeout: killed", child.worker_id, ids)
            child.kill(TIMEOUT, hung)
            self._telemetry.event("child_hung")
        elif blocked := child.blocked_for(now, self._options.lease):
            log.warning(
                "child %s has been blocked for %.0f s by job %s, as are all its jobs: a blocking call in a coroutine? "
                "Only a timeout ends it",
                *(child.worker_id, *blocked),
            )
            self._telemetry.event("child_blocked")

    def _check_stalled(self, child: Child, now: float) -> None:
        """Kill a child whose loop is blocked outside every body: we renew its lease, so no rescuer would (I4).

        The worker's own code waits there. If a body blocks the loop, or the interpreter, its timeout decides, see
        :meth:`_check_hang`.
        """
        if child.killed_for is not None or child.process is None:
            return
        if child.standstill.is_stalled(child.process.pid, now, self._options.lease):
            log.error("child %s is blocked outside of handlers for longer than its lease: killed", child.worker_id)
            child.kill(STALLED)
            self._telemetry.event("child_hung")

    def _check_stopped(self, child: Child, now: float, elapsed: float) -> None:
        """Kill a child that was stopped and is not continued: we renew its lease, so no rescuer would (I4)."""
        if child.killed_for is not None or child.process is None:
            return
        if child.standstill.stopped_for(child.process.pid, now, elapsed) > self._options.lease:
            log.error("child %s has been stopped for longer than its lease: killed", child.worker_id)
            child.kill(STOPPED)
            self._telemetry.event("child_hung")

    def _check_lease(self, child: Child, now: float) -> None:
        """Kill a child in which a body runs that must not outlive the lease and ignores its stop request."""
        if child.killed_for is None and child.outlives_lease(now, kill_before(self._options.lease)):
            log.error('child %s loses its lease while it runs a job with on_lease_lost="stop": killed', child.worker_id)
            # Before the event: the first event of a supervisor loads the metrics library (a tenth of a second).
            child.kill(HAND_BACK)
            self._telemetry.event("lease_lost")

    def _check_age(self, child: Child, check_memory: bool) -> None:
        """Replace a child that is tainted, has run enough jobs, or is too large; running jobs finish first."""
        if child.leaving or child.process is None:
            return
        why = "it is tainted" if child.tainted else None
        options = self._options
        if options.max_jobs is not None and child.settled >= options.max_jobs:
            why = f"it ran {counted(child.settled, 'job')}"
        elif check_memory and options.max_rss_mb is not None and child.has_worked:
            # Below a limit that the app's own imports exceed, no child would ever run a job.
            used = memory_mb(child.process.pid)
            if used is not None and used > options.max_rss_mb:
                why = f"it uses {used:.0f} MB"
        if why is not None:
            log.info("child %d is replaced: %s", child.process.pid, why)
            self._telemetry.event("child_recycled")
            child.tell(FINISH)

    async def _renew(self) -> None:
        """Renew the leases of all children in one statement."""
        errors, store_log = 0, StoreLog(self._store, self._clock, "leases")
        while True:
            await self._clock.sleep(jittered(self._options.heartbeat) if not errors else backoff(errors, longest=1.0))
            children = {child.worker_id: child for child in self._children if child.registered}
            if not children:
                continue
            began = self._clock.monotonic()
            try:
                loads = [None if child.meter is None else child.meter.load(began) for child in children.values()]
                alive = await self._store.workers.renew(list(children), self._options.lease_ms, loads=loads)
                errors = 0
                store_log.worked()
            except TaskFlowError as error:
                errors += 1
                if not store_log.failed(error):
                    log.warning("leases were not renewed: %s", error)
                continue
            for worker_id, child in children.items():
                if child not in self._children:  # it died meanwhile, and its jobs are settled
                    continue
                if worker_id in alive:
                    child.table.cells[LEASE_US] = int((began + self._options.lease) * 1e6)
                    self._obey(child, alive[worker_id])
                else:
                    self._lost(child)
            await self._note_stuck()

    def _obey(self, child: Child, command: Command | None) -> None:
        """Pass an operator's command on to a child, unless the child leaves anyway."""
        if child.leaving or child.isolated or command is child.command:
            return
        log.info("worker %s obeys an operator: %s", child.worker_id, command or "resume")
        if command is Command.STOP:
            self._stop(child)
        else:
            child.pause(command)

    def _stop(self, child: Child) -> None:
        """Let a child finish within the drain timeout, and do not replace it; without any child left, end."""
        child.command = Command.STOP
        self._processes -= 1
        patience = self._options.drain_timeout
        child.tell(f"{DRAIN} {patience}")
        asyncio.get_running_loop().call_later(patience + self._options.grace + LAST_SECONDS, self._kill_late, child)
        if not self._processes:
            log.info("an operator stopped every worker of this process")
            self.request_drain()

    def _kill_late(self, child: Child) -> None:
        if child in self._children:
            log.warning("child %s did not end in time", child.worker_id)
            child.kill(HAND_BACK)

    def _keep_drained(self, child: Child) -> None:
        """If a drained child leaves, start its replacement drained: a drain ends with a resume, not with a process."""
        if child.leaving and child.command is Command.DRAIN:
            child.command = None  # once
            self._to_start_drained += 1

    async def _note_stuck(self) -> None:
        """Write a note into the rows of children that make no progress; their leases alone look like long jobs."""
        for child in self.children:
            stuck_s = _stuck_for(child, self._clock.monotonic())
            stuck = stuck_s > STUCK_SECONDS
            if stuck == child.noted or not child.registered:
                continue
            text = f"its process has not been able to work for {stuck_s:.0f} s: its event loop is blocked, or its "
            text += "store is unreachable; see its log"
            try:
                await self._store.workers.report(child.worker_id, {CHILD: text if stuck else None})
            except TaskFlowError as error:
                log.debug("the note that worker %s is stuck was not stored: %s", child.worker_id, error)
                continue
            child.noted = stuck
            if stuck:
                log.warning("worker %s makes no progress: %s", child.worker_id, text)

    def _lost(self, child: Child) -> None:
        """Replace a child that a rescuer considered lost. Its bodies continue to their fenced completion, unless one of
        them must not.
        """
        was_leaving = child.leaving
        if not was_leaving:
            log.warning("worker %s lost its lease: it finishes its jobs and is replaced", child.worker_id)
            child.tell(FINISH)
        if child.outlives_lease(self._clock.monotonic(), float("inf")):
            child.kill(HAND_BACK)
        if not was_leaving:
            self._telemetry.event("lease_lost")

    async def _isolate(self) -> None:
        """Start a one-slot child when isolated jobs are ready for it."""
        while True:
            await self._clock.sleep(jittered(self._options.poll))
            if self._draining or any(child.isolated and not child.leaving for child in self._children):
                continue
            try:
                if await self._store.workers.suspects_ready(self._tenants, self._options.queues):
                    self._spawn(isolated=True)
            except TaskFlowError as error:
                log.debug("suspect jobs could not be read: %s", error)

    async def _keep(self, name: str, run: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await run()
                return
            except Exception:
                log.exception("the %s failed and starts again", name)
                self._telemetry.event("loop_failed")
                await self._clock.sleep(1.0)


def _stuck_for(child: Child, now: float) -> float:
    """Return for how many seconds a child has not been healthy; 0 while it starts or ends."""
    healthy_at = child.table.cells[HEALTHY_US] / 1e6
    return 0.0 if child.leaving or not healthy_at else now - healthy_at
