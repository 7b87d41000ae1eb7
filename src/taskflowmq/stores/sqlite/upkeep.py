"""Duties: periodic work that any process may do, once per interval for all.

Each duty reads first on the reading connection and takes the write lock only if there is work: an idle machine writes
nothing.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from taskflowmq.core.grace import Grace, gap_since, grace_after
from taskflowmq.core.ids import lowest_id
from taskflowmq.core.job import QueueRef, Reason
from taskflowmq.core.system import DutyProcess
from taskflowmq.ports.helpers import aside
from taskflowmq.ports.store import MAX_BATCH, DutyFailure, DutyTurn, DutyView, Retention, StagedCount
from taskflowmq.stores.common.duties import duty_view, stored_process
from taskflowmq.stores.common.pruning import Rule, Stretch, Walks, history_ms, longest_of, read_exceptions, rules_of
from taskflowmq.stores.sqlite.database import Database
from taskflowmq.stores.sqlite.enqueue import DAY_US
from taskflowmq.stores.sqlite.errors import is_busy
from taskflowmq.stores.sqlite.holder_watch import HolderWatch
from taskflowmq.stores.sqlite.job_steps import batch_of, cancel_ready, cancel_waiting, make_ready
from taskflowmq.stores.sqlite.queries import q
from taskflowmq.stores.sqlite.reader import Reader
from taskflowmq.stores.sqlite.rows import from_us, join_ids, maybe_time, to_json
from taskflowmq.stores.sqlite.steps import Step, Steps, run_steps
from taskflowmq.stores.sqlite.writer import Writer

log = logging.getLogger("taskflowmq.store")


class SqliteUpkeep:
    """Implements :class:`~taskflowmq.ports.store.Upkeep`."""

    def __init__(
        self,
        database: Database,
        threads: tuple[Writer, Reader, Reader],
        watch: HolderWatch,
        now: Callable[[], int],
    ) -> None:
        self._database = database
        self._writer, self._reader, self._slow = threads
        self._watch = watch
        self._now = now
        self._walks = Walks()

    async def take_turn(
        self, duty: str, interval_ms: int, *, lease_ms: int | None = None, by: DutyProcess | None = None
    ) -> DutyTurn:
        """Decide in one transaction whether the caller runs this duty now, and whether rescues must wait."""
        now = self._now()
        known = await self._reader.run(lambda conn: _duty(conn, duty))
        if known.ran_at is None or not -1000 * interval_ms <= now - known.ran_at < 1000 * interval_ms:
            wanted = {"name": duty, "interval_ms": interval_ms, "ran_by": stored_process(by)}
            taking = self._writer.run(lambda conn: self._take(conn, wanted, interval_ms, lease_ms))
            return await (taking if lease_ms is None else self._watch.guard(taking))
        return _turn(False, known, now)

    async def stage_due(self, limit: int) -> StagedCount:
        """Move waiting jobs that are due to ready, each with a new position; those past expiry are cancelled."""
        next_due = await self._reader.run(_next_due)
        if next_due is None or next_due > self._now():
            return StagedCount(0, 0, _ms_until(next_due, self._now()))
        return await self._writer.run(lambda conn: self._stage(conn, min(limit, MAX_BATCH)))

    async def expire_ready(self, limit: int) -> int:
        """Cancel ready jobs whose ``expires_at`` has passed (reason ``expired``)."""
        params = {"limit": min(limit, MAX_BATCH)}
        if not await self._reader.run(lambda conn: _expired(conn, {**params, "limit": 1, "now": self._now()})):
            return 0
        return await self._writer.run(lambda conn: self._expire(conn, {**params, "now": self._now()}))

    async def prune(self, retention: Retention, limit: int) -> int:
        """Delete ended jobs past retention, expired keys, bare ids and forgotten requests; return how many rows."""
        limit = min(limit, MAX_BATCH)
        total = 0
        rules, history_ms = await self._reader.run(lambda conn: self._rules(conn, retention))
        for rule in rules:
            total += await self._prune_by(rule, limit)
        return total + await self._writer.run(lambda conn: self._prune_rest(conn, limit, history_ms))

    async def maintain(self) -> None:
        """Move the WAL into the file and refresh statistics, without making another process wait."""
        await aside(self._maintain)

    async def note_failure(self, duty: str, problem: str) -> None:
        """Store why the last turn of a duty failed."""
        params = {"name": duty, "problem": problem, "now": self._now()}
        await self._watch.guard(self._writer.run(lambda conn: conn.execute(q.note_failure, params).close()))

    async def note_success(self, duty: str) -> None:
        """Forget the failure of a duty."""
        if any(known.duty == duty for known in await self.failures()):
            forgetting = self._writer.run(lambda conn: conn.execute(q.forget_failure, {"name": duty}).close())
            await self._watch.guard(forgetting)

    async def failures(self) -> list[DutyFailure]:
        """Return the duties whose last turn failed."""
        found = await self._reader.run(lambda conn: conn.execute(q.list_failures).fetchall())
        return [DutyFailure(duty, from_us(at), problem) for duty, at, problem in found]

    async def duties(self) -> list[DutyView]:
        """Return the duties that had a turn or a failure, by name."""
        found = await self._reader.run(lambda conn: conn.execute(q.list_duties).fetchall())
        return [duty_view(duty, maybe_time(ran), maybe_time(failed), *rest) for duty, ran, failed, *rest in found]

    async def check(self) -> list[str]:
        """Verify I10 and friends; return one sentence per violation."""

        def read(conn: sqlite3.Connection) -> list[str]:
            found = [f"job {UUID(hex=job_id)} {what}" for job_id, what in conn.execute(q.check_places).fetchall()]
            damage = [row[0] for row in conn.execute("PRAGMA quick_check(10)").fetchall() if row[0] != "ok"]
            return found + damage

        return await self._slow.run(read)

    # What follows runs in the threads.

    def _take(
        self, conn: sqlite3.Connection, wanted: Mapping[str, Any], interval_ms: int, lease_ms: int | None
    ) -> DutyTurn:
        now = self._now()
        known = _duty(conn, wanted["name"])
        taken = bool(conn.execute(q.take_duty_turn, {**wanted, "now": now}).fetchall())
        turn = _turn(taken, known, now)
        if not taken or lease_ms is None:
            return turn
        sweep = grace_after(
            gap_ms=turn.gap_ms,
            sweep_ms=interval_ms,
            lease_ms=lease_ms,
            store_age_ms=None,
            late_ms=known.late_ms,
            in_force=turn.grace,
        )
        if sweep.step is Grace.GIVE:
            conn.execute(q.set_grace, {"duration_ms": lease_ms, "late_ms": sweep.late_ms, "now": now})
        elif sweep.step is Grace.FORGET:
            conn.execute(q.clear_late_sweeps)
        return DutyTurn(taken=True, gap_ms=turn.gap_ms, grace=sweep.waits)

    def _stage(self, conn: sqlite3.Connection, limit: int) -> StagedCount:
        now = self._now()
        due = msgspec.json.decode(conn.execute(q.list_due_jobs, {"limit": limit, "now": now}).fetchone()[0])
        in_time = _ids([job_id for job_id, late, *_ in due if not late])
        expired = _ids([job_id for job_id, late, *_ in due if late])
        if in_time:
            run_steps(conn, _place_due(in_time, now))
        if expired:
            run_steps(conn, cancel_waiting(expired, Reason.EXPIRED, now))
        queues = tuple(sorted({QueueRef(tenant, queue) for _, late, tenant, queue in due if not late}))
        return StagedCount(len(in_time) // 16, len(expired) // 16, _ms_until(_next_due(conn), now), queues)

    def _expire(self, conn: sqlite3.Connection, params: dict[str, int]) -> int:
        ids = _ids(_expired(conn, params))
        return run_steps(conn, cancel_ready(ids, Reason.EXPIRED, params["now"]))

    def _rules(self, conn: sqlite3.Connection, retention: Retention) -> tuple[list[Rule], int | None]:
        """Return which ended jobs are deleted, and for how long where they ran is kept."""
        exceptions = read_exceptions(conn.execute(q.list_retentions).fetchall())
        excess = None
        if retention.keep is not None:
            excess = conn.execute(q.find_excess, {"keep": retention.keep}).fetchone()
        # It is found again by the time in its id: jobs made with it or before exceed the number.
        made_ms = None if excess is None else UUID(bytes=excess[0]).int >> 80
        counted_ms = None if made_ms is None else max(self._now() // 1000 - made_ms, 0)
        return rules_of(retention, exceptions, counted_ms), history_ms(longest_of(retention, exceptions))

    async def _prune_by(self, rule: Rule, limit: int) -> int:
        state, age_ms, now = rule.state, rule.kept_ms, self._now()
        until = now - 1000 * age_ms
        bounds: dict[str, Any] = {"state": state, "until": until, "before": lowest_id(max(until // 1000 + 1, 0)).bytes}
        if rule.lanes:
            bounds |= {"lanes": to_json(rule.lanes), "only": int(rule.only)}
            statement = q.list_prunable_of_lanes
        else:
            statement = q.list_prunable_completed if state == "completed" else q.list_prunable

        async def look(after: UUID, size: int) -> Stretch:
            params = {**bounds, "after": after.bytes, "limit": size}
            found, seen, last = await self._reader.run(lambda conn: conn.execute(statement, params).fetchone())
            due = [UUID(hex=one) for one in msgspec.json.decode(found)]
            return Stretch(due, seen, None if last is None else UUID(bytes=last))

        due = await self._walks.of(rule).next_due(look, now_ms=now // 1000, kept_ms=age_ms, most=limit)
        if not due:
            return 0
        batch = batch_of(join_ids(due))

        def write(conn: sqlite3.Connection) -> int:
            # Read before, deleted now: a dead job may have begun a new round in between, so each step checks again.
            gone = conn.execute(q.delete_outcomes, {**batch, "state": state, "until": until}).rowcount
            conn.execute(q.prune_jobs, batch)
            conn.execute(q.prune_attempts, batch)
            conn.execute(q.prune_lines, batch)
            return gone

        return await self._writer.run(write)

    def _prune_rest(self, conn: sqlite3.Connection, limit: int, history_ms: int | None) -> int:
        now = self._now()
        past_since = None if history_ms is None else now - 1000 * history_ms
        before = b"" if past_since is None else lowest_id(max(past_since // 1000, 0)).bytes
        params = {
            "now": now,
            "since": now - DAY_US,
            "inspected_since": now - DAY_US // 24,
            "past_since": past_since,
            "before": before,
            "limit": limit,
        }
        conn.execute(q.keep_past_workers, params).close()
        statements = (
            q.prune_unique_keys,
            q.prune_idempotency,
            q.prune_bare_ids,
            q.prune_requests,
            q.prune_inspections,
            q.prune_workers,
            q.prune_past_workers,
            q.prune_left_lines,
        )
        return sum(conn.execute(statement, params).rowcount for statement in statements)

    def _maintain(self) -> None:
        try:
            conn = self._database.connect(writes=True)
        except sqlite3.Error as error:
            raise self._database.translate(error) from error
        try:
            conn.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
            conn.execute("PRAGMA analysis_limit = 400").fetchall()
            conn.execute("PRAGMA optimize").fetchall()
        except sqlite3.Error as error:
            if not is_busy(error):  # busy: next time
                raise self._database.translate(error) from error
            log.debug("upkeep of the file was postponed: %s", error)
        finally:
            conn.close()


class _Duty(NamedTuple):
    """The stored times of a duty and of the grace, in microseconds."""

    ran_at: int | None
    grace_until: int | None
    late_since: int | None

    @property
    def late_ms(self) -> int | None:
        """For how long consecutive sweeps had come late as of the last one."""
        return None if self.ran_at is None or self.late_since is None else (self.ran_at - self.late_since) // 1000


def _duty(conn: sqlite3.Connection, name: str) -> _Duty:
    return _Duty(*conn.execute(q.read_duty, {"name": name}).fetchone())


def _turn(taken: bool, known: _Duty, now: int) -> DutyTurn:
    return DutyTurn(
        taken=taken,
        gap_ms=gap_since(None if known.ran_at is None else (now - known.ran_at) // 1000),
        grace=known.grace_until is not None and known.grace_until > now,
    )


def _next_due(conn: sqlite3.Connection) -> int | None:
    due: int | None = conn.execute(q.read_next_due).fetchone()[0]
    return due


def _ms_until(due: int | None, now: int) -> int | None:
    """Return milliseconds until then, rounded up, so that no query comes too early."""
    return None if due is None else max(-(-(due - now) // 1000), 0)


def _expired(conn: sqlite3.Connection, params: dict[str, int]) -> list[str]:
    ids: list[str] = msgspec.json.decode(conn.execute(q.list_expired_ready, params).fetchone()[0])
    return ids


def _ids(ids: list[str]) -> bytes:
    return bytes.fromhex("".join(ids))


def _place_due(ids: bytes, now: int) -> Steps[None]:
    batch = batch_of(ids)
    yield from make_ready(q.place_due_jobs, ids, {**batch, "now": now})
    yield Step(q.delete_waiting_jobs, batch)
