"""``app.views``: saved views of the list of jobs."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

import msgspec

from taskflowmq.client.acting import Acting
from taskflowmq.client.hub import Hub
from taskflowmq.client.ids import new_id
from taskflowmq.client.session import Session
from taskflowmq.client.sync import sync_twin
from taskflowmq.core.audit import Caller
from taskflowmq.core.errors import ViewNotFound
from taskflowmq.core.job import Sort
from taskflowmq.core.views import BuiltInView, SavedView, ViewChange, ViewContent, check_view, find_view
from taskflowmq.ports.store import Store


def read_view_id(text: UUID | str) -> UUID:
    """Return the id of a view that is kept.

    Raises:
        ViewNotFound: it is none; a built-in view has none, and is not changed.
    """
    try:
        return text if isinstance(text, UUID) else UUID(text)
    except ValueError:
        raise ViewNotFound(f"there is no view {text!r:.80} that can be changed") from None


async def change_view(
    store: Store, view: SavedView, change: ViewChange, *, by: Caller, scopes: tuple[str, ...] | None
) -> SavedView:
    """Change the content of a view as it is kept now.

    Raises:
        ViewNotFound: it is gone, or the caller may not change it.
        Conflict: another view has the name.
    """
    changed = await store.views.change(by.tenant, view.id, change, by=by, scopes=scopes)
    if changed is None:
        raise ViewNotFound(f"there is no view {view.id} that can be changed")
    return changed


class Views:
    """Saved views of an app's tenant. A program reads and changes those of every owner; what it adds is its actor's."""

    def __init__(self, hub: Hub[Session], tenant: str, acting: Acting) -> None:
        self._hub = hub
        self._tenant = tenant
        self._acting = acting

    async def alist(self) -> list[SavedView]:
        """Return the views that are kept, of all owners, by name. Built-in ones are ``core.views.BUILT_IN``."""
        return await self._hub.call(lambda session: session.asked.views.list_views(self._tenant, None))

    async def afind(self, wanted: str) -> SavedView | BuiltInView:
        """Return the view of this name or id; ``app.jobs.list(**view.query())`` reads its jobs.

        An own view goes before a shared one, that before a built-in one, and that before those of other owners.

        Raises:
            ViewNotFound: there is none.
            Conflict: several owners have one of this name.
        """
        return find_view(await self.alist(), wanted, self._acting.actor)

    async def aadd(
        self,
        name: str,
        *,
        filter: str = "",  # noqa: A002 - its name everywhere
        sort: Sort | str = Sort.NEWEST,
        range: str | None = None,  # noqa: A002 - its name everywhere
        columns: Iterable[str] | None = None,
        shared: bool = False,
        reason: str | None = None,
        actor: str | None = None,
    ) -> SavedView:
        """Keep a view. The audit keeps who did, and why.

        Args:
            name: on one line, at most 60 characters.
            filter: conditions, as for ``app.jobs.list()``; empty for all jobs.
            sort: "newest" or "oldest" first.
            range: 15m, 1h, 6h, 24h, 7d or 30d, or two times as ``<from>..<to>``; None: any time.
            columns: of the list in the dashboard; None: as its reader has chosen.
            shared: for every reader of the tenant, not only for its owner.
            reason: why, on one line.
            actor: the owner.

        Raises:
            InvalidJob: an argument is wrong.
            Conflict: another view has the name, or there are too many.
        """
        content = check_view(name, filter=filter, sort=sort, range=range, columns=columns, shared=shared)
        by = self._acting.caller(actor, reason, keeps_view=True)
        return await self._hub.call(lambda session: session.asked.views.add(self._tenant, new_id(), content, by=by))

    async def arename(
        self, wanted: str, name: str, *, shared: bool | None = None, reason: str | None = None, actor: str | None = None
    ) -> SavedView:
        """Give a view another name, and share it or not. The audit keeps who did, and why.

        Args:
            wanted: its name or id.
            name: the new one.
            shared: whether it is shared from now on; None: as before.
            reason: why, on one line.
            actor: the operator, as others shall see them.

        Raises:
            ViewNotFound: there is no such view, or it is built in.
            InvalidJob: the name is wrong.
            Conflict: another view has the name.
        """
        view, by = await self._kept(wanted), self._acting.caller(actor, reason, keeps_view=True)
        new = check_view(name)

        def change(kept: ViewContent) -> ViewContent:
            return msgspec.structs.replace(kept, name=new.name, shared=kept.shared if shared is None else shared)

        return await self._hub.call(lambda session: change_view(session.asked, view, change, by=by, scopes=None))

    async def adelete(self, wanted: str, *, reason: str | None = None, actor: str | None = None) -> None:
        """Delete a view, by its name or id. The audit keeps who did, and why.

        Raises:
            ViewNotFound: there is no such view, or it is built in.
        """
        view, by = await self._kept(wanted), self._acting.caller(actor, reason, keeps_view=True)
        await self._hub.call(lambda session: session.asked.views.delete(self._tenant, view.id, by=by, scopes=None))

    async def _kept(self, wanted: str) -> SavedView:
        found = await self.afind(wanted)
        if isinstance(found, BuiltInView):
            raise ViewNotFound(f"the view {found.name!r} is built in: it cannot be changed")
        return found

    find = sync_twin(afind)
    add = sync_twin(aadd)
    rename = sync_twin(arename)
    delete = sync_twin(adelete)
    list = sync_twin(alist)
