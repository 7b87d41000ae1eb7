"""How many jobs there are."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

import msgspec

from taskflowmq.ports.store.queues import QueueView


class StoreStats(msgspec.Struct, frozen=True, kw_only=True):
    """Counts over a tenant, or over the store. Exact below 10,000 per state, otherwise as old as ``as_of`` says."""

    states: dict[str, int]
    queues: list[QueueView]
    as_of: datetime
    exact: bool
    #: Transaction ids given out since the oldest one that is not frozen; None where they cannot run out.
    xid_age: int | None = None


class TableSize(msgspec.Struct, frozen=True, kw_only=True):
    """A table of the store, with its partitions and indexes."""

    name: str
    bytes: int
    #: As the engine's statistics estimate them; dead ones wait for the engine's clean-up.
    rows: int
    dead_rows: int


class StoreSizes(msgspec.Struct, frozen=True, kw_only=True):
    """The engine, and how much it stores."""

    engine: str
    version: str
    #: Of the whole database; on SQLite of the file.
    bytes: int
    #: Of them, those that new rows use first; None where the engine does not say.
    free_bytes: int | None = None
    #: Of the log beside a SQLite file.
    log_bytes: int | None = None
    #: The largest first; none where reading their sizes means reading the tables.
    tables: list[TableSize] = []
    #: As in :class:`StoreStats`.
    xid_age: int | None = None


class Stats(Protocol):
    """How many jobs there are."""

    async def count(self, tenant: str) -> StoreStats:
        """Return a tenant's counts per state and queue; none for a tenant that was never used."""
        ...

    async def count_all(self) -> StoreStats:
        """Return the installation's counts per state, and per queue of every tenant."""
        ...

    async def sizes(self) -> StoreSizes:
        """Return the engine and its sizes; reads no table of jobs."""
        ...

    async def list_ready_tenants(self) -> list[str]:
        """Return the tenants that have ready jobs, by name; costs an index descent per lane, and no count."""
        ...
