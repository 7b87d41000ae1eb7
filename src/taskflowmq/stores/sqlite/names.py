"""Numbers of tenants, lanes and tasks: jobs hold numbers, callers speak names.

Rows of these tables are never deleted, so what was committed can be remembered forever; whatever a rollback undid
must be forgotten, which the writer takes care of (its ``caches``). That a queue is in use is stored again each
hour, by the first job for it.
"""

from __future__ import annotations

from datetime import timedelta

import msgspec

from taskflowmq.core.validation import MAX_QUEUES, UNUSED_AFTER, USE_EVERY, too_many_queues
from taskflowmq.stores.sqlite.queries import q
from taskflowmq.stores.sqlite.steps import Step, Steps

UNUSED_AFTER_US, USE_EVERY_US = (span // timedelta(microseconds=1) for span in (UNUSED_AFTER, USE_EVERY))

LaneKey = tuple[str, int, str]


class Names:
    """What one connection's owner knows of the names in the store."""

    def __init__(self, max_queues: int = MAX_QUEUES) -> None:
        self.max_queues = max_queues
        self.tenants: dict[str, int] = {}
        self.tenant_names: dict[int, str] = {}
        self.lanes: dict[LaneKey, int] = {}
        #: Of these two, what was used in this hour.
        self.used_lanes: dict[LaneKey, int] = {}
        self.used_queues: dict[str, int] = {}
        self._hour_ends = 0
        self.tasks: dict[str, int] = {}

    def forget(self) -> None:
        """Forget everything: some of it may have been rolled back."""
        self.tenants.clear()
        self.tenant_names.clear()
        self.lanes.clear()
        self._forget_use()
        self.tasks.clear()

    def tenant(self, name: str) -> Steps[int]:
        """Return a tenant's number, creating it."""
        found = self.tenants.get(name)
        if found is None:
            reply = yield Step(q.ensure_tenant, {"name": name})
            found = self.tenants[name] = int(reply.rows[0][0])
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
        """Return the number of a (queue, priority, share), creating it and its queue."""
        if now >= self._hour_ends:
            self._forget_use()
            self._hour_ends = now + USE_EVERY_US
        found = self.used_lanes.get(key)
        if found is None:
            found = self.used_lanes[key] = yield from self._use(key, now)
        return found

    def _use(self, key: LaneKey, now: int) -> Steps[int]:
        queue, priority, share = key
        number = self.used_queues.get(queue)
        if number is None:
            number = self.used_queues[queue] = yield from self.queue(queue, now)
        found = self.lanes.get(key)
        if found is None:
            params = {"queue_id": number, "priority": priority, "share": share, **self._limit(now)}
            reply = yield Step(q.ensure_lane, params)
            if not reply.rows:
                raise too_many_queues(self.max_queues)
            found = self.lanes[key] = int(reply.rows[0][0])
        return found

    def queue(self, name: str, now: int) -> Steps[int]:
        """Return a queue's number, creating it; it is in use from now on.

        Raises:
            InvalidJob: there would be too many.
        """
        reply = yield Step(q.ensure_queue, {"name": name, "now": now, **self._limit(now)})
        if not reply.rows:
            raise too_many_queues(self.max_queues)
        return int(reply.rows[0][0])

    def _limit(self, now: int) -> dict[str, int]:
        return {"most": self.max_queues, "since": now - UNUSED_AFTER_US}

    def task(self, name: str, now: int) -> Steps[int]:
        """Return a task's number, creating it."""
        found = self.tasks.get(name)
        if found is None:
            reply = yield Step(q.ensure_task, {"name": name, "now": now})
            found = self.tasks[name] = int(reply.rows[0][0])
        return found

    def known(self, tasks: tuple[str, ...]) -> Steps[dict[int, str]]:
        """Return the numbers of those tasks that the store knows; the others cannot have jobs yet."""
        if not all(name in self.tasks for name in tasks):
            reply = yield Step(q.read_task_ids, {})
            self.tasks.update(msgspec.json.decode(reply.rows[0][0]))
        return {self.tasks[name]: name for name in tasks if name in self.tasks}
