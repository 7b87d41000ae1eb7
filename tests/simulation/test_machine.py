"""Hypothesis explores the same world: it chooses every step, and shrinks what fails to the shortest story."""

from __future__ import annotations

import random
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from tests.simulation.backends import ModelBackend, sqlite_backend
from tests.simulation.clients import operate
from tests.simulation.nodes import LEASE
from tests.simulation.runner import Runner
from tests.simulation.world import World

FAULTS = ("", "", "", "slow", "refused", "lost", "late", "twice")
ROLES = [("worker", "worker"), ("supervisor", "boss"), ("client", "user")]
pick = st.integers(0, 1_000)


class Cluster(RuleBasedStateMachine):
    """Two workers, one of them a supervisor with children, and a client. Every rule is one step."""

    runner: Runner

    def open(self) -> Any:
        """Return what to run over."""
        return ModelBackend

    @initialize(seed=st.integers(0, 2**16))
    def begin(self, seed: int) -> None:
        self.runner = Runner(self.open(), seed, roles=ROLES)

    @property
    def world(self) -> World:
        return self.runner.world

    @rule(dice=st.integers(0, 2**32))
    def operates(self, dice: int) -> None:
        for client in self.world.living("client"):
            if client.runs:
                operate(client, random.Random(dice))
                self.world.settle()

    @precondition(lambda self: self.world.asked)
    @rule(which=pick, fault=st.sampled_from(FAULTS))
    def executes(self, which: int, fault: str) -> None:
        self.world.execute(self.world.asked[which % len(self.world.asked)], fault)

    @precondition(lambda self: self.world.asked)
    @rule(count=st.integers(1, 12))
    def executes_in_order(self, count: int) -> None:
        for _ in range(count):
            if self.world.asked:
                self.world.execute(self.world.asked[0])

    @precondition(lambda self: self.world.replies)
    @rule(which=pick)
    def delivers(self, which: int) -> None:
        self.world.deliver(self.world.replies[which % len(self.world.replies)])

    @precondition(lambda self: self.world.ghosts)
    @rule(which=pick)
    def haunts(self, which: int) -> None:
        self.world.haunt(self.world.ghosts[which % len(self.world.ghosts)])

    @rule(seconds=st.sampled_from((0.03, 0.5, 2.0, LEASE, 3 * LEASE)))
    def time_passes(self, seconds: float) -> None:
        self.world.advance(seconds)
        self.runner.bring_back()

    @rule(which=pick)
    def kills(self, which: int) -> None:
        living = self.world.living()
        if living:
            self.world.kill(living[which % len(living)])

    @rule(which=pick, seconds=st.sampled_from((1.0, 1.5 * LEASE)))
    def stops(self, which: int, seconds: float) -> None:
        running = [node for node in self.world.living() if not node.stopped]
        if running:
            self.runner.stop(running[which % len(running)], seconds)

    @rule(seconds=st.sampled_from((3600.0, -3600.0)))
    def clock_steps(self, seconds: float) -> None:
        if abs(self.world.clock.offset + seconds) <= 3600:
            self.world.step_clock(seconds)

    @rule(seconds=st.sampled_from((0.5, 1.5 * LEASE)))
    def database_is_away(self, seconds: float) -> None:
        self.world.go_away(seconds)

    def teardown(self) -> None:
        """However it went, everything must end."""
        if hasattr(self, "runner"):
            try:
                self.runner.calm_down()
            finally:
                self.world.close()


class OnSqlite(Cluster):
    """The same over SQLite, with the model beside it."""

    def open(self) -> Any:
        self.folder = tempfile.TemporaryDirectory(prefix="taskflow-simulation-")
        return partial(sqlite_backend, Path(self.folder.name) / "simulated.db")

    def teardown(self) -> None:
        super().teardown()
        if hasattr(self, "folder"):
            self.folder.cleanup()


QUIET = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
Cluster.TestCase.settings = settings(
    max_examples=12, stateful_step_count=40, derandomize=True, deadline=None, suppress_health_check=QUIET, database=None
)
OnSqlite.TestCase.settings = settings(Cluster.TestCase.settings, max_examples=5, stateful_step_count=30)


class TestMachine(Cluster.TestCase):  # type: ignore[misc, valid-type]
    """Over the model."""

    pytestmark = pytest.mark.slow


class TestMachineOnSqlite(OnSqlite.TestCase):  # type: ignore[misc, valid-type]
    """Over SQLite."""

    pytestmark = pytest.mark.slow
