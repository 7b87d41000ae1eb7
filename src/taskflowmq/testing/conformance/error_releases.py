"""Errors by release: counted apart, however they are joined; what an older release still does opens nothing."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import msgspec
import pytest

from taskflowmq.core.audit import Caller, Via
from taskflowmq.core.error_groups import GroupQuery, GroupState, Occurrences
from taskflowmq.core.fingerprint import ErrorKind
from taskflowmq.core.history import HistoryKept
from taskflowmq.core.ids import uuid7
from taskflowmq.ports.store import Store
from taskflowmq.testing.clock import VirtualClock
from taskflowmq.testing.conformance.support import NOON, TASK, TENANT, Rig, StoreSuite, new_worker

KEPT = HistoryKept()
ADA = Caller(actor="ada", via=Via.REST, tenant=TENANT)
FIRST = "a" * 16
MINUTE = timedelta(minutes=1)


def seen(count: int = 1, *, digit: str = "a", last_s: float = 0) -> Occurrences:
    """Return failures of a kind."""
    return Occurrences(
        tenant=TENANT,
        task=TASK,
        kind=ErrorKind(digit * 16, "ValueError", "no"),
        count=count,
        first_age_ms=round(1000 * last_s),
        last_age_ms=round(1000 * last_s),
        job_id=UUID(int=1),
    )


class TestErrorReleases(StoreSuite):
    """In which releases a kind of failures occurred."""

    @pytest.fixture(autouse=True)
    async def _task(self, rig: Rig) -> None:
        await rig.put()
        self._numbers = iter(range(1, 1_000))

    async def _worker(self, store: Store, release: str | None, *tasks: str, tenants: tuple[str, ...] = ()) -> UUID:
        """Register a worker of a release that runs some tasks, the one of these tests unless others are named."""
        info = {"queues": ["default"], "tasks": list(tasks or (TASK,)), "tenants": list(tenants)}
        worker = new_worker(uuid7(9, next(self._numbers)), release=release)
        await store.workers.register(msgspec.structs.replace(worker, info=msgspec.json.encode(info)))
        return worker.id

    async def _releases(self, store: Store, limit: int = 10) -> list[tuple[str | None, int]]:
        found = await store.errors.releases(TENANT, FIRST, limit)
        return [(one.name, one.count) for one in found.items]

    async def _state(self, store: Store) -> GroupState:
        group = await store.errors.get(TENANT, FIRST)
        assert group is not None
        counts = await store.errors.count(TENANT)
        listed = await store.errors.list_groups(GroupQuery(tenant=TENANT, state=group.state))
        # Lists, counts and the group say the same.
        assert getattr(counts, group.state) == 1
        assert [one.fingerprint for one in listed.items] == [FIRST]
        assert group.reopened == (group.state is GroupState.OPEN and group.resolved_at is not None)
        return group.state

    async def test_failures_are_counted_by_the_release_of_the_worker_however_they_are_joined(
        self, store: Store, other: Rig, clock: VirtualClock
    ) -> None:
        old, unnamed = await self._worker(store, "v1"), await self._worker(store, None)
        await store.errors.append([seen(2)], writer=old)
        clock.advance(60)
        new = await self._worker(store, "v2")
        await other.store.errors.append([seen(3)], writer=new)
        await store.errors.append([seen(4)], writer=old)
        await store.errors.append([seen(5)], writer=unnamed)
        await store.errors.append([seen(6)])
        await store.errors.append([seen(7)], writer=UUID(int=5))  # a worker that is gone
        expected = [("v2", 3), ("v1", 6), (None, 18)]
        assert await self._releases(store) == expected
        before = await store.errors.releases(TENANT, FIRST, 10)
        assert (before.items[1].first_at, before.items[1].last_at) == (NOON, NOON + MINUTE)
        assert before.items[0].first_at == NOON + MINUTE
        for _ in range(2):  # into minutes, then into hours
            clock.advance(300)
            while await store.errors.roll_up(KEPT):
                pass
            assert await self._releases(store) == expected
            clock.advance(KEPT.minutes_s + 3_600)
        group = await store.errors.get(TENANT, FIRST)
        assert group is not None
        assert group.count == 27
        after = await store.errors.releases(TENANT, FIRST, 10)
        assert [one.last_at for one in after.items] == [one.last_at for one in before.items]
        assert after.items[1].first_at == NOON  # not the beginning of its hour: the group did not exist then

    async def test_the_newest_releases_are_returned_with_how_many_there_are(
        self, store: Store, clock: VirtualClock
    ) -> None:
        for number in range(4):
            clock.advance(60)
            await store.errors.append([seen()], writer=await self._worker(store, f"v{number}"))
        found = await store.errors.releases(TENANT, FIRST, 2)
        assert ([one.name for one in found.items], found.total) == (["v3", "v2"], 4)
        for tenant, fingerprint in ((TENANT, "b" * 16), ("other", FIRST), ("never-used", FIRST)):
            nothing = await store.errors.releases(tenant, fingerprint, 2)
            assert (nothing.items, nothing.total) == ([], 0)

    async def test_a_group_is_new_in_the_newest_release_that_it_occurred_first_in(
        self, store: Store, clock: VirtualClock
    ) -> None:
        old = await self._worker(store, "v1")
        await store.errors.append([seen()], writer=old)
        await store.errors.append([seen(digit="c")])
        clock.advance(60)
        new = await self._worker(store, "v2")
        await store.errors.append([seen(), seen(digit="b"), seen(digit="c")], writer=new)
        page = await store.errors.list_groups(GroupQuery(tenant=TENANT))
        assert {one.fingerprint[0]: one.new_in for one in page.items} == {"a": None, "b": "v2", "c": None}
        await self._worker(store, "v1")  # taken back
        group = await store.errors.get(TENANT, "b" * 16)
        assert group is not None
        assert group.new_in == "v2"
        clock.advance(60)
        await self._worker(store, "v3")
        group = await store.errors.get(TENANT, "b" * 16)
        assert group is not None
        assert group.new_in is None

    async def test_an_older_release_that_continues_to_fail_opens_nothing(
        self, store: Store, clock: VirtualClock
    ) -> None:
        old = await self._worker(store, "v1")
        await store.errors.append([seen()], writer=old)
        clock.advance(60)
        new = await self._worker(store, "v2")
        assert await store.errors.mark(TENANT, FIRST, GroupState.RESOLVED, by=ADA)
        group = await store.errors.get(TENANT, FIRST)
        assert group is not None
        assert group.resolved_release == "v2"
        for _ in range(2):
            clock.advance(60)
            await store.errors.append([seen()], writer=old)
            assert await self._state(store) is GroupState.RESOLVED
            clock.advance(300)
            while await store.errors.roll_up(KEPT):
                pass
            assert await self._state(store) is GroupState.RESOLVED
        await store.errors.append([seen()], writer=new)
        assert await self._state(store) is GroupState.OPEN
        clock.advance(KEPT.minutes_s + 7_200)
        while await store.errors.roll_up(KEPT):
            pass
        assert await self._state(store) is GroupState.OPEN
        await store.errors.mark(TENANT, FIRST, GroupState.OPEN, by=ADA)
        group = await store.errors.get(TENANT, FIRST)
        assert group is not None
        assert group.resolved_release is None

    async def test_an_older_release_that_fails_an_hour_later_opens_a_resolved_group(
        self, store: Store, clock: VirtualClock
    ) -> None:
        old = await self._worker(store, "v1")
        await store.errors.append([seen()], writer=old)
        clock.advance(60)
        await self._worker(store, "v2")
        await store.errors.mark(TENANT, FIRST, GroupState.RESOLVED, by=ADA)
        clock.advance(3_600)
        await store.errors.append([seen()], writer=old)
        assert await self._state(store) is GroupState.RESOLVED
        clock.advance(1)
        await store.errors.append([seen()], writer=old)
        assert await self._state(store) is GroupState.OPEN

    @pytest.mark.parametrize("writer", ["v2", "v3", None], ids=["the newest one", "a newer one", "none"])
    async def test_a_release_that_is_not_older_opens_a_resolved_group(
        self, store: Store, clock: VirtualClock, writer: str | None
    ) -> None:
        await store.errors.append([seen()], writer=await self._worker(store, "v1"))
        clock.advance(60)
        await self._worker(store, "v2")
        await store.errors.mark(TENANT, FIRST, GroupState.RESOLVED, by=ADA)
        clock.advance(60)
        worker = await self._worker(store, writer)
        await store.errors.append([seen(last_s=90)], writer=worker)  # before it was resolved, appended after that
        assert await self._state(store) is GroupState.RESOLVED
        await store.errors.append([seen()], writer=worker)
        assert await self._state(store) is GroupState.OPEN

    async def test_what_was_resolved_is_compared_with_releases_whose_workers_live_and_run_the_task(
        self, store: Store, clock: VirtualClock
    ) -> None:
        mine = await self._worker(store, "shop-1", tenants=(TENANT,))
        await store.errors.append([seen()], writer=mine)
        clock.advance(60)
        # Another program, another tenant's, and one that was taken back since.
        await self._worker(store, "mail-7", "send")
        await self._worker(store, "other-3", tenants=("other",))
        await store.workers.end(await self._worker(store, "shop-2"))
        await store.errors.mark(TENANT, FIRST, GroupState.RESOLVED, by=ADA)
        group = await store.errors.get(TENANT, FIRST)
        assert group is not None
        assert group.resolved_release == "shop-1"
        clock.advance(60)
        await store.errors.append([seen()], writer=mine)
        assert await self._state(store) is GroupState.OPEN

    async def test_without_a_living_worker_any_failure_opens_a_resolved_group(
        self, store: Store, clock: VirtualClock
    ) -> None:
        old = await self._worker(store, "v1")
        await store.errors.append([seen()], writer=old)
        await store.workers.end(old)
        await store.errors.mark(TENANT, FIRST, GroupState.RESOLVED, by=ADA)
        clock.advance(60)
        await store.errors.append([seen()], writer=old)
        assert await self._state(store) is GroupState.OPEN
