"""The invariants of the design, each a pure function of what was seen: a step, the rows before and after it, and what
the history says. They return sentences, none if all is well.

They know nothing of the engine and judge a mutant as they judge the original.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from uuid import UUID

from tests.simulation.history import Facts, Fence, Step, fences, short
from tests.simulation.snapshot import Place, Snapshot

from taskflowmq.core.job import Ended, Flag, State
from taskflowmq.core.retry import MAX_CRASHES, MAX_LOSSES
from taskflowmq.core.transitions import LEGAL, Transition
from taskflowmq.ports.store import Settled

_FINAL = frozenset({"completed", "cancelled", "dead"})
#: Endings that give the attempt back.
_REFUNDED = frozenset({Ended.SNOOZED, Ended.CRASHED, Ended.LOST})


@dataclass(frozen=True)
class Seen:
    """One step with the rows around it, and everything known before it."""

    before: Snapshot
    step: Step
    after: Snapshot
    facts: Facts
    #: Seconds: what the workers of this run were given.
    lease: float = 10.0

    @cached_property
    def moved(self) -> list[tuple[UUID, Place | None, Place | None]]:
        """The jobs whose place is another now."""
        if self.before is self.after:
            return []
        # Compared whole, as sets: most rows are as they were.
        changed = dict(self.before.places.items() ^ self.after.places.items())
        return [(job_id, self.before.place(job_id), self.after.place(job_id)) for job_id in changed]

    def settled(self) -> Iterator[tuple[Transition, Settled | None, Place | None]]:
        """The transitions of a settle, first of each fence, with the answer and the row that was held under it."""
        if self.step.what != "claims.settle" or not self.step.done:
            return
        answers = self.step.answer or [None] * len(self.step.args[0])
        known: set[Fence] = set()
        for change, fence, answer in zip(self.step.args[0], fences(self.step.args[0]), answers, strict=True):
            place = self.before.place(change.job_id)
            if fence not in known:
                held = place is not None and place.place == "running" and place.lease_no == fence[1]
                known.add(fence)
                yield change, answer, place if held else None


def acknowledged_jobs_exist(seen: Seen) -> Iterator[str]:
    """I1: what a client was told is stored, is stored; and nothing is stored that nobody asked for."""
    for job_id in seen.facts.acknowledged - seen.facts.deleted:
        fact = seen.after.jobs.get(job_id)
        if fact is None or (fact.deleted and job_id not in _deleted_now(seen)):
            yield f"I1: job {job_id} was acknowledged and is gone"
    asked = {job.id for job in seen.step.args[0]} if seen.step.what == "intake.enqueue" else set()
    for job_id in seen.after.jobs.keys() - seen.facts.wanted.keys() - asked:
        yield f"I1: job {job_id} is stored and nobody asked for it"
    if seen.step.what == "intake.enqueue" and seen.step.done and not seen.step.error:
        for job, answer in zip(seen.step.args[0], seen.step.answer, strict=False):
            if answer.created and not answer.replayed and answer.id not in seen.after.jobs:
                yield f"I1: job {answer.id} was answered as stored and is not"
            if answer.created and answer.id != job.id and "idempotency" not in seen.step.kwargs:
                yield f"I1: job {job.id} was answered with another id, {answer.id}"
            if job.id in seen.before.jobs and seen.before.places.get(job.id) != seen.after.places.get(job.id):
                yield f"I1: repeating the enqueue of job {job.id} moved it"


def _deleted_now(seen: Seen) -> set[UUID]:
    return {seen.step.args[1]} if seen.step.what == "jobs.delete" else set()


def only_the_fence_changes_a_running_job(seen: Seen) -> Iterator[str]:
    """I2: a running job moves only by a settle under its fence, and a settle without the fence moves nothing."""
    held = {change.job_id for change, _, place in seen.settled() if place is not None}
    for job_id, before, after in seen.moved:
        if before is not None and before.place == "running" and job_id not in held:
            yield f"I2: {seen.step.what} moved running job {job_id} without its fence: {before} became {after}"
    for change, answer, place in seen.settled():
        if place is None and answer is Settled.APPLIED:
            yield f"I2: a transition of job {change.job_id} was applied without the fence {change.counters.lease_no}"
        if place is not None and answer is not None and answer is not Settled.APPLIED:
            yield f"I2: a transition of job {change.job_id} under its fence was answered with {answer}"
        if place is not None and seen.after.place(change.job_id) == place:
            yield f"I2: a transition of job {change.job_id} under its fence changed nothing"


def moves_are_legal_and_happen_once(seen: Seen) -> Iterator[str]:
    """I3: one transition per fence, one final transition per round, fences and rounds that never go back."""
    for change, answer, _ in seen.settled():
        if answer is Settled.APPLIED and (change.job_id, change.counters.lease_no) in seen.facts.applied:
            yield f"I3: the fence {change.counters.lease_no} of job {change.job_id} was settled twice"
    for job_id, before, after in seen.moved:
        if before is not None and after is not None:
            yield from _illegal(seen, job_id, before, after)
    for fence, row in seen.before.tried.items() - seen.after.tried.items():
        if fence[0] not in _deleted_now(seen) and fence[0] in seen.after.places:
            yield f"I3: the record of attempt {fence} changed from {row} to {seen.after.tried.get(fence)}"


def _illegal(seen: Seen, job_id: UUID, before: Place, after: Place) -> Iterator[str]:
    old, new = State(before.state), State(after.state)
    snoozed = before.place == after.place == "waiting"
    if snoozed or (new not in LEGAL[old] and old is not new):
        yield f"I3: {seen.step.what} moved job {job_id} from {old} to {new}"
    if old.final and not (old is State.DEAD and seen.step.what == "jobs.retry" and after.round == before.round + 1):
        yield f"I3: {seen.step.what} changed job {job_id}, which had ended: {before} became {after}"
    if not old.final and after.round != before.round:
        yield f"I3: {seen.step.what} gave job {job_id} another round: {before} became {after}"
    grown = after.lease_no - before.lease_no
    if grown != (1 if seen.step.what == "claims.claim" else 0):
        yield f"I3: {seen.step.what} moved the fence of job {job_id} from {before.lease_no} to {after.lease_no}"


def results_belong_to_their_fence(seen: Seen) -> Iterator[str]:
    """I3: a completed job holds what the body of its last fence returned."""
    for job_id in seen.after.results.keys() - seen.before.results.keys():
        place, result = seen.after.place(job_id), seen.after.results[job_id]
        if place is not None:
            returned = seen.facts.returned.get((job_id, place.lease_no))
            if returned is None or result != returned:
                yield f"I3: job {job_id} completed under {place.lease_no} with {result!r}, its body said {returned!r}"


def nobody_is_lost_by_an_outage(seen: Seen) -> Iterator[str]:
    """I4: a worker is ended for its lease only when that is over, and not while the silence may be the store's own."""
    if seen.step.what != "workers.end_expired" or not seen.step.done:
        return
    for worker in seen.step.answer or ():
        lease_until, ended_at = seen.before.workers[worker]
        if ended_at is not None or lease_until > seen.step.store_us:
            yield f"I4: worker {short(worker)} was ended although its lease is not over"
        if seen.facts.blind_until <= seen.step.at < seen.facts.blind_until + seen.lease:
            since = seen.step.at - seen.facts.blind_until
            yield f"I4: worker {short(worker)} was ended {since:.1f} s after nobody could renew: no grace was given"


