"""Charts that continue show what charts that begin anew show, and cost only what is new."""

from __future__ import annotations

import random
from collections import Counter
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest
from tests.simulation.model import ModelStore
from tests.simulation.rows import Data

from taskflowmq.client.charts import MOST_CHARTS, Charts
from taskflowmq.core.chart import Series
from taskflowmq.core.errors import InvalidJob
from taskflowmq.core.history import By, Figures, HistoryKept, Total
from taskflowmq.core.job import JobKind
from taskflowmq.stores.sqlite import SqliteStore
from taskflowmq.testing.clock import VirtualClock
from taskflowmq.testing.conformance.support import NOON, Rig

KINDS = [JobKind("default", queue, task) for queue in ("mail", "web") for task in ("send", "render")]
HOURS = HistoryKept(minutes_s=3 * 3_600)
MINUTES = HistoryKept(minutes_s=30 * 86_400)
MINUTE = timedelta(minutes=1)


class Watched:
    """A history that counts what is asked of it."""

    def __init__(self, history: Any) -> None:
        self._history = history
        self.calls: Counter[str] = Counter()
        self.rows = 0

    def __getattr__(self, name: str) -> Any:
        async def ask(*args: Any, **kwargs: Any) -> Any:
            self.calls[name] += 1
            found = await getattr(self._history, name)(*args, **kwargs)
            if name == "read":
                self.rows += sum(len(row.parts) for row in found)
            return found

        return ask


async def make_kinds(store: Any, clock: VirtualClock) -> None:
    """Make the queues and tasks."""
    rig = Rig(store, clock)
    await rig.enqueue(*(rig.job(kind.task, queue=kind.queue) for kind in KINDS))


def some(rand: random.Random) -> Any:
    total = Total()
    for name in ("started", "completed", "failed", "cancelled_ready"):
        total.count(name, rand.randrange(5))
    total.wait.take([rand.random() for _ in range(rand.randrange(4))])
    total.run.take([10 * rand.random() for _ in range(rand.randrange(4))])
    return total.figures()


@pytest.mark.parametrize("seed", [0, 1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(2, 12))])
async def test_what_is_kept_shows_what_is_read_anew(seed: int) -> None:
    rand, clock = random.Random(seed), VirtualClock(NOON)
    store: Any = ModelStore(Data(), clock)
    await make_kinds(store, clock)
    kept = Charts(store.history, store.workers)
    # A chart by the minute that began before its minutes became hours shows more than one that begins then.
    old, steps = (HOURS, [3_600, 7_200, 86_400]) if seed % 2 else (MINUTES, [60, 300, 900, 3_600, 5_400])
    asked = [(rand.choice(steps), rand.choice(list(By)), rand.randrange(1, 90)) for _ in range(3)]
    for _ in range(60):
        for _ in range(rand.randrange(1, 4)):
            figures = {kind: some(rand) for kind in KINDS if rand.random() < 0.6}
            await store.history.append(UUID(int=1), figures, age_ms=rand.randrange(5_000))
            # Mostly a few seconds, at times half a minute or hours without figures.
            clock.advance(rand.choice([3, 10, 10, 31, 600, rand.choice([10, 4_000, 20_000])]))
            await store.history.count_backlog()
        if rand.random() < 0.5:
            while await store.history.roll_up(old):
                pass
        step, by, count = rand.choice(asked)
        since = clock.now() - timedelta(seconds=step * count)
        shown = await kept.series("default", since, step=step, by=by)
        assert shown == await Charts(store.history, store.workers).series("default", since, step=step, by=by)
        check_sums(store, shown, by)


def check_sums(store: Any, shown: Series, by: By) -> None:
    """Every figure that is stored of this time is in exactly one step."""
    rows = [row for row in store.data.stat.values() if shown.since <= row.minute < shown.until]
    for name in ("started", "completed", "failed"):
        expected: Counter[Any] = Counter()
        for row in rows if by is not By.NODE else ():
            expected[{By.NONE: None, By.QUEUE: row.kind.queue, By.TASK: row.kind.task}[by]] += getattr(
                row.figures, name
            )
        found = {columns.name: sum(columns.counts[name]) for columns in shown.columns}
        assert {key: count for key, count in found.items() if count} == +expected


