"""Saved views: whose they are, names that are taken, and what the audit keeps of them."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any
from uuid import UUID

import msgspec
import pytest

from taskflowmq.core.audit import Act, AuditQuery, Caller, Via, view_object
from taskflowmq.core.errors import Conflict, InvalidJob
from taskflowmq.core.job import Sort
from taskflowmq.core.views import MAX_VIEWS, SHARED, SavedView, ViewChange, ViewContent, changed_view
from taskflowmq.ports.store import Store
from taskflowmq.testing.conformance.support import NOON, TENANT, Rig, StoreSuite

ADA = Caller(actor="ada", via=Via.REST, role="admin", reason="each morning", request_id="r-1")
BOB = Caller(actor="bøb", via=Via.CLI)
ONE, TWO = UUID(int=1), UUID(int=2)


def view(name: str = "Mail", **given: Any) -> ViewContent:
    """Return a view that differs from the defaults in every field."""
    content = ViewContent(name=name, filter="queue:mäil", sort=Sort.OLDEST, range="24h", columns=("queue", "ended"))
    return msgspec.structs.replace(content, **given)


def to(content: ViewContent) -> ViewChange:
    """Return the change that puts a content in the place of any."""
    return lambda _: content


def _changed(fields: dict[str, Any], kept: ViewContent) -> ViewContent:
    return changed_view(kept, fields)


async def names(store: Store, owner: str | None, tenant: str = TENANT) -> list[str]:
    """Return the names of the views that an owner reads."""
    return [one.name for one in await store.views.list_views(tenant, owner)]


async def acts(store: Store, view_id: UUID) -> list[Act]:
    """Return what was done to a view, oldest first."""
    query = AuditQuery(tenant=TENANT, object=view_object(view_id))
    page = await store.audit.list_acts(query, limit=100, below=None)
    return [one.act for one in reversed(page.items)]


class TestViews(StoreSuite):
    """Views of two owners, and shared ones."""

    async def test_a_view_is_kept_as_it_was_given(self, store: Store, rig: Rig) -> None:
        made = await store.views.add(TENANT, ONE, view(), by=BOB)
        assert made == SavedView(
            id=ONE,
            owner="bøb",
            created_at=NOON,
            changed_at=NOON,
            name="Mail",
            filter="queue:mäil",
            sort=Sort.OLDEST,
            range="24h",
            columns=("queue", "ended"),
        )
        rig.clock.advance(60)
        assert await store.views.add(TENANT, ONE, view("again"), by=BOB) == made
        assert await store.views.list_views(TENANT, "bøb") == [made]

    async def test_own_views_are_read_by_their_owner_and_shared_ones_by_all(self, store: Store) -> None:
        await store.views.add(TENANT, ONE, view("b"), by=ADA)
        await store.views.add(TENANT, TWO, view("A", shared=True), by=BOB)
        await store.views.add("other", UUID(int=3), view("c", shared=True), by=ADA)
        assert await names(store, "ada") == ["A", "b"]
        assert await names(store, "bøb") == ["A"]
        assert await names(store, None) == ["A", "b"]
        assert await names(store, "ada", "other") == ["c"]
        assert not await store.views.delete("other", ONE, by=ADA, scopes=None)

    async def test_a_name_is_unique_among_own_and_among_shared_views(self, store: Store) -> None:
        await store.views.add(TENANT, ONE, view(), by=ADA)
        await store.views.add(TENANT, TWO, view(shared=True), by=ADA)
        await store.views.add(TENANT, UUID(int=3), view(), by=BOB)
        for number, shared in ((4, False), (5, True)):
            with pytest.raises(Conflict, match="is named 'Mail' already"):
                await store.views.add(TENANT, UUID(int=number), view(shared=shared), by=ADA)
        with pytest.raises(Conflict, match="a shared view is named 'Mail' already"):
            await store.views.change(TENANT, ONE, to(view(shared=True)), by=ADA, scopes=None)
        assert [one.shared for one in await store.views.list_views(TENANT, "ada")] == [False, True]
        assert [act.action for act in await acts(store, ONE)] == ["view.create"]

    async def test_a_view_is_changed_and_keeps_its_owner(self, store: Store, rig: Rig) -> None:
        made = await store.views.add(TENANT, ONE, view(), by=BOB)
        rig.clock.advance(60)
        new = ViewContent(name="Post", shared=True)
        changed = await store.views.change(TENANT, ONE, to(new), by=ADA, scopes=None)
        assert changed is not None
        assert (changed.name, changed.owner, changed.filter, changed.columns) == ("Post", "bøb", "", None)
        assert (changed.created_at, changed.changed_at > made.changed_at) == (made.created_at, True)
        assert await store.views.list_views(TENANT, "ada") == [changed]

    async def test_two_changes_at_the_same_time_are_both_kept(self, rig: Rig, other: Rig) -> None:
        await rig.store.views.add(TENANT, ONE, view(), by=ADA)
        changes: list[tuple[Rig, dict[str, Any]]] = [
            (rig, {"name": "Post"}),
            (other, {"filter": "queue:post"}),
            (rig, {"range": None}),
        ]
        await asyncio.gather(
            *(
                one.store.views.change(TENANT, ONE, partial(_changed, fields), by=ADA, scopes=None)
                for one, fields in changes
            )
        )
        (kept,) = await rig.store.views.list_views(TENANT, "ada")
        assert (kept.name, kept.filter, kept.range, kept.sort) == ("Post", "queue:post", None, Sort.OLDEST)

    async def test_a_change_that_is_refused_changes_nothing(self, store: Store) -> None:
        made = await store.views.add(TENANT, ONE, view(), by=ADA)
        with pytest.raises(InvalidJob, match="is not a column"):
            await store.views.change(TENANT, ONE, partial(_changed, {"columns": ["x"]}), by=ADA, scopes=None)
        assert await store.views.list_views(TENANT, "ada") == [made]
        assert [act.action for act in await acts(store, ONE)] == ["view.create"]

    async def test_only_views_of_the_given_scopes_are_changed(self, store: Store) -> None:
        await store.views.add(TENANT, ONE, view("mine"), by=BOB)
        await store.views.add(TENANT, TWO, view("ours", shared=True), by=BOB)
        for scopes, may in (((), False), (("ada", SHARED), False), (("bøb",), True)):
            changed = await store.views.change(TENANT, ONE, to(view("new")), by=BOB, scopes=scopes)
            assert (changed is not None) is may, scopes
        assert not await store.views.delete(TENANT, TWO, by=BOB, scopes=("bøb",))
        assert await store.views.delete(TENANT, TWO, by=BOB, scopes=("bøb", SHARED))
        assert not await store.views.delete(TENANT, TWO, by=BOB, scopes=None)
        assert await names(store, None) == ["new"]
        assert await store.views.change(TENANT, TWO, to(view()), by=BOB, scopes=None) is None

    async def test_the_audit_keeps_what_was_done(self, store: Store) -> None:
        await store.views.add(TENANT, ONE, view(), by=ADA)
        await store.views.add(TENANT, ONE, view(), by=ADA)
        await store.views.change(TENANT, ONE, to(view("Post")), by=ADA, scopes=None)
        await store.views.delete(TENANT, ONE, by=BOB, scopes=None)
        mail, post = (msgspec.to_builtins(view(name)) | {"columns": ["queue", "ended"]} for name in ("Mail", "Post"))
        about: dict[str, Any] = {"object": view_object(ONE)}
        assert await acts(store, ONE) == [
            Act(action="view.create", by=ADA, after=mail, **about),
            Act(action="view.change", by=ADA, before=mail, after=post, **about),
            Act(action="view.delete", by=BOB, before=post, **about),
        ]

    async def test_there_are_so_many_and_no_more(self, store: Store) -> None:
        for number in range(MAX_VIEWS):
            await store.views.add(TENANT, UUID(int=number), view(str(number)), by=ADA)
        with pytest.raises(Conflict, match="delete one first"):
            await store.views.add(TENANT, UUID(int=MAX_VIEWS), view("more"), by=ADA)
        await store.views.add(TENANT, UUID(int=MAX_VIEWS), view("more", shared=True), by=ADA)
        await store.views.add(TENANT, UUID(int=MAX_VIEWS + 1), view("more"), by=BOB)