def claims_are_charged(seen: Seen) -> Iterator[str]:
    """I5: a claim charges the attempt and the fence before anybody is told, and only a living worker gets anything."""
    claimed = {
        job_id: after
        for job_id, before, after in seen.moved
        if after is not None and after.place == "running" and (before is None or before.place != "running")
    }
    if claimed and seen.step.what != "claims.claim":
        yield f"I5: {seen.step.what} started jobs {list(claimed)}"
        return
    if seen.step.what != "claims.claim" or not seen.step.done:
        return
    request = seen.step.args[0]
    worker = seen.before.workers.get(request.worker_id)
    if claimed and (worker is None or worker[1] is not None):
        yield f"I5: worker {request.worker_id}, which has been ended, claimed {[short(one) for one in claimed]}"
    for job_id, after in claimed.items():
        before = seen.before.place(job_id)
        if before is None or before.place != "ready":
            yield f"I5: job {job_id} was claimed out of {before}"
            continue
        charged = before._replace(
            place="running",
            state="running",
            attempt=before.attempt + 1,
            lease_no=before.lease_no + 1,
            worker=request.worker_id,
            at=after.at,
            flags=before.flags & ~Flag.UNIQUE_START,
        )
        if after != charged:
            yield f"I5: a claim should have left job {job_id} as {charged}, and left {after}"
        owner = seen.after.jobs[job_id].tenant
        if request.tenants and owner not in request.tenants:
            yield f"I5: job {job_id} of tenant {owner} was claimed by a worker that serves {request.tenants}"
        if (before.crashes > 0) != request.isolated:
            yield f"I5: a job that must run alone was claimed with others, or the other way round: {job_id}"
    told = {job.id: (job.attempt, job.lease_no) for job in seen.step.answer or ()}
    kept = {job_id: (after.attempt, after.lease_no) for job_id, after in claimed.items()}
    if not seen.step.error and told != kept:
        yield f"I5: the claim answered {told}, and the store holds {kept}"


