"""What operators want of workers, and what readers see of them.

A command is what a worker shall do from now on, not an event: it stands in the worker's row until another replaces it,
and the worker reads it with each renewal of its lease. So a lost answer, a repeat or a late look changes nothing.
"""

from __future__ import annotations

from enum import StrEnum
from uuid import UUID

import msgspec

from taskflowmq.core.errors import CommandNotSupported, Conflict, WorkerNotFound


class Command(StrEnum):
    """What a worker shall do instead of running jobs."""

    #: Claim nothing more and finish what runs, until it is resumed.
    DRAIN = "drain"
    #: Drain, then end the process as after a SIGTERM. There is no way back.
    STOP = "stop"


#: The commands that a worker of this version obeys: it says so in its row.
KNOWN = ("drain", "resume", "stop")


class WorkerState(StrEnum):
    """Whether a worker runs jobs."""

    LIVING = "living"
    DRAINING = "draining"
    #: Its lease is over: it died without notice, or cannot reach the store.
    LOST = "lost"
    ENDED = "ended"


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker's process uses, as it says with each renewal of its lease."""

    #: Processor seconds per second since the renewal before: 1.0 is one core.
    cpu: float
    #: Processor seconds since the process started.
    cpu_seconds: float
    #: Resident memory in bytes.
    rss: int


class CommandAnswer(StrEnum):
    """What a command did."""

    DONE = "done"
    NOT_FOUND = "not_found"
    #: The worker has ended, or is considered dead.
    ENDED = "ended"
    #: It has the command to stop, which nothing takes back.
    STOPPING = "stopping"
    #: It ends by itself, as soon as no isolated job is left.
    ISOLATED = "isolated"
    #: Its version does not know commands.
    NOT_SUPPORTED = "not_supported"


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What a decision needs to know of a worker."""

    alive: bool
    command: Command | None
    info: bytes


class _Info(msgspec.Struct):
    commands: list[str] = []
    isolated: bool = False


def decide(worker: Known | None, wanted: Command | None) -> CommandAnswer:
    """Decide a command; DONE means that it may be written while the worker lives.

    Args:
        worker: None if there is none of this id.
        wanted: None to resume.
    """
    if worker is None:
        return CommandAnswer.NOT_FOUND
    if not worker.alive:
        return CommandAnswer.ENDED
    info = msgspec.json.decode(worker.info, type=_Info)
    if (wanted or "resume") not in info.commands:
        return CommandAnswer.NOT_SUPPORTED
    if info.isolated:
        return CommandAnswer.ISOLATED
    if worker.command is Command.STOP and wanted is not Command.STOP:
        return CommandAnswer.STOPPING
    return CommandAnswer.DONE


_REFUSED = {
    CommandAnswer.ENDED: "has ended, or its lease is over",
    CommandAnswer.STOPPING: "has the command to stop, which cannot be undone",
    CommandAnswer.ISOLATED: "runs jobs that crashed a process, and ends by itself",
}


def check(answer: CommandAnswer, worker_id: UUID) -> None:
    """Return if a command was accepted.

    Raises:
        WorkerNotFound: there is no such worker.
        CommandNotSupported: the worker's version ignores commands.
        Conflict: its state does not allow the command; nothing changed.
    """
    if answer is CommandAnswer.NOT_FOUND:
        raise WorkerNotFound(f"there is no worker {worker_id}")
    if answer is CommandAnswer.NOT_SUPPORTED:
        what = f"worker {worker_id} is of a version that knows no commands"
        raise CommandNotSupported(f"{what}: send a SIGTERM to its supervisor")
    if answer is not CommandAnswer.DONE:
        raise Conflict(f"worker {worker_id} {_REFUSED[answer]}")
