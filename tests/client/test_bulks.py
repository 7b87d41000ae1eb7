"""``app.bulks``, and the operations of ``app.jobs`` on all jobs that match a filter."""

from __future__ import annotations

import asyncio
import threading
from datetime import timedelta

import pytest

from taskflowmq import TaskFlow
from taskflowmq.client.bulks import BulkParams
from taskflowmq.client.redacting import configured_rules
from taskflowmq.core.bulk import BulkAction, BulkState
from taskflowmq.core.errors import BadFilter, BulkNotFound, InvalidJob
from taskflowmq.core.job import State
from taskflowmq.ports.telemetry import NoTelemetry
from taskflowmq.scheduler import Bulker
from taskflowmq.worker import SystemClock

NOBODY = "019ab2c4-7d1e-7b02-8f11-9a6d3c20b5ef"


async def carry_out(app: TaskFlow) -> None:
    await Bulker(app.store, SystemClock(), NoTelemetry(), 1.0, configured_rules()).turn()


async def test_all_jobs_that_match_are_acted_on(app: TaskFlow) -> None:
    @app.task(queue="mail")
    async def send() -> None: ...

    handles = [await send.using(delay=600).aenqueue() for _ in range(3)]
    assert await app.jobs.acount("queue:mail", seconds=60) == (3, True)
    assert await app.jobs.acount("queue:mail", most=2, seconds=60) == (2, False)
    seen = await app.bulks.apreview("cancel", filter="queue:mail")
    assert (seen.matched, [row.id for row in seen.sample]) == ((3, True), sorted((h.id for h in handles), reverse=True))

    due = await app.jobs.aretry_matching("queue:mail", reason="now")
    assert (due.action, due.reason, due.state) == (BulkAction.RETRY, "now", BulkState.WAITING)
    ending = asyncio.create_task(app.bulks.await_end(due.id, 30))
    await carry_out(app)
    assert (await ending).counts == {"due_now": 3}
    cancelled = await app.jobs.acancel_matching("queue:mail")
    await carry_out(app)
    results = await app.bulks.aresults(cancelled.id, limit=2)
    assert [one.outcome for one in results.items] == ["cancelled"] * 2
    assert len((await app.bulks.aresults(cancelled.id, cursor=results.next)).items) == 1
    deleted = await app.jobs.adelete_matching("queue:mail", rate=1000)
    await carry_out(app)
    assert [one.id for one in await app.bulks.alist()] == [deleted.id, cancelled.id, due.id]
    assert (await app.jobs.alist()).items == []


async def test_one_that_waits_can_be_undone_or_stopped(app: TaskFlow) -> None:
    undone = await app.bulks.astart("cancel", filter="", undo=60)
    assert (await app.bulks.aundo(undone.id)).state is BulkState.UNDONE
    stopped = await app.bulks.astart("retry", ids=[undone.id], undo=60)
    assert (await app.bulks.astop(stopped.id)).state is BulkState.STOPPED
    with pytest.raises(TimeoutError):
        await app.bulks.await_end((await app.bulks.astart("cancel", filter="")).id, 0.01)


async def test_what_is_wrong_is_refused_before_anything_is_stored(app: TaskFlow) -> None:
    with pytest.raises(InvalidJob, match="is not an action"):
        await app.bulks.astart("shred", filter="")
    with pytest.raises(BadFilter):
        await app.jobs.adelete_matching("stat:dead")
    with pytest.raises(InvalidJob, match="give a filter or ids"):
        await app.bulks.astart("retry")
    with pytest.raises(InvalidJob, match="rate"):
        await app.bulks.astart("retry", filter="", rate=0)
    with pytest.raises(BulkNotFound):
        await app.bulks.aget(NOBODY)
    assert await app.bulks.alist() == []


