"""Stress tests over REST: a steady rate by the clock, live numbers, one at a time, and only where it is on."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from tests.server.conftest import KEY, Connect, new_app
from tests.server.test_dashboard import BROWSER, boot_of

from taskflowmq import StoreUnavailable, TaskFlow
from taskflowmq.core.audit import Caller, Via
from taskflowmq.core.errors import Conflict, PlaygroundBusy
from taskflowmq.core.job import State
from taskflowmq.core.playground import QUEUE, TAG, Kind, Order
from taskflowmq.server.api.playground import BATCH, CATCH_UP_S, MOST_RUNS, TICK_S, Playground, PlaygroundRun
from taskflowmq.tasks import playground as tasks
from taskflowmq.testing import VirtualClock, adrain
from taskflowmq.testing.waiting import wait_until

RUNS = "/api/v1/playground/runs"
BODY: dict[str, Any] = {"rate": 1000, "seconds": 1, "mix": {"quick": 1}}
ADA = Caller(actor="ada", via=Via.REST)
SOME = Order(rate=50.0, seconds=2.0, mix={Kind.QUICK: 1}, fail=0.1)


@pytest.fixture
async def app(tmp_path: Path, sqlite_template: Path) -> AsyncIterator[TaskFlow]:
    shutil.copyfile(sqlite_template, tmp_path / "jobs.db")
    made = new_app(tmp_path)
    made.include(tasks)
    async with made:
        yield made


@pytest.fixture
async def client(connect: Connect) -> httpx.AsyncClient:
    made: httpx.AsyncClient = await connect(playground=True)
    return made


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
async def playground(app: TaskFlow, clock: VirtualClock) -> AsyncIterator[Playground]:
    async with app.hub.kept() as session:
        made = Playground(app, lambda: session, now=clock.monotonic, sleep=clock.sleep)
        yield made
        await made.close()


class Sleeps:
    """The sleep of a clock that says how many ticks of a producer have ended."""

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        self.ticks = 0

    async def __call__(self, seconds: float) -> None:
        self.ticks += seconds == TICK_S
        await self._clock.sleep(seconds)


async def ended(clock: VirtualClock, run: PlaygroundRun) -> None:
    """Move the clock until a run has ended."""

    def is_ended() -> bool:
        clock.advance(1.0)
        return run.state.value == "ended"

    await wait_until(is_ended, what="the run has ended")


async def test_jobs_come_at_the_rate_by_the_clock(app: TaskFlow, clock: VirtualClock) -> None:
    sleeps = Sleeps(clock)
    async with app.hub.kept() as session:
        playground = Playground(app, lambda: session, now=clock.monotonic, sleep=sleeps)
        run = await playground.start(SOME, by=ADA)
        for tick in range(1, 21):
            await wait_until(lambda tick=tick: sleeps.ticks == tick, what=f"tick {tick}")
            assert run.tally.enqueued == SOME.due(run.elapsed)
            clock.advance(TICK_S)
        await wait_until(lambda: run.state.value == "waiting")
        assert (run.tally.enqueued, run.enqueued_after, run.rate) == (100, pytest.approx(2), pytest.approx(50))
        await playground.close()
    assert run.state.value == "ended"


async def test_a_late_producer_catches_up_in_batches(playground: Playground, clock: VirtualClock) -> None:
    run = await playground.start(Order(rate=1000.0, seconds=1.0, mix={Kind.QUICK: 1}, fail=0), by=ADA)
    clock.advance(0.5)
    await wait_until(lambda: run.tally.enqueued == 500, what="what was due was enqueued without another tick")
    assert BATCH < 500


async def test_numbers_follow_the_jobs_to_their_end(app: TaskFlow, playground: Playground, clock: VirtualClock) -> None:
    run = await playground.start(SOME, by=ADA)
    clock.advance(2.0)
    await wait_until(lambda: run.tally.enqueued == 100)
    await adrain(app)
    # Those that fail wait for their retry; an operator needs no patience.
    clock.advance(0.5)
    await wait_until(lambda: run.tally.ended[State.COMPLETED] == 90, what="all others were seen to have ended")
    assert (run.tally.waiting, run.tally.failed, run.state.value) == (10, 10, "waiting")
    # Of a job that waits for its retry the store does not say when it was started.
    assert run.tally.waits.total == 90
    assert sum(run.tally.by_worker.values()) == 90
    for job in (await app.jobs.alist(filter=f"tag:{run.tag}", limit=1000)).items:
        if job.state is State.RETRYING:
            await app.jobs.acancel(job.id)
    await ended(clock, run)
    assert (run.tally.ended[State.CANCELLED], run.tally.open) == (10, 0)
    assert run.throughput is not None


@pytest.mark.slow
async def test_a_store_that_does_not_answer_loses_no_job(
    app: TaskFlow, playground: Playground, clock: VirtualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, calls = app.aenqueue_many, 0

    async def forgets(jobs: Any) -> Any:
        nonlocal calls
        calls += 1
        found = await whole(jobs)
        if calls in (1, 3):
            raise StoreUnavailable("its answer was lost")
        return found

    monkeypatch.setattr(app, "aenqueue_many", forgets)
    run = await playground.start(SOME, by=ADA)

    def is_done() -> bool:
        clock.advance(0.1)
        return run.enqueued_after is not None

    await wait_until(is_done)
    assert (run.tally.enqueued, run.problem) == (100, "the store did not answer")
    assert (await app.jobs.acount(f"tag:{run.tag}", seconds=60)).value == 100


async def test_a_store_that_stays_away_ends_it_after_a_while(
    app: TaskFlow, playground: Playground, clock: VirtualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def down(_jobs: Any) -> Any:
        raise StoreUnavailable("it is down")

    monkeypatch.setattr(app, "aenqueue_many", down)
    run = await playground.start(SOME, by=ADA)
    await ended(clock, run)
    assert run.tally.enqueued == 0
    assert run.enqueued_after is not None
    assert run.enqueued_after >= SOME.seconds + CATCH_UP_S


async def test_one_run_at_a_time_and_a_stop_keeps_what_was_enqueued(
    app: TaskFlow, playground: Playground, clock: VirtualClock
) -> None:
    run = await playground.start(SOME, by=ADA)
    clock.advance(1.0)
    await wait_until(lambda: run.tally.enqueued == 50)
    with pytest.raises(PlaygroundBusy):
        await playground.start(SOME, by=ADA)
    stopping = asyncio.create_task(playground.stop(run.id, by=ADA))
    await wait_until(lambda: run.is_stopping)
    clock.advance(0.1)
    await stopping
    assert (run.stopped_by, run.tally.enqueued, run.state.value) == ("ada", 50, "waiting")
    with pytest.raises(Conflict, match="enqueues no more"):
        await playground.stop(run.id, by=ADA)
    # The next one may begin at once; the first one's jobs are followed no more, and stay.
    other = await playground.start(SOME, by=ADA)
    assert (run.state.value, other.state.value) == ("ended", "enqueuing")
    assert (await app.jobs.acount(f"tag:{run.tag}", seconds=60)).value == 50
    assert [one.id for one in playground.runs()] == [other.id, run.id]


async def test_old_runs_are_forgotten(playground: Playground, clock: VirtualClock) -> None:
    one = Order(rate=1.0, seconds=1.0, mix={Kind.QUICK: 1}, fail=0)
    for _ in range(MOST_RUNS + 1):
        run = await playground.start(one, by=ADA)

        def is_done(run: PlaygroundRun = run) -> bool:
            clock.advance(1.0)
            return run.enqueued_after is not None

        await wait_until(is_done)
    assert len(playground.runs()) == MOST_RUNS


async def test_over_rest_from_start_to_stop(app: TaskFlow, client: httpx.AsyncClient) -> None:
    assert (await client.get(RUNS)).json() == {"items": [], "served": False}
    slow = {**BODY, "rate": 5, "seconds": 600, "fail": 1, "reason": "how many slots"}
    answer = await client.post(RUNS, json=slow)
    assert answer.status_code == 201
    made = answer.json()
    assert (made["state"], made["asked"], made["mix"]) == (
        "enqueuing",
        3000,
        {"quick": 1, "slow": 0, "cpu": 0, "retried": 0},
    )
    path = f"{RUNS}/{made['id']}"
    busy = await client.post(RUNS, json=BODY)
    assert (busy.status_code, busy.json()["code"]) == (409, "playground_busy")

    async def enqueued() -> bool:
        return bool((await client.get(path)).json()["points"]["enqueued"][-1])

    await wait_until(enqueued)
    stopped = (await client.post(f"{path}/stop", json={"reason": "enough"})).json()
    assert (stopped["stopped_by"], stopped["state"]) == ("local", "waiting")
    assert (await client.post(f"{path}/stop")).status_code == 409
    jobs = (await client.get("/api/v1/jobs", params={"q": f"tag:{made['tag']}"})).json()["items"]
    assert len(jobs) == stopped["enqueued"] > 0
    assert {(job["queue"], job["task"], *job["tags"]) for job in jobs} == {
        (QUEUE, "playground.quick", TAG, made["tag"])
    }
    acts = (await client.get("/api/v1/audit", params={"object": f"playground:{made['id']}"})).json()["items"]
    assert [(act["action"], act["reason"]) for act in acts] == [
        ("playground.stop", "enough"),
        ("playground.start", "how many slots"),
    ]
    assert acts[1]["after"] == {"rate": 5.0, "seconds": 600.0, "mix": {"quick": 1}, "fail": 1.0}
    assert acts[1]["count"] == 3000


@pytest.mark.slow
async def test_a_worker_that_has_the_tasks_serves_it(app: TaskFlow, client: httpx.AsyncClient) -> None:
    async with app.worker(concurrency=4, run_duties=False):
        made = (await client.post(RUNS, json=BODY)).json()

        async def is_ended() -> Any:
            found = (await client.get(f"{RUNS}/{made['id']}")).json()
            return found if found["state"] == "ended" else None

        found = await wait_until(is_ended, 120, what="the run has ended")
        assert (await client.get(RUNS)).json()["served"] is True
    assert (found["enqueued"], found["completed"], found["gone"], found["problem"]) == (1000, 1000, 0, None)
    assert found["wait"]["p50"] is not None
    assert found["run"]["p50"] > 0
    [worker] = found["workers"]
    assert (worker["jobs"], worker["host"] is not None, worker["pid"] is not None) == (1000, True, True)
    assert found["points"]["completed"][-1] == 1000
    assert len({len(column) for column in found["points"].values()}) == 1


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"rate": 0}, "/rate"),
        ({"rate": 1001}, "/rate"),
        ({"rate": 1000, "seconds": 101}, "/rate"),
        ({"seconds": 601}, "/seconds"),
        ({"seconds": 0.5}, "/seconds"),
        ({"fail": 1.1}, "/fail"),
        ({"mix": {}}, "/mix"),
        ({"mix": {"quick": -1}}, "/mix/quick"),
        ({"mix": {"deadly": 1}}, "/mix/deadly"),
        ({"depends": 3}, "/depends"),
        ({"reason": "two\nlines"}, "/reason"),
    ],
)
async def test_a_wrong_order_is_refused_and_starts_nothing(
    client: httpx.AsyncClient, wrong: dict[str, Any], pointer: str
) -> None:
    answer = await client.post(RUNS, json={**BODY, **wrong})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)
    assert (await client.get(RUNS)).json()["items"] == []


async def test_a_run_that_does_not_exist(client: httpx.AsyncClient) -> None:
    for path in (f"{RUNS}/{UUID(int=1)}", f"{RUNS}/x"):
        answer = await client.get(path)
        assert (answer.status_code, answer.json()["code"]) == (404, "playground_run_not_found")
        assert (await client.post(f"{path}/stop")).status_code == 404


async def test_a_server_without_a_playground_has_no_such_route(reader: httpx.AsyncClient) -> None:
    for answer in (
        await reader.get(RUNS),
        await reader.post(RUNS, json=BODY),
        await reader.get(f"{RUNS}/{UUID(int=1)}"),
        await reader.post(f"{RUNS}/{UUID(int=1)}/stop"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert boot_of((await reader.get("/", headers=BROWSER)).text)["features"]["playground"] is False


async def test_a_viewer_reads_and_starts_nothing(connect: Connect, app: TaskFlow) -> None:
    client = await connect(playground=True, api_keys=(f"viewer:{KEY}",))
    headers = {"x-api-key": KEY}
    assert (await client.get(RUNS, headers=headers)).status_code == 200
    assert (await client.post(RUNS, json=BODY, headers=headers)).status_code == 403
    assert (await app.jobs.alist()).items == []


async def test_the_page_knows_of_it(client: httpx.AsyncClient) -> None:
    assert boot_of((await client.get("/", headers=BROWSER)).text)["features"]["playground"] is True


@pytest.mark.slow
async def test_its_tasks_do_what_they_say(app: TaskFlow) -> None:
    names = {kind: f"playground.{kind}" for kind in Kind}
    good = {kind: await app.asend(name, {"number": 1}) for kind, name in names.items()}
    bad = {kind: await app.asend(name, {"fails": True}, max_attempts=2) for kind, name in names.items()}

    async def have_ended() -> bool:
        await adrain(app)
        left = [view for job in (*good.values(), *bad.values()) if not (view := await job.ajob()).state.final]
        for view in left:
            await app.jobs.aretry(view.id)  # it is due now
        return not left

    await wait_until(have_ended, 60)
    views = {kind: await job.ajob() for kind, job in good.items()}
    assert {view.state for view in views.values()} == {State.COMPLETED}
    assert {kind: view.attempt for kind, view in views.items()} == {**dict.fromkeys(Kind, 1), Kind.RETRIED: 2}
    assert len(views[Kind.CPU].result["digest"]) == 16
    ended_badly = [await job.ajob() for job in bad.values()]
    assert {view.state for view in ended_badly} == {State.DEAD}
    assert {(view.error or {})["type"] for view in ended_badly} == {"PlaygroundFailure"}
