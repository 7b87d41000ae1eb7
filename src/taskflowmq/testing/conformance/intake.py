"""How jobs get in: all or none, answers in order, and a repeated call changes nothing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from taskflowmq.core.errors import Conflict
from taskflowmq.core.ids import lowest_id, unix_ms
from taskflowmq.core.job import Counters, Enqueued, JobFilter, NewJob, State, UniqueKey
from taskflowmq.core.operations import DeleteAnswer
from taskflowmq.core.transitions import Discarded, Failed, Stopped, Succeeded
from taskflowmq.ports.tasks import TaskNotice
from taskflowmq.testing.conformance.support import NOON, TASK, Rig, StoreSuite, decoded, ids

ERROR = b'{"type":"E","message":"m","traceback":""}'


class TestIntake(StoreSuite):
    """Intake.enqueue, announce_tasks, list_tasks."""

    async def test_a_job_reads_back_as_it_was_given(self, rig: Rig) -> None:
        job = rig.job(
            "mail.send",
            args={"to": "ä@例え.jp", "n": [1, 2.5, None, True, {"deep": "ü"}]},
            queue="mail",
            priority=-7,
            share="blue",
            max_attempts=9,
            timeout_ms=1500,
            expires_in_ms=60_000,
            tags=("a", "b ü"),
            meta=b'{"m":1}',
            headers=b'{"h":[2]}',
        )
        await rig.enqueue(job)
        view = await rig.view(job.id)
        assert (view.tenant, view.task, view.queue, view.priority) == ("default", "mail.send", "mail", -7)
        assert decoded(view.raw_args) == decoded(job.args)
        assert (view.max_attempts, view.timeout_ms) == (9, 1500)
        assert (decoded(view.raw_meta), decoded(view.raw_headers), view.tags) == ({"m": 1}, {"h": [2]}, ("a", "b ü"))
        assert (view.created_at, view.run_at) == (NOON, NOON)
        assert view.expires_at == NOON + timedelta(seconds=60)
        assert (view.state, view.reason, view.counters) == (State.PENDING, None, Counters())
        assert (view.started_at, view.finished_at, view.worker, view.result) == (None, None, None, None)
        assert (view.error, view.progress, view.cancel_requested_at, view.unique_key) == (None,) * 4

    async def test_what_was_not_given_reads_back_empty(self, rig: Rig) -> None:
        job = await rig.put()
        view = await rig.view(job.id)
        assert (view.queue, view.priority, view.max_attempts, view.timeout_ms) == ("default", 0, 3, None)
        assert (view.tags, view.meta, view.headers, view.expires_at) == ((), None, None, None)

    @pytest.mark.parametrize("number", [2**63, -(2**70), 0.1, 1e300, 5e-324])
    async def test_numbers_keep_their_value(self, rig: Rig, number: float) -> None:
        job = await rig.put(args={"number": number})
        assert float(decoded((await rig.view(job.id)).raw_args)["number"]) == float(number)

    async def test_a_quarter_of_a_megabyte_fits(self, rig: Rig) -> None:
        args = {"text": "x" * 250_000}
        job = await rig.put(args=args)
        assert decoded((await rig.claim_one()).args) == args
        assert decoded((await rig.view(job.id)).raw_args) == args

    async def test_answers_come_in_the_order_of_the_jobs(self, rig: Rig) -> None:
        jobs = [rig.job(queue=f"q{n % 3}", priority=n % 2) for n in range(20)]
        jobs.reverse()
        assert await rig.enqueue(*jobs) == [Enqueued(job.id, created=True) for job in jobs]

    @pytest.mark.parametrize("options", [{}, {"delay_ms": 1500}, {"expires_in_ms": 60_000, "tags": ("a",)}])
    async def test_an_answer_that_says_when_says_what_is_stored(self, rig: Rig, options: dict[str, Any]) -> None:
        for jobs in ([rig.job(**options)], [rig.job(**options), rig.job(queue="other")]):
            for answer in await rig.enqueue(*jobs):
                assert answer.at in (None, (await rig.view(answer.id)).created_at)
            for again in await rig.enqueue(*jobs):
                assert again.at is None, "a replay stores nothing"

    async def test_nothing_to_store_is_fine(self, rig: Rig) -> None:
        assert await rig.enqueue() == []

    async def test_a_thousand_jobs_in_one_call(self, rig: Rig) -> None:
        jobs = [rig.job(args={"n": n}) for n in range(1000)]
        assert ids(await rig.enqueue(*jobs)) == ids(jobs)
        claimed = await rig.claim(await rig.worker(), 1000)
        assert ids(claimed) == ids(jobs)

    async def test_stored_jobs_are_seen_by_another_process(self, rig: Rig, other: Rig) -> None:
        job = await rig.put()
        assert (await other.view(job.id)).state is State.PENDING
        assert (await other.claim_one()).id == job.id

    async def test_one_conflict_stores_none_of_the_batch(self, rig: Rig) -> None:
        taken = await rig.put()
        fresh = [rig.job(), rig.job()]
        with pytest.raises(Conflict):
            await rig.enqueue(fresh[0], msgspec.structs.replace(taken, args=b'{"other":1}'), fresh[1])
        assert [await rig.store.jobs.get("default", job.id) for job in fresh] == [None, None]
        assert len(await rig.claim(await rig.worker())) == 1

    # ------------------------------------------------------------------------------------- repeating a call

    async def test_a_repeat_is_a_replay_whatever_became_of_the_job(self, rig: Rig) -> None:
        scheduled = await rig.put(delay_ms=50_000)
        retrying = await rig.running()
        await rig.apply(retrying, Failed(ERROR))
        completed = await rig.running()
        await rig.apply(completed, Succeeded(b"1"))
        cancelled = await rig.running()
        await rig.apply(cancelled, Stopped(by_handler=True))
        dead = await rig.running()
        await rig.apply(dead, Discarded(ERROR))
        running = await rig.running()
        pending = await rig.put()
        for job in (scheduled, retrying, completed, cancelled, dead, running, pending):
            before = await rig.view(job.id)
            again = NewJob(id=job.id, task=TASK, args=b'{"n":1}', delay_ms=50_000 if job is scheduled else 0)
            (answer,) = await rig.enqueue(again)
            assert (answer.id, answer.replayed) == (job.id, True), before.state
            assert await rig.view(job.id) == before
        assert ids(await rig.claim(await rig.worker())) == [pending.id]

    async def test_json_comes_back_as_it_was_given(self, rig: Rig) -> None:
        """The order of keys and the form of numbers are the user's: an export's columns may depend on them."""
        given = b'{"zoe":1e22,"adam":{"b":-0.0,"a":1.0},"b":12345678901234567890}'
        await rig.enqueue(msgspec.structs.replace(rig.job(), args=given))
        claimed = await rig.claim_one(await rig.worker())
        assert claimed.args == given
        view = await rig.apply(claimed, Succeeded(given))
        assert (view.raw_args, view.raw_result) == (given, given)

    async def test_a_repeat_is_created_and_replayed(self, rig: Rig) -> None:
        """A repeat after a lost answer says that its job was created: the first call made it."""
        plain, keyed = rig.job(), rig.job(unique=UniqueKey(key="k"))
        for job in (plain, keyed):
            assert await rig.enqueue(job) == [Enqueued(job.id, created=True)]
        fresh = rig.job()
        for jobs in ([plain], [keyed], [plain, keyed], [plain, fresh]):
            answers = await rig.enqueue(*jobs)
            assert answers == [Enqueued(job.id, created=True, replayed=job is not fresh) for job in jobs]
        async with rig.store.claims.transaction() as conn:
            answers = await rig.store.intake.enqueue_on(conn, [plain, keyed, fresh])
        assert answers == [Enqueued(job.id, created=True, replayed=True) for job in (plain, keyed, fresh)]

    async def test_a_repeat_after_the_job_was_deleted_is_a_replay_for_a_day(self, rig: Rig) -> None:
        job = rig.job()
        await rig.enqueue(job)
        await rig.apply(await rig.claim_one(), Succeeded(b"1"))
        assert await rig.store.jobs.delete("default", job.id) is DeleteAnswer.DELETED
        rig.clock.advance(23 * 3600)
        (answer,) = await rig.enqueue(job)
        assert (answer.id, answer.replayed) == (job.id, True)
        assert await rig.claim(await rig.worker()) == []
        assert await rig.store.jobs.get("default", job.id) is None

    async def test_a_repeat_with_other_options_changes_nothing(self, rig: Rig) -> None:
        job = await rig.put(priority=3)
        (answer,) = await rig.enqueue(msgspec.structs.replace(job, priority=-3, queue="elsewhere"))
        assert answer.replayed
        assert ((await rig.view(job.id)).priority, (await rig.view(job.id)).queue) == (3, "default")

    async def test_a_batch_may_repeat_some_and_add_others(self, rig: Rig) -> None:
        old = [await rig.put(), await rig.put()]
        new = [rig.job(), rig.job()]
        answers = await rig.enqueue(new[0], old[1], new[1], old[0])
        assert ids(answers) == [new[0].id, old[1].id, new[1].id, old[0].id]
        assert [answer.replayed for answer in answers] == [False, True, False, True]
        assert len(await rig.claim(await rig.worker())) == 4

    async def test_the_same_job_twice_in_one_batch_is_stored_once(self, rig: Rig) -> None:
        job = rig.job()
        assert ids(await rig.enqueue(job, job)) == [job.id, job.id]
        assert ids(await rig.claim(await rig.worker())) == [job.id]

    @pytest.mark.parametrize("change", [{"task": "other"}, {"args": b'{"n":2}'}, {"tenant": "other"}])
    async def test_an_id_with_other_content_or_tenant_is_a_conflict(self, rig: Rig, change: dict[str, object]) -> None:
        job = await rig.put()
        before = await rig.view(job.id)
        with pytest.raises(Conflict):
            await rig.enqueue(msgspec.structs.replace(job, **change))
        assert await rig.view(job.id) == before
        listed = await rig.store.jobs.list_jobs(JobFilter(tenant="other"), limit=10, before=None)
        assert listed.items == []

    async def test_a_conflict_is_one_after_the_job_has_ended_too(self, rig: Rig) -> None:
        job = await rig.running()
        await rig.apply(job, Succeeded(b"1"))
        with pytest.raises(Conflict):
            await rig.enqueue(NewJob(id=job.id, task=TASK, args=b'{"n":2}'))

    @pytest.mark.parametrize("age_s", [25 * 3600, -25 * 3600])
    async def test_an_id_a_day_off_the_clock_is_refused(self, rig: Rig, age_s: float) -> None:
        good, bad = rig.job(), rig.job(age_s=age_s)
        with pytest.raises(Conflict):
            await rig.enqueue(good, bad)
        assert await rig.store.jobs.get("default", good.id) is None

    @pytest.mark.parametrize("age_s", [23 * 3600, -23 * 3600])
    async def test_an_id_less_than_a_day_off_is_taken(self, rig: Rig, age_s: float) -> None:
        job = await rig.put(age_s=age_s)
        assert (await rig.claim_one()).id == job.id
        view = await rig.view(job.id)
        assert view.created_at == NOON, "times are the store's own, not the id's"
        assert abs(unix_ms(job.id) - unix_ms(lowest_id(int(NOON.timestamp() * 1000)))) > 80_000_000

    # --------------------------------------------------------------------------------------------- when due

    async def test_a_delayed_job_waits(self, rig: Rig) -> None:
        job = await rig.put(delay_ms=60_000)
        view = await rig.view(job.id)
        assert (view.state, view.run_at) == (State.SCHEDULED, NOON + timedelta(seconds=60))
        worker = await rig.worker()
        await rig.after(59)
        assert await rig.claim(worker) == []
        await rig.after(1)
        assert ids(await rig.claim(worker)) == [job.id]

    async def test_a_job_for_a_time_waits_until_then(self, rig: Rig) -> None:
        job = await rig.put(run_at=NOON + timedelta(hours=1))
        assert (await rig.view(job.id)).run_at == NOON + timedelta(hours=1)
        assert await rig.state(job.id) is State.SCHEDULED
        await rig.after(3600)
        assert await rig.state(job.id) is State.PENDING

    @pytest.mark.parametrize("ago_s", [0, 1, 86_400 * 365])
    async def test_a_time_that_has_passed_is_now(self, rig: Rig, ago_s: float) -> None:
        job = await rig.put(run_at=NOON - timedelta(seconds=ago_s))
        assert await rig.state(job.id) is State.PENDING
        assert (await rig.claim_one()).id == job.id

    # ------------------------------------------------------------------------------------------------ tasks

    async def test_announced_tasks_are_listed_by_name_with_what_was_said_of_them(self, rig: Rig) -> None:
        said = [TaskNotice("zebra", b'{"type":"object"}', b'{"queue":"z"}'), TaskNotice("ant", b'{"a":1}')]
        await rig.store.intake.announce_tasks("default", said)
        tasks = await rig.store.intake.list_tasks("default")
        assert [task.name for task in tasks] == ["ant", "zebra"]
        assert [decoded(task.args_schema) for task in tasks] == [{"a": 1}, {"type": "object"}]
        assert [task.options and decoded(task.options) for task in tasks] == [None, {"queue": "z"}]
        assert {task.seen_at for task in tasks} == {NOON}

    async def test_announcing_again_renews(self, rig: Rig, other: Rig) -> None:
        await rig.store.intake.announce_tasks("default", [TaskNotice("ant", b'{"a":1}', b'{"queue":"a"}')])
        rig.clock.advance(60)
        said = [TaskNotice("ant", b'{"a":2}', b'{"queue":"b"}'), TaskNotice("bee", b"{}")]
        await other.store.intake.announce_tasks("default", said)
        tasks = await rig.store.intake.list_tasks("default")
        assert [decoded(task.args_schema) for task in tasks] == [{"a": 2}, {}]
        assert decoded(tasks[0].options) == {"queue": "b"}
        assert tasks[0].seen_at == NOON + timedelta(seconds=60)

    async def test_the_same_word_within_a_minute_writes_nothing(self, rig: Rig, other: Rig) -> None:
        notice = TaskNotice("ant", b'{"a":1}', b'{"queue":"a"}')
        await rig.store.intake.announce_tasks("default", [notice])
        for advance, seen in ((59, 0), (1, 60)):
            rig.clock.advance(advance)
            await other.store.intake.announce_tasks("default", [notice])
            assert (await rig.store.intake.list_tasks("default"))[0].seen_at == NOON + timedelta(seconds=seen)

    async def test_an_older_program_leaves_the_options_as_they_are(self, rig: Rig) -> None:
        await rig.store.intake.announce_tasks("default", [TaskNotice("ant", b"{}", b'{"queue":"a"}')])
        await rig.store.intake.announce_tasks("default", [TaskNotice("ant", b'{"a":1}')])
        (task,) = await rig.store.intake.list_tasks("default")
        assert (decoded(task.args_schema), decoded(task.options)) == ({"a": 1}, {"queue": "a"})

    async def test_a_program_that_only_enqueues_leaves_what_others_said_for_an_hour(self, rig: Rig) -> None:
        """Two releases side by side do not write over each other each time that one of them starts."""
        await rig.put("enqueued")
        for keeping in (TaskNotice("enqueued", b'{"a":1}', b"{}"), TaskNotice("fresh", b'{"a":1}', b"{}")):
            await rig.store.intake.announce_tasks("default", [keeping], keep=True)  # no program has announced it yet
        newer = [TaskNotice("enqueued", b'{"a":2}', b"{}"), TaskNotice("fresh", b'{"a":2}', b"{}")]
        await rig.store.intake.announce_tasks("default", newer, keep=True)
        assert [decoded(task.args_schema) for task in await rig.store.intake.list_tasks("default")] == [{"a": 1}] * 2
        await rig.store.intake.announce_tasks("default", newer[:1])
        rig.clock.advance(3_600)
        await rig.store.intake.announce_tasks("default", [TaskNotice("fresh", b'{"a":3}', b"{}")], keep=True)
        assert [decoded(task.args_schema) for task in await rig.store.intake.list_tasks("default")] == [
            {"a": 2},
            {"a": 3},
        ]

    async def test_an_enqueued_task_is_known_without_a_schema(self, rig: Rig) -> None:
        await rig.put("never.announced")
        (task,) = await rig.store.intake.list_tasks("default")
        assert (task.name, task.args_schema, task.options) == ("never.announced", None, None)
        await rig.store.intake.announce_tasks("default", [TaskNotice("never.announced", b"{}")])
        assert decoded((await rig.store.intake.list_tasks("default"))[0].args_schema) == {}
