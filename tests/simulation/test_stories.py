"""Stories that every engine must survive, told step by step: they do not depend on what a seed happens to draw.

Each is what one mistake looks like from outside (``tests/mutants``); the checkers of the simulation judge them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest
from tests.simulation.backends import ModelBackend, postgres_backend, sqlite_backend
from tests.simulation.gate import Call
from tests.simulation.nodes import LEASE, SWEEP, Node
from tests.simulation.world import World

from taskflowmq.core.job import NewJob, UniqueKey
from taskflowmq.ports.store import Settled

ENGINES = ("model", "sqlite", pytest.param("postgres", marks=[pytest.mark.slow, pytest.mark.postgres]))


@pytest.fixture(params=ENGINES)
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """An empty world over each engine."""
    if request.param == "model":
        made = World(ModelBackend, 1)
    elif request.param == "sqlite":
        made = World(partial(sqlite_backend, tmp_path / "simulated.db"), 1)
    else:
        made = World(partial(postgres_backend, request.getfixturevalue("postgres_url")), 1)
    yield made
    made.close()


def drive(world: World, until: Callable[[], object], *, hold: Callable[[Call], bool] = lambda _: False) -> None:
    """Let the store do what is asked, in order, except what is held, until something is true."""
    for _ in range(2_000):
        if until():
            return
        ready = [call for call in world.asked if not hold(call)]
        if ready:
            world.execute(ready[0])
        else:
            world.advance(0.5)
    raise AssertionError("it never happened")


def put(world: World, by: Node, *plan: str, **options: Any) -> UUID:
    """Enqueue one job at once."""
    job = NewJob(id=by.new_id(), task="work", args=msgspec.json.encode({"plan": plan}), timeout_ms=60_000, **options)
    world.ask_directly("intake", "enqueue", [job])
    return job.id


def begun(world: World, job_id: UUID, fence: int) -> Callable[[], bool]:
    """Return what tells whether a body has begun."""
    return lambda: (job_id, fence) in world.history.facts.started


def state(world: World, job_id: UUID) -> str:
    place = world.snap.place(job_id)
    return place.state if place else "gone"


def of(node: Node, name: str) -> Callable[[Call], bool]:
    """Return what picks a process's calls of one kind."""
    return lambda call: call.process is node and call.name == name


def turn_of(duty: str) -> Callable[[Call], bool]:
    """Return what picks the calls that ask for the turn of a duty, whoever asks."""
    return lambda call: call.name == "upkeep.take_turn" and call.args[0] == duty


def test_a_claim_that_arrives_after_its_worker_was_ended_gets_nothing(world: World) -> None:
    worker = world.start("worker", "late")
    mine = of(worker, "claims.claim")
    drive(world, lambda: any(map(mine, world.asked)), hold=mine)
    (registered,) = world.snap.workers
    assert world.ask_directly("workers", "end", registered)
    job_id = put(world, worker, "ok")
    world.execute(next(filter(mine, world.asked)))
    assert state(world, job_id) == "pending"
    drive(world, lambda: state(world, job_id) == "completed")


def test_a_zombie_that_wakes_up_while_another_runs_its_job_changes_nothing(world: World) -> None:
    zombie = world.start("worker", "zombie")
    job_id = put(world, zombie, "slow", "slow", "ok")
    drive(world, begun(world, job_id, 1))
    world.stop(zombie)
    other = world.start("worker", "other")
    drive(world, begun(world, job_id, 2), hold=lambda call: call.process is zombie)
    world.wake_up(zombie)
    settles = of(zombie, "claims.settle")
    drive(world, lambda: any(map(settles, world.asked)), hold=of(other, "claims.settle"))
    (late,) = filter(settles, world.asked)
    world.execute(late)
    assert world.history.steps[-1].answer == [Settled.STALE]
    drive(world, lambda: state(world, job_id) == "completed")
    place = world.snap.place(job_id)
    assert place is not None
    assert (place.lease_no, place.losses) == (2, 1)


