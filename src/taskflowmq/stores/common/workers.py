"""Workers, as far as both engines do the same: commands are decided in core."""

from __future__ import annotations

from abc import ABC, abstractmethod
from uuid import UUID

from taskflowmq.core.audit import Act, Caller
from taskflowmq.core.workers import Command, CommandAnswer, Known, decide
from taskflowmq.ports.store.workers import WorkerView
from taskflowmq.stores.common.audit import worker_act

#: A command is refused at the second look: what forbids it is never taken back.
_LOOKS = 3
_COMMANDS = frozenset(Command)


class CommonWorkers(ABC):
    """Base of the workers of both engines."""

    @abstractmethod
    async def get(self, worker_id: UUID) -> WorkerView | None:
        """Return one worker, or None."""

    @abstractmethod
    async def _write_command(self, worker_id: UUID, wanted: Command | None, actor: str, act: Act | None) -> bool:
        """Write a command, with its act if there is one; False if the worker has ended or been told to stop."""

    async def command(
        self, worker_id: UUID, wanted: Command | None, *, actor: str, by: Caller | None = None
    ) -> CommandAnswer:
        """Store what a worker shall do from now on (see :class:`~taskflowmq.ports.store.Workers`)."""
        shown = actor.encode("ascii", "backslashreplace").decode()  # a database may have another encoding
        for _ in range(_LOOKS):
            known = _known(await self.get(worker_id))
            answer = decide(known, wanted)
            if answer is not CommandAnswer.DONE or known is None:
                return answer
            act = None if by is None else worker_act(worker_id, wanted, by, known.command)
            if await self._write_command(worker_id, wanted, shown, act):
                return answer
        return CommandAnswer.ENDED


def command_of(stored: str | None) -> Command | None:
    """Return a stored command; None for one of a later version, which only its workers are given."""
    return Command(stored) if stored in _COMMANDS else None


def _known(view: WorkerView | None) -> Known | None:
    if view is None:
        return None
    return Known(alive=view.ended_at is None and not view.lease_over, command=view.command, info=view.info)
