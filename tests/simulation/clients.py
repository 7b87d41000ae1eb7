"""What users and operators do: every operation goes through the public API of an app, as in a program of theirs.

An operation whose answer never came is sometimes repeated with the same jobs, as the API promises one may.
"""

from __future__ import annotations

import random
from functools import partial
from typing import Any

from tests.simulation.nodes import LEASE, QUEUES, Node

from taskflowmq.client.unique import Unique
from taskflowmq.core.errors import Conflict, JobNotFound, NotUnique, StoreUnavailable
from taskflowmq.core.workers import Command

KEYS = ("red", "green")

_PLANS: tuple[tuple[str, ...], ...] = (
    ("ok",),
    ("ok",),
    ("ok",),
    ("slow",),
    ("fail", "ok"),
    ("fail",),
    ("later", "ok"),
    ("snooze", "ok"),
    ("snooze", "slow"),
    ("cancel",),
    ("discard", "ok"),
    ("hang", "ok"),
    ("crash", "ok"),
    ("crash", "crash", "crash", "ok"),
    ("slow", "crash", "ok"),
)


def some_options(dice: random.Random) -> dict[str, Any]:
    """Choose how a job is enqueued."""
    options: dict[str, Any] = {"queue": dice.choice(QUEUES), "priority": dice.choice((0, 0, 0, -5, 5))}
    if dice.random() < 0.25:
        options["delay"] = dice.choice((0.5, 3, 8))
    if dice.random() < 0.15:
        options["expires_in"] = dice.choice((2, 20))
    if dice.random() < 0.1:
        options["max_attempts"] = dice.choice((1, 2))
    if dice.random() < 0.35:
        options["unique"] = some_unique(dice)
    return options


def some_unique(dice: random.Random) -> Unique:
    """Choose a unique key that others will want, too."""
    key = dice.choice(KEYS)
    kind: Any = dice.choice(("finish", "finish", "start", "time"))
    conflict: Any = dice.choice(("return", "return", "raise", "replace"))
    if kind == "time":
        return Unique(by=_named(f"time-{key}"), period=dice.choice((3, 30)), on_conflict=conflict)
    return Unique(by=_named(f"{kind}-{key}"), until=kind, on_conflict=conflict)


def _named(key: str) -> Any:
    return lambda _: key


def some_plan(dice: random.Random) -> list[str]:
    """Choose what a job's bodies do."""
    return list(dice.choice(_PLANS))


def operate(node: Node, dice: random.Random) -> None:
    """Begin one operation of a client, chosen by the dice."""
    known = sorted(node.world.history.facts.wanted)
    verbs: list[Any] = [(_enqueue, 10), (_enqueue_many, 4), (_enqueue_once, 2), (_command, 1)]
    if known:
        verbs += [(_cancel, 2), (_retry, 2), (_move, 2), (_delete, 1), (_look, 2), (_pause, 1)]
    (verb,) = dice.choices([verb for verb, _ in verbs], weights=[weight for _, weight in verbs])
    node.run(verb(node, random.Random(dice.getrandbits(64))))


async def _enqueue(node: Node, dice: random.Random) -> None:
    """Enqueue one job, and the same again if nobody answered, once more even if somebody did."""
    request = node.app.tasks["work"].using(**some_options(dice)).job(some_plan(dice))
    await _store(node, [request], dice)


async def _enqueue_many(node: Node, dice: random.Random) -> None:
    task = node.app.tasks["work"]
    count = dice.randint(2, 5)
    await _store(node, [task.using(**some_options(dice)).job(some_plan(dice)) for _ in range(count)], dice)


async def _store(node: Node, requests: list[Any], dice: random.Random) -> None:
    for _ in range(3):
        try:
            handles = await node.app.aenqueue_many(requests)
        except StoreUnavailable:
            if dice.random() < 0.5:
                return
            await node.clock.sleep(dice.random() * 3)
            continue
        except NotUnique:
            return
        node.world.event(node.name, "told", [handle.id for handle in handles if handle.created])
        if dice.random() < 0.8:
            return


async def _enqueue_once(node: Node, dice: random.Random) -> None:
    """Enqueue under an Idempotency-Key, each time with a new id, as a client that repeats a request does."""
    key, plan = f"request-{dice.getrandbits(32)}", some_plan(dice)
    for _ in range(3):
        try:
            handle = await node.app.asend("work", {"plan": plan}, queue="a", idempotency_key=key)
        except StoreUnavailable:
            await node.clock.sleep(dice.random() * 3)
            continue
        node.world.event(node.name, "told", [handle.id])
        if dice.random() < 0.5:
            return


async def _steer(node: Node, dice: random.Random, act: Any) -> None:
    known = sorted(node.world.history.facts.wanted)
    try:
        await act(dice.choice(known))
    except (StoreUnavailable, JobNotFound, Conflict):
        return


async def _cancel(node: Node, dice: random.Random) -> None:
    await _steer(node, dice, node.app.jobs.acancel)


async def _retry(node: Node, dice: random.Random) -> None:
    await _steer(node, dice, node.app.jobs.aretry)


async def _move(node: Node, dice: random.Random) -> None:
    queue, priority = dice.choice((*QUEUES, None)), dice.choice((0, -5, 5))
    await _steer(node, dice, partial(node.app.jobs.amove, queue=queue, priority=priority))


async def _delete(node: Node, dice: random.Random) -> None:
    await _steer(node, dice, node.app.jobs.adelete)


async def _look(node: Node, dice: random.Random) -> None:
    await _steer(node, dice, node.app.jobs.aget)


async def _pause(node: Node, dice: random.Random) -> None:
    queue = dice.choice(QUEUES)
    try:
        await node.app.queues.apause(queue, create=True, reason=dice.choice((None, "deploy", "outage")))
        await node.clock.sleep(dice.choice((1, 5)))
        await node.app.queues.aresume(queue)
    except StoreUnavailable:
        return


async def _command(node: Node, dice: random.Random) -> None:
    """Tell a worker, maybe one that has ended, to drain and later to resume, or to stop."""
    tell: Any = node.gate.workers.command
    try:
        workers = await node.gate.workers.list_workers()
        if not workers:
            return
        worker = dice.choice(workers).id
        wanted = dice.choice((Command.DRAIN, Command.DRAIN, Command.STOP))
        await tell(worker, wanted, actor="operator")
        if wanted is Command.DRAIN:
            await node.clock.sleep(dice.choice((1, LEASE)))
            await tell(worker, None, actor="operator")
    except StoreUnavailable:
        return
