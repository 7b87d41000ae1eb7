"""The processes of the cluster, each running the real code: embedded workers, supervisors with their children, programs
that only run duties, and clients.

What is not the real thing, and why: a child is spawned on the same loop instead of by exec (the supervisor's Spawner is
a port for that), and reads the supervisor's commands from its real pipe by looking, not with a thread.
"""

from __future__ import annotations

import asyncio
import os
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
from tests.simulation.gate import Gate
from tests.simulation.loop import Process, ProcessClock
from tests.simulation.tasks import make_app

from taskflowmq.core.ids import uuid7
from taskflowmq.core.validation import ALL_TENANTS
from taskflowmq.core.workers import Command
from taskflowmq.ports.spawner import ChildSpec
from taskflowmq.ports.telemetry import NoTelemetry
from taskflowmq.scheduler import all_duties
from taskflowmq.worker.identity import WorkerIdentity
from taskflowmq.worker.options import WorkerOptions
from taskflowmq.worker.slots import SlotTable
from taskflowmq.worker.supervision.child import DRAIN, FINISH, PAUSE, RESUME
from taskflowmq.worker.supervision.supervisor import Supervisor
from taskflowmq.worker.worker import Worker

LEASE, HEARTBEAT, SWEEP, POLL = 10.0, 3.0, 2.0, 1.0
OPTIONS = WorkerOptions(
    concurrency=3, processes=2, lease=LEASE, heartbeat=HEARTBEAT, sweep=SWEEP, poll=POLL, drain_timeout=4.0, grace=0.5
)
LOOK_AT_PIPE = 0.2
TENANTS, QUEUES = ("default", "other"), ("a", "b")
#: Where there are two tenants: the roles of the second, and whom the workers serve that do not serve both.
_OF_THE_SECOND = frozenset({"client1"})
_SERVES = {"worker1": TENANTS[:1], "worker2": TENANTS[1:]}


