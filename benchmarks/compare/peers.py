"""Who is compared: versions, settings and what a peer cannot do. One adapter program per peer, named like it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Class = Literal["postgres", "sqlite", "redis"]
Runtime = Literal["python", "node"]

OURS = "taskflow"


@dataclass(frozen=True)
class Peer:
    """One job queue on one kind of database."""

    #: What a user types and the table shows; ours on each class is "taskflow-CLASS".
    name: str
    kind: Class
    runtime: Runtime
    #: The adapter's file without its ending.
    adapter: str
    #: Pinned; empty for our own environment.
    requirements: tuple[str, ...]
    #: The settings used and why, one line each.
    settings: tuple[str, ...]
    #: Jobs at once where a measure does not say so; 0 leaves it to the adapter.
    concurrency: int = 0
    #: Whether one worker command starts as many children as it is told; otherwise the driver starts several.
    supervises: bool = False
    #: Measure (or "kind:thread" …) → why this peer has no figure there.
    cannot: Mapping[str, str] = field(default_factory=dict)

    def why_not(self, measure: str) -> str | None:
        """Return why this peer has no figure for a measure, or None if it has one."""
        return self.cannot.get(measure)


NO_PROCESSES = "runs jobs in its own process only"
NODE_THREADS = "one JavaScript thread; no pool of its own"

PEERS: tuple[Peer, ...] = (
    Peer(
        "pgqueuer",
        "postgres",
        "python",
        "pgqueuer",
        ("pgqueuer[asyncpg]==1.6.0", "asyncpg==0.32.0", "uvloop==0.23.0"),
        (
            "batch_size 500: the largest batch that gained in our trials; no limit of running jobs for no-ops",
            "asyncpg and uvloop, the fastest driver and loop it supports",
            "blocking bodies through asyncio.to_thread, as its own error message asks for",
        ),
        cannot={"process": NO_PROCESSES},
    ),
    Peer(
        "graphile-worker",
        "postgres",
        "node",
        "graphile-worker",
        ("graphile-worker@0.17.3", "pg@8.23.1"),
        (
            "concurrentJobs 24, maxPoolSize 25, localQueue.size 500: its performance page",
            "completeJobBatchDelay 0, failJobBatchDelay 0: the same page; NO_LOG_SUCCESS as in its performance test",
        ),
        cannot={"thread": NODE_THREADS, "process": NO_PROCESSES},
    ),
)


def chosen(names: str | None) -> list[Peer]:
    """Return the peers named in a comma-separated list, or all; a name also means its variants ("huey-redis")."""
    if not names:
        return list(PEERS)
    wanted = [name.strip() for name in names.split(",") if name.strip()]
    known = [peer.name for peer in PEERS]
    for name in wanted:
        if not any(_matches(other, name) for other in known):
            raise ValueError(f"there is no peer {name!r}; known: {', '.join(known)}")
    return [peer for peer in PEERS if any(_matches(peer.name, name) for name in wanted)]


def _matches(peer: str, wanted: str) -> bool:
    return peer == wanted or peer.startswith(f"{wanted}-")
