"""What a claim and a settle mean, over the model's dictionaries: the heart of the oracle.

A claim is checked, not predicted: which of several equally good jobs a store takes is its own business, so
:func:`wrong_claim` says what is wrong with a choice, and :func:`take` makes the model follow it.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
from tests.simulation.rows import LAST_CLAIMS, Data, Ended, Ready, Running, Tried, Waiting

from taskflowmq.core.errors import TaskFlowError
from taskflowmq.core.history import Figures
from taskflowmq.core.job import ClaimedJob, Flag, Reason, State
from taskflowmq.core.transitions import Transition
from taskflowmq.core.validation import check_storable, clean_text
from taskflowmq.ports.store import ClaimRequest, Settled
from taskflowmq.testing.as_stored import claimed_job

Lane = tuple[int, str, str, str]


def lane_of(data: Data, job_id: UUID) -> Lane:
    """Return a job's lane: priority, tenant, queue, share."""
    new = data.jobs[job_id].new
    return new.priority, new.tenant, new.queue, new.share


def claimable(data: Data, request: ClaimRequest, now: datetime) -> dict[Lane, list[UUID]]:
    """Return the jobs that a request may have, by lane, first in first out."""
    worker = data.workers.get(request.worker_id)
    if worker is None or worker.ended_at is not None or request.limit < 1:
        return {}
    lanes: dict[Lane, list[UUID]] = {}
    for job_id, place in data.ready.items():
        new, queue = data.jobs[job_id].new, data.jobs[job_id].queue
        fits = new.task in request.tasks and (not request.queues or new.queue in request.queues)
        fits = fits and (not request.tenants or new.tenant in request.tenants)
        expired = place.expires_at is not None and place.expires_at <= now
        allowed = (place.counters.crashes > 0) == request.isolated and data.queues.get(queue) is None
        if fits and allowed and not expired:
            lanes.setdefault(lane_of(data, job_id), []).append(job_id)
    for jobs in lanes.values():
        jobs.sort(key=lambda job_id: (data.ready[job_id].batch, data.ready[job_id].rank))
    return lanes


class Choices:
    """What one worker was given: how it chooses as a fair store does, one job after the other.

    Lowest priority first; of one priority the tenant, of that the queue, and of that the share, that was given
    something the longest ago.
    """

    def __init__(self) -> None:
        self._times: dict[tuple[object, ...], int] = {}
        self._clock = itertools.count(1)

    def choose(self, lanes: dict[Lane, list[UUID]], limit: int) -> list[UUID]:
        """Return jobs of these lanes, and remember where they came from."""
        left = {lane: deque(jobs) for lane, jobs in lanes.items()}
        chosen: list[UUID] = []
        while left and len(chosen) < limit:
            lane = min(left, key=self._rank)
            chosen.append(left[lane].popleft())
            self._times[lane[:2]] = self._times[lane[:3]] = self._times[lane] = next(self._clock)
            if not left[lane]:
                del left[lane]
        return chosen

    def _rank(self, lane: Lane) -> tuple[object, ...]:
        times = [self._times.get(lane[:depth], 0) for depth in (2, 3, 4)]
        return lane[0], times[0], lane[1], times[1], lane[2], times[2], lane[3]


def wrong_claim(data: Data, request: ClaimRequest, chosen: Sequence[UUID], now: datetime) -> str:
    """Say what is wrong with a store's choice, or nothing."""
    lanes = claimable(data, request, now)
    free = {job_id: lane for lane, jobs in lanes.items() for job_id in jobs}
    if strangers := [job_id for job_id in chosen if job_id not in free]:
        return f"claimed jobs that this worker may not have: {strangers}"
    if len(set(chosen)) < len(chosen):
        return "claimed one job twice"
    if len(chosen) != min(request.limit, len(free)):
        return f"claimed {len(chosen)} of {len(free)} jobs with a limit of {request.limit}"
    left = [lane[0] for job_id, lane in free.items() if job_id not in set(chosen)]
    if chosen and left and max(free[job_id][0] for job_id in chosen) > min(left):
        return "left a job of a more urgent priority behind"
    for lane, jobs in lanes.items():
        mine = [data.ready[job_id] for job_id in jobs if job_id in set(chosen)]
        others = [data.ready[job_id] for job_id in jobs if job_id not in set(chosen)]
        if mine and others and max(map(_age, mine)) > min(map(_age, others)):
            return f"took a job of lane {lane} before an older one"
    return ""


def _age(place: Ready) -> tuple[int, float]:
    return place.batch, place.rank


