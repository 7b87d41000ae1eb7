"""Does to the fleet, the database and the connections what the plan says, and notes what really happened."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import NamedTuple

from tests.chaos.database import DRIVER_ERRORS, Postgres, Sqlite
from tests.chaos.evidence import Fault, OpenRuns
from tests.chaos.fleet import CLEAN, STORE_UNREACHABLE, Fleet, Slot, pause
from tests.chaos.links import Link
from tests.chaos.plan import Step
from tests.faults.rig import Program

#: What a slow connection adds to each piece.
DELAY_S = (0.02, 0.4)
#: A worker with so many open runs that began so recently has something to lose.
BUSY, RECENT_S, BUSY_WITHIN_S = 3, 3.0, 3.0
#: How much longer a worker may be stopped for another to begin its jobs.
OVERTAKEN_WITHIN_S = 3.0
#: A worker that is told to end waits for the store to take what it holds, and outages may follow each other.
LEAVE_WITHIN_S = 40.0


class Hit(NamedTuple):
    """Whom a fault hit, where that was decided at the time."""

    target: str = ""
    pids: tuple[int, ...] = ()
    note: str = ""


class Injector:
    """Carries out a plan.

    Args:
        fleet: the programs.
        links: ways to the database by slot, and to the servers as "front-0" …
        database: the store's.
        runs: which programs are busy: a fault waits a moment for something to break.
    """

    def __init__(self, fleet: Fleet, links: dict[str, Link], database: Postgres | Sqlite, runs: OpenRuns) -> None:
        self._fleet = fleet
        self._runs = runs
        self._links = links
        self._database = database
        #: Pauses wait on it: they last as long as the plan says, unless the run is cancelled.
        self._never = asyncio.Event()
        self.faults: list[Fault] = []
        self.not_run: dict[str, str] = dict(database.not_run)
        self.findings: list[str] = []

    async def run(self, lanes: list[list[Step]], began: float, until: float) -> None:
        """Inject every fault at its time, or as soon as its lane is free; what would last too long is left out."""
        async with asyncio.TaskGroup() as group:
            for lane in lanes:
                group.create_task(self._run_lane(lane, began, until))

    async def _run_lane(self, lane: list[Step], began: float, until: float) -> None:
        for step in lane:
            if step.kind not in self.not_run and time.monotonic() + step.lasts < until:
                await self._inject(step, began)

    async def _inject(self, step: Step, began: float) -> None:
        await pause(self._never, began + step.at - time.monotonic())
        if step.target.startswith("worker"):
            await self._busy(step.target)
        begin = time.monotonic()
        try:
            hit = await self._deed(step)(step)
        except (*DRIVER_ERRORS, OSError, TimeoutError) as error:
            self.findings.append(f"{step.kind} of {step.target} could not be injected: {error!r}")
            return
        end = time.monotonic()
        target = hit.target or step.target
        self.faults.append(Fault(kind=step.kind, target=target, begin=begin, end=end, pids=hit.pids, note=hit.note))

    async def _busy(self, program: str) -> None:
        """Wait until a worker is in the middle of a few jobs, but not for long."""
        slot, patience = self._fleet.slots[program], time.monotonic() + BUSY_WITHIN_S
        while (now := time.monotonic()) < patience:
            if self._runs.of(program, max(now - RECENT_S, slot.since)) >= BUSY:
                return
            await pause(self._never, 0.05)

    def _deed(self, step: Step) -> Callable[[Step], Awaitable[Hit]]:
        deeds: dict[str, Callable[[Step], Awaitable[Hit]]] = {
            "kill_child": self._kill_child,
            "kill_worker": self._kill,
            "kill_server": self._kill,
            "redeploy": self._redeploy,
            "pause_worker": self._pause,
            "pause_server": self._pause,
            "pause_supervisor": self._pause_supervisor,
            "pause_child": self._pause_child,
            "freeze": self._freeze,
            "restart": self._restart,
            "long_restart": self._restart,
            "terminate": self._terminate,
            "read_only": self._read_only,
            "full_disk": self._full_disk,
            "cut": self._hurt,
            "delay": self._hurt,
            "black_hole": self._hurt,
            "half_open": self._hurt,
        }
        return deeds[step.kind]

    def _slot(self, step: Step) -> Slot:
        return self._fleet.slots[step.target]

    # -- processes

    async def _kill(self, step: Step) -> Hit:
        slot = self._slot(step)
        slot.expected = True
        # The supervisor alone half of the time: its children must follow it by themselves.
        if step.luck < 0.5 and slot.program is not None:
            slot.program.signal(signal.SIGKILL)
            return Hit(note="alone")
        slot.signal_all(signal.SIGKILL)
        return Hit(note="with all its processes")

    async def _kill_child(self, step: Step) -> Hit:
        name, pid = self._some_child(step)
        if pid is not None:
            _send(pid, signal.SIGKILL)
        return _one(name, pid)

    async def _redeploy(self, step: Step) -> Hit:
        slot = self._slot(step)
        program = slot.program
        # Expected: the end of one that was killed a moment ago would pass for the end that is ordered here.
        if program is None or slot.expected or slot.exit_code() is not None:
            return Hit(note="it was away")
        slot.expected = True
        program.signal(signal.SIGTERM)
        try:
            code = await program.wait(LEAVE_WITHIN_S)
        except TimeoutError:
            self.findings.append(f"{step.target} did not end within {LEAVE_WITHIN_S:g} s of SIGTERM")
            slot.signal_all(signal.SIGKILL)
            return Hit(note="it did not end")
        if code not in (*CLEAN, STORE_UNREACHABLE, -signal.SIGTERM):  # it may not have been up yet
            self.findings.append(f"{step.target} was told to end, and did with exit code {code}")
        return Hit(note=f"exit code {code}")

    async def _pause(self, step: Step) -> Hit:
        slot = self._slot(step)
        if not slot.name.startswith("worker"):
            await self._stopped([slot], step.lasts)
            return Hit()
        since = max(time.monotonic() - RECENT_S, slot.since)
        await self._stopped([slot], step.lasts, until=lambda: self._runs.overtaken(slot.name, since))
        return Hit()

    async def _freeze(self, step: Step) -> Hit:
        """All programs at once: a machine that was suspended."""
        self._fleet.running.clear()
        try:
            await self._stopped(list(self._fleet.slots.values()), step.lasts)
        finally:
            self._fleet.running.set()
        return Hit()

    async def _stopped(self, slots: list[Slot], seconds: float, until: Callable[[], bool] | None = None) -> None:
        """Stop programs for so long; a worker a little longer, until it wakes up beside another that has its jobs."""
        # Who was stopped has to go on: by then a slot may hold its successor.
        programs = [slot.program for slot in slots if slot.program is not None]
        _send_all(programs, signal.SIGSTOP)
        try:
            await pause(self._never, seconds)
            patience = time.monotonic() + OVERTAKEN_WITHIN_S
            while until is not None and not until() and time.monotonic() < patience:
                await pause(self._never, 0.02)
        finally:
            _send_all(programs, signal.SIGCONT)

    async def _pause_supervisor(self, step: Step) -> Hit:
        program = self._slot(step).program
        await self._stop_one(program.pid if program is not None else None, step.lasts)
        return Hit()

    async def _pause_child(self, step: Step) -> Hit:
        name, pid = self._some_child(step)
        await self._stop_one(pid, step.lasts)
        return _one(name, pid)

    def _some_child(self, step: Step) -> tuple[str, int | None]:
        """Return a child and its program: of the worker in the plan, or of the next one that has any."""
        names = [name for name in self._fleet.slots if name.startswith("worker")]
        first = names.index(step.target)
        for name in names[first:] + names[:first]:
            children = self._fleet.slots[name].children()
            if children:
                return name, children[int(step.luck * len(children))]
        return step.target, None

    async def _stop_one(self, pid: int | None, seconds: float) -> None:
        if pid is None:
            return
        _send(pid, signal.SIGSTOP)
        try:
            await pause(self._never, seconds)
        finally:
            _send(pid, signal.SIGCONT)

    # -- the database

    @property
    def _postgres(self) -> Postgres:
        assert isinstance(self._database, Postgres)
        return self._database

    async def _restart(self, step: Step) -> Hit:
        await self._postgres.restart(self._never, step.lasts)
        return Hit()

    async def _terminate(self, step: Step) -> Hit:
        return Hit(note=f"{await self._postgres.terminate()} connections")

    async def _read_only(self, step: Step) -> Hit:
        await self._postgres.set_read_only(True)
        try:
            await pause(self._never, step.lasts)
        finally:
            await self._postgres.set_read_only(False)
        return Hit()

    async def _full_disk(self, step: Step) -> Hit:
        megabytes = await asyncio.to_thread(self._postgres.fill_disk)
        try:
            await pause(self._never, step.lasts)
        finally:
            self._postgres.free_disk()
        return Hit(note=f"{megabytes} MB of ballast")

    # -- connections

    async def _hurt(self, step: Step) -> Hit:
        if step.target == "all":  # every way to the database
            links = [link for name, link in self._links.items() if not name.startswith("front")]
        else:
            links = [self._links[step.target]]
        for link in links:
            match step.kind:
                case "cut":
                    link.cut()
                case "delay":
                    link.slow_down(DELAY_S[0] + (DELAY_S[1] - DELAY_S[0]) * step.luck)
                case "black_hole":
                    link.swallow()
                case _:
                    link.half_open()
        try:
            if step.kind != "half_open":
                await pause(self._never, step.lasts)
        finally:
            for link in links:
                link.heal()
        return Hit()


def _one(name: str, pid: int | None) -> Hit:
    return Hit(target=name, pids=(-1,) if pid is None else (pid,), note="there was none" if pid is None else "")


def _send_all(programs: list[Program], number: signal.Signals) -> None:
    for program in programs:
        with suppress(ProcessLookupError):
            program.signal_all(number)


def _send(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)
