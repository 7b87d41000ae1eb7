"""Every report of an attempt's end, again, after everything that its fence can have gone through (I2, I3).

The jobs of one walk stand for every way in which an attempt can end, with and without a cancel request, and for what
can become of the job afterwards. At every station each of them gets every report once more. The store must answer what
``core/fates.py`` says of what can be read of the job, and what follows from the job's story; and nothing may change.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import cycle, product
from typing import NamedTuple
from uuid import UUID

import msgspec

from taskflowmq.core.fates import KEPT_CLAIMS, StoredFate, judge
from taskflowmq.core.job import ClaimedJob, Counters, HeldJob, JobView, State
from taskflowmq.core.operations import CancelAnswer
from taskflowmq.core.retry import MAX_CRASHES, MAX_LOSSES
from taskflowmq.core.transitions import (
    Crashed,
    Discarded,
    Failed,
    HandedBack,
    Invalid,
    Lost,
    Outcome,
    Snoozed,
    Stopped,
    Succeeded,
    TimedOut,
    Transition,
    obey_cancel,
)
from taskflowmq.ports.store import Settled
from taskflowmq.testing.conformance.intake import ERROR
from taskflowmq.testing.conformance.support import Rig, StoreSuite, ids, transition


class Report(NamedTuple):
    """One way in which an attempt ends; the budgets make a crash, a loss, a timeout the last one or not."""

    name: str
    outcome: Outcome
    max_attempts: int = 3
    crashes: int = 0
    losses: int = 0
    #: The handler completed the job in a transaction of its own before.
    by_caller: bool = False

    def of(self, job_id: UUID, lease_no: int = 1) -> Transition:
        """Decide it for a job that was claimed under this fence."""
        counted = Counters(attempt=1, crashes=self.crashes, losses=self.losses, lease_no=lease_no)
        change = transition(HeldJob(job_id, self.max_attempts, counted), self.outcome)
        return msgspec.structs.replace(change, completed_by_caller=self.by_caller)


REPORTS = (
    Report("completed", Succeeded(b"1")),
    Report("completed without a result", Succeeded()),
    Report("completed, result cut", Succeeded(b'"cut"', result_error="cut at 5 bytes")),
    Report("failed", Failed(ERROR)),
    Report("failed for good", Failed(ERROR, retry=False)),
    Report("timed out", TimedOut(ERROR)),
    Report("timed out for good", TimedOut(ERROR), max_attempts=1),
    Report("snoozed", Snoozed(1000)),
    Report("cancelled by the handler", Stopped(by_handler=True, error=ERROR)),
    Report("cancelled on request", Stopped(by_handler=False)),
    Report("discarded", Discarded(ERROR)),
    Report("invalid arguments", Invalid(ERROR)),
    Report("handed back", HandedBack()),
    Report("crashed", Crashed(ERROR)),
    Report("crashed for good", Crashed(ERROR), crashes=MAX_CRASHES - 1),
    Report("lost", Lost()),
    Report("lost for good", Lost(), losses=MAX_LOSSES - 1),
)
COMPLETED_BY_CALLER = Report("completed in the caller's transaction", Succeeded(b"1"), by_caller=True)
LATE = (*REPORTS, *(report._replace(name=f"{report.name}, completed before", by_caller=True) for report in REPORTS))
#: What becomes of the job after its first attempt, as far as the state lets it.
AFTERWARDS = ("nothing", "cancelled", "retried", "retried and cancelled", "expired", "deleted")


class Case(NamedTuple):
    """One job: how its first attempt ended, whether it was to be cancelled by then, and what is done to it next."""

    job_id: UUID
    first: Report
    cancel: bool
    afterwards: str

    def __str__(self) -> str:
        """Tell the story in a line."""
        return f"{self.first.name}{', to be cancelled' * self.cancel}, then {self.afterwards}"

    def answer(self, change: Transition, exists: bool) -> Settled | None:
        """Say what a store must answer to a report under the first fence, by the story alone.

        None: the report has the word of the first one and decides otherwise, as no second decider would.
        """
        first = self.first.of(self.job_id)
        if not exists:
            return Settled.STALE
        if change.completed_by_caller and first.to is State.COMPLETED:
            return Settled.REPLAYED
        if (change.to, change.ended) == (first.to, first.ended):
            return Settled.REPLAYED
        if change.ended != first.ended or State.COMPLETED in (change.to, first.to):
            return Settled.STALE
        return None


class _Walk:
    """The jobs of all cases on their way through one store."""

    def __init__(self, rig: Rig) -> None:
        self._rig, self._store = rig, rig.store
        self.cases: list[Case] = []

    async def begin(self) -> None:
        """Store and claim a job per case, ask for cancellations, and report how the first attempts ended."""
        firsts = (*REPORTS, COMPLETED_BY_CALLER)
        jobs = []
        for first, cancel, afterwards in product(firsts, (False, True), AFTERWARDS):
            job = self._rig.job(expires_in_ms=5_000 if afterwards == "expired" else None)
            jobs.append(job)
            self.cases.append(Case(job.id, first, cancel, afterwards))
        await self._rig.enqueue(*jobs)
        assert len(await self._claim()) == len(jobs)
        for case in self.cases:
            if case.cancel:
                answer = await self._store.jobs.cancel("default", case.job_id, actor="me")
                assert answer is CancelAnswer.REQUESTED
        changes = [case.first.of(case.job_id) for case in self.cases if case.first is not COMPLETED_BY_CALLER]
        assert set(await self._store.claims.settle(changes)) == {Settled.APPLIED}
        async with self._store.claims.transaction() as conn:
            for case in self.cases:
                if case.first is COMPLETED_BY_CALLER:
                    await self._store.claims.settle_on(conn, case.first.of(case.job_id))

    async def go_on(self) -> None:
        """Do to each job what its case says; what its state does not allow is refused."""
        jobs = self._store.jobs
        for case in self.cases:
            if case.afterwards.startswith("retried"):
                await jobs.retry("default", case.job_id)
            if case.afterwards.endswith("cancelled"):
                await jobs.cancel("default", case.job_id, actor="me")
            if case.afterwards == "deleted":
                await jobs.delete("default", case.job_id)

    async def become_due(self) -> None:
        """Let all waiting jobs become ready or expire."""
        await self._rig.after(10)
        await self._store.upkeep.expire_ready(1000)

    async def run_again(self) -> None:
        """Claim all ready jobs, under later fences."""
        assert await self._claim()

    async def end_again(self) -> None:
        """Report every kind of end under the later fences."""
        held = await self._held()
        later = [report.of(view.id, view.counters.lease_no) for view, report in zip(held, cycle(REPORTS), strict=False)]
        assert len(later) > len(REPORTS)
        assert set(await self._store.claims.settle(later)) == {Settled.APPLIED}

    async def redrive_and_delete(self) -> None:
        """Open new rounds for the dead, run them, and delete what is over."""
        for view in (await self.seen()).values():
            if view.state is State.DEAD:
                await self._store.jobs.retry("default", view.id)
            elif view.state.final:
                await self._store.jobs.delete("default", view.id)
        await self.become_due()
        await self.run_again()

    async def seen(self) -> dict[UUID, JobView]:
        """Return the jobs that still exist."""
        views = await self._store.jobs.get_many("default", [case.job_id for case in self.cases])
        return {view.id: view for view in views}

    async def report_again(self) -> list[str]:
        """Report every kind of end under the first fences once more; return what was answered wrongly."""
        before = await self.seen()
        wrong = []
        for late in LATE:
            changes = [late.of(case.job_id) for case in self.cases]
            answers = await self._store.claims.settle(changes)
            for case, change, answer in zip(self.cases, changes, answers, strict=True):
                view = before.get(case.job_id)
                told = case.answer(change, view is not None)
                expected = Settled(judge(change, _stored(case, view)))
                if answer is not expected or told not in (None, expected):
                    state = None if view is None else view.state
                    wrong.append(f"{case}, now {state}: {late.name} is {answer}, read {expected}, told {told}")
        assert await self.seen() == before
        return wrong

    async def _claim(self) -> list[ClaimedJob]:
        worker = await self._rig.worker()
        return [*await self._rig.claim(worker, 1000), *await self._rig.claim(worker, 1000, isolated=True)]

    async def _held(self) -> list[JobView]:
        return [view for view in (await self.seen()).values() if view.state is State.RUNNING]


def _stored(case: Case, view: JobView | None) -> StoredFate:
    """Return what a store holds of a case's first fence: the row of the attempt is there as long as the job."""
    if view is None:
        return StoredFate(None, None, None)
    return StoredFate(view.state, view.counters.lease_no, case.first.of(case.job_id).ended)


