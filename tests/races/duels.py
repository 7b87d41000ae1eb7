"""Races whose both orders are forced, on any engine: whoever comes first wins, and the other one knows.

What differs between the engines is in test_postgres.py (statements that step around locked rows) and test_sqlite.py
(processes).
"""

from __future__ import annotations

import pytest
from tests.races.arena import Arena, job_id, row, unique_key

from taskflowmq.core.job import IdempotencyKey, Reason, State, UniqueKey
from taskflowmq.core.operations import CancelAnswer, DeleteAnswer, RetryAnswer
from taskflowmq.core.transitions import Discarded, Failed, HandedBack, Lost, Snoozed, Succeeded
from taskflowmq.core.workers import Command, CommandAnswer
from taskflowmq.ports.store import Settled
from taskflowmq.testing.conformance.intake import ERROR
from taskflowmq.testing.conformance.support import Rig, StoreSuite, ids, new_worker, transition
from taskflowmq.testing.conformance.workers import commanded


class Duels(StoreSuite):
    """The test module provides ``new_store`` and ``arena``, whose stores are ``rig`` and ``other``."""

    # ------------------------------------------------------------------------------------------- running jobs

    async def test_complete_before_rescue(self, rig: Rig, arena: Arena) -> None:
        held = await rig.running()
        await rig.store.workers.end((await rig.store.workers.list_workers())[0].id)
        completed, rescued = await arena.duel(
            [row("running", held.id)],
            lambda worker: worker.settle(held, Succeeded(b'"done"')),
            lambda rescuer: rescuer.settle(held, Lost()),
        )
        assert (completed, rescued) == (Settled.APPLIED, Settled.STALE)
        view = await rig.view(held.id)
        assert (view.state, view.raw_result, view.counters.losses) == (State.COMPLETED, b'"done"', 0)

    async def test_rescue_before_complete(self, rig: Rig, arena: Arena) -> None:
        held = await rig.running()
        rescued, completed = await arena.duel(
            [row("running", held.id)],
            lambda rescuer: rescuer.settle(held, Lost()),
            lambda worker: worker.settle(held, Succeeded(b'"late"')),
        )
        assert (rescued, completed) == (Settled.APPLIED, Settled.STALE)
        view = await rig.view(held.id)
        assert (view.state, view.raw_result, view.counters.losses) == (State.RETRYING, None, 1)
        await rig.after(1000)
        assert (await rig.claim_one()).lease_no == 2

    async def test_two_rescuers(self, rig: Rig, arena: Arena) -> None:
        held = await rig.running()
        answers = await arena.duel(
            [row("running", held.id)],
            lambda one: one.settle(held, Lost()),
            lambda another: another.settle(held, Lost()),
        )
        assert answers == (Settled.APPLIED, Settled.REPLAYED)
        assert (await rig.view(held.id)).counters.losses == 1

    async def test_complete_before_cancel(self, rig: Rig, arena: Arena) -> None:
        held = await rig.running()
        settled, cancel = await arena.duel(
            [row("running", held.id)],
            lambda worker: worker.settle(held, Succeeded(b"1")),
            lambda user: user.store.jobs.cancel("default", held.id, actor="me"),
        )
        assert (settled, cancel) == (Settled.APPLIED, CancelAnswer.FINAL)
        assert await rig.state(held.id) is State.COMPLETED

    async def test_cancel_before_complete(self, rig: Rig, arena: Arena) -> None:
        held = await rig.running()
        cancel, settled = await arena.duel(
            [row("running", held.id)],
            lambda user: user.store.jobs.cancel("default", held.id, actor="me"),
            lambda worker: worker.settle(held, Succeeded(b"1")),
        )
        assert (cancel, settled) == (CancelAnswer.REQUESTED, Settled.APPLIED)
        assert await rig.state(held.id) is State.COMPLETED, "a body that returned is completed"

    @pytest.mark.parametrize("outcome", [Failed(ERROR), HandedBack(), Snoozed(1000), Lost()])
    async def test_cancel_before_another_try(self, rig: Rig, arena: Arena, outcome: Failed | HandedBack) -> None:
        held = await rig.running()
        cancel, settled = await arena.duel(
            [row("running", held.id)],
            lambda user: user.store.jobs.cancel("default", held.id, actor="me"),
            lambda worker: worker.settle(held, outcome),
        )
        assert (cancel, settled) == (CancelAnswer.REQUESTED, Settled.APPLIED)
        view = await rig.view(held.id)
        assert (view.state, view.reason) == (State.CANCELLED, Reason.CANCELLED_BY_USER)

    @pytest.mark.parametrize("outcome", [Failed(ERROR), HandedBack(), Snoozed(1000), Lost()])
    async def test_another_try_before_cancel(self, rig: Rig, arena: Arena, outcome: Failed | HandedBack) -> None:
        held = await rig.running()
        settled, cancel = await arena.duel(
            [row("running", held.id)],
            lambda worker: worker.settle(held, outcome),
            lambda user: user.store.jobs.cancel("default", held.id, actor="me"),
        )
        assert (settled, cancel) == (Settled.APPLIED, CancelAnswer.CANCELLED)
        view = await rig.view(held.id)
        assert (view.state, view.reason) == (State.CANCELLED, Reason.CANCELLED_BY_USER)
        await rig.after(1000)
        assert await rig.claim(await rig.worker()) == [], "no run after the answer said cancelled"

    # ------------------------------------------------------------------------------------------------- claims

    async def test_two_claims(self, rig: Rig, other: Rig, arena: Arena) -> None:
        await rig.enqueue(*(rig.job() for _ in range(20)))
        mine, theirs = await rig.worker(), await other.worker()
        first, second = await arena.duel(
            [row("worker", mine), row("worker", theirs)],
            lambda one: one.claim(mine, 15),
            lambda another: another.claim(theirs, 15),
        )
        taken = [*first, *second]
        assert len(set(ids(taken))) == len(taken) == 20
        assert {(job.attempt, job.lease_no) for job in taken} == {(1, 1)}
        assert [len(await rig.store.workers.held_jobs(worker, 99)) for worker in (mine, theirs)] == [
            len(first),
            len(second),
        ]

    async def test_claim_before_the_workers_end(self, rig: Rig, arena: Arena) -> None:
        job = await rig.put()
        worker = await rig.worker()
        claimed, ended = await arena.duel(
            [row("worker", worker)],
            lambda claimer: claimer.claim(worker),
            lambda rescuer: rescuer.store.workers.end(worker),
        )
        assert (ids(claimed), ended) == ([job.id], True)
        assert ids(await rig.store.workers.held_jobs(worker, 9)) == [job.id], "the rescuer finds what was claimed"
        assert await rig.store.workers.orphaned(9) == [worker]

    async def test_the_workers_end_before_claim(self, rig: Rig, arena: Arena) -> None:
        job = await rig.put()
        worker = await rig.worker()
        ended, claimed = await arena.duel(
            [row("worker", worker)],
            lambda rescuer: rescuer.store.workers.end(worker),
            lambda claimer: claimer.claim(worker),
        )
        assert (ended, claimed) == (True, [])
        assert await rig.store.workers.orphaned(9) == []
        assert ids(await rig.claim(await rig.worker())) == [job.id]

    async def test_renewal_before_the_workers_end(self, rig: Rig, arena: Arena) -> None:
        worker = await rig.worker()
        renewed, ended = await arena.duel(
            [row("worker", worker)],
            lambda supervisor: supervisor.store.workers.renew([worker], 1000),
            lambda rescuer: rescuer.store.workers.end(worker),
        )
        assert (renewed, ended) == ({worker: None}, True)
        assert await rig.store.workers.renew([worker], 1000) == {}, "it learns at its next heartbeat"

    async def test_the_workers_end_before_renewal(self, rig: Rig, arena: Arena) -> None:
        worker = await rig.worker()
        ended, renewed = await arena.duel(
            [row("worker", worker)],
            lambda rescuer: rescuer.store.workers.end(worker),
            lambda supervisor: supervisor.store.workers.renew([worker], 1000),
        )
        assert (ended, renewed) == (True, {})

    # --------------------------------------------------------------------------------------- commands to workers

    async def test_a_command_before_renewal(self, rig: Rig, arena: Arena) -> None:
        worker = await commanded(rig)
        answer, renewed = await arena.duel(
            [row("worker", worker)],
            lambda user: user.store.workers.command(worker, Command.DRAIN, actor="me"),
            lambda supervisor: supervisor.store.workers.renew([worker], 1000, loads=[b'{"cpu":1}']),
        )
        assert (answer, renewed) == (CommandAnswer.DONE, {worker: Command.DRAIN})
        view = await rig.store.workers.get(worker)
        assert view is not None
        assert (view.command, view.load) == (Command.DRAIN, b'{"cpu":1}')

    async def test_renewal_before_a_command(self, rig: Rig, arena: Arena) -> None:
        worker = await commanded(rig)
        renewed, answer = await arena.duel(
            [row("worker", worker)],
            lambda supervisor: supervisor.store.workers.renew([worker], 1000, loads=[b'{"cpu":1}']),
            lambda user: user.store.workers.command(worker, Command.DRAIN, actor="me"),
        )
        assert (renewed, answer) == ({worker: None}, CommandAnswer.DONE)
        assert await rig.store.workers.renew([worker], 1000) == {worker: Command.DRAIN}, "at its next heartbeat"

    async def test_a_repeated_registration_before_a_command(self, rig: Rig, arena: Arena) -> None:
        worker = await commanded(rig)
        _, answer = await arena.duel(
            [row("worker", worker)],
            lambda child: child.store.workers.register(new_worker(worker, 1000)),
            lambda user: user.store.workers.command(worker, Command.STOP, actor="me"),
        )
        assert answer is CommandAnswer.DONE
        await rig.store.workers.register(new_worker(worker, 1000))
        assert await rig.store.workers.renew([worker], 1000) == {worker: Command.STOP}

    async def test_stop_before_resume(self, rig: Rig, arena: Arena) -> None:
        worker = await commanded(rig, command=Command.DRAIN)
        answers = await arena.duel(
            [row("worker", worker)],
            lambda one: one.store.workers.command(worker, Command.STOP, actor="me"),
            lambda another: another.store.workers.command(worker, None, actor="you"),
        )
        assert answers == (CommandAnswer.DONE, CommandAnswer.STOPPING)
        assert await rig.store.workers.renew([worker], 1000) == {worker: Command.STOP}

    async def test_resume_before_stop(self, rig: Rig, arena: Arena) -> None:
        worker = await commanded(rig, command=Command.DRAIN)
        answers = await arena.duel(
            [row("worker", worker)],
            lambda one: one.store.workers.command(worker, None, actor="me"),
            lambda another: another.store.workers.command(worker, Command.STOP, actor="you"),
        )
        assert answers == (CommandAnswer.DONE, CommandAnswer.DONE)
        view = await rig.store.workers.get(worker)
        assert view is not None
        assert (view.command, view.command_by) == (Command.STOP, "you")

    async def test_the_workers_end_before_a_command(self, rig: Rig, arena: Arena) -> None:
        worker = await commanded(rig)
        answers = await arena.duel(
            [row("worker", worker)],
            lambda rescuer: rescuer.store.workers.end(worker),
            lambda user: user.store.workers.command(worker, Command.STOP, actor="me"),
        )
        assert answers == (True, CommandAnswer.ENDED)
        view = await rig.store.workers.get(worker)
        assert view is not None
        assert view.command is None

    # --------------------------------------------------------------------------------------------- ended jobs

    async def test_two_retries_by_hand(self, rig: Rig, arena: Arena) -> None:
        held = await rig.running()
        await rig.apply(held, Discarded(ERROR))
        answers = await arena.duel(
            [row("outcome", held.id)],
            lambda one: one.store.jobs.retry("default", held.id),
            lambda another: another.store.jobs.retry("default", held.id),
        )
        assert answers == (RetryAnswer.NEW_ROUND, RetryAnswer.CONFLICT)
        again = await rig.claim_one()
        assert (again.round, again.attempt, again.lease_no) == (2, 1, 2)

    async def test_retry_before_delete(self, rig: Rig, arena: Arena) -> None:
        held = await rig.running()
        await rig.apply(held, Discarded(ERROR))
        retry, delete = await arena.duel(
            [row("outcome", held.id)],
            lambda one: one.store.jobs.retry("default", held.id),
            lambda another: another.store.jobs.delete("default", held.id),
        )
        assert (retry, delete) == (RetryAnswer.NEW_ROUND, DeleteAnswer.CONFLICT)
        assert (await rig.claim_one()).id == held.id

    async def test_delete_before_retry(self, rig: Rig, arena: Arena) -> None:
        held = await rig.running()
        await rig.apply(held, Discarded(ERROR))
        delete, retry = await arena.duel(
            [row("outcome", held.id)],
            lambda one: one.store.jobs.delete("default", held.id),
            lambda another: another.store.jobs.retry("default", held.id),
        )
        assert delete is DeleteAnswer.DELETED
        assert retry in (RetryAnswer.NOT_FOUND, RetryAnswer.CONFLICT)
        assert await rig.store.jobs.get("default", held.id) is None

    # ------------------------------------------------------------------------------------------------- intake

    async def test_two_jobs_of_one_unique_key(self, rig: Rig, arena: Arena) -> None:
        await rig.put()
        key = UniqueKey(key="k")
        mine, theirs = rig.job(unique=key), rig.job(unique=key)
        first, second = await arena.duel(
            [unique_key("k")], lambda one: one.enqueue(mine), lambda another: another.enqueue(theirs)
        )
        answers = [*first, *second]
        assert [answer.created for answer in answers].count(True) == 1
        (holder,) = {answer.id for answer in answers}
        assert len(await rig.claim(await rig.worker())) == 2
        assert await rig.state(holder) is State.RUNNING

    async def test_the_same_job_twice(self, rig: Rig, arena: Arena) -> None:
        """A repeat that overtakes: the first try is still under way when its sender tries again."""
        stored = await rig.put()
        job = rig.job()
        first, second = await arena.duel(
            [job_id(job.id, stored.id)], lambda one: one.enqueue(job), lambda another: another.enqueue(job)
        )
        assert ids([*first, *second]) == [job.id, job.id]
        assert sorted(answer.replayed for answer in (*first, *second)) == [False, True]
        assert sorted(ids(await rig.claim(await rig.worker()))) == sorted([stored.id, job.id])

    async def test_one_idempotency_key_twice(self, rig: Rig, arena: Arena) -> None:
        stored = await rig.put()
        jobs = rig.job(), rig.job()
        key = IdempotencyKey(key="i", fingerprint="same")
        # Whoever waits too long lets go of the key and tries again, so that the second may become the first.
        first, second = await arena.duel(
            [job_id(job.id, stored.id) for job in jobs],
            lambda one: one.store.intake.enqueue([jobs[0]], idempotency=key),
            lambda another: another.store.intake.enqueue([jobs[1]], idempotency=key),
        )
        assert ids(first) == ids(second), "the second request gets the first one's answer"
        assert sorted([first[0].replayed, second[0].replayed]) == [False, True]
        known = [await rig.store.jobs.get("default", job.id) for job in jobs]
        assert [view.id for view in known if view is not None] == ids(first)

    # --------------------------------------------------------------------------- batches, from both ends (F16)

    async def test_settling_from_both_ends(self, rig: Rig, arena: Arena) -> None:
        await rig.enqueue(*(rig.job() for _ in range(30)))
        held = await rig.claim(await rig.worker(), 30)
        done = [transition(job, Succeeded(b"1")) for job in held]
        first, second = await arena.duel(
            [row("running", held[15].id)],
            lambda one: one.store.claims.settle(done),
            lambda another: another.store.claims.settle(done[::-1]),
        )
        assert (set(first), set(second)) == ({Settled.APPLIED}, {Settled.REPLAYED})

    async def test_retrying_from_both_ends(self, rig: Rig, arena: Arena) -> None:
        await rig.enqueue(*(rig.job() for _ in range(30)))
        held = await rig.claim(await rig.worker(), 30)
        failed = [transition(job, Failed(ERROR)) for job in held]
        first, second = await arena.duel(
            [row("running", held[15].id)],
            lambda one: one.store.claims.settle(failed),
            lambda another: another.store.claims.settle(failed[::-1]),
        )
        assert (set(first), set(second)) == ({Settled.APPLIED}, {Settled.REPLAYED})
        assert {(await rig.view(job.id)).counters.attempt for job in held} == {1}

    async def test_storing_from_both_ends(self, rig: Rig, arena: Arena) -> None:
        stored = await rig.put()
        jobs = [rig.job() for _ in range(30)]
        first, second = await arena.duel(
            [job_id(jobs[15].id, stored.id)],
            lambda one: one.enqueue(*jobs),
            lambda another: another.enqueue(*jobs[::-1]),
        )
        assert ids(first) == ids(second)[::-1] == ids(jobs)
        assert all(mine.replayed != theirs.replayed for mine, theirs in zip(first, second[::-1], strict=True))
        assert len(await rig.claim(await rig.worker(), 100)) == 31

    async def test_unique_keys_from_both_ends(self, rig: Rig, arena: Arena) -> None:
        await rig.put()
        keys = [UniqueKey(key=f"k{n:02}") for n in range(20)]
        mine, theirs = ([rig.job(unique=key) for key in keys] for _ in range(2))
        first, second = await arena.duel(
            [unique_key("k10")],
            lambda one: one.enqueue(*mine),
            lambda another: another.enqueue(*theirs[::-1]),
        )
        assert ids(first) == ids(second)[::-1]
        assert sum(answer.created for answer in (*first, *second)) == 20