class Node(Process):
    """One process: its store, its clock, and how it begins and ends."""

    kind = "node"

    def __init__(self, world: Any, role: str, name: str) -> None:
        super().__init__(name)
        self.world, self.role = world, role
        self.gate = Gate(self, world.loop, lambda call: world.asked.append(call), world.wake)
        self.clock = ProcessClock(world.loop, world.clock.now)
        self.children: list[Child] = []
        self.tenant = world.tenants[-1 if role in _OF_THE_SECOND else 0]
        self.app = make_app(self)
        self._ids = 0

    def boot(self) -> None:
        """Start its main program."""

    def run(self, coro: Any) -> asyncio.Task[Any]:
        """Run a coroutine in it; what it raises in the end is a defect."""
        task: asyncio.Task[Any] = self.world.loop.start(self, coro)
        task.add_done_callback(self._ended_by)
        return task

    def _ended_by(self, task: asyncio.Task[Any]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self.world.loop.errors.append(f"{self.name} ended with {error!r}")

    def ended(self, code: int) -> None:
        """It has ended with this exit code."""

    def bury(self) -> None:
        """Release what the operating system would have released."""

    def new_id(self) -> UUID:
        """Make a job id: of this moment, repeatable."""
        self._ids += 1
        now = self.clock.now() - datetime(1970, 1, 1, tzinfo=UTC)
        micros = (now.days * 86_400 + now.seconds) * 1_000_000 + now.microseconds
        return uuid7(micros, self.world.new_uuid().int & (2**62 - 1))

    def duties(self) -> list[Any]:
        """Make the duties of a process."""
        return list(all_duties(self.gate, self.clock, NoTelemetry(), lease=LEASE, sweep=SWEEP, poll=POLL))  # type: ignore[arg-type]


class WorkerNode(Node):
    """A program with an embedded worker: renews its own lease and runs the duties."""

    kind = "worker"

    def boot(self) -> None:
        worker_id = self.world.new_uuid()
        identity = WorkerIdentity(worker_id=worker_id, supervisor=worker_id)
        options = self.options()
        self.worker = Worker(
            self.gate,  # type: ignore[arg-type]
            self.app.tasks,
            options,
            clock=self.clock,
            identity=identity,
            duties=self.duties(),
        )
        self.run(self._main())

    def options(self) -> WorkerOptions:
        if len(self.world.tenants) < 2:
            return OPTIONS
        return msgspec.structs.replace(OPTIONS, tenants=_SERVES.get(self.role, (ALL_TENANTS,)))

    def drain(self) -> None:
        """SIGTERM."""
        self.run(self._drain())

    async def _drain(self) -> None:
        self.worker.request_drain()

    async def _main(self) -> None:
        await self.worker.run()
        self.world.loop.call_soon(self.world.kill, self, 0)

    def bury(self) -> None:
        _close(getattr(self.worker, "_slots", None))


class DutyNode(Node):
    """``taskflow scheduler``: duties only."""

    kind = "scheduler"

    def boot(self) -> None:
        for duty in self.duties():
            self.run(duty.run())


class SupervisorNode(Node):
    """``taskflow worker``: a supervisor whose children are processes of their own."""

    kind = "supervisor"

    def boot(self) -> None:
        self.supervisor = Supervisor(self.gate, self, OPTIONS, clock=self.clock, duties=self.duties())  # type: ignore[arg-type]
        self.run(self._main())

    async def _main(self) -> None:
        await self.supervisor.run()
        self.world.loop.call_soon(self.world.kill, self, 0)

    async def spawn(self, child: ChildSpec) -> SimulatedProcess:
        """Start a child (``ports.spawner.Spawner``)."""
        process = SimulatedProcess(self.world)
        self.world.loop.call_soon(self._start_child, child, process, os.dup(child.slots_fd), os.dup(child.control_fd))
        return process

    def _start_child(self, spec: ChildSpec, process: SimulatedProcess, slots_fd: int, control_fd: int) -> None:
        if self.dead:
            os.close(slots_fd)
            os.close(control_fd)
            return
        life = len(self.children) + 1
        child = Child(self.world, f"{self.role}-child", f"{self.name}-{life}", spec, process, (slots_fd, control_fd))
        self.children.append(child)
        self.world.nodes.append(child)
        process.became(child)
        self.world.event(child.name, "starts")
        child.boot()

    def drain(self) -> None:
        """SIGTERM."""
        self.run(self._drain())

    async def _drain(self) -> None:
        self.supervisor.on_signal()

    def bury(self) -> None:
        for child in self.supervisor.children:
            child.close()


class Child(WorkerNode):
    """One claiming process under a supervisor."""

    kind = "child"

    def __init__(
        self,
        world: Any,
        role: str,
        name: str,
        spec: ChildSpec,
        process: SimulatedProcess,
        fds: tuple[int, int],
    ) -> None:
        super().__init__(world, role, name)
        self._spec, self._process = spec, process
        slots_fd, self._control = fds
        self._table = SlotTable.attach(slots_fd)

    def boot(self) -> None:
        identity = WorkerIdentity(
            worker_id=self._spec.worker_id,
            supervisor=self._spec.supervisor,
            table=self._table,
            command=self._spec.command,
        )
        self.worker = Worker(self.gate, self.app.tasks, self.options(), clock=self.clock, identity=identity)  # type: ignore[arg-type]
        self.run(self._work())
        self.run(self._obey())

    def options(self) -> WorkerOptions:
        return msgspec.structs.replace(super().options(), isolated=self._spec.isolated)

    async def _work(self) -> None:
        handed_back = await self.worker.run()
        self.world.loop.call_soon(self.world.kill, self, 75 if handed_back else 0)

    async def _obey(self) -> None:
        """Do what the control pipe says, as ``bootstrap.child`` does."""
        os.set_blocking(self._control, False)
        while True:
            await self.clock.sleep(LOOK_AT_PIPE)
            try:
                lines = os.read(self._control, 4096).decode().split("\n")
            except BlockingIOError:
                continue
            for line in filter(None, lines):
                command, _, argument = line.partition(" ")
                if command == DRAIN:
                    self.worker.request_drain(float(argument))
                elif command == FINISH:
                    self.worker.request_drain(float("inf"))
                elif command in (PAUSE, RESUME):
                    self.worker.obey(Command.DRAIN if command == PAUSE else None)
                else:
                    self.worker.request_hand_back()

    def ended(self, code: int) -> None:
        self._process.end(code)

    def bury(self) -> None:
        _close(self._table)
        os.close(self._control)


class SimulatedProcess:
    """A child as its supervisor sees it (``ports.spawner.Process``)."""

    def __init__(self, world: Any) -> None:
        self._code: asyncio.Future[int] = world.loop.create_future()
        self._world = world
        self._child: Child | None = None
        self.pid = 4_000_000

    def became(self, child: Child) -> None:
        """Its program has started."""
        self._child = child

    async def wait(self) -> int:
        return await asyncio.shield(self._code)

    def kill(self) -> None:
        # Not from within a callback of the one that dies.
        if self._child is not None:
            self._world.loop.call_soon(self._world.kill, self._child)

    def end(self, code: int) -> None:
        """It has ended."""
        if not self._code.done():
            self._code.set_result(code)


class ClientNode(Node):
    """A server or a script: what it does is asked of it from outside, one operation at a time."""

    kind = "client"


KINDS: dict[str, type[Node]] = {kind.kind: kind for kind in (WorkerNode, DutyNode, SupervisorNode, ClientNode)}


def make_node(world: Any, kind: str, role: str, name: str) -> Node:
    """Make a process of a kind."""
    return KINDS[kind](world, role, name)


def _close(table: SlotTable | None) -> None:
    """Unmap a slot table that its owner could not, because it was killed."""
    if table is not None:
        try:
            table.cells.nbytes  # noqa: B018 - raises if the owner has closed it
        except ValueError:
            return
        table.close()
