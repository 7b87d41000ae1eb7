"""Settles the jobs of a dead child (I5). Its worker row is ended first, so that it can claim no more.

A job that ran there, up to an end that is not stored yet, crashed; if we killed the child because of a job's timeout,
that job timed out and the others are handed back; a job that had not started is handed back. If this supervisor dies
before it is done, the rescuer settles the rest.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from uuid import UUID

import msgspec

from taskflowmq.core.errors import StoreUnavailable
from taskflowmq.core.job import HeldJob, State
from taskflowmq.core.transitions import Crashed, HandedBack, Outcome, TimedOut, decide
from taskflowmq.ports.chance import chance
from taskflowmq.ports.clock import Clock
from taskflowmq.ports.counting import count_ends
from taskflowmq.ports.store import Settled, Store
from taskflowmq.ports.telemetry import LineError
from taskflowmq.worker.backoff import backoff
from taskflowmq.worker.settling.failure import error_json
from taskflowmq.worker.store_log import StoreLog
from taskflowmq.worker.supervision.child import Child

log = logging.getLogger("taskflowmq.supervisor")

BATCH = 500
_WORDS: dict[type, str] = {Crashed: "crashed", TimedOut: "timed out", HandedBack: "was handed back"}


async def settle_dead_child(store: Store, clock: Clock, child: Child, code: int) -> int:
    """Settle what a dead child held, waiting for the store as long as it takes.

    Returns:
        how many jobs that had started were handed back.
    """
    ran, why = child.table.ran(), child.crash_reason(code)
    charged = {(job.job_id, job.lease_no) for job in child.charged}

    def judge(job: HeldJob) -> Outcome:
        key = (job.id, job.counters.lease_no)
        if key in charged:
            return TimedOut(error_json("TimeoutError", "its body blocked the process past the timeout and was killed"))
        if why is not None and key in ran:
            return Crashed(error_json("ProcessCrashed", why))
        return HandedBack()

    errors, store_log = 0, StoreLog(store, clock, f"jobs of dead worker {child.worker_id}")
    while True:
        try:
            await store.workers.end(child.worker_id)
            handed_back = await _empty(store, child, judge, ran)
        except StoreUnavailable as error:
            errors += 1
            store_log.failed(error)
            await clock.sleep(backoff(errors, longest=2.0))
        else:
            store_log.worked()
            return handed_back


async def _empty(store: Store, child: Child, judge: Callable[[HeldJob], Outcome], ran: set[tuple[UUID, int]]) -> int:
    handed_back = 0
    while jobs := await store.workers.held_jobs(child.worker_id, BATCH):
        outcomes = [judge(job) for job in jobs]
        changes = [decide(job, out, rand=chance.random()) for job, out in zip(jobs, outcomes, strict=True)]
        answers = await store.claims.settle(changes)
        ends = []
        for job, outcome, change, answer in zip(jobs, outcomes, changes, answers, strict=True):
            if answer is Settled.APPLIED:
                handed_back += isinstance(outcome, HandedBack) and (job.id, job.counters.lease_no) in ran
                _say(job, outcome, change.to)
                ends.append((job, change))
        await count_ends(store, child.worker_id, ends)
        if len(jobs) < BATCH:
            break
    return handed_back


def _say(job: HeldJob, outcome: Outcome, to: State) -> None:
    """Log the transition of a job; its task is known to the process that died, not here."""
    word = _WORDS[type(outcome)]
    fields = {"job_id": str(job.id), "attempt": job.counters.attempt, "outcome": word}
    stored = outcome.error if isinstance(outcome, Crashed | TimedOut) else None
    why = f": {msgspec.json.decode(stored, type=LineError)}" if stored is not None else ""
    level = logging.ERROR if to is State.DEAD else logging.WARNING
    dead = " and is dead" if to is State.DEAD else ""
    log.log(level, "job %s %s with its worker process%s%s", job.id, word, dead, why, extra=fields)
