"""Names and their numbers, remembered per process and made on demand, outside of any batch.

Rows never change their number, so what is remembered stays true until the database itself is replaced; then the
connection broke, and everything is forgotten (``Pool.generation``). That a queue is in use is stored again each hour,
by the first job for it; a timer forgets what was stored, so that enqueueing itself reads no clock.
"""

from __future__ import annotations

import asyncio
import contextvars
import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from taskflowmq.core.errors import StoreForbidden, StoreUnavailable
from taskflowmq.core.job import QueueRef
from taskflowmq.core.validation import MAX_QUEUES, UNUSED_AFTER, USE_EVERY, too_many_queues
from taskflowmq.stores.postgres import errors
from taskflowmq.stores.postgres.pool import Pool
from taskflowmq.stores.postgres.queries import q
from taskflowmq.stores.postgres.queue_names import QueueNames

#: How old the knowledge of lanes and pauses may be when a claim begins. Claims check pauses themselves.
LANES_MAX_AGE_S = 1.5
#: Up to this many lanes, all are read again each time and all are claimed from. Beyond it, only the relevant ones: a
#: program that generates queue names must not slow down the others (ADR 7).
MANY_LANES = 256

#: Programs that use this library never see it: they commit new names before they use them.
_HELD = (
    "PostgreSQL: another transaction is creating this tenant, task or queue name and stays open"
    " (SQL that calls taskflow.enqueue_v1?). The name exists once that transaction ends"
)

_NO_USE = (
    "this role cannot record its use of a queue: after 7 days, empty queues of its jobs are not listed."
    " As the owner, run: GRANT UPDATE (used_at) ON taskflow.queue TO the role"
)
log = logging.getLogger("taskflowmq.store")

#: Tenant, queue, priority and share; tenant and task.
LaneKey = tuple[str, str, int, str]
TaskKey = tuple[str, str]
#: The key of a lane in the store: the number of its tenant, the name of its queue, priority and share.
_Place = tuple[int, str, int, str]


class Lane(msgspec.Struct, frozen=True, gc=False):
    """One ordered line of ready jobs."""

    id: int
    tenant_id: int
    queue_id: int
    queue: str
    priority: int
    share: str
    paused: bool


def _key(row: Any) -> _Place:
    return row["tenant_id"], row["queue"], row["priority"], row["share"]


def _lane(row: Any) -> Lane:
    return Lane(
        row["id"], row["tenant_id"], row["queue_id"], row["queue"], row["priority"], row["share"], row["paused"]
    )


class NameRows(NamedTuple):
    """The numbers of a batch's names."""

    tenants: dict[str, int]
    tasks: dict[TaskKey, int]
    lanes: dict[LaneKey, int]


