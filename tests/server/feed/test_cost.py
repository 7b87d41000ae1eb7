"""What a live feed asks of a real store: nothing without viewers, and once for all of them."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any
from uuid import uuid4

import httpx
import pytest
from tests.server.feed.test_events import enqueue
from tests.server.feed.viewer import listed, viewing

from taskflowmq import TaskFlow
from taskflowmq.stores.postgres.pool import Pool
from taskflowmq.stores.sqlite.reader import Reader
from taskflowmq.testing.waiting import wait_until

MakeApp = Callable[..., Any]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often the store of this process was asked: probes by name, and reads of any kind together."""
    found: Counter[str] = Counter()
    for kind in (Pool, Reader):
        run = kind.run

        async def counted(self: Any, work: Any, run: Any = run) -> Any:
            found["reads"] += 1
            return await run(self, work)

        monkeypatch.setattr(kind, "run", counted)
    return found


def ticking() -> bool:
    """Tell whether a feed of this process is at work."""
    return any(task.get_name().startswith("taskflow-feed") for task in asyncio.all_tasks())


@pytest.mark.slow
async def test_nothing_is_asked_while_nobody_watches(
    client: httpx.AsyncClient, app: TaskFlow, make_app: MakeApp, asked: Counter[str]
) -> None:
    other = await make_app()
    async with viewing(client, ids=listed([await enqueue(app)]), page="state=pending", stats=1) as viewer:
        await viewer.until("stats")
    await wait_until(lambda: not ticking(), 20)
    await enqueue(other)
    await client.post("/api/v1/jobs", json={"task": "greet", "args": {"name": "Ada"}})
    asked.clear()
    await asyncio.sleep(1.0)  # four ticks
    assert asked == {}


@asynccontextmanager
async def all_viewing(client: httpx.AsyncClient, count: int, **params: Any) -> AsyncIterator[list[Any]]:
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(viewing(client, **params)) for _ in range(count)]


async def test_eight_viewers_of_one_page_are_one_question(
    client: httpx.AsyncClient, app: TaskFlow, probed: Counter[str]
) -> None:
    watched = [await enqueue(app) for _ in range(3)]
    async with all_viewing(client, 8, ids=listed([*watched, uuid4()]), page="state=cancelled") as viewers:
        for viewer in viewers:
            await viewer.until("page")
        probed.clear()
        for job in watched:
            await client.post(f"/api/v1/jobs/{job}/cancel")
            for viewer in viewers:
                await viewer.job(job, "cancelled")
        assert probed["probe_jobs"] >= 1
        assert max(probed["probe_jobs"], probed["probe_page"]) <= probed["revision"]


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
@pytest.mark.slow
async def test_while_nothing_is_written_only_the_revision_is_asked(
    client: httpx.AsyncClient, app: TaskFlow, probed: Counter[str]
) -> None:
    job = await enqueue(app)
    async with viewing(client, ids=listed([job]), page="", stats=1, queues=1, workers=1) as viewer:
        await viewer.until("workers")
        await wait_until(lambda: probed["revision"] >= 2, 20)
        before = probed.copy()
        await wait_until(lambda: probed["revision"] >= before["revision"] + 4, 20)
        assert probed - before == {"revision": probed["revision"] - before["revision"]}
        await client.post(f"/api/v1/jobs/{job}/cancel")
        await viewer.job(job, "cancelled")
