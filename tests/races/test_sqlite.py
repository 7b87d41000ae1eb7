"""Forced races on SQLite: two stores on one file, and two processes."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest
from tests.races.arena import SqliteArena
from tests.races.duels import Duels

from taskflowmq.core.job import State
from taskflowmq.core.operations import CancelAnswer, RetryAnswer
from taskflowmq.core.transitions import Discarded, Succeeded
from taskflowmq.ports.store import Retention, Settled
from taskflowmq.stores.sqlite import SqliteStore
from taskflowmq.testing.conformance.intake import ERROR
from taskflowmq.testing.conformance.support import NewStore, Rig, StoreSuite, ids

SOON = Retention(completed_ms=86_400_000, cancelled_ms=86_400_000, dead_ms=86_400_000)


@pytest.fixture
def new_store(sqlite_url: str) -> NewStore:
    """Build stores on this test's file."""
    return lambda clock: SqliteStore(sqlite_url, clock=clock)


@pytest.fixture
def arena(sqlite_url: str, rig: Rig, other: Rig) -> SqliteArena:
    """Where the two stores meet."""
    return SqliteArena(sqlite_url.removeprefix("sqlite:///"), (rig, other))


class TestDuels(Duels):
    """Every duel, with the file's one write lock as the point; and those between a look and the write after it."""

    one_writer = True

    async def test_retry_before_prune(self, rig: Rig, arena: SqliteArena) -> None:
        """The pruner has seen a dead job, and waits to delete it."""
        held = await rig.running()
        await rig.apply(held, Discarded(ERROR))
        rig.clock.advance(3 * 86_400)
        retry, _ = await arena.duel(
            [],
            lambda user: user.store.jobs.retry("default", held.id),
            lambda pruner: pruner.store.upkeep.prune(SOON, 100),
        )
        assert retry is RetryAnswer.NEW_ROUND
        assert (await rig.claim_one()).id == held.id
        assert len(await rig.store.jobs.attempts("default", held.id)) == 2

    async def test_prune_before_retry(self, rig: Rig, arena: SqliteArena) -> None:
        held = await rig.running()
        await rig.apply(held, Discarded(ERROR))
        rig.clock.advance(3 * 86_400)
        pruned, retry = await arena.duel(
            [],
            lambda pruner: pruner.store.upkeep.prune(SOON, 100),
            lambda user: user.store.jobs.retry("default", held.id),
        )
        assert pruned >= 1
        assert retry is RetryAnswer.NOT_FOUND
        assert await rig.store.jobs.get("default", held.id) is None

    @pytest.mark.parametrize("stager_first", [True, False])
    async def test_stager_and_cancel(self, rig: Rig, arena: SqliteArena, stager_first: bool) -> None:
        job = await rig.put(delay_ms=1000)
        rig.clock.advance(2)
        acts = [
            lambda stager: stager.store.upkeep.stage_due(100),
            lambda user: user.store.jobs.cancel("default", job.id, actor="me"),
        ]
        answers = await arena.duel([], *(acts if stager_first else acts[::-1]))
        staged, cancel = answers if stager_first else answers[::-1]
        assert (staged.staged, cancel) == (int(stager_first), CancelAnswer.CANCELLED)
        assert await rig.claim(await rig.worker()) == []
        assert await rig.state(job.id) is State.CANCELLED

    @pytest.mark.parametrize("claim_first", [True, False])
    async def test_claim_and_cancel(self, rig: Rig, arena: SqliteArena, claim_first: bool) -> None:
        job = await rig.put()
        worker = await rig.worker()
        acts = [
            lambda claimer: claimer.claim(worker),
            lambda user: user.store.jobs.cancel("default", job.id, actor="me"),
        ]
        answers = await arena.duel([], *(acts if claim_first else acts[::-1]))
        claimed, cancel = answers if claim_first else answers[::-1]
        assert ids(claimed) == ([job.id] if claim_first else [])
        assert cancel is (CancelAnswer.REQUESTED if claim_first else CancelAnswer.CANCELLED)


# --------------------------------------------------------------------------------------------------- two processes

