"""Fills a store for the demo, and keeps it busy."""

from __future__ import annotations

import asyncio
import importlib.util
import itertools
import logging
import math
from collections.abc import Iterable, Iterator

from taskflowmq.client.app import BaseApp
from taskflowmq.core.errors import StoreUnavailable
from taskflowmq.demo.orders import Order, early_orders, orders, waiting_orders
from taskflowmq.demo.past import HABITS, past
from taskflowmq.demo.requests import requests_of
from taskflowmq.demo.scenes import seed_dead_worker, seed_failures, seed_past_workers, seed_releases
from taskflowmq.demo.shop import PAUSED

log = logging.getLogger("taskflowmq.demo")

SHOP = "taskflowmq.demo.shop"
#: Seconds between two transactions of new jobs.
TICK_S = 0.5
#: The rate goes up and down by this share, once in these seconds: even lines say little.
SWING, SWING_S = 0.35, 240.0
#: Most jobs of one transaction: after a machine has slept, the time is not made up for.
MOST = 1_000
#: Figures that are appended at once.
TOGETHER = 32
#: For the first seconds there are more jobs, so that lists are soon full.
EARLY_S, EARLY = 10.0, 4.0
#: How long the first job waits for a worker, in seconds: it would wait visibly.
WORKER_S = 20.0


class ForeignStore(Exception):
    """The store has tasks that are not the demo's."""

    def __init__(self, names: Iterable[str]) -> None:
        super().__init__(f"the store has tasks of another program: {', '.join(sorted(names)[:5])}")


def new_app(url: str) -> BaseApp:
    """Return an app of the shop beside the one of its module, for another store.

    An app has one store at a time, and the tasks of a module belong to one app: the module is run once more.
    """
    spec = importlib.util.find_spec(SHOP)
    if spec is None or spec.loader is None:
        raise ImportError(f"{SHOP} is not installed")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    app: BaseApp = module.app
    app.use_url(url)
    return app


async def check_store(plain: BaseApp, app: BaseApp) -> bool:
    """Tell whether a store is new to the demo.

    Args:
        plain: open, on the same store, without tasks: it announces none.
        app: the demo's, not open.

    Raises:
        ForeignStore: jobs of another program may be in it.
    """
    known = {view.name for view in await plain.store.intake.list_tasks(app.tenant)}
    foreign = known - set(app.tasks.names())
    if foreign:
        raise ForeignStore(foreign)
    return not known


async def fill(app: BaseApp, seed: int, rate: float) -> None:
    """Store what waits from the start, and the history of a day.

    Args:
        app: the demo's, open.
        seed: the same one stores the same.
        rate: jobs per second, of which the history is one.
    """
    await seed_releases(app)
    await seed_failures(app, seed)
    await app.queues.apause(PAUSED, reason="the text of the spring issue is not approved yet", create=True, actor="ada")
    await app.aenqueue_many(requests_of(app, waiting_orders(seed)))
    # Figures of a queue that does not exist would be left out.
    for queue in sorted({habit.queue for habit in HABITS.values()}):
        await app.queues.aset_retention(queue, completed="6h", cancelled="6h", dead="24h", create=True)
    for queue in ("archive", "exports", "feedback"):
        await app.queues.aset_retention(queue, completed="6h", cancelled="6h", dead="24h", create=True)
    await seed_dead_worker(app, seed)
    writers, history = await seed_past_workers(app), app.store.history
    moments = past(seed, rate)
    while together := list(itertools.islice(moments, TOGETHER)):
        # Each machine has the figures of some tasks.
        appended = (
            history.append(
                writer, dict(list(moment.figures.items())[place :: len(writers)]), age_ms=1000 * moment.age_s
            )
            for moment in together
            for place, writer in enumerate(writers)
        )
        await asyncio.gather(*appended)


async def produce(app: BaseApp, seed: int, rate: float) -> None:
    """Enqueue jobs until cancelled, once there is a worker.

    Args:
        app: the demo's, open.
        seed: the same one enqueues the same jobs in the same order.
        rate: jobs per second.
    """
    await _worker_is_there(app)
    loop = asyncio.get_running_loop()
    coming = itertools.chain(early_orders(seed), orders(seed))
    begun, before, due = loop.time(), loop.time(), 0.0
    while True:
        await asyncio.sleep(TICK_S)
        now = loop.time()
        due += rate * (now - before) * busyness(now - begun)
        before = now
        count = min(int(due), MOST)
        due -= int(due)
        await _enqueue(app, coming, count)


def busyness(seconds: float) -> float:
    """Return by how much the rate is multiplied so long after the start."""
    return EARLY if seconds < EARLY_S else 1 + SWING * math.sin(2 * math.pi * seconds / SWING_S)


async def _worker_is_there(app: BaseApp) -> None:
    for _ in range(int(WORKER_S / TICK_S)):
        if await app.history.aservers():
            return
        await asyncio.sleep(TICK_S)


async def _enqueue(app: BaseApp, coming: Iterator[Order], count: int) -> None:
    if count == 0:
        return
    try:
        await app.aenqueue_many(requests_of(app, itertools.islice(coming, count)))
    except StoreUnavailable as error:
        log.debug("no jobs were enqueued: %s", error)