def _shown(wrong: list[str]) -> str:
    return f"{len(wrong)} answers:\n" + "\n".join(wrong[:10])


class TestFates(StoreSuite):
    """Claims.settle where the fence was settled before: replay or stale."""

    async def test_every_report_after_every_fate_is_answered_as_the_core_says(self, rig: Rig) -> None:
        walk = _Walk(rig)
        stations = (walk.begin, walk.go_on, walk.become_due, walk.run_again, walk.end_again, walk.redrive_and_delete)
        for station in stations:
            await station()
            wrong = await walk.report_again()
            assert not wrong, f"after {station.__name__}: {_shown(wrong)}"

    async def test_a_cancel_request_ends_what_would_go_on_and_nothing_else(self, rig: Rig) -> None:
        jobs = [rig.job() for _ in REPORTS * 2]
        await rig.enqueue(*jobs)
        await rig.claim(await rig.worker(), 1000)
        expected = {}
        for job, (report, cancel) in zip(jobs, product(REPORTS, (False, True)), strict=True):
            change = report.of(job.id)
            if cancel:
                await rig.store.jobs.cancel("default", job.id, actor="me")
            assert await rig.store.claims.settle([change]) == [Settled.APPLIED]
            written = obey_cancel(change) if cancel else change
            expected[job.id] = (written.to, written.reason, written.counters)
        views = await rig.store.jobs.get_many("default", ids(jobs))
        assert {view.id: (view.state, view.reason, view.counters) for view in views} == expected

    async def test_two_reports_of_one_fence_in_one_batch_are_one_transition(self, rig: Rig) -> None:
        pairs = list(product(REPORTS, REPORTS))
        jobs = [rig.job() for _ in pairs]
        await rig.enqueue(*jobs)
        await rig.claim(await rig.worker(), 1000)
        changes = [report.of(job.id) for job, pair in zip(jobs, pairs, strict=True) for report in pair]
        answers = await rig.store.claims.settle(changes)
        wrong = []
        for number, pair in enumerate(pairs):
            both, said = changes[2 * number : 2 * number + 2], answers[2 * number : 2 * number + 2]
            alike = len({(change.to, change.ended) for change in both}) == 1
            if sorted(said) != ["applied", "replayed" if alike else "stale"]:
                wrong.append(f"{pair[0].name}, {pair[1].name}: {said}")
        assert not wrong, _shown(wrong)

    async def test_a_hand_back_under_a_fence_that_is_no_longer_known_is_stale(self, rig: Rig) -> None:
        await rig.enqueue(*(rig.job(max_attempts=1000) for _ in range(2)))
        worker = await rig.worker()
        lease_no, remembered = 0, 10
        lost: Iterable[ClaimedJob] = ()
        # Rows are counted instead of kept from the 101st claim on, those of the last claims and the first ten aside.
        while lease_no <= remembered + 1 + KEPT_CLAIMS:
            held = await rig.claim(worker)
            lease_no = held[0].lease_no
            if lease_no == remembered + 1:
                lost = held
            outcome = Lost() if lease_no == remembered + 1 else Snoozed(0)
            await rig.store.claims.settle([transition(job, outcome) for job in held])
            await rig.after(1)
        late = [transition(job, HandedBack()) for job in lost]
        assert await rig.store.claims.settle(late) == [Settled.STALE] * 2
