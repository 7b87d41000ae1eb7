"""Duties: what one turn does, and that no error ends them."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from tests.worker.fakes import FakeStore

from taskflowmq.core.error_groups import Excess
from taskflowmq.core.errors import StoreUnavailable
from taskflowmq.core.history import Figures
from taskflowmq.core.job import Counters, JobKind, QueueRef, State
from taskflowmq.core.system import EVERYWHERE, IN_TURNS
from taskflowmq.ports.store import DutyTurn, Retention, StagedCount
from taskflowmq.ports.telemetry import NoTelemetry
from taskflowmq.scheduler import Expirer, Looper, Maintainer, Pruner, Rescuer, RollUp, Stager, TurnLooper, all_duties


class StepClock:
    """A clock whose sleeps end when the test says so, and which remembers what was asked."""

    def __init__(self) -> None:
        self.sleeps: list[float] = []
        self.asleep = asyncio.Event()
        self._go = asyncio.Semaphore(0)

    def monotonic(self) -> float:
        return sum(self.sleeps)

    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC)

    async def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.asleep.set()
        await self._go.acquire()

    async def next_sleep(self) -> float:
        """Wait until the duty sleeps, and let it go on."""
        await asyncio.wait_for(self.asleep.wait(), 30)
        self.asleep.clear()
        self._go.release()
        return self.sleeps[-1]


class Store(FakeStore):
    """The fake store with scripted answers for upkeep."""

    def __init__(self) -> None:
        super().__init__()
        self.staged: list[StagedCount] = []
        self.expired: list[int] = []
        self.pruned: list[int] = []
        self.maintained = 0
        self.lost: list[UUID] = []

    async def stage_due(self, limit: int) -> StagedCount:
        self._check()
        return self.staged.pop(0) if self.staged else StagedCount(0, 0, None)

    async def expire_ready(self, limit: int) -> int:
        return self.expired.pop(0)

    async def prune(self, retention: Retention, limit: int) -> int:
        return self.pruned.pop(0)

    async def maintain(self) -> None:
        self.maintained += 1

    async def end_expired(self, limit: int, *, turn_within_ms: int | None = None) -> list[UUID]:
        lost, self.lost = self.lost, []
        for worker_id in lost:
            self.leases[worker_id] = False
        return lost


@pytest.fixture
def store() -> Store:
    return Store()


def rescuer(store: Store) -> Rescuer:
    return Rescuer(store, StepClock(), NoTelemetry(), 5.0, lease_ms=30_000)


def running(store: Store, worker_id: UUID) -> None:
    row = store.put("any")
    row.state, row.worker, row.counters = State.RUNNING, worker_id, Counters(attempt=1, lease_no=1)


async def test_the_stager_wakes_the_queues_and_sleeps_until_the_next_job_is_due(store: Store) -> None:
    stager = Stager(store, StepClock(), NoTelemetry(), 1.0)
    mail, web = QueueRef("default", "mail"), QueueRef("other", "web")
    store.staged = [
        StagedCount(1_000, 0, 0, (mail,)),
        StagedCount(3, 0, 250, (mail, web)),
        StagedCount(0, 0, 60_000),
        StagedCount(0, 0, None),
    ]
    assert [await stager.turn() for _ in range(4)] == [0.0, 0.25, 1.0, None]
    assert [store.wakes.get_nowait() for _ in range(3)] == [mail, mail, web]


def duty_classes(of: type[Looper] = Looper) -> set[type[Looper]]:
    return {cls for one in of.__subclasses__() for cls in ({one} if "name" in vars(one) else duty_classes(one))}


def test_what_operators_are_told_of_turns_is_what_the_classes_of_duties_do() -> None:
    in_turns = {cls.name for cls in duty_classes() if issubclass(cls, TurnLooper)}
    assert in_turns == set(IN_TURNS)
    assert {cls.name for cls in duty_classes()} - in_turns == set(EVERYWHERE)


async def test_the_rescuer_settles_what_lost_workers_held(store: Store) -> None:
    dead, alive = uuid4(), uuid4()
    store.leases = {dead: True, alive: True}
    running(store, dead)
    running(store, alive)
    store.lost = [dead]
    await rescuer(store).turn()
    by_worker = {row.worker: row for row in store.rows.values()}
    assert by_worker[alive].state is State.RUNNING
    assert by_worker[dead].state is State.RETRYING
    assert by_worker[dead].counters == Counters(attempt=0, losses=1, lease_no=1)


async def test_what_the_rescuer_settles_is_in_the_history_of_the_lost_worker(store: Store) -> None:
    dead = uuid4()
    store.leases = {dead: True}
    for _ in range(3):
        running(store, dead)
    store.lost = [dead]
    await rescuer(store).turn()
    (appended,) = store.history.appended
    figures = Figures(failed=3, lost=3, retried=3, failed_job=max(store.rows))
    assert appended == (dead, {JobKind("default", "default", "any"): figures}, 0)
    assert store.errors.writers == [dead]  # its release


async def test_a_history_that_takes_nothing_stops_no_rescue(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    dead = uuid4()
    store.leases = {dead: True}
    running(store, dead)
    store.lost = [dead]

    async def refuse(*args: object, **kwargs: object) -> None:
        raise StoreUnavailable("no room")

    store.history.append = refuse  # type: ignore[method-assign]
    await rescuer(store).turn()
    assert store.count(State.RETRYING) == 1
    assert f"the jobs of worker {dead} are missing in the history: no room" in caplog.text


def rollup(store: Store, clock: StepClock | None = None) -> RollUp:
    return RollUp(store, clock or StepClock(), NoTelemetry())


async def test_the_rollup_comes_back_as_the_next_minute_begins(store: Store) -> None:
    store.history.backlogs = [59_000, 30_000]
    duty = rollup(store)
    for wait in (59, 30):
        pause = await duty.turn()
        assert pause is not None
        assert wait <= pause <= wait + 2


async def test_a_node_without_the_turn_follows_the_one_that_took_it(store: Store) -> None:
    store.turns["rollup"] = DutyTurn(taken=False, gap_ms=1_500, grace=False)
    pause = await rollup(store).turn()
    assert pause is not None
    assert 58.5 <= pause <= 60.5


async def test_the_rollup_joins_until_nothing_is_due_and_prunes_once_an_hour(store: Store) -> None:
    clock = StepClock()
    duty = rollup(store, clock)
    store.history.joins = [40, 60, 0, 7]
    store.history.prunes = [1_000, 3, 5]
    await duty.turn()
    assert (store.history.joins, store.history.prunes) == ([7], [5])
    await duty.turn()
    assert (store.history.joins, store.history.prunes) == ([], [5])
    clock.sleeps.append(3_600)
    await duty.turn()
    assert store.history.prunes == []


async def test_the_rollup_deletes_groups_of_errors_beyond_those_that_are_kept_and_says_so_once(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    duty = rollup(store)
    store.errors.excess = [Excess(tenant="shop", count=3_024, task="charge", type="LookupError", alike=3_000)]
    with caplog.at_level(logging.WARNING, "taskflowmq.scheduler"):
        await duty.turn()
        await duty.turn()
    line = (
        "deleted 3,024 groups of errors of tenant 'shop': a tenant keeps 10,000. 3,000 of the deleted ones were of "
        "LookupError in task 'charge'. If its message differs each time, each failure is a group of its own: raise it "
        "with a constant message, and log what differs"
    )
    assert [record.message for record in caplog.records] == [line]


async def test_a_backlog_that_takes_long_to_count_is_counted_less_often(store: Store) -> None:
    clock = StepClock()
    duty = rollup(store, clock)
    counted = 0

    async def count() -> int:
        nonlocal counted
        counted += 1
        clock.sleeps.append(5)
        return 55_000

    store.history.count_backlog = count  # type: ignore[method-assign]
    await duty.turn()
    clock.sleeps.append(55)
    pause = await duty.turn()
    assert counted == 1
    # The fake store's clock stands at twenty seconds past.
    assert pause is not None
    assert 40 <= pause <= 42
    clock.sleeps.append(60)
    await duty.turn()
    assert counted == 2


async def test_jobs_of_ended_workers_are_left_to_their_supervisor_for_one_sweep(store: Store) -> None:
    ended = uuid4()
    store.leases = {ended: False}
    running(store, ended)
    duty = rescuer(store)
    await duty.turn()
    assert store.count(State.RUNNING) == 1
    await duty.turn()
    assert store.count(State.RETRYING) == 1


@pytest.mark.parametrize("turn", [(False, False), (True, True)], ids=["not its turn", "grace"])
async def test_the_rescuer_waits_its_turn_and_the_grace(store: Store, turn: tuple[bool, bool]) -> None:
    store.turns["rescuer"] = DutyTurn(taken=turn[0], gap_ms=5_000, grace=turn[1])
    store.lost = [uuid4()]
    await rescuer(store).turn()
    assert len(store.lost) == 1


async def test_the_rescuer_leaves_the_grace_to_the_transaction_that_takes_its_turn(store: Store) -> None:
    await rescuer(store).turn()
    assert store.leases_given == {"rescuer": 30_000}


async def test_expirer_pruner_and_maintainer_do_their_work_once_per_turn(store: Store) -> None:
    clock, telemetry = StepClock(), NoTelemetry()
    store.expired, store.pruned = [1_000, 1_000, 12], [1_000, 1, 0]
    for duty in (
        Expirer(store, clock, telemetry, 5),
        Pruner(store, clock, telemetry),
        Maintainer(store, clock, telemetry, 600),
    ):
        await duty.turn()
        store.turns[duty.name] = DutyTurn(taken=False, gap_ms=1, grace=False)
        await duty.turn()
    assert (store.expired, store.pruned, store.maintained) == ([], [], 1)


async def test_a_duty_survives_errors_and_backs_off(store: Store) -> None:
    clock = StepClock()
    loop = asyncio.create_task(Stager(store, clock, NoTelemetry(), 1.0).run())
    assert 0.9 <= await clock.next_sleep() <= 1.1
    store.away = True
    assert await clock.next_sleep() == 0.2
    assert await clock.next_sleep() == 0.4
    store.away = False
    assert 0.9 <= await clock.next_sleep() <= 1.1
    loop.cancel()
    with pytest.raises(asyncio.CancelledError):
        await loop


async def until_asleep(clock: StepClock, times: int = 1) -> None:
    for _ in range(times):
        await clock.next_sleep()
    await asyncio.wait_for(clock.asleep.wait(), 30)


async def test_a_failure_that_goes_on_is_noted_and_logged_once(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    store.pruned = []  # the next look at it raises
    clock = StepClock()
    with caplog.at_level(logging.WARNING, "taskflowmq.scheduler"):
        loop = asyncio.create_task(Pruner(store, clock, NoTelemetry()).run())
        await until_asleep(clock, 6)
    assert store.failed == {"pruner": "IndexError: pop from empty list"}
    assert [record.message for record in caplog.records] == ["the pruner: IndexError: pop from empty list"]
    # The turn of another node says nothing about whether ours works.
    store.turns["pruner"] = DutyTurn(taken=False, gap_ms=1, grace=False)
    await until_asleep(clock, 2)
    assert "pruner" in store.failed
    store.turns["pruner"] = DutyTurn(taken=True, gap_ms=1, grace=False)
    store.pruned = [0, 0, 0]
    await until_asleep(clock, 2)
    assert store.failed == {}
    loop.cancel()


async def test_what_an_earlier_process_noted_goes_with_the_first_success(store: Store) -> None:
    store.failed = {"stager": "old"}
    clock = StepClock()
    loop = asyncio.create_task(Stager(store, clock, NoTelemetry(), 1.0).run())
    await until_asleep(clock)
    assert store.failed == {}
    loop.cancel()


def test_every_duty_has_a_name_of_its_own(store: Store) -> None:
    duties = all_duties(store, StepClock(), NoTelemetry())
    assert sorted(duty.name for duty in duties) == [
        "bulker",
        "expirer",
        "maintainer",
        "pruner",
        "rescuer",
        "rollup",
        "stager",
    ]
