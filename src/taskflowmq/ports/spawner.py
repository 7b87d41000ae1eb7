"""How a supervisor gets its children, so that a simulation can pass it others."""

from __future__ import annotations

from typing import Protocol
from uuid import UUID

import msgspec

from taskflowmq.core.workers import Command


class ChildSpec(msgspec.Struct, frozen=True, kw_only=True):
    """What a child gets at its start. The file descriptors are inherited."""

    worker_id: UUID
    supervisor: UUID
    #: The shared slot table.
    slots_fd: int
    #: Reading end of the pipe on which commands arrive; its end of file means that the supervisor is dead.
    control_fd: int
    #: Whether it claims only jobs that a process crashed with before, one at a time.
    isolated: bool
    #: What it obeys from its start: of the child that it replaces.
    command: Command | None = None


class Process(Protocol):
    """A started child."""

    @property
    def pid(self) -> int:
        """Its process id."""
        ...

    async def wait(self) -> int:
        """Wait for its end and return its exit code; negative: the signal that killed it."""
        ...

    def kill(self) -> None:
        """End it at once; no-op when it has ended."""
        ...


class Spawner(Protocol):
    """Starts children by exec, never by fork: nothing of the supervisor's connections may reach them."""

    async def spawn(self, child: ChildSpec) -> Process:
        """Start a child.

        Raises:
            OSError: the machine cannot start one now.
        """
        ...