def refunds_are_right(seen: Seen) -> Iterator[str]:
    """I5: what is given back and what is spent, by how the attempt ended; and budgets end jobs."""
    for change, answer, held in seen.settled():
        after = seen.after.place(change.job_id)
        if answer is not Settled.APPLIED or held is None or after is None:
            continue
        handed_back = change.ended is None and change.to is State.PENDING
        refund = change.ended in _REFUNDED or handed_back
        counted = (
            held.round,
            max(held.attempt - refund, 0),
            held.crashes + (change.ended is Ended.CRASHED),
            held.losses + (change.ended is Ended.LOST),
        )
        if (after.round, after.attempt, after.crashes, after.losses) != counted:
            yield f"I5: {change.ended or change.to} should leave {counted} of job {change.job_id}, and left {after}"
        if change.ended is not None and (change.job_id, held.lease_no) not in seen.after.tried:
            yield f"I5: no record was kept of attempt {held.lease_no} of job {change.job_id}"
    for job_id, _, after in seen.moved:
        if after is not None and after.state not in _FINAL:
            most = seen.after.jobs[job_id].max_attempts
            spent = after.attempt > most or (after.place != "running" and after.attempt >= most)
            if spent or after.crashes >= MAX_CRASHES or after.losses >= MAX_LOSSES:
                yield f"I5: job {job_id} goes on with a spent budget: {after}"


def bodies_run_charged_and_once(seen: Seen) -> Iterator[str]:
    """I5: a body begins only under a fence that was handed out and charged, and once."""
    if seen.step.what == "begins":
        job_id, lease_no, attempt = seen.step.args[:3]
        if seen.facts.claimed.get((job_id, lease_no)) != attempt:
            yield f"I5: a body of job {job_id} began as attempt {attempt} under {lease_no}, which was not charged so"
        if (job_id, lease_no) in seen.facts.started:
            yield f"I5: a second body of job {job_id} began under the fence {lease_no}"


def keys_live_with_their_jobs(seen: Seen) -> Iterator[str]:
    """I7: a unique key belongs to one live job and ends with it, and who says it holds a key holds it."""
    for (tenant, key), lock in seen.after.keys.items():
        place = seen.after.place(lock.job_id)
        gone = place is None or place.place == "outcome" or (lock.free_at == "start" and place.place == "running")
        if lock.free_at != "time" and gone:
            yield f"I7: the key {key} of {tenant} is held by job {lock.job_id}, which is {place}"
    for job_id, places in seen.after.places.items():
        for place in places:
            holds = place.flags & (Flag.UNIQUE_FINISH | Flag.UNIQUE_START)
            if place.place != "outcome" and holds:
                fact = seen.after.jobs[job_id]
                lock_of = seen.after.keys.get((fact.tenant, fact.unique_key or ""))
                if lock_of is None or lock_of.job_id != job_id:
                    yield f"I7: job {job_id} lives and should hold the key {fact.unique_key}, which has {lock_of}"


def every_job_is_in_one_place(seen: Seen) -> Iterator[str]:
    """I10: every job is in exactly one place, and every place belongs to a job."""
    for job_id, fact in seen.after.jobs.items():
        places = seen.after.places.get(job_id, ())
        if len(places) != (0 if fact.deleted else 1):
            yield f"I10: job {job_id}{' (deleted)' if fact.deleted else ''} is in {len(places)} places: {places}"
    for job_id in seen.after.places.keys() - seen.after.jobs.keys():
        yield f"I10: {seen.after.places[job_id]} belongs to no job"
    for job_id, places in seen.after.places.items():
        for place in places:
            if place.place == "running" and place.worker not in seen.after.workers:
                yield f"I10: job {job_id} runs on worker {place.worker}, which does not exist"


Checker = Callable[[Seen], Iterator[str]]

#: Those that judge rows: nothing to do for a step that wrote none.
OF_ROWS: tuple[Checker, ...] = (
    moves_are_legal_and_happen_once,
    results_belong_to_their_fence,
    keys_live_with_their_jobs,
    every_job_is_in_one_place,
)
#: Those that judge what was said or done.
OF_STEPS: tuple[Checker, ...] = (
    acknowledged_jobs_exist,
    only_the_fence_changes_a_running_job,
    nobody_is_lost_by_an_outage,
    claims_are_charged,
    refunds_are_right,
    bodies_run_charged_and_once,
)


def check(seen: Seen) -> list[str]:
    """Return everything that is wrong with a step."""
    wrote = seen.after is not seen.before
    checkers = OF_STEPS + OF_ROWS if wrote else OF_STEPS
    return [sentence for checker in checkers for sentence in checker(seen)]


def all_has_ended(facts: Facts, final: Snapshot) -> list[str]:
    """I1 and I4 at the end: when faults have stopped and time has passed, every job has ended, and nothing is held."""
    wrong = [
        f"I4: job {job_id} never ended: {places}"
        for job_id, places in final.places.items()
        if any(place.place != "outcome" for place in places)
    ]
    wrong += [f"I1: acknowledged job {one} is gone" for one in facts.acknowledged - facts.deleted - final.jobs.keys()]
    wrong += [f"I7: the key {key} outlived its job" for key, lock in final.keys.items() if lock.free_at != "time"]
    return wrong
