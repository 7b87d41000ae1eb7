"""The attempts of a job as a reader sees them: where each ran, and how long it had waited."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

import msgspec

#: The first claims of a job whose attempts are kept, whatever comes later.
FIRST_KEPT = 10


class AttemptView(msgspec.Struct, frozen=True, kw_only=True):
    """One ended or running attempt of a job, as a reader sees it."""

    round: int
    attempt: int
    lease_no: int
    worker: str | None
    #: Where it ran; None if the store no longer knows the worker.
    host: str | None
    pid: int | None
    started_at: datetime | None
    finished_at: datetime | None
    #: "running", "completed", or an :class:`~taskflowmq.core.job.Ended` word
    outcome: str
    raw_error: bytes | None
    #: Seconds from the end of the attempt before it, or from when the job was due; None where that is not kept.
    waited: float | None = None

    @property
    def error(self) -> dict[str, Any] | None:
        """Why it failed: ``type``, ``message``, ``traceback``; None if it did not."""
        error: dict[str, Any] | None = None if self.raw_error is None else msgspec.json.decode(self.raw_error)
        return error


class Attempts(list[AttemptView]):
    """The attempts of a job that are kept, oldest first: the first 10 and those of the last 90 claims.

    Args:
        views: the attempts that are kept, and at claim 0 how many are not.
        due_at: when the job was due first.

    Attributes:
        counts: how many there were in all, by outcome, those that are not kept included.
    """

    def __init__(self, views: Iterable[AttemptView] = (), due_at: datetime | None = None) -> None:
        kept = list(views)
        # The row of claim 0, which no job has, holds how many are not kept.
        untold: Counter[str] = Counter()
        for view in kept:
            if not view.lease_no and view.raw_error is not None:
                untold.update(msgspec.json.decode(view.raw_error, type=dict[str, int]))
        listed = [view for view in kept if view.lease_no]
        super().__init__(_with_waits(listed, due_at, has_gap=bool(untold)))
        self.counts = Counter(view.outcome for view in listed) + untold

    @property
    def total(self) -> int:
        """How many attempts there were in all."""
        return self.counts.total()

    @property
    def gap(self) -> int:
        """How many attempts in the middle are not kept."""
        return self.total - len(self)


def _with_waits(views: Iterable[AttemptView], due_at: datetime | None, *, has_gap: bool) -> Iterator[AttemptView]:
    before: AttemptView | None = None
    for view in views:
        since = None
        if before is None:
            since = due_at if view.round == 1 else None
        # When a new round was begun by hand is not kept, nor when the last attempt ended that is not.
        elif before.round == view.round and not (has_gap and before.lease_no <= FIRST_KEPT < view.lease_no):
            since = before.finished_at
        if since is not None and view.started_at is not None:
            waited = max((view.started_at - since).total_seconds(), 0.0)
            yield msgspec.structs.replace(view, waited=waited)
        else:
            yield view
        before = view
