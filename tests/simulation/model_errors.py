"""Groups of errors, in the model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
from tests.simulation.rows import Data, Failures, Group

from taskflowmq.core.audit import Caller
from taskflowmq.core.error_groups import (
    MOST_DEAD,
    TREND_HOURS,
    ErrorGroup,
    Excess,
    GroupCounts,
    GroupPage,
    GroupQuery,
    GroupRelease,
    GroupReleases,
    GroupSort,
    GroupState,
    Occurrences,
    excess_of,
    place_of,
)
from taskflowmq.core.history import HistoryKept
from taskflowmq.stores.common.audit import error_act

SECOND, MINUTE, HOUR, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


class ModelErrors:
    """Failures by kind."""

    def __init__(self, data: Data, now: Callable[[], datetime]) -> None:
        self._data, self._now = data, now

    async def append(self, seen: Sequence[Occurrences], *, writer: UUID | None = None) -> None:
        data, now = self._data, self._now()
        worker = None if writer is None else data.workers.get(writer)
        release = None if worker is None else worker.release
        for one in seen:
            if (one.tenant, one.task) not in data.tasks:
                continue
            key = one.tenant, one.kind.fingerprint
            first, last = (now - timedelta(milliseconds=age) for age in (one.first_age_ms, one.last_age_ms))
            group = Group(
                type=one.kind.type,
                message=one.kind.message,
                task=one.task,
                first_at=first,
                last_at=last,
                job_id=one.job_id,
                first_release=release,
            )
            data.groups.setdefault(key, group)
            row = Failures(
                minute=_floor(last, MINUTE),
                span=0,
                key=key,
                count=one.count,
                last_at=last,
                job_id=one.job_id,
                release=release,
            )
            data.failed[max(data.failed, default=0) + 1] = row

    async def roll_up(self, kept: HistoryKept) -> int:
        now = self._now()
        return self._join(MINUTE, _floor(now, MINUTE) - 2 * MINUTE, 10) or self._join(
            HOUR, _floor(now - kept.minutes_s * SECOND, HOUR), 1
        )

    def _join(self, span: timedelta, until: datetime, most: int) -> int:
        data, span_s = self._data, span // SECOND
        due = [row.minute for row in data.failed.values() if row.span < span_s and row.minute < until]
        if not due:
            return 0
        since = _floor(min(due), span)
        until = min(until, since + most * span)
        taken = [key for key, row in data.failed.items() if row.span <= span_s and since <= row.minute < until]
        joined: dict[tuple[datetime, tuple[str, str], str | None], Failures] = {}
        for number in taken:
            row = data.failed.pop(number)
            if not row.span:
                group = data.groups[row.key]
                data.groups[row.key] = msgspec.structs.replace(
                    group,
                    count=group.count + row.count,
                    last_at=max(group.last_at, row.last_at),
                    job_id=max(group.job_id, row.job_id),
                )
            at = _floor(row.minute, span)
            known = joined.get((at, row.key, row.release))
            joined[at, row.key, row.release] = Failures(
                release=row.release,
                minute=at,
                span=span_s,
                key=row.key,
                count=row.count + (known.count if known else 0),
                last_at=max(row.last_at, known.last_at if known else row.last_at),
                job_id=max(row.job_id, known.job_id if known else row.job_id),
            )
        for row in joined.values():
            data.failed[max(data.failed, default=0) + 1] = row
        return len(taken)

    async def prune(self, kept: HistoryKept, limit: int) -> int:
        data, until = self._data, self._now() - kept.hours_s * SECOND
        old = [number for number, row in data.failed.items() if row.minute < until][:limit]
        for number in old:
            del data.failed[number]
        idle = [
            key
            for key, group in data.groups.items()
            if group.last_at < until and not self._dead(key[1]) and not self._rows(key)
        ][:limit]
        for key in idle:
            del data.groups[key]
        return len(old) + len(idle)

    async def delete_excess(self, most: int, limit: int) -> list[Excess]:
        now, found = self._now(), []
        for tenant in sorted({key[0] for key in self._data.groups}):
            views = [self._view(key) for key in self._data.groups if key[0] == tenant]
            views.sort(key=lambda one: (one.last_at, one.fingerprint), reverse=True)
            places: dict[tuple[bool, str], int] = {}
            order = []
            for one in views:
                muted = one.muted_until is not None and one.muted_until > now
                places[muted, one.task] = place = places.get((muted, one.task), 0) + 1
                order.append((not muted, place, one))
            order.sort(key=lambda row: row[:2])  # stable: the newest of one place first
            deleted = [one for _, _, one in order[most:]][::-1][:limit]
            for one in deleted:
                del self._data.groups[tenant, one.fingerprint]
            gone = {(tenant, one.fingerprint) for one in deleted}
            for number in [number for number, row in self._data.failed.items() if row.key in gone]:
                del self._data.failed[number]
            if deleted:
                found.append(excess_of(tenant, [(one.task, one.type) for one in deleted]))
        return found

    async def list_groups(self, query: GroupQuery) -> GroupPage:
        found = [self._view(key) for key in self._data.groups if key[0] == query.tenant]
        wanted = [
            one
            for one in found
            if query.state in (None, one.state)
            and query.task in (None, one.task)
            and (query.text is None or query.text.lower() in f"{one.type} {one.message} {one.task}".lower())
            and (query.after is None or place_of(one, query.sort) < query.after)
        ]
        wanted.sort(key=lambda one: place_of(one, query.sort), reverse=True)
        items = wanted[: query.limit]
        return GroupPage(items, place_of(items[-1], query.sort) if len(wanted) > len(items) else None)

    async def get(self, tenant: str, fingerprint: str) -> ErrorGroup | None:
        return self._view((tenant, fingerprint)) if (tenant, fingerprint) in self._data.groups else None

    async def count(self, tenant: str) -> GroupCounts:
        views = (await self.list_groups(GroupQuery(tenant=tenant, sort=GroupSort.LAST, limit=10**6))).items
        states = [one.state for one in views]
        since = self._now() - DAY
        return GroupCounts(
            open=states.count(GroupState.OPEN),
            resolved=states.count(GroupState.RESOLVED),
            muted=states.count(GroupState.MUTED),
            new=sum(one.state is GroupState.OPEN and one.first_at > since for one in views),
        )

    async def releases(self, tenant: str, fingerprint: str, limit: int) -> GroupReleases:
        group = self._data.groups.get((tenant, fingerprint))
        by_name: dict[str | None, list[Failures]] = {}
        for row in self._rows((tenant, fingerprint)):
            by_name.setdefault(row.release, []).append(row)
        if group is None:
            return GroupReleases([], 0)
        items = [
            GroupRelease(
                name=name,
                count=sum(row.count for row in rows),
                first_at=max(group.first_at, min(row.minute for row in rows)),
                last_at=max(row.last_at for row in rows),
            )
            for name, rows in by_name.items()
        ]
        named = [one for one in items if one.name is not None]
        named.sort(key=lambda one: self._age(one.name), reverse=True)
        return GroupReleases([*named, *(one for one in items if one.name is None)][:limit], len(items))

    def _age(self, name: str | None) -> tuple[datetime, int]:
        release = self._data.releases[name or ""]
        return release.first_at, release.id

    def _serving(self, tenant: str, task: str) -> str | None:
        """Return the newest release whose living workers run a task."""
        found = []
        for worker in self._data.workers.values():
            info = msgspec.json.decode(worker.info)
            runs = task in info.get("tasks", ()) and tenant in (info.get("tenants") or (tenant,))
            if worker.ended_at is None and worker.release is not None and runs:
                found.append(worker.release)
        return max(found, key=self._age, default=None)

    async def mark(
        self, tenant: str, fingerprint: str, state: GroupState, *, by: Caller, until: datetime | None = None
    ) -> bool:
        group = self._data.groups.get((tenant, fingerprint))
        if group is None:
            return False
        self._data.groups[tenant, fingerprint] = msgspec.structs.replace(
            group,
            resolved_at=self._now() if state is GroupState.RESOLVED else None,
            muted_until=until if state is GroupState.MUTED else None,
            changed_at=self._now(),
            changed_by=by.actor,
            resolved_release=self._serving(tenant, group.task) if state is GroupState.RESOLVED else None,
        )
        self._data.note(self._now(), error_act(fingerprint, state, until, by))
        return True

    def _rows(self, key: tuple[str, str]) -> list[Failures]:
        return [row for row in self._data.failed.values() if row.key == key]

    def _dead(self, fingerprint: str) -> list[UUID]:
        return [job_id for job_id, ended in self._data.ended.items() if ended.fingerprint == fingerprint]

    def _view(self, key: tuple[str, str]) -> ErrorGroup:
        group, rows, dead, now = self._data.groups[key], self._rows(key), self._dead(key[1]), self._now()
        trend = [0] * TREND_HOURS
        since = _floor(now, MINUTE) - DAY + MINUTE
        for row in rows:
            if row.minute >= since:
                trend[min((row.minute - since) // HOUR, TREND_HOURS - 1)] += row.count
        fresh = [row for row in rows if not row.span]
        last_at = max([group.last_at, *(row.last_at for row in fresh)])
        return ErrorGroup(
            fingerprint=key[1],
            type=group.type,
            message=group.message,
            task=group.task,
            state=self._state(group, last_at, rows),
            count=group.count + sum(row.count for row in fresh),
            first_at=group.first_at,
            last_at=last_at,
            trend=tuple(trend),
            dead=min(len(dead), MOST_DEAD),
            job_id=max(dead, default=None) or max([group.job_id, *(row.job_id for row in fresh)]),
            resolved_at=group.resolved_at,
            muted_until=group.muted_until,
            changed_at=group.changed_at,
            changed_by=group.changed_by,
            new_in=self._new_in(group.first_release),
            resolved_release=group.resolved_release,
        )

    def _new_in(self, name: str | None) -> str | None:
        newest = max((release.first_at for release in self._data.releases.values()), default=None)
        return name if name is not None and self._data.releases[name].first_at == newest else None

    def _state(self, group: Group, last_at: datetime, rows: list[Failures]) -> GroupState:
        if group.muted_until is not None and group.muted_until > self._now():
            return GroupState.MUTED
        at, newest = group.resolved_at, group.resolved_release
        if at is None or (newest is None and last_at > at):
            return GroupState.OPEN
        again = any(
            row.last_at > at
            and (
                newest is None
                or row.release is None
                or row.last_at > at + HOUR
                or self._age(row.release) >= self._age(newest)
            )
            for row in rows
        )
        return GroupState.OPEN if again else GroupState.RESOLVED


def _floor(at: datetime, span: timedelta) -> datetime:
    return at - (at - datetime(1970, 1, 1, tzinfo=at.tzinfo)) % span