async def test_a_filter_by_a_hidden_field_is_refused_and_the_preview_counts_what_is_acted_on(app: TaskFlow) -> None:
    @app.task
    async def send(token: str, note: str = "") -> None: ...

    handles = [await send.using(delay=600).aenqueue(token) for token in ("keep", "keep", "drop")]
    for text in ("-args.token:keep", "args.token:drop", "queue:default -args.token:keep"):
        for call in (app.bulks.apreview, app.bulks.astart):
            with pytest.raises(
                BadFilter, match=r"args\.token is redacted by the rule \*token.* name the jobs by their ids"
            ):
                await call("cancel", filter=text)
        with pytest.raises(BadFilter, match="redacted"):
            await app.jobs.acancel_matching(text)
    assert await app.bulks.alist() == []
    # Free text is looked for in what readers are shown, before and after.
    for text, count in (("drop", 0), ("send", 3)):
        assert (await app.bulks.apreview("cancel", filter=text, seconds=60)).matched == (count, True)
        bulk = await app.bulks.astart("cancel", filter=text)
        await carry_out(app)
        assert (await app.bulks.aget(bulk.id)).total == count
    assert {(await app.jobs.aget(handle.id)).state for handle in handles} == {State.CANCELLED}


def test_the_same_from_blocking_code(idle_app: TaskFlow) -> None:
    app = idle_app

    @app.task
    async def anything() -> None: ...

    anything.using(delay=600).enqueue()
    assert app.jobs.count() == (1, True)
    assert app.bulks.preview("cancel", filter="").matched == (1, True)
    bulk = app.jobs.retry_matching("")
    waiting = threading.Thread(target=app.bulks.wait_end, args=(bulk.id, 30))
    waiting.start()
    assert app.bulks.stop(bulk.id).state is BulkState.STOPPED
    waiting.join(30)
    assert not waiting.is_alive()
    ids = [app.jobs.cancel_matching("").id, app.jobs.delete_matching("").id]
    assert [one.id for one in app.bulks.list(limit=2)] == ids[::-1]
    assert app.bulks.undo(app.bulks.start("cancel", filter="", undo=60).id).state is BulkState.UNDONE
    assert app.bulks.get(bulk.id).state is BulkState.STOPPED
    assert app.bulks.results(bulk.id).items == []


async def test_jobs_are_moved_by_a_filter(app: TaskFlow) -> None:
    @app.task(queue="mail")
    async def send() -> None: ...

    handle = await send.using(delay=60).aenqueue()
    bulk = await app.jobs.amove_matching("queue:mail", queue="imports", priority=-5, reason="slow", rate=1000)
    await carry_out(app)
    assert (await app.bulks.aget(bulk.id)).counts == {"moved": 1}
    view = await handle.ajob()
    assert (view.queue, view.priority) == ("imports", -5)
    with pytest.raises(InvalidJob, match="this, priority, or both are required"):
        await app.jobs.amove_matching("queue:mail")
    with pytest.raises(InvalidJob, match="belongs to the action move"):
        await app.bulks.astart("retry", filter="", params=BulkParams(queue="imports"))


async def test_jobs_are_put_off_by_a_filter(app: TaskFlow) -> None:
    @app.task(queue="mail")
    async def send() -> None: ...

    handle = await send.using(delay=60).aenqueue()
    bulk = await app.jobs.areschedule_matching("queue:mail", delay=7200, reason="night run")
    assert bulk.params is not None
    # The store's clock is read a moment before the operation is written.
    assert bulk.params.run_at is not None
    assert timedelta(hours=1) < bulk.params.run_at - bulk.created_at <= timedelta(hours=2)
    await carry_out(app)
    assert (await app.bulks.aget(bulk.id)).counts == {"rescheduled": 1}
    assert (await handle.ajob()).run_at == bulk.params.run_at
    with pytest.raises(InvalidJob, match="either this or delay is required"):
        await app.jobs.areschedule_matching("queue:mail")
    with pytest.raises(InvalidJob, match="belongs to the action reschedule"):
        await app.bulks.astart("retry", filter="", params=BulkParams(delay=5))
