"""Judges a chaos run: what was promised, what the bodies did, and what the API says must fit together.

Pure: evidence in, a report out. Each rule is a function that yields what contradicts it; ``RULES`` lists them. A body
that ran again counts as explained only if a fault hit the very program (or process) that ran it, in the time between
that run and the next. Outages of the database explain nothing: they must not run a job twice.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

from tests.chaos.evidence import FINAL, Attempt, Evidence, Fault, Job, Line, Request
from tests.chaos.recovery import Recovery, recoveries
from tests.chaos.tasks import MAY_FAIL

#: How an attempt may end without a fault: the body ended it, or a user did.
DESIGNED = frozenset({"completed", "failed", "timeout", "snoozed", "cancelled", "discarded", "running"})
#: Faults that may cost a program its jobs, and how long after their end they still may.
EXPLAINS = {
    "kill_child": 0.5,
    "kill_worker": 0.5,
    "redeploy": 0.5,
    "pause_worker": 4.0,
    "pause_supervisor": 4.0,
    # Its supervisor ends a child that is stopped for longer than its lease.
    "pause_child": 4.0,
    "cut": 5.0,
    "delay": 5.0,
    "black_hole": 5.0,
    # The library gives up on a statement after 30 s.
    "half_open": 35.0,
}
#: Clocks are read beside the deed, not in it.
TOLERANCE_S = 0.5
RECOVER_WITHIN_S = 10.0
MAX_CRASHES = 3


class Violation(NamedTuple):
    """One contradiction."""

    rule: str
    #: The job, the key of a request, or the program.
    what: str
    text: str


class Run(NamedTuple):
    """One run of a body that a later one, or nobody, followed."""

    line: Line
    outcome: str
    until: float
    explained: bool


class Case:
    """The evidence, sorted for the rules."""

    def __init__(self, evidence: Evidence) -> None:
        self.evidence = evidence
        self.jobs = {job.id: job for job in evidence.jobs}
        self.by_key: dict[str, list[Job]] = defaultdict(list)
        for job in evidence.jobs:
            self.by_key[job.key].append(job)
        self.asked = {key: request for request in evidence.requests for key in request.keys}
        self.starts: dict[str, list[Line]] = defaultdict(list)
        self.ends: dict[tuple[str, int], str] = {}
        for line in evidence.ledger:
            if line.event == "start":
                self.starts[line.job].append(line)
            else:
                self.ends[line.job, line.lease] = line.event
        for lines in self.starts.values():
            lines.sort(key=lambda line: (line.lease, line.at))
        self.cancelled = {cancel.job for cancel in evidence.cancels}

    @cached_property
    def interrupted(self) -> list[Run]:
        """The runs that did not end as their body meant: their jobs ran, or would have run, again."""
        return [run for job_id, lines in self.starts.items() for run in self._interrupted(job_id, lines)]

    @property
    def duplicates(self) -> list[Run]:
        """Those of them that another run of the same job followed."""
        return [run for run in self.interrupted if run.until < math.inf]

    @cached_property
    def recoveries(self) -> list[Recovery]:
        """How soon after each fault a job was stored, and a body began."""
        stored = [request.end for request in self.evidence.requests if request.answer == "ok"]
        begun = [line.at for lines in self.starts.values() for line in lines]
        return recoveries(self.evidence.faults, stored, begun)

    def winner(self, job: Job) -> int | None:
        """Return the fence whose result a completed job carries."""
        return job.result.get("lease") if job.state == "completed" and isinstance(job.result, dict) else None

    def _interrupted(self, job_id: str, lines: list[Line]) -> Iterator[Run]:
        job = self.jobs.get(job_id)
        if job is not None and job.state not in FINAL:  # its story is not over, and that is a violation of its own
            return
        outcomes = {one.lease: one.outcome for one in (job and job.attempts) or ()}
        winner = self.winner(job) if job is not None else None
        for index, line in enumerate(lines):
            # No attempt is stored of a job that was handed back.
            outcome = outcomes.get(line.lease, "handed back")
            if line.lease == winner or outcome in DESIGNED:
                continue
            until = min((later.at for later in lines[index + 1 :]), default=math.inf)
            yield Run(line, outcome, until, self.explained(line, until))

    def explained(self, line: Line, until: float) -> bool:
        """Tell whether a fault hit whoever ran this, between its start and the next one."""
        return any(
            _hits(fault, line)
            and fault.begin <= max(line.at, until) + TOLERANCE_S
            and self._reach(fault) >= min(line.at, until)
            for fault in self.evidence.faults
        )

    def _reach(self, fault: Fault) -> float:
        """Return until when a fault may cost jobs: no time passes for programs that all stand still."""
        reach = fault.end + EXPLAINS[fault.kind]
        for freeze in sorted(one for one in self._freezes if one[1] > fault.end):
            begin, end = max(freeze[0], fault.end), freeze[1]
            if begin <= reach:
                reach += end - begin
        return reach

    @cached_property
    def _freezes(self) -> list[tuple[float, float]]:
        return [(fault.begin, fault.end) for fault in self.evidence.faults if fault.kind == "freeze"]


def _hits(fault: Fault, line: Line) -> bool:
    if fault.kind not in EXPLAINS or fault.target != line.program:
        return False
    return not fault.pids or line.pid in fault.pids or line.ppid in fault.pids


class Report(NamedTuple):
    """What the checker found."""

    case: Case
    violations: list[Violation]

    def of(self, *rules: str) -> int:
        """Return how many contradictions these rules found."""
        return sum(violation.rule in rules for violation in self.violations)


def check(evidence: Evidence) -> Report:
    """Judge a run by every rule."""
    case = Case(evidence)
    return Report(case, [violation for rule in RULES for violation in rule(case)])


# -- what was promised


def lost(case: Case) -> Iterator[Violation]:
    """An acknowledged job is in the store, under its id, and has ended (I1)."""
    for request in case.evidence.requests:
        for key, job_id in zip(request.keys, request.ids, strict=False):
            job = case.jobs.get(job_id)
            if job is None:
                yield Violation("lost", job_id, f"{key} was acknowledged ({request.how}) and is not in the store")
            elif request.created and job.key != key:
                yield Violation("lost", job_id, f"the answer to {key} names the job of {job.key}")
            elif not request.created and job.unique != request.unique:
                yield Violation(
                    "unique", job_id, f"{key} was told that it holds {request.unique}; it holds {job.unique}"
                )


def unfinished(case: Case) -> Iterator[Violation]:
    """Everything that is stored ends (I4)."""
    for job in case.evidence.jobs:
        if job.state not in FINAL:
            yield Violation("unfinished", job.id, f"{job.task} {job.key} is still {job.state}")


def phantom(case: Case) -> Iterator[Violation]:
    """What is stored was asked for, once, and not refused."""
    for key, jobs in case.by_key.items():
        request = case.asked.get(key)
        if request is None:
            yield Violation("phantom", jobs[0].id, f"nobody asked for {key}")
        elif request.answer == "refused":
            yield Violation("phantom", jobs[0].id, f"{key} was refused ({request.how}), and is stored")
        if len(jobs) > 1:
            yield Violation("twice", key, f"stored {len(jobs)} times: {', '.join(job.id for job in jobs)}")


def torn(case: Case) -> Iterator[Violation]:
    """Jobs that were asked for together are stored together, or not at all."""
    for request in case.evidence.requests:
        stored = sum(key in case.by_key for key in request.keys)
        if 0 < stored < len(request.keys):
            yield Violation("torn", request.keys[0], f"{stored} of {len(request.keys)} jobs are stored ({request.how})")


def unique(case: Case) -> Iterator[Violation]:
    """A unique key has one living holder at a time (I7)."""
    holders: dict[str, list[Job]] = defaultdict(list)
    for job in case.evidence.jobs:
        if job.unique is not None:
            holders[job.unique].append(job)
    for key, jobs in holders.items():
        jobs.sort(key=lambda job: job.created_at)
        for first, second in pairwise(jobs):
            if first.finished_at is None or second.created_at < first.finished_at - TOLERANCE_S:
                yield Violation("unique", second.id, f"holds {key} while {first.id} lives")


# -- how jobs ended


def moved(case: Case) -> Iterator[Violation]:
    """A final state is final (I3)."""
    for seen in case.evidence.sightings:
        job = case.jobs.get(seen.job)
        before = (seen.state, seen.reason, seen.attempt)
        if job is None:
            yield Violation("moved", seen.job, f"was {seen.state}, and is gone")
        elif before != (job.state, job.reason, job.attempt) or abs(seen.finished_at - (job.finished_at or 0)) > 1e-6:
            yield Violation("moved", seen.job, f"was {before}, and is {(job.state, job.reason, job.attempt)}")
    for cancel in case.evidence.cancels:
        job = case.jobs.get(cancel.job)
        if cancel.state == "cancelled" and job is not None and job.state != "cancelled":
            yield Violation("moved", cancel.job, f"the cancel was answered with cancelled, and it is {job.state}")


def ended_twice(case: Case) -> Iterator[Violation]:
    """At most one worker is told that its final transition was applied, and it is the one that shows (I3)."""
    words: dict[str, list[str]] = defaultdict(list)
    for job_id, word in case.evidence.endings:
        if word in FINAL:
            words[job_id].append(word)
    for job_id, said in words.items():
        job = case.jobs.get(job_id)
        if len(said) > 1:
            yield Violation("ended twice", job_id, f"workers ended it as {' and '.join(said)}")
        elif job is not None and said[0] != job.state:
            yield Violation("ended twice", job_id, f"a worker ended it as {said[0]}, and it is {job.state}")


def ended_otherwise(case: Case) -> Iterator[Violation]:
    """Each job ends as its task means it to, unless it was cancelled or its processes died with it."""
    for job in case.evidence.jobs:
        wanted = ("dead", "attempts_exhausted") if job.task == "doomed" else ("completed", None)
        ended = (job.state, job.reason)
        if job.state not in FINAL or ended == wanted:
            continue
        if ended == ("cancelled", "cancelled_by_user") and job.id in case.cancelled:
            continue
        if ended == ("dead", "crash_loop") and job.crashes >= MAX_CRASHES:
            continue
        yield Violation("ended otherwise", job.id, f"{job.task} {job.key} is {job.state} ({job.reason})")


def stale(case: Case) -> Iterator[Violation]:
    """The result is that of the last fence, and of a body that came to its end (I2)."""
    for job in case.evidence.jobs:
        if job.state != "completed":
            continue
        winner = case.winner(job)
        if winner is None or job.result.get("key") != job.key:
            yield Violation("stale", job.id, f"its result is {job.result!r:.80}")
            continue
        last = max((line.lease for line in case.starts[job.id]), default=0)
        told = [one.lease for one in job.attempts or () if one.outcome == "completed"]
        if winner < last or (told and told != [winner]):
            yield Violation("stale", job.id, f"has the result of fence {winner}; {max([last, *told])} is the last one")
        # A body that completes its job in a transaction may be killed between that and its end.
        elif job.task != "effect" and case.ends.get((job.id, winner)) != "end":
            yield Violation("stale", job.id, f"is completed under fence {winner}, whose body never came to its end")


def effects(case: Case) -> Iterator[Violation]:
    """What a body wrote in the transaction of its completion is there exactly once."""
    written: dict[str, list[int]] = defaultdict(list)
    for effect in case.evidence.effects:
        written[effect.job].append(effect.lease)
    for job in case.evidence.jobs:
        winner = case.winner(job)
        wanted = [winner] if job.task == "effect" and winner is not None else []
        if written[job.id] != wanted:
            yield Violation(
                "effects", job.id, f"{job.state}, its effects are of fences {written[job.id]}, not {wanted}"
            )


# -- what ran


def charges(case: Case) -> Iterator[Violation]:
    """Attempts, crashes and losses are what happened; nobody runs longer than its budget (I5)."""
    for job in case.evidence.jobs:
        if job.attempt > job.max_attempts:
            yield Violation("charges", job.id, f"attempt {job.attempt} of {job.max_attempts}")
        if job.attempts is None:
            if len(case.starts[job.id]) > 1:
                yield Violation("charges", job.id, "ran more than once, and the API was not asked about it")
            continue
        yield from _charged(job, job.attempts)


def _charged(job: Job, attempts: tuple[Attempt, ...]) -> Iterator[Violation]:
    ways = Counter(one.outcome for one in attempts)
    if (job.crashes, job.losses) != (ways["crashed"], ways["lost"]):
        text = f"{job.crashes} crashes and {job.losses} losses; attempts say {dict(ways)}"
        yield Violation("charges", job.id, text)
    spent = ways["failed"] + ways["timeout"] + ways["discarded"] + (job.state == "completed")
    if job.state in ("completed", "dead") and job.attempt != spent:
        yield Violation("charges", job.id, f"attempt {job.attempt}; attempts say {dict(ways)}")
    if job.task not in MAY_FAIL and (ways["failed"] or ways["timeout"] or ways["discarded"]):
        yield Violation("charges", job.id, f"{job.task} cannot fail; attempts say {dict(ways)}")


def claimed_twice(case: Case) -> Iterator[Violation]:
    """One claim, one run."""
    for job_id, lines in case.starts.items():
        for lease, times in Counter(line.lease for line in lines).items():
            if times > 1:
                yield Violation("claimed twice", job_id, f"{times} bodies began under fence {lease}")


def unexplained(case: Case) -> Iterator[Violation]:
    """A body runs again only where a fault hit the one before."""
    for run in case.interrupted:
        if not run.explained:
            after = "" if math.isinf(run.until) else f", and again {run.until - run.line.at:.1f} s later"
            where = f"{run.line.program} (process {run.line.pid}) at {run.line.at:.2f}"
            text = f"fence {run.line.lease} was {run.outcome}: it ran in {where}{after}, and no fault hit that"
            yield Violation("unexplained", run.line.job, text)


def after_the_end(case: Case) -> Iterator[Violation]:
    """No body begins once its job has ended, unless its worker was stopped meanwhile."""
    for job in case.evidence.jobs:
        for line in case.starts[job.id]:
            late = job.finished_at is not None and line.wall > job.finished_at + TOLERANCE_S
            if late and not case.explained(line, line.at):
                text = f"began {line.wall - (job.finished_at or 0):.1f} s after it was {job.state}, in {line.program}"
                yield Violation("after the end", job.id, text)


def slow_to_recover(case: Case) -> Iterator[Violation]:
    """Service comes back by itself, soon after each fault (I4)."""
    for one in case.recoveries:
        for what, seconds in (("a job was stored", one.to_store), ("a body began", one.to_start)):
            if seconds is not None and seconds > RECOVER_WITHIN_S:
                text = f"{seconds:.1f} s until {what}"
                yield Violation("slow to recover", f"{one.fault.kind} of {one.fault.target}", text)


def harness(case: Case) -> Iterator[Violation]:
    """Nothing else went wrong: programs end as told, none is left, the doctor is content."""
    for finding in case.evidence.findings:
        yield Violation("harness", "", finding)


RULES = (
    lost,
    unfinished,
    phantom,
    torn,
    unique,
    moved,
    ended_twice,
    ended_otherwise,
    stale,
    effects,
    charges,
    claimed_twice,
    unexplained,
    after_the_end,
    slow_to_recover,
    harness,
)


def unknowns(evidence: Evidence) -> list[Request]:
    """Return the requests whose outcome the client never learnt."""
    return [request for request in evidence.requests if request.answer == "unknown"]
