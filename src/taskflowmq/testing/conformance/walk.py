"""A long random walk over every verb on two connections, checked against a model of the promise.

The model knows only what the answers said. After each walk: every job that was acknowledged is there, in a place
that the answers allow, ended at most once per round, charged as its claims were (I1–I5, I10).
"""

from __future__ import annotations

import random
from uuid import UUID

import pytest

from taskflowmq.core.job import ClaimedJob, State
from taskflowmq.core.operations import CancelAnswer, RetryAnswer
from taskflowmq.core.transitions import (
    Crashed,
    Discarded,
    Failed,
    HandedBack,
    Lost,
    Outcome,
    Snoozed,
    Stopped,
    Succeeded,
)
from taskflowmq.ports.store import Settled
from taskflowmq.testing.conformance.intake import ERROR
from taskflowmq.testing.conformance.support import Rig, StoreSuite, transition

OUTCOMES: list[Outcome] = [
    Succeeded(b"1"),
    Succeeded(b"1"),
    Failed(ERROR),
    Discarded(ERROR),
    Snoozed(500),
    HandedBack(),
    Crashed(ERROR),
    Stopped(by_handler=True),
]


class _Walk:
    """One walk: the random choices, and what the answers said so far."""

    def __init__(self, rigs: tuple[Rig, Rig], seed: int) -> None:
        self.rigs = rigs
        self.dice = random.Random(seed)
        self.workers: list[UUID] = []
        self.ended: list[UUID] = []
        self.held: dict[UUID, ClaimedJob] = {}
        self.fences: dict[UUID, int] = {}
        self.final: dict[UUID, State] = {}
        self.known: set[UUID] = set()

    @property
    def rig(self) -> Rig:
        """Either connection."""
        return self.dice.choice(self.rigs)

    async def enqueue(self) -> None:
        delay = self.dice.choice((0, 0, 0, 800))
        jobs = [
            self.rig.job(
                priority=self.dice.choice((0, 0, 5)),
                queue=self.dice.choice(("a", "b")),
                delay_ms=delay,
                max_attempts=2,
            )
            for _ in range(self.dice.randint(1, 4))
        ]
        rig = self.rig
        await rig.enqueue(*jobs)
        if self.dice.random() < 0.3:
            assert all(answer.replayed for answer in await self.rig.enqueue(*jobs))
        self.known.update(job.id for job in jobs)

    async def claim(self) -> None:
        if not self.workers:
            self.workers.append(await self.rig.worker())
        worker = self.dice.choice(self.workers)
        for job in await self.rig.claim(worker, self.dice.randint(1, 5), isolated=self.dice.random() < 0.3):
            assert job.id in self.known
            assert job.id not in self.final, "ran after it had ended"
            assert job.lease_no == self.fences.get(job.id, 0) + 1
            self.fences[job.id] = job.lease_no
            self.held[job.id] = job

    async def settle(self) -> None:
        if not self.held:
            return
        job = self.dice.choice(list(self.held.values()))
        change = transition(job, self.dice.choice(OUTCOMES))
        answers = await self.rig.store.claims.settle([change])
        assert answers == [Settled.APPLIED]
        del self.held[job.id]
        view = await self.rig.view(job.id)
        if view.state.final:
            self.final[job.id] = view.state
        if self.dice.random() < 0.3:
            assert await self.rig.store.claims.settle([change]) != [Settled.APPLIED]

    async def cancel(self) -> None:
        job_id = self.dice.choice(sorted(self.known))
        answer = await self.rig.store.jobs.cancel("default", job_id, actor="walk")
        if job_id in self.final:
            assert answer is CancelAnswer.FINAL
        elif job_id in self.held:
            assert answer is CancelAnswer.REQUESTED
        else:
            assert answer is CancelAnswer.CANCELLED
            self.final[job_id] = State.CANCELLED

    async def retry(self) -> None:
        job_id = self.dice.choice(sorted(self.known))
        answer = await self.rig.store.jobs.retry("default", job_id)
        assert (answer is RetryAnswer.NEW_ROUND) == (self.final.get(job_id) is State.DEAD)
        if answer is RetryAnswer.NEW_ROUND:
            del self.final[job_id]

    async def lose(self) -> None:
        if not self.workers:
            return
        worker = self.workers.pop(self.dice.randrange(len(self.workers)))
        assert await self.rig.store.workers.end(worker)
        for orphan in await self.rig.store.workers.held_jobs(worker, 100):
            zombie = self.held.pop(orphan.id)
            assert await self.rig.settle(orphan, Lost()) is Settled.APPLIED
            view = await self.rig.view(orphan.id)
            if view.state.final:
                self.final[orphan.id] = view.state
            assert await self.rig.settle(zombie, Succeeded(b'"zombie"')) is Settled.STALE

    async def time(self) -> None:
        await self.rig.after(self.dice.choice((0.1, 1, 10)))

    async def step(self) -> None:
        verbs = [self.enqueue, self.claim, self.settle, self.cancel, self.retry, self.lose, self.time]
        (verb,) = self.dice.choices(verbs, weights=[20, 30, 35, 3, 5, 3, 15])
        if self.known or verb in (self.enqueue, self.claim):
            await verb()


class TestWalk(StoreSuite):
    """Every verb, in any order."""

    @pytest.mark.parametrize(
        ("seed", "steps"),
        [(1, 150), (2, 150), *(pytest.param(seed, 1500, marks=pytest.mark.slow) for seed in (3, 4, 5))],
    )
    async def test_a_random_walk(self, rig: Rig, other: Rig, seed: int, steps: int) -> None:
        walk = _Walk((rig, other), seed)
        for _ in range(steps):
            await walk.step()
        assert await rig.store.upkeep.check() == []
        counted: dict[str, int] = {}
        for job_id in walk.known:
            view = await rig.view(job_id)
            counted[view.state] = counted.get(view.state, 0) + 1
            assert view.counters.lease_no == walk.fences.get(job_id, 0)
            if job_id in walk.final:
                assert view.state is walk.final[job_id]
            else:
                assert not view.state.final
            assert (view.state is State.RUNNING) == (job_id in walk.held)
            assert 0 <= view.counters.attempt <= view.max_attempts
        stats = await rig.store.stats.count("default")
        assert {state: count for state, count in stats.states.items() if count} == counted