#: Opens the store, makes one call when told to, says when its writer found the lock taken, then what it was answered.
_CHILD = """
import asyncio, json, sys
from uuid import UUID
from taskflowmq.core.transitions import Lost, Succeeded
from taskflowmq.core.job import UniqueKey
from taskflowmq.stores.sqlite import SqliteStore
from taskflowmq.testing.clock import VirtualClock
from taskflowmq.testing.conformance.support import NOON, Rig

async def act(rig, words):
    match words:
        case ["claim", worker]:
            return [str(job.id) for job in await rig.claim(UUID(worker))]
        case ["settle", worker, how]:
            (job,) = await rig.store.workers.held_jobs(UUID(worker), 1)
            return await rig.settle(job, Succeeded(b"1") if how == "complete" else Lost())
        case ["enqueue", key]:
            (answer,) = await rig.enqueue(rig.job(args={"who": sys.argv[2]}, unique=UniqueKey(key=key)))
            return [str(answer.id), answer.created]

async def main():
    store = SqliteStore(sys.argv[1], clock=VirtualClock(NOON))
    await store.open()
    # Two processes count from one, and ids must differ.
    rig = Rig(store, VirtualClock(NOON))
    for _ in range(1000 * int(sys.argv[2])):
        rig.job()
    look, told = store._writer._fairness.wait, []
    def wait(looks):
        if not told:
            told.append(True)
            print("waits", flush=True)
        look(looks)
    store._writer._fairness.wait = wait
    print("ready", flush=True)
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        told.clear()
        print(json.dumps(await act(rig, json.loads(line))), flush=True)
    await store.close()

asyncio.run(main())
"""


class Child:
    """Another process with the same file."""

    def __init__(self, path: str, number: int) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", _CHILD, path, str(number)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )

    def tell(self, words: list[str]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(words) + "\n")
        self._process.stdin.flush()

    def hear(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def end(self) -> None:
        self._process.communicate(timeout=30)
        assert self._process.returncode == 0


@contextmanager
def children(path: str) -> Iterator[tuple[Child, Child]]:
    with ExitStack() as stack:
        both = Child(path, 1), Child(path, 2)
        for child in both:
            stack.callback(child.end)
            assert child.hear() == "ready"
        yield both


def race(path: str, both: tuple[Child, Child], first: list[str], second: list[str]) -> list[object]:
    """Tell both to act while the file is locked, see both wait, then unlock; who comes first is open."""
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    for child, words in zip(both, (first, second), strict=True):
        child.tell(words)
        assert child.hear() == "waits"
    holder.execute("ROLLBACK")
    holder.close()
    return [json.loads(child.hear()) for child in both]


@pytest.mark.slow
class TestProcesses(StoreSuite):
    """What two processes do to one file at the same moment."""

    one_writer = True

    async def test_exactly_one_of_two_processes_wins(self, rig: Rig, sqlite_url: str) -> None:
        path = sqlite_url.removeprefix("sqlite:///")
        workers = [await rig.worker(), await rig.worker()]
        with children(path) as both:
            for turn in range(15):
                job = await rig.put()
                claims = race(path, both, *(["claim", str(worker)] for worker in workers))
                assert sorted(claims, key=str) == [[str(job.id)], []]
                holder = str(workers[claims.index([str(job.id)])])
                completed, rescued = race(path, both, ["settle", holder, "complete"], ["settle", holder, "rescue"])
                assert {completed, rescued} == {Settled.APPLIED, Settled.STALE}
                won = completed == Settled.APPLIED
                assert await rig.state(job.id) is (State.COMPLETED if won else State.RETRYING)
                if not won:
                    await rig.store.jobs.cancel("default", job.id, actor="me")
                answers = race(path, both, ["enqueue", f"k{turn}"], ["enqueue", f"k{turn}"])
                assert len({answer[0] for answer in answers}) == 1
                assert sorted(answer[1] for answer in answers) == [False, True]
                (stored,) = await rig.claim(workers[0])
                assert str(stored.id) == answers[0][0]
                await rig.apply(stored, Succeeded(b"1"))
