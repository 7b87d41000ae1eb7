"""The seeded explorer: one number decides everything that happens, so the same number does it again."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from itertools import product
from typing import Any

from tests.simulation import checkers
from tests.simulation.backends import Backend
from tests.simulation.clients import operate
from tests.simulation.nodes import LEASE, QUEUES, Node
from tests.simulation.world import StoreClock, Violation, World

OpenBackend = Callable[[StoreClock], Backend]

#: What may become of a call, per mille; the rest arrives as it should.
FAULTS = {"slow": 60, "refused": 15, "lost": 25, "late": 10, "twice": 10}
#: Events between calls, per mille of the steps.
EVENTS = {"operate": 70, "kill": 4, "stop": 8, "drain": 2, "clock": 2, "away": 2, "haunt": 15}
#: Virtual seconds within which everything must have ended once the faults stop.
PATIENCE = 900.0
MOST_JOBS = 80


class Runner:
    """Runs one seed.

    Args:
        open_backend: what to run over.
        seed: decides everything.
        most_jobs: clients stop making new ones after so many.
        roles: kinds of processes and their names; chosen by the seed if None.
        tenants: how many tenants there are, 1 or 2.
    """

    def __init__(
        self,
        open_backend: OpenBackend,
        seed: int,
        *,
        most_jobs: int = MOST_JOBS,
        roles: Sequence[tuple[str, str]] | None = None,
        tenants: int = 1,
    ) -> None:
        self.seed = seed
        self.dice = random.Random(seed)
        self.most_jobs = most_jobs
        self.world = World(open_backend, self.dice.getrandbits(32), lambda: self.dice.random() < 0.7, tenants=tenants)
        #: (when, what) of things that come back by themselves: dead processes, stopped ones.
        self._later: list[tuple[float, Callable[[], object]]] = []
        self._awaited: set[str] = set()
        self._roles = list(self._choose_roles() if roles is None else roles)
        for kind, role in self._roles:
            self.world.start(kind, role)

    def _choose_roles(self) -> list[tuple[str, str]]:
        dice = self.dice
        roles = [("worker", f"worker{n}") for n in range(dice.randint(1, 3))]
        if dice.random() < 0.6:
            roles.append(("supervisor", "supervisor"))
        if dice.random() < 0.3:
            roles.append(("scheduler", "scheduler"))
        return roles + [("client", f"client{n}") for n in range(dice.randint(1, 3))]

    def run(self, steps: int) -> World:
        """Take steps with faults, then stop them and see everything end."""
        try:
            begun = self.world.history.count
            while self.world.history.count - begun < steps:
                self._step()
            self.calm_down()
        finally:
            self.world.close()
        return self.world

    def _step(self) -> None:
        world, dice = self.world, self.dice
        self.bring_back()
        (event,) = dice.choices([*EVENTS, ""], weights=[*EVENTS.values(), 1000 - sum(EVENTS.values())])
        if event:
            getattr(self, f"_{event}")()
            return
        waiting = [*world.asked, *world.replies]
        if waiting and dice.random() < 0.85:
            # Mostly in order, sometimes the youngest first.
            call = waiting[0] if dice.random() < 0.3 else dice.choice(waiting)
            if call in world.replies:
                world.deliver(call)
            else:
                world.execute(call, self._fault())
        else:
            world.advance(dice.choice((0.01, 0.1, 1.0, 5.0)))

    def _fault(self) -> str:
        (fault,) = self.dice.choices([*FAULTS, ""], weights=[*FAULTS.values(), 1000 - sum(FAULTS.values())])
        return fault

    def bring_back(self) -> None:
        """Start again what died, wake what was stopped, as time has come."""
        now = self.world.loop.time()
        due = [act for at, act in self._later if at <= now]
        self._later = [(at, act) for at, act in self._later if at > now]
        for act in due:
            act()
        for kind, role in self._roles:
            mine = [node for node in self.world.nodes if node.role == role]
            if all(node.dead for node in mine) and role not in self._awaited:
                self._awaited.add(role)
                self._later.append((now + self.dice.choice((0.5, 4.0, 15.0)), self._restart(kind, role)))

    def _restart(self, kind: str, role: str) -> Callable[[], object]:
        def act() -> None:
            self._awaited.discard(role)
            self.world.start(kind, role)

        return act

    # -- events

    def _some(self, *kinds: str) -> Node | None:
        found = [node for node in self.world.living(*kinds) if not node.stopped]
        return self.dice.choice(found) if found else None

    def _operate(self) -> None:
        client = self._some("client")
        if client is not None and len(self.world.history.facts.wanted) < self.most_jobs:
            operate(client, self.dice)
            self.world.settle()

    def _kill(self) -> None:
        node = self._some()
        if node is not None:
            self.world.kill(node)

    def _stop(self) -> None:
        node = self._some()
        if node is not None:
            self.stop(node, self.dice.choice((1.0, LEASE / 2, 1.5 * LEASE, 4 * LEASE)))

    def stop(self, node: Node, seconds: float) -> None:
        """Stop a process and wake it later."""
        self.world.stop(node)
        wakes_at = self.world.loop.time() + seconds
        self._later.append((wakes_at, lambda: self.world.wake_up(node) if node.stopped and not node.dead else None))

    def _drain(self) -> None:
        node: Any = self._some("worker", "supervisor")
        if node is not None:
            self.world.event(node.name, "drains")
            node.drain()
            self.world.settle()

    def _clock(self) -> None:
        offset = self.world.clock.offset
        self.world.step_clock(self.dice.choice((3600.0, -3600.0)) if not offset else -offset)

    def _away(self) -> None:
        self.world.go_away(self.dice.choice((0.5, 4.0, 1.5 * LEASE, 4 * LEASE)))

    def _haunt(self) -> None:
        if self.world.ghosts:
            self.world.haunt(self.dice.choice(self.world.ghosts))

    # -- the end

    def calm_down(self) -> None:
        """Stop the faults; everything must end within a bound."""
        world = self.world
        self._restore()
        until = world.loop.time() + PATIENCE
        while not self._is_done():
            if world.loop.time() > until:
                wrong = checkers.all_has_ended(world.history.facts, world.snap)
                world.fail([f"not everything had ended {PATIENCE:g} s after the faults stopped", *wrong])
            self.bring_back()
            if world.asked:
                world.execute(world.asked[0])
            elif world.replies:
                world.deliver(world.replies[0])
            else:
                world.advance(5.0)
        wrong = checkers.all_has_ended(world.history.facts, world.snap)
        wrong += world.ask_directly("upkeep", "check")
        if wrong:
            world.fail(wrong)

    def _restore(self) -> None:
        world = self.world
        for node in world.living():
            if node.stopped:
                world.wake_up(node)
        world.away_until = world.loop.time()
        while world.ghosts:
            world.haunt(world.ghosts[0])
        if world.clock.offset < world.clock.furthest:
            # What became due by a clock that was ahead is due then.
            world.step_clock(world.clock.furthest - world.clock.offset)
        for tenant, queue in product(world.tenants, QUEUES):
            world.ask_directly("queues", "resume", tenant, queue)
        for view in world.ask_directly("workers", "list_workers"):
            world.ask_directly("workers", "command", view.id, None, actor="operator")
        world.event("the run", "calm")

    def _is_done(self) -> bool:
        idle = not self.world.asked and not self.world.replies
        places = self.world.snap.places.values()
        return idle and all(place.place == "outcome" for row in places for place in row)


def run(open_backend: OpenBackend, seed: int, steps: int, **options: Any) -> World:
    """Run one seed; raises :class:`Violation` with the seed and the history."""
    try:
        return Runner(open_backend, seed, **options).run(steps)
    except Violation as violation:
        again = f"python -m tests.simulation --seed {seed} --steps {steps}"
        again += f" --tenants {options['tenants']}" if "tenants" in options else ""
        raise Violation(f"seed {seed}, {steps} steps ({again}):\n{violation}") from violation
