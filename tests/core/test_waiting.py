"""Why a job has not started."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from taskflowmq.core.bulk import Counted
from taskflowmq.core.job import QueueRef, State
from taskflowmq.core.pauses import Pause
from taskflowmq.core.waiting import Server, WaitCode, WaitingJob, placed, why_waiting

ANY = Server(tasks=("mail",), slots=2)
BUSY = Server(tasks=("mail",), slots=2, running=2)
PAUSE = Pause(datetime(2026, 1, 31, 11, tzinfo=UTC), "ada", "the mail provider is down")
OTHER_QUEUE = Server(queues=("slow",), tasks=("mail",))
OTHER_TASKS = Server(tasks=("resize",))
DRAINED = Server(tasks=("mail",), slots=3, drained=True)
ILL = Server(tasks=("mail",), notes=("no claim was answered for 12 s",))


def job(state: State = State.PENDING, tenant: str = "default") -> WaitingJob:
    queue = QueueRef(tenant, "default")
    return WaitingJob(task="mail", queue=queue, state=state, run_at=datetime(2026, 1, 31, 12, tzinfo=UTC))


@pytest.mark.parametrize(
    ("servers", "code", "text"),
    [
        ((), WaitCode.NO_WORKER, "no living worker serves task 'mail' on queue 'default' (no worker is alive)"),
        ((OTHER_QUEUE,), WaitCode.NO_WORKER_FOR_QUEUE, "(1 worker for other queues)"),
        ((OTHER_TASKS, OTHER_QUEUE), WaitCode.NO_WORKER_FOR_TASK, "(1 worker for the queue, without this task)"),
        ((BUSY, OTHER_TASKS), WaitCode.BUSY, "all 2 slots of the 1 worker for it are in use"),
        ((BUSY, ANY), WaitCode.TURN, "2 workers can claim it"),
        ((ILL,), WaitCode.TROUBLE, "make no progress: no claim was answered for 12 s"),
        ((ILL, ANY), WaitCode.TURN, "it is ready"),
        ((DRAINED, DRAINED), WaitCode.DRAINED, "drained or stopped the 2 workers for it"),
        ((DRAINED, ANY), WaitCode.TURN, "1 worker can claim it"),
        ((DRAINED, BUSY), WaitCode.BUSY, "all 2 slots of the 1 worker for it are in use"),
        ((DRAINED, ILL), WaitCode.TROUBLE, "make no progress"),
        ((DRAINED, OTHER_TASKS), WaitCode.DRAINED, "the 1 worker for it"),
    ],
)
def test_a_ready_job_waits_for_what_its_workers_lack(servers: tuple[Server, ...], code: WaitCode, text: str) -> None:
    wait = why_waiting(job(), servers, pause=None)
    assert (wait.code, wait.stuck) == (code, code not in (WaitCode.BUSY, WaitCode.TURN))
    assert text in wait.text


OF_DEFAULT = Server(tenants=("default",), tasks=("mail",))
OF_SHOP = Server(tenants=("shop", "x"), tasks=("mail",))
NOBODY = "no living worker serves task 'mail' on queue 'default' of tenant 'shop'"
START = "start one: taskflow worker [APP]"


@pytest.mark.parametrize(
    ("servers", "said"),
    [
        ((), f"{NOBODY} (no worker is alive): {START} --queues default --tenants shop"),
        (
            (OF_DEFAULT,),
            f"no living worker serves tenant 'shop' (1 worker for other tenants): {START} --tenants shop",
        ),
        ((OF_DEFAULT, OTHER_QUEUE), f"{NOBODY} (1 worker for other queues): {START} --queues default --tenants shop"),
        (
            (OF_DEFAULT, OTHER_TASKS),
            f"{NOBODY} (1 worker for the queue, without this task): start a worker with the app that declares it",
        ),
        ((OF_SHOP, OF_DEFAULT), "it is ready; 1 worker can claim it, after the jobs ahead of it"),
    ],
)
def test_a_worker_counts_only_for_the_tenants_that_it_serves(servers: tuple[Server, ...], said: str) -> None:
    wait = why_waiting(job(tenant="shop"), servers, pause=None)
    assert str(wait) == said
    assert wait.stuck is (wait.code is not WaitCode.TURN)


def test_a_job_of_a_tenant_without_a_worker_is_stuck_by_its_own_code() -> None:
    assert why_waiting(job(tenant="shop"), (OF_DEFAULT,), pause=None).code is WaitCode.NO_WORKER_FOR_TENANT
    assert str(why_waiting(job(tenant="shop"), (), pause=PAUSE)) == (
        "queue 'default' of tenant 'shop' is paused since 2026-01-31 11:00:00 UTC by ada (the mail provider is down): "
        "taskflow queues resume default --tenant shop"
    )


def test_a_paused_queue_comes_before_what_its_workers_lack() -> None:
    wait = why_waiting(job(), (), pause=Pause(PAUSE.at))
    assert str(wait) == ("queue 'default' is paused since 2026-01-31 11:00:00 UTC: taskflow queues resume default")


def test_a_job_that_is_not_due_waits_for_its_time_unless_nobody_would_run_it() -> None:
    assert str(why_waiting(job(State.RETRYING), (ANY,), pause=None)) == (
        "it is retrying and due at 2026-01-31 12:00:00+0000"
    )
    assert why_waiting(job(State.SCHEDULED), (), pause=None).code is WaitCode.NO_WORKER


@pytest.mark.parametrize("state", [State.RUNNING, State.COMPLETED, State.DEAD, State.CANCELLED])
def test_a_job_that_runs_or_ended_waits_for_nobody(state: State) -> None:
    wait = why_waiting(job(state), (), pause=PAUSE)
    assert wait.code is (WaitCode.RUNNING if state is State.RUNNING else WaitCode.ENDED)
    assert not wait.stuck


@pytest.mark.parametrize(
    ("servers", "ahead", "rate", "eta"),
    [
        ((ANY,), Counted(1_200, True), 30.0, 40.0),
        ((ANY,), Counted(0, True), 30.0, 0.0),
        ((ANY,), Counted(0, True), None, 0.0),
        ((ANY,), Counted(3, True), None, None),
        ((ANY,), Counted(3, True), 0.0, None),
        ((BUSY,), Counted(1_199, True), 30.0, 40.0),
        ((BUSY,), Counted(0, True), None, None),
        ((ANY,), Counted(10_000, False), 20.0, 500.0),
        ((), Counted(4, True), 30.0, None),
        ((DRAINED,), Counted(0, True), 30.0, None),
    ],
)
def test_the_place_of_a_ready_job_and_the_rate_say_about_when_it_starts(
    servers: tuple[Server, ...], ahead: Counted, rate: float | None, eta: float | None
) -> None:
    wait = placed(why_waiting(job(), servers, pause=None), ahead, rate)
    assert (wait.ahead, wait.ahead_exact, wait.eta_seconds) == (ahead.value, ahead.exact, eta)


def test_a_job_that_is_no_longer_ready_has_no_place() -> None:
    wait = why_waiting(job(), (ANY,), pause=None)
    assert placed(wait, None, 30.0) == wait
    assert (wait.ahead, wait.eta_seconds) == (None, None)
