"""The values that measures take and give."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from benchmarks.compare.adapter import Adapter
from benchmarks.compare.peer import Peer


@dataclass(frozen=True)
class Sizes:
    """How much is measured."""

    one: int = 3_000
    together: int = 20_000
    bulk: int = 60_000
    #: No-op jobs of a drain; a slow peer says in its table that it gets fewer.
    drain: int = 60_000
    sleep: int = 30_000
    elsewhere: int = 20_000
    #: Requests of a load generator, and seconds after which it ends anyway.
    rest: int = 60_000
    rest_s: float = 10.0
    #: Jobs that have ended before lists are asked for.
    finished: int = 1_000_000
    pickups: int = 300
    idle_s: float = 10.0
    #: Seconds after which a drain is judged by what it has done.
    bound_s: float = 120.0
    #: Seconds to wait for a killed worker's job.
    rerun_bound_s: float = 120.0

    def capped(self, jobs: int | None) -> Sizes:
        """Return the same with no measure above so many jobs."""
        if jobs is None:
            return self
        counts = ("one", "together", "bulk", "drain", "sleep", "elsewhere", "rest")
        return replace(self, **{name: min(jobs, getattr(self, name)) for name in counts})


@dataclass(frozen=True)
class Bench:
    """What a measure works with: one peer on one empty, prepared database."""

    adapter: Adapter
    sizes: Sizes

    @property
    def drain_jobs(self) -> int:
        """How many jobs this peer drains."""
        return min(self.sizes.drain, self.adapter.peer.jobs)


@dataclass(frozen=True)
class Figure:
    """One number of one run, or the note that says why there is none."""

    #: Added to the measure's title: "" for its main figure.
    name: str
    value: float | None
    unit: str
    digits: int = 0
    note: str = ""


@dataclass(frozen=True)
class Measure:
    """A measure: its name on the command line, its title in the table, and how it is taken."""

    name: str
    title: str
    run: Callable[[Bench], list[Figure]]
    #: The only adapters it is for; empty: every one but those that only serve.
    adapters: tuple[str, ...] = ()

    def takes(self, peer: Peer) -> bool:
        """Return whether a peer takes part at all."""
        return peer.adapter in self.adapters if self.adapters else not peer.only_serves
