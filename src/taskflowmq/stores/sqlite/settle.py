"""Writing transitions, as steps: completions in one statement, all others after a read of where the jobs are.

Must stay true (I2, I3): a row is written only where ``running`` holds the job under the same fence; the fence is
gone with the row, so nothing is written twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from taskflowmq.core.errors import TaskFlowError
from taskflowmq.core.fates import StoredFate, Verdict, judge, left_by
from taskflowmq.core.job import QueueRef, State
from taskflowmq.core.transitions import Transition, fingerprint_of, obey_cancel
from taskflowmq.core.validation import check_storable, clean_text
from taskflowmq.ports.store import Settled
from taskflowmq.stores.sqlite.job_steps import end_jobs, leave_running, make_ready
from taskflowmq.stores.sqlite.queries import q
from taskflowmq.stores.sqlite.rows import join_ids, minute_of, to_json
from taskflowmq.stores.sqlite.steps import Step, Steps

_LONGEST_PROBLEM = 2_000
_COMPLETED, _APPLIED, _STALE = State.COMPLETED, Settled.APPLIED, Settled.STALE
_RUNNING, _HELD = State.RUNNING, Verdict.HELD


class Settlement(NamedTuple):
    """The result of each transition, and the queues that received ready jobs."""

    settled: list[Settled]
    queues: tuple[QueueRef, ...] = ()


class _Found(NamedTuple):
    """A row of ``read_settlements``: which fence, whether a cancel request waits for its job, what is stored of it."""

    number: int
    cancel: int
    fate: StoredFate


_FOUND = msgspec.json.Decoder(list[_Found])


def settle_steps(transitions: Sequence[Transition], now: int) -> Steps[Settlement]:
    """Write transitions under their fences and return the result of each, in order."""
    settled: list[Settled | None] = [None] * len(transitions)
    quick: dict[int, list[tuple[int, str | None]]] = {}
    for index, item in enumerate(transitions):
        if item.to is _COMPLETED and item.ended is None and item.result_error is None:
            result = None if item.result is None else storable_json(item.result)
            if result is not None or item.result is None:
                quick.setdefault(item.counters.lease_no, []).append((index, result))
    for lease_no, group in quick.items():
        yield from _complete(transitions, lease_no, group, settled, now)
    careful = [index for index, answer in enumerate(settled) if answer is None]
    queues: tuple[QueueRef, ...] = ()
    if careful:
        queues = yield from _settle_carefully(transitions, careful, settled, now)
    return Settlement([answer or _STALE for answer in settled], queues)


def _complete(
    transitions: Sequence[Transition],
    lease_no: int,
    group: list[tuple[int, str | None]],
    settled: list[Settled | None],
    now: int,
) -> Steps[None]:
    """Complete jobs of one fence number whose fence fits; the others are left unanswered.

    Most jobs complete at their first claim, so a flush is one group, or two.
    """
    ids = join_ids([transitions[index].job_id for index, _ in group])
    params = {"ids": ids, "results": to_json([result for _, result in group]), "lease_no": lease_no, "now": now}

    def held() -> Steps[list[int]]:
        found = yield from _read_settlements(ids, [lease_no] * len(group))
        return [number for number, _, fate in found if fate.state is _RUNNING and fate.lease_no == lease_no]

    for number in (yield from end_jobs(Step(q.end_completed_jobs, params, True), q.delete_running, ids, held)):
        settled[group[number][0]] = _APPLIED


def _read_settlements(ids: bytes, leases: list[int]) -> Steps[list[_Found]]:
    reply = yield Step(q.read_settlements, {"ids": ids, "leases": to_json(leases)})
    return _FOUND.decode(reply.rows[0][0])


def _settle_carefully(
    transitions: Sequence[Transition], indexes: list[int], settled: list[Settled | None], now: int
) -> Steps[tuple[QueueRef, ...]]:
    chosen = [transitions[index] for index in indexes]
    ids, leases = join_ids([item.job_id for item in chosen]), [item.counters.lease_no for item in chosen]
    found = yield from _read_settlements(ids, leases)
    applied: dict[tuple[UUID, int], Transition] = {}
    obeyed: list[Transition] = []
    for number, cancel, fate in found:
        item = chosen[number]
        verdict = judge(item, fate)
        if verdict is _HELD:
            fence = (item.job_id, item.counters.lease_no)
            first = applied.get(fence)
            if first is None:
                applied[fence] = obey_cancel(item) if cancel else item
                if applied[fence] is not item:
                    obeyed.append(item)
                settled[indexes[number]] = _APPLIED
                continue
            verdict = judge(item, left_by(first))
        settled[indexes[number]] = Settled(verdict)
    if obeyed:
        # Their worker counts that they run again, and does not learn that they were cancelled instead.
        theirs = {"ids": join_ids([item.job_id for item in obeyed]), "rows": to_json([item.to for item in obeyed])}
        yield Step(q.count_obeyed, {**theirs, "minute": minute_of(now)})
    return (yield from _write(list(applied.values()), now)) if applied else ()


def _write(items: list[Transition], now: int) -> Steps[tuple[QueueRef, ...]]:
    rows = [_row(item, now) for item in items]
    ids = join_ids([item.job_id for item in items])
    params = {"ids": ids, "rows": to_json(rows)}
    targets = {item.to for item in items}
    if any(item.ended for item in items):
        yield Step(q.settle_attempts, {**params, "now": now})
    queues: tuple[QueueRef, ...] = ()
    if State.PENDING in targets:
        yield from make_ready(q.settle_ready, ids, {**params, "now": now})
        reply = yield Step(q.list_lane_names, params)
        queues = tuple(QueueRef(tenant, name) for tenant, name in reply.rows)
    if targets & {State.RETRYING, State.SCHEDULED}:
        yield Step(q.settle_waiting, params)
    ending = [item for item in items if item.to.final]
    if ending:
        theirs = join_ids([item.job_id for item in ending])
        yield from end_jobs(Step(q.end_settled_jobs, {**params, "now": now}), q.delete_running, theirs)
    going_on = [item for item in items if not item.to.final]
    if going_on:
        yield from leave_running(join_ids([item.job_id for item in going_on]))
    return queues


def _row(item: Transition, now: int) -> list[Any]:
    counters = item.counters
    result, result_error = _json(item.result, item.result_error)
    error, error_error = _json(item.error, None)
    return [
        counters.lease_no,
        item.to,
        item.reason,
        now + 1000 * item.delay_ms,
        item.ended,
        counters.round,
        counters.attempt,
        counters.crashes,
        counters.losses,
        result,
        result_error or (error_error if item.to.final else None),
        error,
        fingerprint_of(item),
    ]


def _json(data: bytes | None, problem: str | None) -> tuple[str | None, str | None]:
    """Return JSON as text that can be stored, or no text and why not: ending a job must never fail (F41, F42)."""
    if problem is not None:
        problem = clean_text(problem, _LONGEST_PROBLEM)
    if data is None:
        return None, problem
    text = storable_json(data)
    return (
        text,
        problem if text is not None else problem or "could not be stored: it is not JSON that both engines take",
    )


def storable_json(data: bytes) -> str | None:
    """Return JSON as text, or None if it is not JSON, or JSON that readers or PostgreSQL would refuse."""
    try:
        value = msgspec.json.decode(data)
        if b"\\u" in data:  # an escaped NUL or half of a surrogate pair
            check_storable(value, "")
        return data.decode()
    except (ValueError, RecursionError, TaskFlowError):
        return None
