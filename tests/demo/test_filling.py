"""A store as the demo fills it, before any job of it has run."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from taskflowmq import TaskFlow
from taskflowmq.demo import shop
from taskflowmq.demo.run import ForeignStore, check_store, fill
from taskflowmq.demo.scenes import FAILURES, LOST_HOST, PAST_HOSTS
from taskflowmq.testing.waiting import wait_until


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.slow)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/demo.db"
    found: str = request.getfixturevalue("postgres_url")
    return found


@pytest.fixture
async def app(url: str) -> AsyncIterator[TaskFlow]:
    shop.app.use_url(url)
    async with shop.app as opened:
        yield opened


@pytest.mark.slow
async def test_a_queue_is_paused_and_jobs_wait(app: TaskFlow) -> None:
    await fill(app, 1, 3)
    queues = {queue.name: queue for queue in await app.queues.alist()}
    assert {name for name, queue in queues.items() if queue.pause} == {shop.PAUSED}
    pause = queues[shop.PAUSED].pause
    assert pause is not None
    assert (pause.by, "not approved" in (pause.reason or "")) == ("ada", True)
    assert queues[shop.PAUSED].states == {"pending": 14}
    assert queues["mail"].states == {"scheduled": 30}
    assert queues["media"].retention.dead_ms == 86_400_000


@pytest.mark.slow
async def test_ten_thousand_jobs_have_failed_alike_and_a_retry_succeeds(app: TaskFlow) -> None:
    await fill(app, 1, 3)
    [group] = (await app.errors.alist()).items
    assert (group.type, group.count, group.dead, sum(group.trend)) == ("QuotaExceeded", FAILURES, FAILURES, FAILURES)
    sample = await app.errors.asample(group)
    assert sample is not None
    assert "QuotaExceeded: bucket" in str(sample[0].error)
    summary = await app.history.asummary(1_440, by="task")
    assert next(one for one in summary if one.name == "receipt.archive").counts["dead"] == FAILURES
    await app.jobs.aretry(sample[0].id)
    await app.worker(queues=["archive"]).arun_until_idle()
    assert (await app.job(sample[0].id).ajob()).state == "completed"


@pytest.mark.slow
async def test_a_worker_died_with_its_jobs(app: TaskFlow) -> None:
    await fill(app, 1, 3)
    [worker] = [one for one in await app.store.workers.list_workers() if one.host == LOST_HOST]
    assert worker.running == 3
    assert (await app.jobs.acount("task:export.write state:running")).value == 3

    async def is_lost() -> bool:
        return any(one.id == worker.id and one.lease_over for one in await app.store.workers.list_workers())

    await wait_until(is_lost, what="the lease of the worker that died is over")


@pytest.mark.slow
async def test_the_charts_of_the_last_day_are_full(app: TaskFlow) -> None:
    await fill(app, 1, 3)
    now = await app.store.history.now()
    for span, step in ((timedelta(hours=1), 60), (timedelta(hours=6), 300), (timedelta(hours=24), 900)):
        series = await app.history.aseries(now - span, now, step=step)
        (whole,) = series.columns
        # The step that contains now has just begun.
        assert min(whole.counts["completed"][1:-1]) > 0, step
    by_task = await app.history.asummary(60, by="task")
    by_node = await app.history.aseries(now - timedelta(hours=6), now, step=900, by="node")
    assert {columns.name for columns in by_node.columns} >= set(PAST_HOSTS)
    for columns in by_node.columns:
        if columns.name in PAST_HOSTS:
            assert min(columns.counts["completed"][1:-1]) > 0
    assert {one.name for one in by_task} >= {"mail.send", "webhook.deliver", "report.build"}


async def test_a_store_with_other_tasks_is_left_alone(app: TaskFlow, url: str) -> None:
    async with TaskFlow(url) as plain:
        assert await check_store(plain, app) is False
        other = TaskFlow(url)

        @other.task(name="customer.delete")
        async def delete() -> None: ...

        async with other:
            with pytest.raises(ForeignStore, match=r"tasks of another program: customer\.delete"):
                await check_store(plain, app)


async def test_a_new_store_is_known_as_new(url: str) -> None:
    async with TaskFlow(url) as plain:
        assert await check_store(plain, shop.app) is True
