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
from taskflowmq.ports.store.audit import Audit
from taskflowmq.ports.store.bulks import Bulks
from taskflowmq.ports.store.claims import ClaimRequest, Claims, Settled
from taskflowmq.ports.store.error_groups import Errors
from taskflowmq.ports.store.history import History, HistoryQuery, StepFigures
from taskflowmq.ports.store.inspections import Inspections
from taskflowmq.ports.store.intake import Intake
from taskflowmq.ports.store.jobs import FIRST_LOOK, MAX_PAGE_BYTES, PAGE_SLICE, SEARCH_S, Jobs
from taskflowmq.ports.store.logs import Logs
from taskflowmq.ports.store.notifier import Notifier
from taskflowmq.ports.store.probes import MAX_PROBED, PROBE_S, Probes
from taskflowmq.ports.store.queues import Queues, QueueView
from taskflowmq.ports.store.schema import Schema
from taskflowmq.ports.store.stats import Stats, StoreSizes, StoreStats, TableSize
from taskflowmq.ports.store.upkeep import DutyFailure, DutyTurn, DutyView, StagedCount, Upkeep
from taskflowmq.ports.store.views import Views
from taskflowmq.ports.store.workers import Workers

__all__ = [
    "FIRST_LOOK",
    "MAX_BATCH",
    "MAX_PAGE_BYTES",
    "MAX_PROBED",
    "PAGE_SLICE",
    "PROBE_S",
    "SEARCH_S",
    "Audit",
    "Bulks",
    "ClaimRequest",
    "Claims",
    "DutyFailure",
    "DutyTurn",
    "DutyView",
    "Errors",
    "History",
    "HistoryQuery",
    "Inspections",
    "Intake",
    "Jobs",
    "Logs",
    "Notifier",
    "Probes",
    "QueueRetention",
    "QueueView",
    "Queues",
    "Retention",
    "Schema",
    "Settled",
    "StagedCount",
    "Stats",
    "StepFigures",
    "Store",
    "StoreSizes",
    "StoreStats",
    "TableSize",
    "Upkeep",
    "Views",
    "Workers",
]

MAX_BATCH = 1_000


class OperatorParts(Protocol):
    """The parts of a store that operators have, by noun."""

    @property
    def bulks(self) -> Bulks:
        """Operations by hand on many jobs."""
        ...

    @property
    def audit(self) -> Audit:
        """What operators did."""
        ...

    @property
    def errors(self) -> Errors:
        """What failed, by kind."""
        ...

    @property
    def views(self) -> Views:
        """Saved views of the list of jobs."""
        ...

    @property
    def inspections(self) -> Inspections:
        """Requests for the stack or a profile of a running job."""
        ...


class Parts(OperatorParts, Protocol):
    """All parts of a store, by noun."""

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
    def logs(self) -> Logs:
        """What jobs have logged."""
        ...

    @property
    def probes(self) -> Probes:
        """What viewers ask repeatedly."""
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
    def history(self) -> History:
        """What happened to jobs, per minute."""
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


class Store(Parts, Protocol):
    """One database."""

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
