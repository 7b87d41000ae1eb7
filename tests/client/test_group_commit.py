"""Concurrent single enqueues share a commit without sharing their fates."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import msgspec
import pytest

from taskflowmq.client.deadline import PARTS
from taskflowmq.client.group_commit import GroupCommit
from taskflowmq.client.ids import new_id
from taskflowmq.client.registry import Registry
from taskflowmq.client.session import Session
from taskflowmq.core.errors import Conflict, StoreUnavailable
from taskflowmq.core.job import Enqueued, IdempotencyKey, NewJob, UniqueKey


class Writes:
    """Stands for the store: counts batches, holds them at a gate, refuses some jobs."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.entered = asyncio.Event()
        self.bad: set[str] = set()
        self.down = False

    async def __call__(self, jobs: Sequence[NewJob]) -> list[Enqueued]:
        self.entered.set()
        await self.gate.wait()
        self.batches.append([job.task for job in jobs])
        if self.down:
            raise StoreUnavailable("down")
        if self.bad & {job.task for job in jobs}:
            raise Conflict("an id exists with other content")
        return [Enqueued(job.id, created=True) for job in jobs]


def job(name: str) -> NewJob:
    return NewJob(id=new_id(), task=name, args=b"{}")


async def test_what_gathers_during_a_flush_goes_in_one_batch() -> None:
    writes = Writes()
    commit = GroupCommit(writes)
    writes.gate.clear()
    first = asyncio.create_task(commit.submit(job("0")))
    await writes.entered.wait()
    jobs = [job(str(n)) for n in range(1, 65)]
    rest = [asyncio.create_task(commit.submit(one)) for one in jobs]
    await asyncio.sleep(0)
    writes.gate.set()
    await first
    answers: list[UUID] = [answer.id for answer in await asyncio.gather(*rest)]
    assert answers == [one.id for one in jobs]
    assert [len(batch) for batch in writes.batches] == [1, 64]


async def test_a_lone_job_waits_for_nobody() -> None:
    writes = Writes()
    assert (await GroupCommit(writes).submit(job("only"))).created
    assert writes.batches == [["only"]]


async def test_a_data_error_reaches_its_own_caller_only() -> None:
    writes = Writes()
    writes.bad = {"13"}
    commit = GroupCommit(writes)
    answers = await asyncio.gather(*(commit.submit(job(str(n))) for n in range(32)), return_exceptions=True)
    assert [n for n, answer in enumerate(answers) if isinstance(answer, Conflict)] == [13]
    assert sum(isinstance(answer, Enqueued) for answer in answers) == 31
    assert len(writes.batches) < 16


async def test_an_outage_reaches_everyone_and_passes() -> None:
    writes = Writes()
    writes.down = True
    commit = GroupCommit(writes)
    answers = await asyncio.gather(*(commit.submit(job(str(n))) for n in range(5)), return_exceptions=True)
    assert all(isinstance(answer, StoreUnavailable) for answer in answers)
    assert len(writes.batches) == 1
    writes.down = False
    assert (await commit.submit(job("later"))).created


async def test_a_cancelled_caller_does_not_cancel_the_others() -> None:
    writes = Writes()
    commit = GroupCommit(writes)
    writes.gate.clear()
    callers = [asyncio.create_task(commit.submit(job(str(n)))) for n in range(3)]
    await writes.entered.wait()
    callers[1].cancel()
    await asyncio.sleep(0)
    writes.gate.set()
    answers = await asyncio.gather(*callers, return_exceptions=True)
    assert isinstance(answers[1], asyncio.CancelledError)
    assert [type(answers[0]), type(answers[2])] == [Enqueued, Enqueued]
    assert writes.batches == [["0", "1", "2"]]


async def test_a_full_queue_refuses_at_once() -> None:
    writes = Writes()
    commit = GroupCommit(writes, max_waiting=2)
    writes.gate.clear()
    first = asyncio.create_task(commit.submit(job("0")))
    await writes.entered.wait()
    waiting = [asyncio.create_task(commit.submit(job(str(n)))) for n in (1, 2)]
    await asyncio.sleep(0)
    with pytest.raises(StoreUnavailable, match="are waiting"):
        await commit.submit(job("3"))
    writes.gate.set()
    await asyncio.gather(first, *waiting)


async def test_closing_answers_what_was_accepted() -> None:
    writes = Writes()
    commit = GroupCommit(writes)
    callers = [asyncio.create_task(commit.submit(job(str(n)))) for n in range(3)]
    await asyncio.sleep(0)
    await commit.close()
    assert all(answer.created for answer in await asyncio.gather(*callers))
    with pytest.raises(StoreUnavailable, match="closed"):
        await commit.submit(job("late"))


async def test_a_store_that_falls_silent_while_a_batch_is_halved_leaves_no_caller_waiting() -> None:
    silent = asyncio.Event()

    async def write(jobs: Sequence[NewJob]) -> list[Enqueued]:
        if len(jobs) == 4:
            raise Conflict("an id exists with other content")
        return await silent.wait() and []  # never answers

    commit = GroupCommit(write, seconds=0.05)
    callers = [asyncio.create_task(commit.submit(job(str(n)))) for n in range(4)]
    answers = await asyncio.gather(*callers, return_exceptions=True)
    assert [type(answer) for answer in answers] == [StoreUnavailable] * 4


async def test_a_flush_does_not_wait_for_those_who_come_later() -> None:
    later: list[asyncio.Task[Enqueued]] = []

    async def write(jobs: Sequence[NewJob]) -> list[Enqueued]:
        if len(later) < 10_000:  # somebody is always waiting when a batch ends
            later.append(asyncio.create_task(commit.submit(job("later"))))
        await asyncio.sleep(0)
        return [Enqueued(one.id, created=True) for one in jobs]

    commit = GroupCommit(write)
    first = asyncio.create_task(commit.submit(job("first")))
    await asyncio.sleep(0)
    await commit.flushed()
    assert first.done() or (await first).created
    assert len(later) < 10
    for task in later:
        task.cancel()
    await asyncio.gather(*later, return_exceptions=True)


async def test_a_job_with_a_key_waits_for_no_commit_and_holds_none_up() -> None:
    writes = Writes()
    writes.gate.clear()

    async def enqueue(jobs: Sequence[NewJob], *, idempotency: IdempotencyKey | None) -> list[Enqueued]:
        if jobs[0].unique is None and idempotency is None:
            return await writes(jobs)
        writes.batches.append([job.task for job in jobs])
        return [Enqueued(job.id, created=True) for job in jobs]

    part = SimpleNamespace(enqueue=enqueue)
    store: Any = SimpleNamespace(**dict.fromkeys(PARTS, part))
    session = Session(store, Registry(), "default", None)
    plain = [asyncio.create_task(session.store_one(job("plain")))]
    await writes.entered.wait()
    plain += [asyncio.create_task(session.store_one(job("plain"))) for _ in range(3)]
    await session.store_one(msgspec.structs.replace(job("unique"), unique=UniqueKey(key="k")))
    await session.store_one(job("idempotent"), IdempotencyKey(key="k", fingerprint="f"))
    assert writes.batches == [["unique"], ["idempotent"]]
    writes.gate.set()
    await asyncio.gather(*plain)
    assert writes.batches[2:] == [["plain"], ["plain"] * 3]
