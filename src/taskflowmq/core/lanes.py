"""In which order a claim scans lanes: strict priority, then the tenants of one priority in turn, then the queues of a
tenant in turn, then the shares of one queue in turn.

Turns are start-time fair queueing with one unit per job: the queue that received the fewest jobs goes first. A queue
that was idle begins level with the least served of the others: it is not compensated for what it did not use. So of
two queues that always have jobs, neither gets ahead of the other by more than the largest claim.

A counter of claims is not enough: if every second claim is spent on another priority, or on a scan that finds nothing,
it puts the same queue first each time. The name that came last is not enough either: the queue behind one that gives
few jobs would get what that one leaves, and its own turn.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Protocol, TypeVar


class Lane(Protocol):
    """A lane, as far as the order depends on it."""

    @property
    def tenant_id(self) -> int:
        """The tenant of its queue."""
        ...

    @property
    def queue(self) -> str:
        """The name of its queue, unique within the tenant."""
        ...

    @property
    def priority(self) -> int:
        """Lower runs sooner."""
        ...

    @property
    def share(self) -> str:
        """The share of the queue that it belongs to; empty for jobs without a share."""
        ...


L = TypeVar("L", bound=Lane)
_Tenant = tuple[int, int]
_Queue = tuple[int, int, str]


class Turns:
    """What the claims of one worker took from the tenants of each priority, their queues, and the shares of each queue.

    Only differences are kept: name → jobs taken beyond those of the least served; what is level with it is left out. So
    no difference is larger than a claim, and what is kept does not grow with the names that were ever seen.
    """

    __slots__ = ("_queues", "_shares", "_tenants")

    def __init__(self) -> None:
        #: Of workers that serve several; most serve one, and have nothing to remember.
        self._tenants: dict[int, dict[int, int]] = {}
        self._queues: dict[_Tenant, dict[str, int]] = {}
        #: Of queues that are divided; most have a single share, and nothing to remember.
        self._shares: dict[_Queue, dict[str, int]] = {}

    def order(self, lanes: Sequence[L]) -> list[L]:
        """Return the lanes in the order of a scan. The order in which they are given makes no difference.

        Args:
            lanes: those that may have ready jobs for this claim.
        """
        if len(lanes) < 2:
            return list(lanes)
        # The sorts are stable, and the first one runs in C: of hundreds of lanes few are ahead of the others.
        ordered = sorted(lanes, key=_by_name)
        if any(map(_share_of, ordered)):
            for lane in ordered:
                if lane.share:
                    self._shares.setdefault((lane.priority, lane.tenant_id, lane.queue), {})
            ordered.sort(key=self._share_rank)
        ordered.sort(key=self._queue_rank)
        if len(set(map(_tenant_of, ordered))) > 1:
            for lane in ordered:
                self._tenants.setdefault(lane.priority, {})
            ordered.sort(key=self._tenant_rank)
        return ordered

    def _share_rank(self, lane: Lane) -> tuple[int, int, str, int]:
        queue = lane.priority, lane.tenant_id, lane.queue
        return *queue, self._shares.get(queue, _NONE).get(lane.share, 0)

    def _queue_rank(self, lane: Lane) -> tuple[int, int, int]:
        tenant = lane.priority, lane.tenant_id
        return *tenant, self._queues.get(tenant, _NONE).get(lane.queue, 0)

    def _tenant_rank(self, lane: Lane) -> tuple[int, int]:
        return lane.priority, self._tenants[lane.priority].get(lane.tenant_id, 0)

    def took(self, counts: Iterable[tuple[Lane, int]]) -> None:
        """Record what a claim took.

        Args:
            counts: the lanes that gave something, in the order of the scan, and how many jobs each gave.
        """
        tenants: dict[int, dict[int, int]] = {}
        queues: dict[_Tenant, dict[str, int]] = {}
        shares: dict[_Queue, dict[str, int]] = {}
        for lane, count in counts:
            priority, tenant_id, queue = lane.priority, lane.tenant_id, lane.queue
            if priority in self._tenants:
                of_priority = tenants.setdefault(priority, {})
                of_priority[tenant_id] = of_priority.get(tenant_id, 0) + count
            of_tenant = queues.setdefault((priority, tenant_id), {})
            of_tenant[queue] = of_tenant.get(queue, 0) + count
            if (priority, tenant_id, queue) in self._shares:
                shares.setdefault((priority, tenant_id, queue), {})[lane.share] = count
        for priority, given in tenants.items():
            self._tenants[priority] = _added(self._tenants[priority], given)
        for tenant, taken in queues.items():
            self._queues[tenant] = _added(self._queues.get(tenant, _NONE), taken)
        for divided, taken in shares.items():
            self._shares[divided] = _added(self._shares[divided], taken)


_by_name, _share_of = attrgetter("priority", "tenant_id", "queue", "share"), attrgetter("share")
_tenant_of = attrgetter("tenant_id")
_NONE: Mapping[str, int] = {}
N = TypeVar("N", int, str)


def _added(before: Mapping[N, int], taken: dict[N, int]) -> dict[N, int]:
    """Return what each was given beyond the least served of those that may still have jobs.

    A scan reaches the last one that gives something only when those before it are empty. Those behind it had been
    given at least as much as that one: none that still has jobs is below.
    """
    given = {name: before.get(name, 0) + count for name, count in taken.items()}
    least = before.get(next(reversed(taken)), 0)
    return {name: count - least for name, count in {**before, **given}.items() if count > least}
