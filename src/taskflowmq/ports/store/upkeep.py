"""The periodic work."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

import msgspec

from taskflowmq.core.job import QueueRef
from taskflowmq.core.retention import Retention
from taskflowmq.core.system import DutyProcess


class DutyTurn(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to "may I run this duty now?"."""

    taken: bool
    #: Milliseconds since the duty ran before this turn, by the store's clock; None if never.
    gap_ms: int | None
    #: Whether a grace is in force, given by this turn or an earlier one: no rescue now.
    grace: bool


class DutyFailure(msgspec.Struct, frozen=True):
    """A duty whose last turn failed."""

    duty: str
    at: datetime
    problem: str


class DutyView(msgspec.Struct, frozen=True):
    """A duty as a reader sees it."""

    duty: str
    #: Start of its last turn, on whatever node; None: it takes no turns, or had none.
    ran_at: datetime | None
    #: Its failure, if the last turn failed.
    failed_at: datetime | None = None
    problem: str | None = None
    #: Which process had its last turn; None: no turn, or the store does not know.
    ran_by: DutyProcess | None = None


class StagedCount(msgspec.Struct, frozen=True):
    """What a turn of the stager did, and when the next job is due (None: nothing is waiting)."""

    staged: int
    expired: int
    next_due_ms: int | None
    #: Queues that received ready jobs, for the wake-up.
    queues: tuple[QueueRef, ...] = ()


class Upkeep(Protocol):
    """Duties: periodic work that any node may do, once per interval for the installation, for every tenant."""

    async def take_turn(
        self, duty: str, interval_ms: int, *, lease_ms: int | None = None, by: DutyProcess | None = None
    ) -> DutyTurn:
        """Decide in one transaction whether the caller runs this duty now, and remember who it is.

        With ``lease_ms`` it also forbids rescues for so long if the silence before may be our own (``core.grace``):
        no lost answer, pause or crash comes between the turn, which ends the silence, and the grace.
        """
        ...

    async def stage_due(self, limit: int) -> StagedCount:
        """Move waiting jobs that are due to ready, each with a new position; those past expiry are cancelled."""
        ...

    async def expire_ready(self, limit: int) -> int:
        """Cancel ready jobs whose ``expires_at`` has passed (reason ``expired``)."""
        ...

    async def prune(self, retention: Retention, limit: int) -> int:
        """Delete ended jobs past retention, expired keys, bare ids and forgotten requests; return how many rows."""
        ...

    async def maintain(self) -> None:
        """Engine-specific upkeep: partitions ahead of time, checkpoints, statistics."""
        ...

    async def note_failure(self, duty: str, problem: str) -> None:
        """Store why the last turn of a duty failed, for :meth:`failures`."""
        ...

    async def note_success(self, duty: str) -> None:
        """Forget the failure of a duty; costs no write where there is none."""
        ...

    async def failures(self) -> list[DutyFailure]:
        """Return the duties whose last turn failed, by name."""
        ...

    async def duties(self) -> list[DutyView]:
        """Return the duties that had a turn or a failure, by name."""
        ...

    async def check(self) -> list[str]:
        """Verify I10 and friends; return one sentence per violation (doctor and the test oracle)."""
        ...
