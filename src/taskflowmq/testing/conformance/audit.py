"""The audit: what an operator does is kept with who, why and what changed; what changes nothing is not."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec

from taskflowmq.core.audit import Act, AuditQuery, Caller, Via, bulk_object, job_object, queue_object, worker_object
from taskflowmq.core.bulk import BulkAction, NewBulk
from taskflowmq.core.job import IdempotencyKey, UniqueKey
from taskflowmq.core.transitions import Discarded
from taskflowmq.core.workers import KNOWN, Command, CommandAnswer
from taskflowmq.ports.store import Store
from taskflowmq.testing.conformance.support import NOON, TENANT, Rig, StoreSuite, new_worker

ADA = Caller(actor="ada", via=Via.REST, role="operator", reason="fixed in 1.4", request_id="r-1")
BOB = Caller(actor="bøb", via=Via.CLI)
DAY_MS = 86_400_000


async def acts(store: Store, **wanted: Any) -> list[Act]:
    """Return the acts that fit a filter, oldest first."""
    page = await store.audit.list_acts(AuditQuery(**wanted), limit=100, below=None)
    assert page.next is None
    return [one.act for one in reversed(page.items)]


async def dead(rig: Rig) -> UUID:
    """Return a job that died."""
    return (await rig.apply(await rig.running(), Discarded(b'{"type":"E","message":"m","traceback":""}'))).id


class TestAudit(StoreSuite):
    """Acts by hand, with and without an operator."""

    async def test_what_is_done_to_a_job_is_kept_with_who_and_why(self, store: Store, rig: Rig) -> None:
        job = await dead(rig)
        await store.jobs.retry(TENANT, job, by=ADA)
        await store.jobs.cancel(TENANT, job, actor="ada", by=ADA)
        await store.jobs.delete(TENANT, job, by=BOB)
        about: dict[str, Any] = {"object": job_object(job)}
        assert await acts(store) == [
            Act(
                action="job.retry",
                by=ADA,
                before={"state": "dead", "queue": "default"},
                after={"answer": "new_round"},
                **about,
            ),
            Act(
                action="job.cancel",
                by=ADA,
                before={"state": "pending", "queue": "default"},
                after={"answer": "cancelled"},
                **about,
            ),
            Act(
                action="job.delete",
                by=BOB,
                before={"state": "cancelled", "queue": "default"},
                after={"answer": "deleted"},
                **about,
            ),
        ]

    async def test_what_is_refused_or_done_by_a_program_is_not_kept(self, store: Store, rig: Rig) -> None:
        job = await rig.put()
        await store.jobs.retry(TENANT, job.id, by=ADA)
        await store.jobs.delete(TENANT, job.id, by=ADA)
        await store.jobs.cancel("other", job.id, actor="ada", by=ADA)
        await store.jobs.cancel(TENANT, job.id, actor="python")
        await store.queues.pause(TENANT, "default")
        await store.queues.resume(TENANT, "default")
        assert await acts(store) == []

    async def test_a_queue_is_kept_as_it_was(self, store: Store, rig: Rig) -> None:
        await store.queues.pause(TENANT, "mäil", actor="bøb", reason="Prüfung", by=BOB)
        rig.clock.advance(60)
        await store.queues.resume(TENANT, "mäil", by=ADA)
        await store.queues.set_retention(TENANT, "mäil", {"dead_ms": 5_000}, by=ADA)
        await store.queues.set_retention(TENANT, "mäil", {"dead_ms": None}, by=ADA)
        paused, resumed, kept, reset = await acts(store, object=queue_object("mäil"))
        assert (paused.action, paused.by, paused.before) == ("queue.pause", BOB, {"paused": None, "retention": {}})
        assert paused.after == {"paused": {"by": "bøb", "reason": "Prüfung"}}
        since = msgspec.to_builtins(NOON)
        assert resumed.before == {"paused": {"since": since, "by": "bøb", "reason": "Prüfung"}, "retention": {}}
        assert (resumed.action, resumed.after) == ("queue.resume", {"paused": None})
        assert (kept.action, kept.after) == ("queue.retention", {"retention": {"dead_ms": 5_000}})
        assert reset.before == {"paused": None, "retention": {"dead_ms": 5_000}}

    async def test_a_job_that_an_operator_makes_is_kept_once(self, store: Store, rig: Rig) -> None:
        job, other = rig.job(), rig.job(unique=UniqueKey(key="k"))
        act = Act(action="job.replay", object=job_object(job.id), by=ADA)
        key = IdempotencyKey("key", "f" * 64)
        for _ in range(2):
            await store.intake.enqueue([job], act=act)
            await store.intake.enqueue([other], act=act, idempotency=key)
        held = rig.job(unique=UniqueKey(key="k"))
        (answer,) = await store.intake.enqueue([held], act=act)
        assert (answer.id, answer.created) == (other.id, False)
        assert await acts(store) == [act, act]
        assert (await rig.view(job.id)).state == "pending"

    async def test_a_bulk_operation_is_one_act_with_its_filter(self, store: Store) -> None:
        new = NewBulk(
            id=UUID(int=9), tenant=TENANT, action=BulkAction.DELETE, filter="state:dead", undo_ms=8_000, actor="a"
        )
        await store.bulks.create(new, by=ADA)
        await store.bulks.create(new, by=ADA)
        await store.bulks.undo(TENANT, new.id, by=BOB)
        named = msgspec.structs.replace(new, id=UUID(int=10), filter=None, ids=(UUID(int=1), UUID(int=2)))
        await store.bulks.create(named, by=ADA)
        await store.bulks.stop(TENANT, named.id, by=BOB)
        accepted, undone, other, stopped = await acts(store)
        assert (accepted.action, accepted.query, accepted.count) == ("bulk.delete", "state:dead", None)
        assert (accepted.object, accepted.by) == (bulk_object(new.id), ADA)
        assert (undone.action, undone.before, undone.after) == ("bulk.undo", {"state": "waiting"}, {"state": "undone"})
        assert (other.query, other.count) == (None, 2)
        assert (stopped.action, stopped.by, stopped.after) == ("bulk.stop", BOB, {"state": "stopped"})

    async def test_commands_to_workers_are_kept_and_refused_ones_are_not(self, store: Store) -> None:
        worker = UUID(int=7)
        info = msgspec.json.encode({"commands": KNOWN})
        await store.workers.register(msgspec.structs.replace(new_worker(worker), info=info))
        for wanted in (Command.DRAIN, None, Command.STOP):
            assert await store.workers.command(worker, wanted, actor="ada", by=ADA) is CommandAnswer.DONE
        assert await store.workers.command(worker, None, actor="ada", by=ADA) is CommandAnswer.STOPPING
        found = await acts(store, object=worker_object(worker))
        assert [(one.action, one.before, one.after) for one in found] == [
            ("worker.drain", {"command": None}, {"command": "drain"}),
            ("worker.resume", {"command": "drain"}, {"command": None}),
            ("worker.stop", {"command": None}, {"command": "stop"}),
        ]

    async def test_an_act_on_a_server_process_is_kept_as_it_is(self, store: Store) -> None:
        act = Act(action="playground.start", object="playground:rün", by=ADA, count=300, after={"rate": 10.0})
        await store.audit.add(act)
        await store.audit.add(msgspec.structs.replace(act, action="playground.stop", by=BOB))
        assert await acts(store, action="playground.start", object="playground:rün") == [act]
        assert [one.by for one in await acts(store)] == [ADA, BOB]

    async def test_acts_are_found_by_who_what_and_when(self, store: Store, rig: Rig) -> None:
        job = await dead(rig)
        await store.jobs.retry(TENANT, job, by=ADA)
        rig.clock.advance(60)
        await store.queues.pause(TENANT, "mail", by=BOB)
        await store.queues.pause("other", "mail", by=msgspec.structs.replace(BOB, tenant="other"))
        minute = NOON + timedelta(seconds=60)
        for wanted, names in (
            ({}, ["job.retry", "queue.pause"]),
            ({"actor": "bøb"}, ["queue.pause"]),
            ({"actor": "b"}, []),
            ({"action": "job.retry"}, ["job.retry"]),
            ({"object": queue_object("mail")}, ["queue.pause"]),
            ({"object": queue_object("mail"), "actor": "ada"}, []),
            ({"after": minute}, ["queue.pause"]),
            ({"before": minute}, ["job.retry"]),
            ({"tenant": "other"}, ["queue.pause"]),
            ({"tenant": "nobody"}, []),
        ):
            assert [one.action for one in await acts(store, **wanted)] == names, wanted

    async def test_pages_follow_each_other_newest_first(self, store: Store) -> None:
        for number in range(5):
            await store.queues.pause(TENANT, f"q{number}", by=ADA)
        seen, below = [], None
        for size in (2, 2, 1):
            page = await store.audit.list_acts(AuditQuery(), limit=2, below=below)
            assert len(page.items) == size
            assert all(one.at == NOON for one in page.items)
            seen += [one.act.object for one in page.items]
            below = page.next
        assert seen == [queue_object(f"q{number}") for number in (4, 3, 2, 1, 0)]
        assert below is None

    async def test_old_acts_are_deleted_and_their_numbers_are_not_used_again(self, store: Store, rig: Rig) -> None:
        for number in range(3):
            await store.queues.pause(TENANT, f"q{number}", by=ADA)
            rig.clock.advance(60)
        newest = (await store.audit.list_acts(AuditQuery(), limit=1, below=None)).items[0].id
        assert await store.audit.prune(120_001, 10) == 1
        assert await store.audit.prune(DAY_MS, 10) == 0
        assert await store.audit.prune(1, 1) == 1
        assert await store.audit.prune(1, 10) == 1
        await store.queues.pause(TENANT, "q9", by=ADA)
        assert (await store.audit.list_acts(AuditQuery(), limit=1, below=None)).items[0].id > newest
