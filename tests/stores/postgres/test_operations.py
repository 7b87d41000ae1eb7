"""What a user does by hand while the job moves on."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import pytest

from taskflowmq.core.errors import Conflict
from taskflowmq.core.job import QueueRef
from taskflowmq.core.operations import MOST_LOOKS, CancelAnswer, MoveAnswer, NewLane, RetryAnswer
from taskflowmq.stores.postgres.jobs import PostgresJobs
from taskflowmq.stores.postgres.names import LaneKey, NameRows
from taskflowmq.stores.postgres.queries import q

JOB = UUID(int=7)


class MovingJob:
    """A pool in which the job has left the place where it was seen, so many times."""

    def __init__(self, *states: str) -> None:
        self.states = list(states)
        self.looks = 0
        self.written: list[str] = []

    async def fetchval(self, statement: str, *_args: object) -> datetime:
        assert statement == q.read_now
        return datetime(2031, 5, 6, 12, tzinfo=UTC)

    async def fetchrow(self, statement: str, *_args: object) -> dict[str, object] | None:
        if statement == q.find_places:
            self.looks += 1
            state = self.states.pop(0) if len(self.states) > 1 else self.states[0]
            return {"state": state, "queue": "mail", "priority": 0, "share": "", "lane_id": 1}
        self.written.append(statement)
        return {"job_id": JOB} if len(self.states) == 1 and self.looks > 1 else None


class Woken:
    """Remembers which queues were woken."""

    def __init__(self) -> None:
        self.queues: list[QueueRef] = []

    async def wake(self, queues: list[QueueRef]) -> None:
        self.queues += queues


class NamesOfOne:
    """Knows the number of every lane that is asked for."""

    async def make(self, _tasks: object, lanes: list[LaneKey]) -> NameRows:
        return NameRows({}, {}, dict.fromkeys(lanes, 2))


def jobs(pool: MovingJob, notifier: Woken) -> PostgresJobs:
    return PostgresJobs(pool, NamesOfOne(), notifier, lambda: None)  # type: ignore[arg-type]


async def test_a_job_that_has_moved_is_looked_for_again():
    pool, woken = MovingJob("pending", "running"), Woken()
    assert await jobs(pool, woken).cancel("default", JOB, actor="me") is CancelAnswer.REQUESTED
    assert pool.written == [q.cancel_ready_jobs, q.request_cancels]
    assert woken.queues == []


async def test_a_job_that_becomes_ready_by_hand_wakes_its_queue():
    pool, woken = MovingJob("scheduled", "dead"), Woken()
    assert await jobs(pool, woken).retry("default", JOB) is RetryAnswer.NEW_ROUND
    assert pool.written == [q.make_due_now, q.retry_dead_jobs]
    assert woken.queues == [QueueRef("default", "mail")]


async def test_a_job_that_moves_all_the_time_is_left_alone():
    pool, woken = MovingJob(*["pending", "scheduled"] * MOST_LOOKS), Woken()
    with pytest.raises(Conflict, match="try again"):
        await jobs(pool, woken).cancel("default", JOB, actor="me")
    assert pool.looks == MOST_LOOKS


async def test_a_job_that_is_moved_wakes_the_queue_that_it_comes_to():
    pool, woken = MovingJob("scheduled", "pending"), Woken()
    assert await jobs(pool, woken).move("default", JOB, NewLane("imports")) is MoveAnswer.MOVED
    assert pool.written == [q.move_waiting_jobs, q.move_ready_jobs]
    assert woken.queues == [QueueRef("default", "imports")]
