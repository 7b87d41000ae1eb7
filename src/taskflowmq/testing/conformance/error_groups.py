"""Groups of errors: found by fingerprint, counted exactly once whatever was joined, opened by what occurs later."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import msgspec
import pytest

from taskflowmq.core.audit import AuditQuery, Caller, Via
from taskflowmq.core.error_groups import (
    MOST_KINDS,
    Excess,
    GroupQuery,
    GroupSort,
    GroupState,
    Occurrences,
    Tally,
    place_of,
)
from taskflowmq.core.filter_text import parse_filter
from taskflowmq.core.fingerprint import ErrorKind
from taskflowmq.core.history import HistoryKept
from taskflowmq.core.job import JobFilter, Sort, State
from taskflowmq.core.transitions import Crashed, Discarded, Failed, Lost, Outcome, TimedOut
from taskflowmq.ports.store import Store
from taskflowmq.testing.clock import VirtualClock
from taskflowmq.testing.conformance.support import NOON, TASK, TENANT, Rig, StoreSuite, transition

KEPT = HistoryKept()
ADA, GRACE = (Caller(actor=name, via=Via.REST, tenant=TENANT) for name in ("ada", "grace"))
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def error(message: str, kind: str = "ValueError") -> bytes:
    """Return a stored error."""
    return msgspec.json.encode({"type": kind, "message": message, "traceback": ""})


def kind(name: str) -> ErrorKind:
    """Return a kind by a name of 16 hexadecimal digits."""
    return ErrorKind(name * 16, "ValueError", f"kind {name}")


def seen(
    name: str, count: int = 1, *, number: int = 1, first_s: float = 0, last_s: float = 0, **more: str
) -> Occurrences:
    """Return failures of a kind, the last of them of a job with this number."""
    return Occurrences(
        tenant=more.get("tenant", TENANT),
        task=more.get("task", TASK),
        kind=kind(name),
        count=count,
        first_age_ms=round(1000 * first_s),
        last_age_ms=round(1000 * last_s),
        job_id=UUID(int=number),
    )


async def joined(store: Store) -> int:
    """Join everything that is due, and return how many rows that were."""
    rows = 0
    while more := await store.errors.roll_up(KEPT):
        rows += more
    return rows


async def _names(store: Store, tenant: str = TENANT) -> str:
    page = await store.errors.list_groups(GroupQuery(tenant=tenant))
    return "".join(sorted(one.fingerprint[0] for one in page.items))


class TestErrorGroups(StoreSuite):
    """What failed, by kind."""

    @pytest.fixture(autouse=True)
    async def _task(self, rig: Rig) -> None:
        await rig.put()

    async def test_a_group_has_its_counts_times_and_trend(self, store: Store, clock: VirtualClock) -> None:
        await store.errors.append([seen("a", 3, first_s=9, last_s=4), seen("b", number=7)])
        clock.advance(3_600)
        await store.errors.append([seen("a", 2, number=5)])
        group = await store.errors.get(TENANT, "a" * 16)
        assert group is not None
        assert (group.type, group.message, group.task, group.state) == ("ValueError", "kind a", TASK, GroupState.OPEN)
        assert (group.count, group.dead, group.job_id) == (5, 0, UUID(int=5))
        assert (group.first_at, group.last_at) == (NOON - 9 * timedelta(seconds=1), NOON + HOUR)
        assert group.trend == (*[0] * 22, 3, 2)
        assert (group.changed_at, group.changed_by, group.reopened) == (None, None, False)
        assert await store.errors.get(TENANT, "c" * 16) is None
        assert await store.errors.get("other", "a" * 16) is None

    async def test_joining_changes_nothing_that_is_read(self, store: Store, other: Rig, clock: VirtualClock) -> None:
        for minute in range(5):
            await store.errors.append([seen("a", minute + 1, number=minute + 1)])
            await other.store.errors.append([seen("a", number=20 + minute), seen("b", number=minute)])
            clock.advance(60)
        before = await store.errors.list_groups(GroupQuery(tenant=TENANT))
        assert await joined(store) == 9  # the last two minutes are not over
        assert await joined(other.store) == 0
        assert await store.errors.list_groups(GroupQuery(tenant=TENANT)) == before
        assert [(one.count, sum(one.trend)) for one in before.items] == [(5, 5), (20, 20)]
        # Minutes of more than two days ago become hours: a group keeps what it counted.
        clock.advance(DAY.total_seconds() * 3)
        await joined(store)
        after = await store.errors.list_groups(GroupQuery(tenant=TENANT))
        assert [(one.count, sum(one.trend), one.last_at) for one in after.items] == [
            (one.count, 0, one.last_at) for one in before.items
        ]

    async def test_a_resolved_group_opens_when_it_occurs_again(self, store: Store, clock: VirtualClock) -> None:
        await store.errors.append([seen("a")])
        clock.advance(60)
        assert await store.errors.mark(TENANT, "a" * 16, GroupState.RESOLVED, by=ADA)
        # It failed before it was resolved, and was appended after that.
        await store.errors.append([seen("a", last_s=1)])
        group = await store.errors.get(TENANT, "a" * 16)
        assert group is not None
        assert (group.state, group.changed_by, group.resolved_at) == (GroupState.RESOLVED, "ada", NOON + MINUTE)
        clock.advance(5)
        await store.errors.append([seen("a")])
        opened = await store.errors.get(TENANT, "a" * 16)
        assert opened is not None
        assert (opened.state, opened.reopened, opened.changed_by) == (GroupState.OPEN, True, "ada")
        clock.advance(300)
        await joined(store)
        assert await store.errors.get(TENANT, "a" * 16) is not None
        assert (await store.errors.count(TENANT)).open == 1

    async def test_a_muted_group_opens_when_the_mute_ends(self, store: Store, clock: VirtualClock) -> None:
        await store.errors.append([seen("a")])
        until = NOON + HOUR
        assert await store.errors.mark(TENANT, "a" * 16, GroupState.MUTED, by=ADA, until=until)
        await store.errors.append([seen("a")])
        group = await store.errors.get(TENANT, "a" * 16)
        assert group is not None
        assert (group.state, group.muted_until, group.count) == (GroupState.MUTED, until, 2)
        clock.advance(3_600)
        assert (await store.errors.count(TENANT)).open == 1
        assert await store.errors.mark(TENANT, "a" * 16, GroupState.RESOLVED, by=GRACE)
        assert await store.errors.mark(TENANT, "a" * 16, GroupState.OPEN, by=ADA)
        opened = await store.errors.get(TENANT, "a" * 16)
        assert opened is not None
        assert (opened.state, opened.resolved_at, opened.muted_until) == (GroupState.OPEN, None, None)
        assert (opened.changed_by, opened.changed_at) == ("ada", NOON + HOUR)
        assert not await store.errors.mark(TENANT, "b" * 16, GroupState.OPEN, by=ADA)
        assert not await store.errors.mark("other", "a" * 16, GroupState.OPEN, by=ADA)

    async def test_a_decision_is_kept_in_the_audit(self, store: Store) -> None:
        await store.errors.append([seen("a")])
        for state, until in ((GroupState.RESOLVED, None), (GroupState.MUTED, NOON + HOUR), (GroupState.OPEN, None)):
            assert await store.errors.mark(TENANT, "a" * 16, state, by=ADA, until=until)
        assert not await store.errors.mark(TENANT, "b" * 16, GroupState.OPEN, by=ADA)
        acts = (await store.audit.list_acts(AuditQuery(object="error:" + "a" * 16), limit=9, below=None)).items
        assert [one.act.action for one in acts] == ["error.reopen", "error.mute", "error.resolve"]
        assert {one.act.by.actor for one in acts} == {"ada"}
        assert (acts[1].act.after or {})["state"] == "muted"
        assert (await store.audit.list_acts(AuditQuery(), limit=9, below=None)).items == acts

    async def test_groups_are_listed_by_state_text_and_order(self, store: Store, rig: Rig, clock: VirtualClock) -> None:
        await rig.put("send")
        await rig.put("send-other", tenant="other")
        await store.errors.append([seen("a", 5), seen("b", 9), seen("c", 1, task="send")])
        await store.errors.append([seen("d", tenant="other", task="send-other"), seen("e", task="unknown")])
        clock.advance(60)
        await store.errors.append([seen("a")])
        await store.errors.mark(TENANT, "b" * 16, GroupState.RESOLVED, by=ADA)

        async def listed(**wanted: object) -> str:
            page = await store.errors.list_groups(GroupQuery(tenant=TENANT, **wanted))  # type: ignore[arg-type]
            assert page.next is None
            return "".join(one.fingerprint[0] for one in page.items)

        assert await listed() == "acb"
        assert await listed(sort=GroupSort.COUNT) == "bac"
        assert await listed(sort=GroupSort.FIRST) == "cba"
        assert await listed(state=GroupState.OPEN) == "ac"
        assert await listed(state=GroupState.RESOLVED) == "b"
        assert await listed(task="send") == "c"
        assert await listed(text="KIND C") == "c"
        assert await listed(text="valueerror") == "acb"
        assert await listed(text="%") == ""
        counts = await store.errors.count(TENANT)
        assert (counts.open, counts.resolved, counts.muted, counts.new) == (2, 1, 0, 2)
        assert (await store.errors.count("never-used")).open == 0
        clock.advance(DAY.total_seconds())
        assert (await store.errors.count(TENANT)).new == 0

    @pytest.mark.parametrize("sort", GroupSort)
    async def test_pages_have_every_group_once(self, store: Store, sort: GroupSort) -> None:
        await store.errors.append(
            [seen(name, count) for name, count in zip("0123456789", (1, 1, 1, 2, 2, 3, 3, 3, 4, 5), strict=True)]
        )
        found: list[str] = []
        query = GroupQuery(tenant=TENANT, sort=sort, limit=3)
        while True:
            page = await store.errors.list_groups(query)
            found += [one.fingerprint[0] for one in page.items]
            if page.next is None:
                break
            assert page.next == place_of(page.items[-1], sort)
            query = msgspec.structs.replace(query, after=page.next)
        assert found == list("9876543210")

    async def test_dead_jobs_are_found_by_their_group(self, store: Store, rig: Rig) -> None:
        worker = await rig.worker()
        await rig.claim(worker)
        jobs = [await rig.running(max_attempts=1) for _ in range(4)]
        failed = [Failed(error(message)) for message in ("order 1", "order 2", "none")]
        outcomes: list[Outcome] = [*failed, TimedOut(error("slow"))]
        views = [await rig.apply(job, outcome) for job, outcome in zip(jobs, outcomes, strict=True)]
        marks = [view.fingerprint for view in views]
        assert marks[0] == marks[1] != marks[2]
        assert None not in marks
        assert len(set(marks)) == 3
        for sort in Sort:
            query = JobFilter(terms=parse_filter(f"state:dead error:{marks[0]}"), sort=sort)
            page = await store.jobs.list_jobs(query, limit=10, before=None)
            wanted = [view.id for view in views[:2]]
            assert [view.id for view in page.items] == (wanted if sort is Sort.OLDEST else wanted[::-1])
            assert page.next is None
        others = JobFilter(states=(State.DEAD,), terms=parse_filter(f"-error:{marks[0]}"))
        assert len((await store.jobs.list_jobs(others, limit=10, before=None)).items) == 2
        several = JobFilter(terms=parse_filter(f"error:{marks[2]},{marks[3]}"))
        assert len((await store.jobs.list_jobs(several, limit=10, before=None)).items) == 2
        nobody = JobFilter(terms=parse_filter(f"state:running error:{marks[0]}"))
        assert (await store.jobs.list_jobs(nobody, limit=10, before=None)).items == []
        tally = Tally()
        for job, outcome in zip(jobs, outcomes, strict=True):
            tally.add(TENANT, TASK, transition(job, outcome))
        await store.errors.append(tally.take())
        group = await store.errors.get(TENANT, marks[0] or "")
        assert group is not None
        assert (group.count, group.dead, group.job_id) == (2, 2, views[1].id)
        # A new round leaves the group.
        await store.jobs.retry(TENANT, views[1].id)
        again = await store.errors.get(TENANT, marks[0] or "")
        assert again is not None
        assert (again.count, again.dead, again.job_id) == (2, 1, views[0].id)
        assert (await rig.view(views[1].id)).fingerprint is None

    async def test_only_dead_jobs_have_a_fingerprint(self, store: Store, rig: Rig) -> None:
        first = await rig.claim_one()
        assert (await rig.apply(first, Failed(error("again")))).fingerprint is None
        asked = await rig.running()
        await store.jobs.cancel(TENANT, asked.id, actor="ada")
        stopped = await rig.apply(asked, Failed(error("again")))
        assert (stopped.state, stopped.fingerprint) == (State.CANCELLED, None)
        crash = Crashed(error("signal SIGKILL", "ProcessCrashed"))
        ends: tuple[Outcome, ...] = (Discarded(error("no")), crash, Lost())
        for outcome in ends:
            held = await rig.running(max_attempts=1)
            change = transition(held, outcome)
            assert change.kind is not None
            await store.claims.settle([change])
            view = await rig.view(held.id)
            assert view.fingerprint == (change.kind.fingerprint if view.state is State.DEAD else None)

    async def test_old_counts_and_idle_groups_are_pruned(self, store: Store, rig: Rig, clock: VirtualClock) -> None:
        held = await rig.claim_one()
        change = transition(held, Discarded(error("stays")))
        await store.claims.settle([change])
        tally = Tally()
        tally.add(TENANT, TASK, change)
        await store.errors.append([*tally.take(), seen("a")])
        clock.advance(DAY.total_seconds() * 91)
        await joined(store)
        assert await store.errors.prune(KEPT, 100) == 3  # both counts, and the group without a dead job
        groups = (await store.errors.list_groups(GroupQuery(tenant=TENANT))).items
        assert [(one.message, one.dead) for one in groups] == [("stays", 1)]
        assert await store.errors.prune(KEPT, 100) == 0

    async def test_groups_beyond_those_that_are_kept_are_deleted_with_their_counts(
        self, store: Store, clock: VirtualClock
    ) -> None:
        for name in "abcde":
            await store.errors.append([seen(name)])
            clock.advance(60)
        await joined(store)
        await store.errors.append([seen("b")])  # the oldest but one occurs again, and is not joined yet
        assert await store.errors.delete_excess(5, 9) == []
        assert await store.errors.delete_excess(3, 1) == [
            Excess(tenant=TENANT, count=1, task=TASK, type="ValueError", alike=1)
        ]
        assert await _names(store) == "bcde"
        assert [one.count for one in await store.errors.delete_excess(3, 9)] == [1]
        assert await _names(store) == "bde"
        assert await store.errors.delete_excess(3, 9) == []
        assert await store.errors.get(TENANT, "a" * 16) is None
        assert not await store.errors.mark(TENANT, "a" * 16, GroupState.OPEN, by=ADA)
        # It is a new one: nothing of what was counted before is left.
        await store.errors.append([seen("a", 3)])
        again = await store.errors.get(TENANT, "a" * 16)
        assert again is not None
        assert (again.count, sum(again.trend), again.first_at) == (3, 3, NOON + 5 * MINUTE)

    async def test_a_flood_deletes_no_groups_of_other_tasks_and_tenants(
        self, store: Store, rig: Rig, clock: VirtualClock
    ) -> None:
        await rig.put("send")
        await rig.put("send-other", tenant="other")
        await store.errors.append([seen("8", task="send"), seen("9", task="send")])
        await store.errors.append([seen(name, tenant="other", task="send-other") for name in "abc"])
        for name in "01234567":
            clock.advance(1)
            await store.errors.append([seen(name)])
        found = await store.errors.delete_excess(4, 99)
        assert found == [Excess(tenant=TENANT, count=6, task=TASK, type="ValueError", alike=6)]
        assert await _names(store) == "6789"
        assert await _names(store, "other") == "abc"

    async def test_muted_groups_are_deleted_last(self, store: Store, clock: VirtualClock) -> None:
        await store.errors.append([seen("a"), seen("b")])
        await store.errors.mark(TENANT, "a" * 16, GroupState.MUTED, by=ADA, until=NOON + HOUR)
        await store.errors.mark(TENANT, "b" * 16, GroupState.MUTED, by=ADA, until=NOON + MINUTE)
        clock.advance(300)
        await store.errors.append([seen("c"), seen("d")])
        await store.errors.delete_excess(3, 99)
        assert await _names(store) == "acd"  # the mute of b has ended
        await store.errors.delete_excess(1, 99)
        assert await _names(store) == "a"
        await store.errors.delete_excess(0, 99)
        assert await _names(store) == ""

    async def test_many_groups_are_deleted_at_once(self, store: Store) -> None:
        many = [seen("0", number=number) for number in range(1_100)]
        for number, one in enumerate(many):
            one.kind = ErrorKind(f"{number:016x}", "E" if number % 100 else "F", "")
        await store.errors.append(many)
        (excess,) = await store.errors.delete_excess(10, 1_050)
        assert (excess.count, excess.type) == (1_050, "E")
        (excess,) = await store.errors.delete_excess(10, 1_050)
        assert excess.count == 40
        assert (await store.errors.count(TENANT)).open == 10

    async def test_dead_jobs_keep_the_fingerprint_of_a_group_that_was_deleted(self, store: Store, rig: Rig) -> None:
        held = await rig.claim_one()
        change = transition(held, Discarded(error("gone")))
        await store.claims.settle([change])
        tally = Tally()
        tally.add(TENANT, TASK, change)
        await store.errors.append(tally.take())
        mark = (await rig.view(held.id)).fingerprint
        assert len(await store.errors.delete_excess(0, 9)) == 1
        found = await store.jobs.list_jobs(JobFilter(terms=parse_filter(f"error:{mark}")), limit=9, before=None)
        assert [one.id for one in found.items] == [held.id]

    async def test_texts_of_any_kind_are_kept(self, store: Store) -> None:
        odd = ErrorKind("f" * 16, "Fehler", "Größe → 漢字 '\"\\ %s")
        one = seen("f")
        one.kind = odd
        await store.errors.append([one])
        group = await store.errors.get(TENANT, "f" * 16)
        assert group is not None
        assert group.message.startswith("Gr")

    async def test_many_kinds_are_appended_together(self, store: Store) -> None:
        many = [seen("0", number=number) for number in range(MOST_KINDS)]
        for number, one in enumerate(many):
            one.kind = ErrorKind(f"{number:016x}", "E", "")
        await store.errors.append(many)
        await store.errors.append([])
        assert (await store.errors.count(TENANT)).open == MOST_KINDS
