"""What is known about one peer of the comparison."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Class = Literal["postgres", "sqlite", "redis"]
Runtime = Literal["python", "node"]


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
    #: Jobs of a drain at most; fewer where the usual number would take minutes.
    jobs: int = 60_000
    #: The oldest Python it runs on, where ours may be too old; "" where any will do.
    python: str = ""
    #: Whether it is an HTTP endpoint and nothing else.
    only_serves: bool = False
    #: Measure → why this peer has no figure there.
    cannot: Mapping[str, str] = field(default_factory=dict)

    def why_not(self, measure: str) -> str | None:
        """Return why this peer has no figure for a measure, or None if it has one."""
        return self.cannot.get(measure)


#: Reasons that several peers share.
NO_PROCESSES = "runs jobs in its own process only"
NODE_THREADS = "one JavaScript thread; no pool of its own"
NO_BULK = "no bulk call"
