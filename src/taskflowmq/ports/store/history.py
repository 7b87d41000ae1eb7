"""The history of jobs: figures per minute, queue and task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol
from uuid import UUID

import msgspec

from taskflowmq.core.history import By, Figures, HistoryKept
from taskflowmq.core.job import JobKind


class HistoryQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which figures of a tenant to read. Times are whole minutes; ``until`` is not included."""

    tenant: str
    since: datetime
    until: datetime
    #: Figures are added up over this many seconds, from ``since`` on.
    step_s: int
    by: By
    #: Only these queues, tasks or nodes; None: all.
    names: tuple[str, ...] | None = None


class StepFigures(NamedTuple):
    """What was stored of one name in one step, not added up yet."""

    #: Of the step, from 0.
    number: int
    #: Of a queue, task or node; None for all together.
    name: str | None
    #: Of the longest row among them, in seconds; a row of an hour counts for the step in which it begins.
    span_s: int
    parts: list[Figures]


class History(Protocol):
    """Figures of jobs: workers append them, a duty joins them, readers add them up."""

    async def now(self) -> datetime:
        """Return the time by which figures are appended."""
        ...

    async def append(self, writer: UUID, figures: Mapping[JobKind, Figures], *, age_ms: int = 0) -> None:
        """Append figures to the minute of ``age_ms`` ago, by the store's clock.

        They belong to the host of the worker ``writer``, as it registered; those of an unknown one to no node.

        Not to be repeated after :class:`StoreUnavailable`: they would count twice. Figures of a queue or task that
        the store does not have are left out.
        """
        ...

    async def count_backlog(self) -> int:
        """Store how many jobs of each kind are ready, if the present minute has just begun and was not counted.

        Returns:
            milliseconds until the next minute begins.
        """
        ...

    async def roll_up(self, kept: HistoryKept) -> int:
        """Join the figures of some minutes that are over, or of an hour that is old enough, each exactly once.

        Returns:
            how many rows were joined; 0: none is due.
        """
        ...

    async def prune(self, kept: HistoryKept, limit: int) -> int:
        """Delete what is older than it is kept; return how many rows."""
        ...

    async def read(self, query: HistoryQuery) -> list[StepFigures]:
        """Return the figures of a tenant by step and name, in any order."""
        ...

    async def read_backlog(
        self, tenant: str, minutes: Sequence[datetime], by: By, names: tuple[str, ...] | None = None
    ) -> dict[datetime, dict[str | None, int]]:
        """Return how many of a tenant's jobs were ready at the start of minutes, by name.

        A minute that was not counted is left out; a name that is left out had none. Jobs that wait are on no node, so
        by node no minute was counted.
        """
        ...
