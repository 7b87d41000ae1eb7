"""The schedule of faults: a pure function of the seed. Lanes run beside each other, so that faults overlap; the faults
of one lane follow each other.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import NamedTuple

#: Leases end after 3 s and sweeps come every 0.5 s: what lasts longer than this is taken for dead.
BEYOND_LEASE = (4.2, 5.5)
#: Service returns and is seen to, before the load ends.
QUIET_S = 2.5
FIRST_S = 1.5


class Step(NamedTuple):
    """One fault to inject."""

    at: float
    lasts: float
    kind: str
    #: "worker-1", "server-0", "client", "all", or "database".
    target: str
    #: 0…1: which child, how slow, how often.
    luck: float


class Sort(NamedTuple):
    """A kind of fault: how often it comes in one bag, how long it lasts, whom it hits."""

    kind: str
    times: int
    lasts: tuple[float, float]
    target: str


AT_ONCE = (0.0, 0.0)
PROCESSES = (
    Sort("kill_child", 4, AT_ONCE, "worker"),
    Sort("kill_worker", 2, AT_ONCE, "worker"),
    Sort("kill_server", 1, AT_ONCE, "server"),
    Sort("redeploy", 1, AT_ONCE, "worker"),
    Sort("pause_worker", 2, BEYOND_LEASE, "worker"),
    Sort("pause_supervisor", 1, BEYOND_LEASE, "worker"),
    Sort("pause_child", 1, BEYOND_LEASE, "worker"),
    Sort("pause_server", 1, (1.0, 4.0), "server"),
    Sort("freeze", 1, BEYOND_LEASE, "all"),
)
DATABASE = (
    Sort("restart", 2, AT_ONCE, "database"),
    Sort("long_restart", 1, BEYOND_LEASE, "database"),
    Sort("terminate", 3, AT_ONCE, "database"),
    Sort("read_only", 1, (2.0, 5.0), "database"),
    Sort("full_disk", 1, (2.0, 4.0), "database"),
)
LINKS = (
    Sort("cut", 2, (0.5, 5.0), "link"),
    Sort("delay", 2, (2.0, 5.0), "link"),
    Sort("black_hole", 2, (1.0, 5.5), "link"),
    Sort("half_open", 1, (2.0, 4.0), "link"),
    Sort("cut", 1, BEYOND_LEASE, "all"),
    Sort("black_hole", 1, BEYOND_LEASE, "all"),
)
FRONT = (
    Sort("cut", 2, (0.2, 2.0), "front"),
    Sort("delay", 1, (1.0, 4.0), "front"),
    Sort("black_hole", 1, (1.0, 5.0), "front"),
    Sort("half_open", 1, (1.0, 4.0), "front"),
)


class Lane(NamedTuple):
    """Faults that follow each other, and the pauses between them."""

    sorts: Sequence[Sort]
    gaps: tuple[float, float]


#: A front is the clients' way to a server, a link a program's way to the database.
LANES: dict[str, tuple[Lane, ...]] = {
    "postgres": (
        Lane(PROCESSES, (0.4, 1.8)),
        Lane(DATABASE, (2.5, 6.0)),
        Lane((*LINKS, *FRONT), (1.0, 4.0)),
    ),
    "sqlite": (Lane(PROCESSES, (0.4, 1.6)), Lane(FRONT, (1.0, 4.0))),
}


def make_plan(
    seed: int, seconds: float, store: str, *, workers: int, servers: int, kinds: frozenset[str] = frozenset()
) -> list[list[Step]]:
    """Return the faults of a run, by lane.

    Args:
        seed: the same one makes the same plan.
        seconds: how long the load lasts; every fault is over before.
        store: "postgres" or "sqlite".
        workers, servers: how many there are to hit.
        kinds: only these, if any are named.
    """
    counts = {"worker": workers, "server": servers, "front": servers}
    lanes = []
    for number, lane in enumerate(LANES[store]):
        rng = random.Random(f"{seed} {store} {number}")
        wanted = Lane([sort for sort in lane.sorts if not kinds or sort.kind in kinds], lane.gaps)
        lanes.append(_steps(rng, wanted, seconds - QUIET_S, counts))
    return lanes


def _steps(rng: random.Random, lane: Lane, until: float, counts: dict[str, int]) -> list[Step]:
    steps: list[Step] = []
    at = FIRST_S + rng.uniform(*lane.gaps)
    bag: list[Sort] = []
    while lane.sorts and at < until:
        if not bag:
            bag = [sort for sort in lane.sorts for _ in range(sort.times)]
            rng.shuffle(bag)
        sort = bag.pop()
        lasts = rng.uniform(*sort.lasts)
        target = _target(rng, sort.target, counts)
        if at + lasts < until:
            steps.append(Step(at, lasts, sort.kind, target, rng.random()))
            at += lasts
        at += rng.uniform(*lane.gaps)
    return steps


def _target(rng: random.Random, whom: str, counts: dict[str, int]) -> str:
    if whom == "link":
        whom = rng.choice(["worker"] * 4 + ["server"] * 2 + ["client"])
    return f"{whom}-{rng.randrange(counts[whom])}" if whom in counts else whom
