"""Names of queues are made up by callers: a store takes so many and no more, and says which setting allows others."""

from __future__ import annotations

import random
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from taskflowmq.bootstrap.stores import make_store
from taskflowmq.client.environment import InvalidSetting
from taskflowmq.core.errors import InvalidJob
from taskflowmq.core.ids import uuid7
from taskflowmq.core.job import IdempotencyKey, NewJob, UniqueKey
from taskflowmq.core.validation import UNUSED_AFTER, USE_EVERY
from taskflowmq.testing.clock import VirtualClock
from taskflowmq.testing.conformance.support import NOON, Rig

MOST = 3


def new_job(**fields: Any) -> NewJob:
    """A job with an id of this moment."""
    return NewJob(id=uuid7(time.time_ns() // 1000, random.getrandbits(62)), task="t", args=b"{}", **fields)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
async def store(request: pytest.FixtureRequest) -> AsyncIterator[Any]:
    """A store that takes three queues."""
    url = request.getfixturevalue(f"{request.param}_url")
    made = make_store(url, options={"max_queues": MOST})
    await made.open()
    yield made
    await made.close()


async def names(store: Any) -> list[str]:
    return [queue.name for queue in await store.queues.list_queues("default")]


@pytest.mark.parametrize(
    "refused",
    [
        [new_job(queue="d")],
        [new_job(queue="a"), new_job(queue="d")],
        [new_job(queue="a", priority=1)],
        [new_job(queue="d", unique=UniqueKey(key="k"))],
        [new_job(queue="d", delay_ms=1000)],
    ],
)
async def test_one_queue_too_many_is_refused_and_nothing_stored(store: Any, refused: list[NewJob]) -> None:
    await store.intake.enqueue([new_job(queue=name) for name in ("a", "b", "c")])
    with pytest.raises(InvalidJob, match="TASKFLOW_MAX_QUEUES") as caught:
        await store.intake.enqueue(refused)
    assert [one.pointer for one in caught.value.errors] == ["/queue"]
    with pytest.raises(InvalidJob, match="TASKFLOW_MAX_QUEUES"):
        await store.intake.enqueue(refused, idempotency=IdempotencyKey(key="i", fingerprint="f"))
    assert [await store.jobs.get("default", job.id) for job in refused] == [None] * len(refused)
    for name in ("a", "b", "c"):
        await store.intake.enqueue([new_job(queue=name)])
    assert await names(store) == ["a", "b", "c"]


async def test_a_pause_makes_no_queue_above_it_either(store: Any) -> None:
    for name in ("a", "b", "c", "a"):
        await store.queues.pause("default", name)
    with pytest.raises(InvalidJob, match="TASKFLOW_MAX_QUEUES"):
        await store.queues.pause("default", "d")
    assert await names(store) == ["a", "b", "c"]


@pytest.mark.parametrize("name", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
async def test_queues_that_are_not_used_any_more_do_not_count(name: str, request: pytest.FixtureRequest) -> None:
    clock = VirtualClock(NOON)
    store = make_store(request.getfixturevalue(f"{name}_url"), options={"max_queues": MOST}, clock=clock)
    rig = Rig(store, clock)
    await store.open()
    try:
        for queue in ("a", "b", "c"):
            await rig.completed(queue=queue)
        await store.queues.pause("default", "a")
        clock.advance((UNUSED_AFTER + 2 * USE_EVERY).total_seconds())
        await rig.enqueue(rig.job(queue="d"), rig.job(queue="e"))
        with pytest.raises(InvalidJob, match="TASKFLOW_MAX_QUEUES"):
            await rig.put(queue="f")
        with pytest.raises(InvalidJob, match="TASKFLOW_MAX_QUEUES"):
            await rig.put(queue="d", priority=1)
        # Its row is there: it comes back, even where a new one would be one too many.
        await rig.put(queue="b")
        assert await names(store) == ["a", "b", "d", "e"]
    finally:
        await store.close()


@pytest.mark.parametrize("text", ["0", "many", "-1", "1e3"])
def test_the_setting_is_a_number(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TASKFLOW_MAX_QUEUES", text)
    with pytest.raises(InvalidSetting, match="TASKFLOW_MAX_QUEUES must be a number of queues"):
        make_store("sqlite:///x.db")