def take(data: Data, request: ClaimRequest, chosen: Sequence[UUID], now: datetime) -> list[ClaimedJob]:
    """Move chosen jobs from ready to running, charged and under new fences."""
    claimed = []
    for job_id in chosen:
        place, job = data.ready.pop(job_id), data.jobs[job_id]
        held = place.counters
        counters = msgspec.structs.replace(held, attempt=held.attempt + 1, lease_no=held.lease_no + 1)
        data.running[job_id] = Running(
            worker=request.worker_id, started_at=now, counters=counters, flags=place.flags & ~Flag.UNIQUE_START
        )
        data.free_key_of(job_id, "start")
        claimed.append(
            claimed_job(
                job.new,
                counters,
                created_at=job.created_at,
                run_at=job.run_at,
                expires_at=job.expires_at,
                waited=max((now - place.ready_at).total_seconds(), 0.0),
            )
        )
    return claimed


def settle(data: Data, changes: Sequence[Transition], now: datetime) -> list[Settled]:
    """Write transitions under their fences and say what became of each."""
    batch = data.next_batch()
    answers = []
    for change in changes:
        held = data.running.get(change.job_id)
        if held is not None and held.counters.lease_no == change.counters.lease_no:
            _apply(data, change, held, now, batch)
            answers.append(Settled.APPLIED)
        else:
            answers.append(Settled.REPLAYED if _is_replay(data, change) else Settled.STALE)
    return answers


def correction(decided: State) -> Figures:
    """Return what to add where the store cancels a job of which its worker counts that it would run again.

    Args:
        decided: where the job would have gone.
    """
    return {
        State.RETRYING: Figures(cancelled=1, retried=-1),
        State.PENDING: Figures(cancelled=1, returned=-1),
        State.SCHEDULED: Figures(cancelled=1),
    }[decided]


def _is_replay(data: Data, change: Transition) -> bool:
    """Tell whether the store holds the effect of this very transition.

    Said place by place, and not as ``core/fates.py`` says it, which the model is to check.
    """
    job_id, fence = change.job_id, change.counters.lease_no
    ready, waiting, ended = data.ready.get(job_id), data.waiting.get(job_id), data.ended.get(job_id)
    place = ready or waiting or data.running.get(job_id) or ended
    if place is None:
        return False
    tried, claims_since = data.tried.get((job_id, fence)), place.counters.lease_no - fence
    goes_on = change.to not in (State.COMPLETED, State.CANCELLED)
    if change.completed_by_caller and ended is not None and claims_since == 0 and ended.state == "completed":
        return True
    if (None if tried is None else tried.ended) != change.ended:
        return False
    if claims_since != 0:
        return claims_since > 0 and goes_on and (tried is not None or claims_since < LAST_CLAIMS)
    if waiting is not None:
        # What became ready again may have been put off by hand since.
        return waiting.why == change.to or (goes_on and waiting.why == "scheduled")
    if ended is not None and ended.state != "cancelled":
        return ended.state == change.to
    return goes_on if ready is not None else change.to is not State.COMPLETED


def _apply(data: Data, change: Transition, held: Running, now: datetime, batch: int) -> None:
    job_id = change.job_id
    del data.running[job_id]
    to, reason = change.to, change.reason
    if held.cancel_at is not None and not to.final:
        data.add_figures(job_id, correction(to), now, held.worker)
        to, reason = State.CANCELLED, Reason.CANCELLED_BY_USER
    result, problem = _json(change.result)
    error, _ = _json(change.error)
    problem = change.result_error or problem
    if change.ended is not None:
        tried = Tried(
            lease_no=held.counters.lease_no,
            round=held.counters.round,
            attempt=held.counters.attempt,
            ended=change.ended,
            worker=held.worker,
            started_at=held.started_at,
            finished_at=now,
            error=error,
        )
        data.remember(job_id, tried)
    if to.final:
        ended = Ended(
            state=to,
            reason=reason,
            worker=held.worker,
            started_at=held.started_at,
            finished_at=now,
            counters=change.counters,
            result=result,
            result_error=None if problem is None else clean_text(problem, 2_000),
            error=error,
            progress=held.progress,
            fingerprint=change.kind.fingerprint if change.kind and to is State.DEAD else None,
        )
        data.end(job_id, ended)
    elif to is State.PENDING:
        data.ready[job_id] = Ready(
            batch=batch,
            rank=0,
            ready_at=now,
            expires_at=data.jobs[job_id].expires_at,
            counters=change.counters,
            flags=held.flags,
        )
    else:
        due = now + timedelta(milliseconds=change.delay_ms)
        data.waiting[job_id] = Waiting(why=to, due_at=due, counters=change.counters, flags=held.flags)


def _json(data: bytes | None) -> tuple[bytes | None, str | None]:
    """Return JSON that a store can hold, or nothing and why not."""
    if data is None:
        return None, None
    try:
        check_storable(msgspec.json.decode(data), "")
        data.decode()
    except (ValueError, RecursionError, TaskFlowError):
        return None, "could not be stored"
    return data, None


def readable(data: bytes) -> bool:
    """Tell whether a store can hold this JSON."""
    return _json(data)[0] is not None
