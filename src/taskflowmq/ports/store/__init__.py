"""The store: the database that holds the truth.

Rules for every method:

* Times are the store's own. Callers pass durations; a store built with a ``Clock`` uses that clock's ``now`` in
  every statement (tests and simulation), otherwise the database's.
* A method that returns has committed. A method that raises :class:`StoreUnavailable` may or may not have taken
  effect; repeating it with the same arguments is safe (I1–I3).
* Batches are at most :data:`MAX_BATCH`; multi-row writes lock in id order.
"""

from __future__ import annotations

from typing import Protocol

from taskflowmq.core.retention import QueueRetention, Retention
from taskflowmq.ports.store.claims import ClaimRequest, Claims, Settled
from taskflowmq.ports.store.intake import Intake
from taskflowmq.ports.store.jobs import MAX_PAGE_BYTES, PAGE_SLICE, Jobs
from taskflowmq.ports.store.notifier import Notifier
from taskflowmq.ports.store.queues import Queues, QueueView
from taskflowmq.ports.store.schema import Schema
from taskflowmq.ports.store.stats import Stats, StoreStats
from taskflowmq.ports.store.upkeep import DutyFailure, DutyTurn, StagedCount, Upkeep
from taskflowmq.ports.store.workers import Workers

__all__ = [
    "MAX_BATCH",
    "MAX_PAGE_BYTES",
    "PAGE_SLICE",
    "ClaimRequest",
    "Claims",
    "DutyFailure",
    "DutyTurn",
    "Intake",
    "Jobs",
    "Notifier",
    "QueueRetention",
    "QueueView",
    "Queues",
    "Retention",
    "Schema",
    "Settled",
    "StagedCount",
    "Stats",
    "Store",
    "StoreStats",
    "Upkeep",
    "Workers",
]

MAX_BATCH = 1_000


class Store(Protocol):
    """One database, its parts by noun."""

    @property
    def intake(self) -> Intake:
        """How jobs get in."""
        ...

    @property
    def claims(self) -> Claims:
        """How workers get jobs and give them back."""
        ...

    @property
    def workers(self) -> Workers:
        """Who is considered alive."""
        ...

    @property
    def jobs(self) -> Jobs:
        """What readers see of jobs, and what users do to them."""
        ...

    @property
    def queues(self) -> Queues:
        """What readers see of queues, and what operators do."""
        ...

    @property
    def stats(self) -> Stats:
        """How many jobs there are."""
        ...

    @property
    def upkeep(self) -> Upkeep:
        """The periodic work."""
        ...

    @property
    def schema(self) -> Schema:
        """The shape of the store."""
        ...

    @property
    def notifier(self) -> Notifier:
        """How idle workers are woken."""
        ...

    @property
    def url(self) -> str:
        """The database's address without its password."""
        ...

    async def open(self) -> None:
        """Connect. Migrates an empty database, checks the version of another. Idempotent."""
        ...

    async def close(self) -> None:
        """Finish what is in progress and disconnect. Idempotent."""
        ...

    async def ping(self) -> float:
        """Ask the database for a trivial answer that proves it can commit, and return the seconds it took."""
        ...