def test_an_outage_longer_than_the_lease_costs_nobody_anything(world: World) -> None:
    worker = world.start("worker", "worker")
    job_id = put(world, worker, "slow")
    drive(world, begun(world, job_id, 1))
    drive(world, lambda: world.loop.time() > 2 * LEASE)  # rescues are on: the grace of the first sweep is over
    waiting = put(world, worker, "slow", "ok")
    drive(world, begun(world, waiting, 1))
    world.go_away(2 * LEASE)
    back = world.loop.time() + 2 * LEASE
    # The rescuer is back before the heartbeat.
    drive(world, lambda: world.loop.time() > back + LEASE / 2, hold=of(worker, "workers.renew"))
    drive(world, lambda: state(world, waiting) == "completed" and world.loop.time() > back + 3 * LEASE)
    place = world.snap.place(waiting)
    assert place is not None
    assert (place.lease_no, place.losses) == (1, 0)


def test_a_silence_before_a_turn_that_nobody_hears_of_costs_nobody_anything(world: World) -> None:
    """A rescuer asks for its turn, the database goes away, takes the turn when it is back, and the answer is lost."""
    worker, rescuers = world.start("worker", "worker"), turn_of("rescuer")
    drive(world, lambda: world.loop.time() > 2 * LEASE)  # rescues are on: the grace of the first sweep is over
    drive(world, lambda: any(map(rescuers, world.asked)), hold=rescuers)
    world.go_away(2 * LEASE)
    back = world.loop.time() + 2 * LEASE
    drive(world, lambda: world.loop.time() >= back, hold=rescuers)
    world.execute(next(filter(rescuers, world.asked)), "lost")
    # The rescuer is back before the heartbeat.
    drive(world, lambda: world.loop.time() > back + LEASE / 2, hold=of(worker, "workers.renew"))
    drive(world, lambda: world.loop.time() > back + 3 * LEASE)
    assert [ended_at for _, ended_at in world.snap.workers.values()] == [None]


def test_a_dead_worker_is_found_out_although_every_sweep_comes_late(world: World) -> None:
    world.start("scheduler", "duty")
    worker = world.start("worker", "worker")
    job_id = put(world, worker, "slow", "ok")
    drive(world, begun(world, job_id, 1))
    world.kill(worker)
    died, swept, rescuers = world.loop.time(), world.loop.time(), turn_of("rescuer")
    while state(world, job_id) == "running":
        drive(world, lambda: world.loop.time() > swept + 3.5 * SWEEP and any(map(rescuers, world.asked)), hold=rescuers)  # noqa: B023
        swept = world.loop.time()
        world.execute(next(filter(rescuers, world.asked)))
        drive(world, lambda: world.loop.time() > swept + SWEEP, hold=rescuers)  # noqa: B023
        assert swept < died + 6 * LEASE, "it is never found out"


def test_an_enqueue_whose_answer_was_lost_is_stored_once(world: World) -> None:
    client, worker = world.start("client", "client"), world.start("worker", "worker")
    request = client.app.tasks["work"].using(queue="a").job(["ok"])
    client.run(client.app.aenqueue_many([request]))
    enqueue = of(client, "intake.enqueue")
    drive(world, lambda: any(map(enqueue, world.asked)), hold=enqueue)
    world.execute(next(filter(enqueue, world.asked)), "lost")
    drive(world, lambda: state(world, request.new.id) == "completed", hold=enqueue)
    drive(world, lambda: any(map(enqueue, world.asked)), hold=enqueue)
    world.execute(next(filter(enqueue, world.asked)))
    assert len(world.snap.jobs) == 1
    assert not worker.dead


def test_one_key_is_held_by_one_job_whatever_came_before(world: World) -> None:
    client = world.start("client", "client")
    keys = [UniqueKey(key="k"), None, UniqueKey(key="k"), UniqueKey(key="k", on_conflict="replace"), UniqueKey(key="k")]
    jobs = [NewJob(id=client.new_id(), task="work", args=b'{"plan":["ok"]}', unique=key) for key in keys]
    first = world.ask_directly("intake", "enqueue", jobs[:3])
    assert [answer.id for answer in first] == [jobs[0].id, jobs[1].id, jobs[0].id]
    second = world.ask_directly("intake", "enqueue", jobs[3:])
    assert [answer.id for answer in second] == [jobs[3].id, jobs[3].id]
    assert state(world, jobs[0].id) == "cancelled"
    world.start("worker", "worker")
    drive(world, lambda: state(world, jobs[3].id) == "completed")
    assert world.snap.keys == {}
