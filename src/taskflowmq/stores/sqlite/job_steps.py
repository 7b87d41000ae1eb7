"""What happens whenever a job ends or becomes ready, as steps: the one place for each.

A statement that includes the fragment ``end_job`` is run by :func:`end_jobs`, one that includes ``arrive`` by
:func:`make_ready`; ``make check`` refuses it elsewhere. On PostgreSQL these fragments hold all of it; here it takes
several statements, because none of SQLite's writes two tables.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from taskflowmq.core.job import Reason
from taskflowmq.stores.sqlite.queries import q
from taskflowmq.stores.sqlite.rows import minute_of, zeros
from taskflowmq.stores.sqlite.steps import Params, Step, Steps


def batch_of(ids: bytes) -> dict[str, Any]:
    """Return the parameters of a statement that takes a batch by id."""
    return {"ids": ids, "rows": zeros(len(ids) // 16)}


def end_jobs(
    outcomes: Step, leave: str, ids: bytes, held: Callable[[], Steps[Sequence[int]]] | None = None
) -> Steps[Sequence[int]]:
    """Write the outcomes of jobs, take the jobs out of their place, and do whatever else must happen when a job ends.

    Args:
        outcomes: the statement that writes them; it includes the fragment ``end_job``.
        leave: the statement that deletes jobs from the place that they were in.
        ids: of the jobs, 16 bytes each.
        held: if the statement leaves out jobs: returns the numbers of those that it found.

    Returns:
        the numbers of the jobs that ended.

    Raises:
        RuntimeError: a part of the jobs has left the place in the middle of the transaction.
    """
    reply = yield outcomes
    if reply.clash or reply.changed == 0:
        return ()
    ended: Sequence[int] = range(len(ids) // 16)
    if reply.changed < len(ended):
        if held is None:
            raise RuntimeError(f"{len(ended)} jobs were to end, but {reply.changed} were in their place")
        ended = yield from held()
        ids = b"".join([ids[16 * number : 16 * number + 16] for number in ended])
    batch = batch_of(ids)
    yield Step(leave, batch)
    reply = yield Step(q.read_extras, {})
    keys, requests = reply.rows[0]
    if keys:
        yield Step(q.free_unique_keys, batch)
    if requests:
        yield Step(q.drop_cancel_requests, batch)
    return ended


def leave_running(ids: bytes) -> Steps[None]:
    """Take jobs that have not ended out of running, with the cancel requests for this run."""
    batch = batch_of(ids)
    yield Step(q.delete_running, batch)
    reply = yield Step(q.read_extras, {})
    _keys, requests = reply.rows[0]
    if requests:
        yield Step(q.drop_cancel_requests, batch)


def cancel_ready(ids: bytes, reason: Reason, now: int) -> Steps[int]:
    """Cancel the ready ones of some jobs and return how many these were: all or none."""
    params = {**batch_of(ids), "reason": reason, "now": now}
    ended = yield from end_jobs(Step(q.end_ready_jobs, params), q.delete_ready_jobs, ids)
    return (yield from _count_cancelled(ids, len(ended), now, from_ready=True))


def cancel_waiting(ids: bytes, reason: Reason, now: int) -> Steps[int]:
    """Cancel the waiting ones of some jobs and return how many these were: all or none."""
    params = {**batch_of(ids), "reason": reason, "now": now}
    ended = yield from end_jobs(Step(q.end_waiting_jobs, params), q.delete_waiting_jobs, ids)
    return (yield from _count_cancelled(ids, len(ended), now, from_ready=False))


def _count_cancelled(ids: bytes, count: int, now: int, *, from_ready: bool) -> Steps[int]:
    """Count jobs in the history that ended without a worker, if they did, and return how many."""
    if count:
        yield Step(q.count_cancelled, {**batch_of(ids), "minute": minute_of(now), "from_ready": int(from_ready)})
    return count


def make_ready(place: str, ids: bytes, params: Params) -> Steps[int]:
    """Make jobs ready, each at a position of its own, and do whatever else must happen when a job becomes ready.

    Args:
        place: the statement that puts them into ready; it includes the fragment ``arrive``.
        ids: of the jobs, 16 bytes each; the statement may leave out some.
        params: of the statement, besides ``ids`` and ``first``, the position of the first job.

    Returns:
        how many became ready.
    """
    # The position after the last is returned; positions may have gaps.
    reply = yield Step(q.draw_positions, {"count": len(ids) // 16})
    first = reply.rows[0][0] - len(ids) // 16
    reply = yield Step(place, {**params, "ids": ids, "first": first})
    return reply.changed