async def test_a_range_that_is_kept_by_the_hour_is_shown_by_the_hour() -> None:
    clock = VirtualClock(NOON)
    store: Any = ModelStore(Data(), clock)
    await make_kinds(store, clock)
    for _ in range(180):
        await store.history.append(UUID(int=1), {KINDS[0]: some(random.Random(1))})
        clock.advance(60)
    clock.advance(2 * 86_400)
    while await store.history.roll_up(HistoryKept()):
        pass
    charts = Charts(store.history, store.workers)
    shown = await charts.series("default", NOON, NOON + 3 * 60 * MINUTE, step=300)
    assert (shown.step, len(shown.at)) == (3_600, 3)
    assert len(set(shown.columns[0].counts["started"])) == 1
    # Of a longer step every whole number of hours fits.
    assert (await charts.series("default", NOON, NOON + 180 * MINUTE, step=5_400)).step == 7_200
    # What is kept by the minute is still shown by the minute.
    await store.history.append(UUID(int=1), {KINDS[0]: some(random.Random(1))})
    assert (await charts.series("default", clock.now() - 60 * MINUTE)).step == 60


async def test_a_clock_that_steps_back_shows_what_is_appended_then() -> None:
    clock, data = VirtualClock(NOON), Data()
    store: Any = ModelStore(data, clock)
    await make_kinds(store, clock)
    clock.advance(7_200)
    charts = Charts(store.history, store.workers)
    before = await charts.series("default", NOON)
    assert sum(before.columns[0].counts["started"]) == 0
    earlier = VirtualClock(NOON + 30 * MINUTE)
    store.history._now = earlier.now
    await store.history.append(UUID(int=1), {KINDS[0]: Figures(started=3)})
    shown = await charts.series("default", NOON)
    assert shown == await Charts(store.history, store.workers).series("default", NOON)
    assert sum(shown.columns[0].counts["started"]) == 3
    earlier.advance(3_600)
    later = await charts.series("default", NOON)
    assert later == await Charts(store.history, store.workers).series("default", NOON)


async def test_tenants_have_charts_of_their_own() -> None:
    clock = VirtualClock(NOON)
    store: Any = ModelStore(Data(), clock)
    await make_kinds(store, clock)
    await store.intake.enqueue([Rig(store, clock).job("send", queue="mail", tenant="other")])
    kind = JobKind("other", "mail", "send")
    await store.history.append(UUID(int=1), {KINDS[0]: some(random.Random(1)), kind: some(random.Random(2))})
    charts = Charts(store.history, store.workers)
    found = [await charts.series(tenant, by="queue") for tenant in ("default", "other", "never-used")]
    counts = [{columns.name: sum(columns.counts["started"]) for columns in series.columns} for series in found]
    assert counts == [
        {"mail": some(random.Random(1)).started},
        {"mail": some(random.Random(2)).started},
        {},
    ]


@pytest.fixture
async def day(sqlite_url: str) -> Any:
    """A SQLite store with a day of 20 kinds of jobs: 28,800 rows of minutes that are over."""
    clock = VirtualClock(NOON)
    store = SqliteStore(sqlite_url, clock=clock)
    await store.open()
    kinds = [JobKind("default", f"q{n % 5}", f"t{n}") for n in range(20)]
    rig = Rig(store, clock)
    await rig.enqueue(*(rig.job(kind.task, queue=kind.queue) for kind in kinds))
    rand = random.Random(5)
    figures = [{kind: some(rand) for kind in kinds} for _ in range(10)]
    rows = [
        (minute, q, t, text)
        for minute in range(1_440)
        for q, t, text in _stored(figures[minute % 10])
    ]  # fmt: skip
    names = {
        table: dict(
            await store._reader.run(
                lambda conn, table=table: conn.execute(f"SELECT name, id FROM taskflow_{table}").fetchall()  # type: ignore[misc]
            )
        )
        for table in ("queue", "task")
    }
    first = int((NOON - timedelta(days=1)).timestamp() * 1e6)
    statement = (
        "INSERT INTO taskflow_stat (span, minute, writer, queue_id, task_id, counts) VALUES (60, ?, x'00', ?, ?, ?)"
    )
    found = [(first + minute * 60_000_000, names["queue"][q], names["task"][t], text) for minute, q, t, text in rows]
    assert len(found) == 28_800
    await store._writer.run(lambda conn: conn.executemany(statement, found))
    yield store, clock, figures
    await store.close()