class Names:
    """Tenants, tasks, queues and lanes of one database."""

    def __init__(self, pool: Pool, now: Callable[[], datetime | None], max_queues: int = MAX_QUEUES) -> None:
        self._pool = pool
        self._max_queues = max_queues
        self._now = now
        self.queues = QueueNames(pool)
        self._generation = pool.generation
        self._hour: asyncio.TimerHandle | None = None
        self._may_note_use = True
        self._forget_all()

    def _forget_all(self) -> None:
        self._tenants: dict[str, int] = {}
        self._tasks: dict[TaskKey, int] = {}
        self._lane_ids: dict[_Place, int] = {}
        self._tenant_names: dict[int, str] = {}
        self._task_names: dict[int, str] = {}
        self._lanes: dict[int, Lane] = {}
        self._queues: set[tuple[int, str]] = set()
        self._tasks_anywhere: dict[tuple[tuple[str, ...] | None, tuple[str, ...]], tuple[float, list[int]]] = {}
        self._lanes_at = float("-inf")
        self._forget_use()

    def _forget_use(self) -> None:
        # New ones: a holder of what was known before must see no change of it.
        self._used: dict[LaneKey, int] = {}
        self._used_queues: set[QueueRef] = set()

    def _end_hour(self) -> None:
        self._hour = None
        self._forget_use()

    def close(self) -> None:
        """Stop the timer."""
        if self._hour is not None:
            self._hour.cancel()
            self._end_hour()

    def _check_generation(self) -> None:
        if self._generation != self._pool.generation:
            self._generation = self._pool.generation
            self._forget_all()

    def forget_lanes(self) -> None:
        """Read lanes and pauses again before the next claim."""
        self._lanes_at = float("-inf")
        self._tasks_anywhere = {}

    @property
    def has_many_lanes(self) -> bool:
        """Whether there are more lanes than are claimed from one by one."""
        return len(self._lanes) > MANY_LANES

    def knows_queue(self, queue: QueueRef) -> bool:
        """Tell whether a lane of this queue has been seen."""
        tenant = self._tenants.get(queue.tenant)
        return tenant is not None and (tenant, queue.queue) in self._queues

    def knows(self, tasks: Iterable[TaskKey], lanes: Iterable[LaneKey]) -> bool:
        """Tell whether all these names are remembered. Changes nothing, so that any thread may ask."""
        return (
            self._generation == self._pool.generation
            and all(key in self._tasks for key in tasks)
            and all(key in self._used for key in lanes)
        )

    async def make(self, tasks: Iterable[TaskKey], lanes: Iterable[LaneKey]) -> NameRows:
        """Return the numbers of all these names, making those that are new.

        Raises:
            StoreUnavailable: also where another session makes one of them in a transaction that stays open.
            SchemaMismatch: names are not yet unique per tenant in this store, and another tenant has one of them.
        """
        try:
            return await self._make(tasks, lanes)
        except StoreUnavailable as error:
            if error.__cause__ is not None and errors.code_of(error.__cause__) == errors.LOCK_TIMEOUT:
                raise StoreUnavailable(_HELD) from error
            raise

    async def _make(self, tasks: Iterable[TaskKey], lanes: Iterable[LaneKey]) -> NameRows:
        self._check_generation()
        # Held from here on: if a connection breaks while we wait, what is remembered is forgotten.
        known = NameRows(self._tenants, self._tasks, self._used)
        new_tasks = {key for key in tasks if key not in known.tasks}
        new_lanes = {key for key in lanes if key not in known.lanes}
        if not new_tasks and not new_lanes:
            return known
        tenants = sorted({key[0] for key in new_tasks} | {key[0] for key in new_lanes})
        if new_tenants := [name for name in tenants if name not in known.tenants]:
            known.tenants.update(await self._make_tenants(new_tenants))
        for tenant in tenants:  # most batches are of one
            tenant_id = known.tenants[tenant]
            if names := sorted(task for of, task in new_tasks if of == tenant):
                made = await self._make_tasks(tenant_id, names)
                known.tasks.update({(tenant, task): number for task, number in made.items()})
            if keys := sorted(key for key in new_lanes if key[0] == tenant):
                known.lanes.update(await self._use_lanes(tenant, tenant_id, keys))
        return known

    async def make_tenant(self, name: str) -> int:
        """Return the number of a tenant, made if it is new."""
        self._check_generation()
        found = self._tenants.get(name)
        return found if found is not None else (await self._make_tenants([name]))[name]

    async def _make_tenants(self, names: Sequence[str]) -> dict[str, int]:
        await self._pool.fetch(q.ensure_tenant, names)
        return await self._read_tenants(names)

    async def _read_tenants(self, names: Sequence[str]) -> dict[str, int]:
        found = {row["name"]: row["id"] for row in await self._pool.fetch(q.read_tenants, names)}
        self._tenants.update(found)
        self._tenant_names.update((number, name) for name, number in found.items())
        return found

    async def _make_tasks(self, tenant_id: int, names: Sequence[str]) -> dict[str, int]:
        await self._pool.fetch(q.ensure_task, self._now(), names, tenant_id)
        found = {row["name"]: row["id"] for row in await self._pool.fetch(q.read_tasks, names, tenant_id)}
        self._task_names.update((number, name) for name, number in found.items())
        self._tasks_anywhere = {}
        return found

    async def _use_lanes(self, tenant: str, tenant_id: int, keys: Sequence[LaneKey]) -> dict[LaneKey, int]:
        """Return the numbers of a tenant's lanes, making those that are new; their queues are in use from now on."""
        used = self._used_queues
        queues = sorted({queue for _, queue, _, _ in keys if (tenant, queue) not in used})
        if queues:
            new_queues = [queue for queue in queues if (tenant_id, queue) not in self._queues]
            await (self._make_queues(tenant_id, queues) if new_queues else self._note_use(tenant_id, queues))
            used.update(QueueRef(tenant, queue) for queue in queues)
        # Held: what is learned of lanes meanwhile replaces it, and may have been read before these were made.
        known = self._lane_ids
        new = [key[1:] for key in keys if (tenant_id, *key[1:]) not in known]
        if new:
            known = known | await self._make_lanes(tenant_id, new)
        return {key: known[tenant_id, *key[1:]] for key in keys}

    async def _make_lanes(self, tenant_id: int, keys: Sequence[tuple[str, int, str]]) -> dict[_Place, int]:
        columns = [list(column) for column in zip(*keys, strict=True)]
        limit = (self._max_queues, self._now(), UNUSED_AFTER)
        if await self._pool.fetchval(q.ensure_lane, *columns, *limit, tenant_id):
            raise too_many_queues(self._max_queues)
        rows = await self._pool.fetch(q.read_lanes, *columns, tenant_id)
        self._add_lanes(rows)
        return {_key(row): row["id"] for row in rows}

    async def make_queue(self, queue: QueueRef) -> int:
        """Make a queue that does not exist yet; it is in use from now on. Return the number of its tenant.

        Raises:
            InvalidJob: there would be too many.
            SchemaMismatch: as for :meth:`make`.
        """
        tenant_id = await self.make_tenant(queue.tenant)
        await self._make_queues(tenant_id, [queue.queue])
        return tenant_id

    async def _make_queues(self, tenant_id: int, names: Sequence[str]) -> None:
        limit = (self._max_queues, self._now(), UNUSED_AFTER)
        if await self._pool.fetchval(q.ensure_queue, names, *limit, tenant_id):
            raise too_many_queues(self._max_queues)
        await self._note_use(tenant_id, names)

    async def _note_use(self, tenant_id: int, names: Sequence[str]) -> None:
        if self._hour is None:
            loop, seconds = asyncio.get_running_loop(), USE_EVERY.total_seconds()
            self._hour = loop.call_later(seconds, self._end_hour, context=contextvars.Context())
        if self._may_note_use:
            try:
                await self._pool.fetch(q.note_use, self._now(), names, USE_EVERY, tenant_id)
            except StoreForbidden:
                # A role made for an older version: its jobs matter more than how long a list names their queue.
                self._may_note_use = False
                log.warning("%s", _NO_USE)

    async def tenant(self, name: str) -> int | None:
        """Return the number of a tenant, or None if it was never used."""
        self._check_generation()
        known = self._tenants.get(name)
        return known if known is not None else (await self._read_tenants([name])).get(name)

    async def tenant_ids(self, names: Sequence[str]) -> frozenset[int] | None:
        """Return the numbers of those tenants that were ever used; None, for every tenant, if none is named."""
        if not names:
            return None
        self._check_generation()
        known = self._tenants
        if new := [name for name in names if name not in known]:
            known = known | await self._read_tenants(new)
        return frozenset([known[name] for name in names if name in known])

    async def known_tasks(self, tenants: tuple[str, ...], names: tuple[str, ...], *, fresh: bool = False) -> list[int]:
        """Return the numbers of those tasks that these tenants have, or of every tenant if none is named.

        Args:
            tenants: names of tenants.
            names: names of tasks.
            fresh: read those of several tenants now; those of one that it lacks are read each time.
        """
        self._check_generation()
        if len(tenants) != 1:
            return await self._known_anywhere(tenants, names, fresh=fresh)
        (tenant,) = tenants
        known = self._tasks
        if new := [name for name in names if (tenant, name) not in known]:
            tenant_id = await self.tenant(tenant)
            rows = [] if tenant_id is None else await self._pool.fetch(q.read_tasks, new, tenant_id)
            self._task_names.update((row["id"], row["name"]) for row in rows)
            found = {(tenant, row["name"]): row["id"] for row in rows}
            self._tasks.update(found)
            known = known | found
        return [known[tenant, name] for name in names if (tenant, name) in known]

    async def _known_anywhere(self, tenants: tuple[str, ...], names: tuple[str, ...], *, fresh: bool) -> list[int]:
        """Return the numbers of tasks in several tenants, as old as lanes may be: most tenants have only some."""
        at, found = self._tasks_anywhere.get((tenants, names), (float("-inf"), []))
        began = time.monotonic()
        if fresh or began - at > LANES_MAX_AGE_S:
            memory, tenant_ids = self._tasks_anywhere, await self.tenant_ids(tenants)
            if tenant_ids is None or tenant_ids:
                rows = await self._pool.fetch(q.find_tasks, sorted(tenant_ids or ()), list(names))
                found = [row["id"] for row in rows]
            memory[tenants, names] = began, found
        return found

    async def lanes(self, *, fresh: bool = False) -> dict[int, Lane]:
        """Return every lane by number, at most :data:`LANES_MAX_AGE_S` old, or read now."""
        self._check_generation()
        if fresh or time.monotonic() - self._lanes_at > LANES_MAX_AGE_S:
            await self._renew_lanes()
        return self._lanes

    async def _renew_lanes(self) -> None:
        """Read every lane; of many lanes, only those that are new or paused."""
        if len(self._lanes) <= MANY_LANES:
            await self._read_lanes()
            return
        began = time.monotonic()
        rows = await self._pool.fetch(q.list_changed_lanes, max(self._lanes))
        paused = {row["id"] for row in rows if row["paused"]}
        resumed = [lane for lane in self._lanes.values() if lane.paused and lane.id not in paused]
        lanes = {lane.id: msgspec.structs.replace(lane, paused=False) for lane in resumed}
        self._add_lanes([row for row in rows if self._lanes.get(row["id"]) != _lane(row)], lanes)
        self._lanes_at = began

    def _add_lanes(self, rows: Sequence[Any], others: Mapping[int, Lane] | None = None) -> None:
        """Remember lanes besides the others. A holder of what was returned before must see no change of it."""
        if rows or others:
            self._lanes = {**self._lanes, **(others or {}), **{row["id"]: _lane(row) for row in rows}}
            self._lane_ids |= {_key(row): row["id"] for row in rows}
            self._queues |= {(row["tenant_id"], row["queue"]) for row in rows}
            self.queues.learn(rows, self._tenant_names)

    async def find_lanes(self, lane_ids: Sequence[int]) -> dict[int, Lane]:
        """Return every lane; these are among them."""
        if any(lane_id not in self._lanes for lane_id in lane_ids):
            await self._read_lanes()
        return self._lanes

    async def _read_lanes(self) -> None:
        began = time.monotonic()
        self.learn_lanes(await self._pool.fetch(q.list_lanes), began)

    def learn_lanes(self, rows: Sequence[Any], began: float) -> dict[int, Lane]:
        """Remember every lane as it was read by a statement that began then (monotonic seconds), and return them."""
        self._lanes = {row["id"]: _lane(row) for row in rows}
        self._queues = {(row["tenant_id"], row["queue"]) for row in rows}
        self.queues.learn(rows, self._tenant_names)
        self._lane_ids = {_key(row): row["id"] for row in rows}
        self._lanes_at = began
        return self._lanes

    async def name_rows(self, tenant_ids: set[int], task_ids: set[int]) -> tuple[dict[int, str], dict[int, str]]:
        """Return the names of tenants and tasks by number, and read those that are not known yet."""
        # Held, as in make(): the jobs that need these names have been claimed.
        tenants, tasks = self._tenant_names, self._task_names
        no_tenants = tenant_ids - tenants.keys()
        no_tasks = task_ids - tasks.keys()
        if no_tenants or no_tasks:
            for row in await self._pool.fetch(q.read_names, list(no_tenants), list(no_tasks)):
                known = tenants if row["kind"] == "tenant" else tasks
                known[row["id"]] = row["name"]
            if (tenant_ids - tenants.keys()) or (task_ids - tasks.keys()):
                raise StoreUnavailable("the database was replaced while the store was open: names are missing")
        return tenants, tasks
