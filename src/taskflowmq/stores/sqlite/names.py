"""Numbers of tenants, lanes and tasks: jobs hold numbers, callers use names. Names are unique within a tenant.

Rows of these tables are never deleted, so what was committed can be remembered forever; what a rollback undid must be
forgotten, which the writer does (its ``caches``). That a queue is in use is stored again each hour, by the first job
for it.
"""

from __future__ import annotations

import sqlite3
from datetime import timedelta
from typing import NamedTuple

import msgspec

from taskflowmq.core.validation import MAX_QUEUES, UNUSED_AFTER, USE_EVERY, too_many_queues
from taskflowmq.stores.common.namespaces import unfinished
from taskflowmq.stores.sqlite.queries import q
from taskflowmq.stores.sqlite.steps import Step, Steps

UNUSED_AFTER_US, USE_EVERY_US = (span // timedelta(microseconds=1) for span in (UNUSED_AFTER, USE_EVERY))

#: (tenant, queue, priority, share) and (tenant, queue or task): a tenant by its number.
LaneKey = tuple[int, str, int, str]
NameKey = tuple[int, str]


class FoundTenant(NamedTuple):
    """A tenant that is stored."""

    id: int
    is_only: bool


class KnownTasks(NamedTuple):
    """The tasks among some that a tenant has."""

    names: dict[int, str]
    #: The numbers, as the statements of a claim search in them.
    text: str
    #: Whether all of them exist, which stays true. If not, this was so when the store's newest task was ``newest``.
    is_whole: bool
    newest: int


class Names:
    """The names of the store, as one connection's owner knows them."""

    def __init__(self, max_queues: int = MAX_QUEUES) -> None:
        self.max_queues = max_queues
        self.tenants: dict[str, int] = {}
        self.tenant_names: dict[int, str] = {}
        self.lanes: dict[LaneKey, int] = {}
        #: Lanes and queues that were used in this hour.
        self.used_lanes: dict[LaneKey, int] = {}
        self.used_queues: dict[NameKey, int] = {}
        self._hour_ends = 0
        self.tasks: dict[NameKey, int] = {}
        self._known: dict[tuple[int, tuple[str, ...]], KnownTasks] = {}
        self._served: dict[tuple[str, ...], list[int]] = {}

    def forget(self) -> None:
        """Forget everything: some of it may have been rolled back."""
        self.tenants.clear()
        self.tenant_names.clear()
        self.lanes.clear()
        self._forget_use()
        self.tasks.clear()
        self._known.clear()
        self._served.clear()

    def tenant(self, name: str) -> Steps[int]:
        """Return a tenant's number, creating it."""
        found = self.tenants.get(name)
        if found is None:
            reply = yield Step(q.ensure_tenant, {"name": name})
            found = self.tenants[name] = int(reply.rows[0][0])
        return found

    def stored_tenant(self, name: str) -> Steps[int | None]:
        """Return a tenant's number, or None for one that was never used."""
        found = self.tenants.get(name)
        if found is None:
            reply = yield Step(q.find_tenant, {"name": name})
            if reply.rows:
                found = self.tenants[name] = int(reply.rows[0][0])
        return found

    def served(self, tenants: tuple[str, ...]) -> Steps[list[int]]:
        """Return the numbers of those tenants that the store knows; the others cannot have jobs yet."""
        found = self._served.get(tenants)
        if found is None:
            found = []
            for name in tenants:
                number = yield from self.stored_tenant(name)
                if number is not None:
                    found.append(number)
            if len(found) == len(tenants):
                self._served[tenants] = found
        return found

    def tenant_name(self, number: int) -> Steps[str]:
        """Return a tenant's name."""
        if number not in self.tenant_names:
            reply = yield Step(q.read_tenants, {})
            self.tenant_names.update(reply.rows)
        return self.tenant_names[number]

    def _forget_use(self) -> None:
        self.used_lanes.clear()
        self.used_queues.clear()

    def lane(self, key: LaneKey, now: int) -> Steps[int]:
        """Return the number of a (tenant, queue, priority, share), creating it and its queue."""
        if now >= self._hour_ends:
            self._forget_use()
            self._hour_ends = now + USE_EVERY_US
        found = self.used_lanes.get(key)
        if found is None:
            found = self.used_lanes[key] = yield from self._use(key, now)
        return found

    def _use(self, key: LaneKey, now: int) -> Steps[int]:
        tenant_id, queue, priority, share = key
        number = self.used_queues.get((tenant_id, queue))
        if number is None:
            number = self.used_queues[tenant_id, queue] = yield from self.queue(tenant_id, queue, now)
        found = self.lanes.get(key)
        if found is None:
            params = {"queue_id": number, "priority": priority, "share": share, **self._limit(tenant_id, now)}
            reply = yield Step(q.ensure_lane, params)
            if not reply.rows:
                raise too_many_queues(self.max_queues)
            found = self.lanes[key] = int(reply.rows[0][0])
        return found

    def queue(self, tenant_id: int, name: str, now: int) -> Steps[int]:
        """Return a queue's number, creating it; it is in use from now on.

        Raises:
            InvalidJob: there would be too many.
            SchemaMismatch: another tenant has the name, and the store still allows it once.
        """
        reply = yield Step(q.ensure_queue, {"name": name, "now": now, **self._limit(tenant_id, now)}, True)
        if reply.clash:
            raise unfinished()
        if not reply.rows:
            raise too_many_queues(self.max_queues)
        return int(reply.rows[0][0])

    def _limit(self, tenant_id: int, now: int) -> dict[str, int]:
        return {"tenant_id": tenant_id, "most": self.max_queues, "since": now - UNUSED_AFTER_US}

    def task(self, tenant_id: int, name: str, now: int) -> Steps[int]:
        """Return a task's number, creating it.

        Raises:
            SchemaMismatch: another tenant has the name, and the store still allows it once.
        """
        found = self.tasks.get((tenant_id, name))
        if found is None:
            reply = yield Step(q.ensure_task, {"tenant_id": tenant_id, "name": name, "now": now}, True)
            if reply.clash:
                raise unfinished()
            found = self.tasks[tenant_id, name] = int(reply.rows[0][0])
        return found

    def known(self, tenant_id: int, tasks: tuple[str, ...]) -> Steps[KnownTasks]:
        """Return the numbers of those tasks that a tenant has; the others cannot have jobs yet."""
        known = self._known.get((tenant_id, tasks))
        if known is not None and known.is_whole:
            return known
        reply = yield Step(q.read_newest_task, {})
        (newest,) = reply.rows[0]
        if known is None or known.newest != newest:
            reply = yield Step(q.read_task_ids, {"tenant_id": tenant_id})
            stored: dict[str, int] = msgspec.json.decode(reply.rows[0][0])
            found = {stored[name]: name for name in tasks if name in stored}
            text = f",{','.join(map(str, sorted(found)))},"
            known = self._known[tenant_id, tasks] = KnownTasks(found, text, len(found) == len(set(tasks)), newest)
        return known


def find_tenant(conn: sqlite3.Connection, name: str) -> FoundTenant | None:
    """Return a stored tenant, for readers."""
    found = conn.execute(q.find_tenant, {"name": name}).fetchone()
    return None if found is None else FoundTenant(found[0], bool(found[1]))
