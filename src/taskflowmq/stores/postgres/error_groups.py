"""Groups of errors on PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from taskflowmq.core.audit import Caller
from taskflowmq.core.error_groups import (
    MOST_DEAD,
    ErrorGroup,
    GroupCounts,
    GroupQuery,
    GroupRelease,
    GroupReleases,
    GroupState,
    Occurrences,
)
from taskflowmq.core.errors import InvalidJob
from taskflowmq.stores.common.audit import error_act
from taskflowmq.stores.common.error_groups import CommonErrors, small_letters, trend_of
from taskflowmq.stores.postgres.audit import write_with_act
from taskflowmq.stores.postgres.names import Names
from taskflowmq.stores.postgres.pool import Pool
from taskflowmq.stores.postgres.queries import q


class PostgresErrors(CommonErrors):
    """Implements :class:`~taskflowmq.ports.store.Errors`."""

    def __init__(self, pool: Pool, names: Names, now: Callable[[], datetime | None]) -> None:
        self._pool = pool
        self._names = names
        self._now = now

    async def append(self, seen: Sequence[Occurrences], *, writer: UUID | None = None) -> None:
        """Append failures, of the release that a worker announced, and make the groups that are new."""
        if not seen:
            return
        try:
            await self._pool.fetch(q.append_occurrences, self._now(), *_columns(seen, lambda text: text), writer)
        except InvalidJob:  # the encoding of the database lacks a character of a message
            await self._pool.fetch(q.append_occurrences, self._now(), *_columns(seen, _in_ascii), writer)

    async def count(self, tenant: str) -> GroupCounts:
        """Return how many groups a tenant has, by state."""
        row = await self._pool.fetchrow(q.count_groups, self._now(), await self._names.tenant(tenant))
        return GroupCounts(open=row["open"], resolved=row["resolved"], muted=row["muted"], new=row["new"])

    async def releases(self, tenant: str, fingerprint: str, limit: int) -> GroupReleases:
        """Return in which releases a group occurred, the newest first; what is of no release last."""
        tenant_id = await self._names.tenant(tenant)
        found = await self._pool.fetch(q.read_group_releases, tenant_id, fingerprint, limit)
        items = [
            GroupRelease(name=row["name"], count=row["count"], first_at=row["first_at"], last_at=row["last_at"])
            for row in found
        ]
        return GroupReleases(items, found[0]["total"] if found else 0)

    async def mark(
        self, tenant: str, fingerprint: str, state: GroupState, *, by: Caller, until: datetime | None = None
    ) -> bool:
        """Put a group into a state, whatever it is in; False if there is no such group."""
        tenant_id = await self._names.tenant(tenant)
        wanted = (tenant_id, fingerprint, state, until, _in_ascii(by.actor))  # a database may have another encoding
        act = error_act(fingerprint, state, until, by)
        return await write_with_act(self._pool, self._now(), q.mark_group, (self._now(), *wanted), act)

    async def _time(self) -> datetime:
        now: datetime = await self._pool.fetchval(q.read_now, self._now())
        return now

    async def _read(self, query: GroupQuery, fingerprint: str | None) -> list[ErrorGroup]:
        tenant_id = await self._names.tenant(query.tenant)
        wanted = (fingerprint, query.state, query.task, small_letters(query.text), query.sort, query.limit)
        after = query.after or (None, None)
        found = await self._pool.fetch(q.read_groups, self._now(), tenant_id, *wanted, *after, MOST_DEAD)
        return [_group(row) for row in found]

    async def _join(self, span_s: int, until: datetime, most_s: int, spans: tuple[int, ...]) -> int:
        joined: int = await self._pool.fetchval(q.merge_occurrences, span_s, until, most_s, list(spans))
        return joined

    async def _find_full(self, most: int) -> Sequence[tuple[int, str]]:
        return [(row["id"], row["name"]) for row in await self._pool.fetch(q.list_full_tenants, most)]

    async def _list_excess(self, tenant_id: int, most: int, limit: int) -> Sequence[tuple[str, str, str]]:
        found = await self._pool.fetch(q.list_excess_groups, self._now(), tenant_id, most, limit)
        return [(row["fingerprint"], row["task"], row["type"]) for row in found]

    async def _delete(self, tenant_id: int, fingerprints: Sequence[str]) -> None:
        async def delete(conn: Any) -> None:
            async with conn.transaction():
                for statement in (q.delete_occurrences, q.delete_groups):
                    await conn.execute(statement, tenant_id, fingerprints)

        await self._pool.run(delete)

    async def _prune(self, until: datetime, limit: int) -> int:
        gone = 0
        for statement in (q.prune_occurrences, q.prune_groups):
            gone += await self._pool.run(partial(_delete, statement, until, limit))
        return gone


async def _delete(statement: str, until: datetime, limit: int, conn: Any) -> int:
    status: str = await conn.execute(statement, until, limit)
    return int(status.rpartition(" ")[2])  # the tag of the statement: DELETE 7


def _columns(seen: Sequence[Occurrences], shown: Callable[[str], str]) -> list[list[Any]]:
    return [
        [one.tenant for one in seen],
        [one.task for one in seen],
        [one.kind.fingerprint for one in seen],
        [shown(one.kind.type) for one in seen],
        [shown(one.kind.message) for one in seen],
        [one.count for one in seen],
        [one.first_age_ms for one in seen],
        [one.last_age_ms for one in seen],
        [one.job_id for one in seen],
    ]


def _in_ascii(text: str) -> str:
    return text.encode("ascii", "backslashreplace").decode()


def _group(row: Any) -> ErrorGroup:
    return ErrorGroup(
        fingerprint=row["fingerprint"],
        type=row["type"],
        message=row["message"],
        task=row["task"],
        state=GroupState(row["state"]),
        count=row["count"],
        first_at=row["first_at"],
        last_at=row["last_at"],
        trend=trend_of(row["trend"]),
        dead=row["dead"],
        job_id=row["job_id"],
        resolved_at=row["resolved_at"],
        muted_until=row["muted_until"],
        changed_at=row["changed_at"],
        changed_by=row["changed_by"],
        new_in=row["new_in"],
        resolved_release=row["resolved_release"],
    )
