"""Duties: staging, expiry, pruning, partitions, and the check of invariants."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import date, datetime
from typing import Any
from uuid import UUID

from taskflowmq.core.grace import Grace, gap_since, grace_after
from taskflowmq.core.system import DutyProcess
from taskflowmq.ports.store import DutyFailure, DutyTurn, DutyView, Retention, StagedCount
from taskflowmq.stores.common.duties import duty_view, stored_process
from taskflowmq.stores.common.pruning import Rule, Stretch, Walks, history_ms, longest_of, read_exceptions, rules_of
from taskflowmq.stores.postgres import partitions
from taskflowmq.stores.postgres.names import Names
from taskflowmq.stores.postgres.pool import Pool
from taskflowmq.stores.postgres.queries import q


class PostgresUpkeep:
    """Upkeep on PostgreSQL."""

    def __init__(self, pool: Pool, names: Names, now: Callable[[], datetime | None]) -> None:
        self._pool = pool
        self._names = names
        self._now = now
        self._retirement = partitions.Retirement()
        self._walks = Walks()

    async def take_turn(
        self, duty: str, interval_ms: int, *, lease_ms: int | None = None, by: DutyProcess | None = None
    ) -> DutyTurn:
        """Decide in one transaction whether the caller runs this duty now, and whether rescues must wait."""
        wanted = (duty, interval_ms, stored_process(by))
        if lease_ms is None:
            return _turn(await self._pool.fetchrow(q.take_duty_turn, self._now(), *wanted))
        return await self._pool.run(lambda conn: self._take_with_grace(conn, wanted, interval_ms, lease_ms))

    async def _take_with_grace(
        self, conn: Any, wanted: tuple[str, int, str | None], interval_ms: int, lease_ms: int
    ) -> DutyTurn:
        async with conn.transaction():
            row = await conn.fetchrow(q.take_duty_turn, self._now(), *wanted)
            turn = _turn(row)
            if not turn.taken:
                return turn
            sweep = grace_after(
                gap_ms=turn.gap_ms,
                sweep_ms=interval_ms,
                lease_ms=lease_ms,
                store_age_ms=row["store_age_ms"],
                late_ms=row["late_ms"],
                in_force=turn.grace,
            )
            if sweep.step is Grace.GIVE:
                await conn.fetch(q.set_grace, self._now(), lease_ms, sweep.late_ms)
            elif sweep.step is Grace.FORGET:
                await conn.fetch(q.clear_late_sweeps)
        return DutyTurn(taken=True, gap_ms=turn.gap_ms, grace=sweep.waits)

    async def stage_due(self, limit: int) -> StagedCount:
        """Move waiting jobs that are due to ready, each with a new position; those past expiry are cancelled."""
        moved = await self._pool.fetch(q.stage_due_jobs, self._now(), limit)
        next_due = await self._pool.fetchval(q.read_next_due, self._now())
        staged = [row["lane_id"] for row in moved if row["staged"]]
        lanes = await self._names.find_lanes(staged)
        queues = await self._names.queues.find({lanes[lane_id].queue_id for lane_id in staged})
        return StagedCount(
            sum(row["staged"] for row in moved), sum(row["stopped"] for row in moved), next_due, tuple(queues)
        )

    async def expire_ready(self, limit: int) -> int:
        """Cancel ready jobs whose ``expires_at`` has passed (reason ``expired``)."""
        return len(await self._pool.fetch(q.expire_ready_jobs, self._now(), limit))

    async def prune(self, retention: Retention, limit: int) -> int:
        """Delete ended jobs past retention, expired keys, bare ids and forgotten requests; return how many rows.

        Jobs with a retention of three days or longer are dropped with the partition of their day, up to two days late.
        """
        exceptions = read_exceptions([tuple(row) for row in await self._pool.fetch(q.list_retentions)])
        longest = longest_of(retention, exceptions)
        deleted, spared = await self._pool.run(lambda conn: self._retirement.retire(conn, self._now(), longest))
        rules = rules_of(retention, exceptions, await self._counted_ms(retention.keep))
        deleted += await self._prune_rows(rules, longest, limit - deleted, spared)
        self._retirement.complain()
        return deleted

    async def _prune_rows(self, rules: list[Rule], longest: Retention, limit: int, spared: date | None) -> int:
        deleted = 0
        for rule in rules:
            if deleted < limit:
                # A whole day is dropped when the longest retention in it is over; jobs with a shorter one go sooner.
                whole = not rule.only and not rule.counted and rule.kept_ms == getattr(longest, f"{rule.state}_ms")
                deleted += await self._prune_by(rule, limit - deleted, spared if whole else None)
        deleted += await self._pool.fetchval(q.prune_keys, self._now(), limit, history_ms(longest))
        return int(deleted)

    async def _counted_ms(self, keep: int | None) -> int | None:
        """Return how long ago the newest ended job beyond the number to keep was made; None if there is none."""
        excess = None if keep is None else await self._pool.fetchval(q.find_excess, keep)
        return None if excess is None else max(self._now_ms() - (excess.int >> 80), 0)

    def _now_ms(self) -> int:
        now = self._now()
        return int(1000 * (time.time() if now is None else now.timestamp()))

    async def _prune_by(self, rule: Rule, most: int, spared: date | None) -> int:
        state, kept_ms = rule.state, rule.kept_ms
        statement = q.list_prunable_completed if state == "completed" else q.list_prunable
        more: tuple[Any, ...] = ()
        if rule.lanes:
            statement, more = q.list_prunable_of_lanes, (list(rule.lanes), rule.only)

        async def look(after: UUID, size: int) -> Stretch:
            row = await self._pool.fetchrow(statement, self._now(), state, kept_ms, after, size, spared, *more)
            return Stretch(*row)

        due = await self._walks.of(rule).next_due(look, now_ms=self._now_ms(), kept_ms=kept_ms, most=most)
        if not due:
            return 0
        return int(await self._pool.fetchval(q.prune_outcomes, self._now(), state, kept_ms, due))

    async def maintain(self) -> None:
        """Make the partitions of the coming days, and drop those that are empty and long over."""
        await self._pool.run(lambda conn: partitions.maintain(conn, self._now()))

    async def note_failure(self, duty: str, problem: str) -> None:
        """Store why the last turn of a duty failed."""
        await self._pool.fetch(q.note_failure, self._now(), duty, problem.encode("ascii", "backslashreplace").decode())

    async def note_success(self, duty: str) -> None:
        """Forget the failure of a duty."""
        await self._pool.fetch(q.forget_failure, duty)

    async def failures(self) -> list[DutyFailure]:
        """Return the duties whose last turn failed."""
        return [DutyFailure(*row) for row in await self._pool.fetch(q.list_failures)]

    async def duties(self) -> list[DutyView]:
        """Return the duties that had a turn or a failure, by name."""
        return [duty_view(*row) for row in await self._pool.fetch(q.list_duties)]

    async def check(self) -> list[str]:
        """Verify I10 and friends; return one sentence per violation."""
        return [row["sentence"] for row in await self._pool.fetch(q.check_places)]


def _turn(row: Any) -> DutyTurn:
    return DutyTurn(taken=row["taken"], gap_ms=gap_since(row["gap_ms"]), grace=row["grace"])