def _stored(figures: dict[JobKind, Any]) -> list[tuple[str, str, str]]:
    return [(kind.queue, kind.task, msgspec.json.encode(one).decode()) for kind, one in figures.items()]


async def test_a_day_is_read_once_and_then_only_what_is_new(day: Any) -> None:
    store, clock, figures = day
    watched = Watched(store.history)
    charts = Charts(watched, store.workers)
    since = NOON - timedelta(days=1)
    first = await charts.series("default", since, step=900, by="queue")
    assert watched.rows == 28_800
    # Parts of three hours, one of what is not over yet.
    assert watched.calls["read"] == 8 + 1 + 1
    expected = sum(one.completed for minute in range(1_440) for one in figures[minute % 10].values())
    assert sum(sum(columns.counts["completed"]) for columns in first.columns) == expected
    for _ in range(3):
        watched.calls.clear()
        watched.rows = 0
        clock.advance(2)
        again = await charts.series("default", since, step=900, by="queue")
        assert again.columns == first.columns
        # The time, the minutes that are not over, and their backlog.
        assert watched.calls == {"now": 1, "read": 1, "read_backlog": 1}
        assert watched.rows <= 2 * 20
    clock.advance(60)
    watched.calls.clear()
    await charts.series("default", since + MINUTE, step=900, by="queue")
    assert watched.calls["read"] == 2


async def test_no_more_charts_are_kept_than_there_is_room_for() -> None:
    clock = VirtualClock(NOON)
    store: Any = ModelStore(Data(), clock)
    await make_kinds(store, clock)
    charts = Charts(store.history, store.workers)
    for number in range(MOST_CHARTS + 10):
        await charts.series("default", by="queue", names=(f"q{number}",))
    assert len(charts._charts) == MOST_CHARTS


async def test_what_is_refused_is_refused_before_anything_is_read() -> None:
    watched = Watched(ModelStore(Data(), VirtualClock(NOON)).history)
    with pytest.raises(InvalidJob):
        await Charts(watched, None).series("default", step=61)  # type: ignore[arg-type]
    assert watched.calls == {"now": 1}


async def test_a_summary_is_kept_for_two_seconds() -> None:
    clock = VirtualClock(NOON)
    store: Any = ModelStore(Data(), clock)
    await make_kinds(store, clock)
    watched, ticks = Watched(store.history), [0.0]
    charts = Charts(watched, None, lambda: ticks[0])  # type: ignore[arg-type]
    figures = some(random.Random(1))
    await store.history.append(UUID(int=1), dict.fromkeys(KINDS, figures))
    clock.advance(30)
    first = await charts.summaries("default", By.QUEUE, 5)
    assert [(one.name, one.counts["started"]) for one in first] == [
        ("mail", 2 * figures.started),
        ("web", 2 * figures.started),
    ]
    assert first[0].seconds == 330
    ticks[0] = 1.9
    assert await charts.summaries("default", By.QUEUE, 5) is first
    assert watched.calls["read"] == 1
    ticks[0] = 2.1
    await charts.summaries("default", By.QUEUE, 5)
    assert watched.calls["read"] == 2


async def test_a_summary_of_nothing_says_nothing() -> None:
    charts = Charts(ModelStore(Data(), VirtualClock(NOON)).history, None)  # type: ignore[arg-type]
    (one,) = await charts.summaries("default", By.NONE, 60)
    assert (one.ended, one.failing, one.wait["p95"], one.backlog) == (0, None, None, None)
    assert await charts.summaries("default", By.TASK, 60) == []


async def test_a_chart_has_the_releases_that_were_first_announced_in_its_range() -> None:
    clock = VirtualClock(NOON)
    store: Any = ModelStore(Data(), clock)
    charts = Charts(store.history, store.workers)
    for name in ("v1", "v2"):
        await store.workers.announce_release(name)
        clock.advance(3_600)
    await store.workers.announce_release("v1")  # taken back: it is no new one
    shown = await charts.series("default", NOON + 30 * MINUTE)
    assert [(one.name, one.first_at) for one in shown.releases] == [("v2", NOON + 60 * MINUTE)]
    assert list((await charts.series("default", NOON + 90 * MINUTE)).releases) == []
