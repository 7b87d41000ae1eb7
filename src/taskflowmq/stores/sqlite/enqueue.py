"""Storing jobs, as steps: the same for the store's own writer and for a caller's transaction.

The usual request, new ids and no unique keys, is three statements: the jobs, positions, the places. A known id
refuses the first of them; then, and for unique keys, the careful way reads before it writes.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from taskflowmq.core.errors import Conflict, IdempotencyMismatch, NotUnique
from taskflowmq.core.ids import MAX_SKEW_MS
from taskflowmq.core.job import Enqueued, Flag, IdempotencyKey, NewJob, Reason, have_one_shape, shape_of
from taskflowmq.stores.common.fields import KEPT, json_of, plain_of
from taskflowmq.stores.sqlite.job_steps import cancel_ready, cancel_waiting, make_ready
from taskflowmq.stores.sqlite.names import Names
from taskflowmq.stores.sqlite.queries import q
from taskflowmq.stores.sqlite.rows import from_us, join_ids, to_json, to_us, zeros
from taskflowmq.stores.sqlite.steps import Step, Steps

DAY_US = 86_400_000_000
_FLAGS = {"finish": Flag.UNIQUE_FINISH, "start": Flag.UNIQUE_START, "time": 0}


#: The columns of a job whose values are in :attr:`_Head.stored`.
_STORED = ("tenant_id", "lane_id", "task_id", "run_at", "expires_at", "unique_key", "tags", *KEPT)


class _Head(NamedTuple):
    """What is stored of a job besides its id and arguments; jobs of one request often share it."""

    tenant_id: int
    lane_id: int
    task_id: int
    run_at: int
    expires_at: int | None
    flags: int
    #: All of its row but id, arguments and the present, in the order of the columns.
    stored: tuple[Any, ...]


class _Row(NamedTuple):
    """One job on its way in."""

    job: NewJob
    head: _Head
    args: str


def enqueue_steps(names: Names, jobs: Sequence[NewJob], now: int) -> Steps[list[Enqueued]]:
    """Store jobs, all or none, and return one answer per job, in order.

    Raises:
        Conflict: an id exists with other content, in another tenant, or is more than a day off.
        NotUnique: a key is held, and its job requests an error. The caller undoes what has been written.
    """
    if not jobs:
        return []
    _check_ids(jobs, now)
    alike = jobs[0].unique is None and have_one_shape(jobs)
    if alike:
        ids = [job.id for job in jobs]
        head = yield from _head(names, jobs[0], now)
        clash = yield from _store_alike(join_ids(ids), head, [job.args for job in jobs], now)
        if not clash:
            at = from_us(now)
            return [Enqueued(job_id, True, False, at) for job_id in ids]
    rows = yield from _rows(names, jobs, now)
    if not alike and not any(job.unique for job in jobs):
        clash = yield from _store(rows, now)
        if not clash:
            at = from_us(now)
            return [Enqueued(job.id, True, False, at) for job in jobs]
    return (yield from _store_carefully(rows, now))


def idempotent_steps(
    names: Names, jobs: Sequence[NewJob], idempotency: IdempotencyKey, now: int
) -> Steps[list[Enqueued]]:
    """Like :func:`enqueue_steps`, once per key and day; a repeated request gets the ids of the first.

    Raises:
        IdempotencyMismatch: the key was used with a different request.
    """
    tenant_id = yield from names.tenant(jobs[0].tenant if jobs else "default")
    key = {"tenant_id": tenant_id, "key": idempotency.key}
    reply = yield Step(q.read_idempotency, {**key, "since": now - DAY_US})
    if reply.rows:
        fingerprint, job_ids = reply.rows[0]
        if fingerprint != idempotency.fingerprint:
            raise IdempotencyMismatch(f"the key {idempotency.key!r} was used with a different request")
        return [Enqueued(UUID(hex=job_id), created, True) for job_id, created in msgspec.json.decode(job_ids)]
    answers = yield from enqueue_steps(names, jobs, now)
    first = to_json([(answer.id.hex, answer.created) for answer in answers])
    yield Step(q.write_idempotency, {**key, "fingerprint": idempotency.fingerprint, "job_ids": first, "now": now})
    return answers


def _check_ids(jobs: Sequence[NewJob], now: int) -> None:
    now_ms = now // 1000
    oldest, newest = now_ms - MAX_SKEW_MS, now_ms + MAX_SKEW_MS
    for job in jobs:
        if not oldest <= job.id.int >> 80 <= newest:
            raise Conflict(f"the id {job.id} differs from the store's clock by more than 24 h")


def _rows(names: Names, jobs: Sequence[NewJob], now: int) -> Steps[list[_Row]]:
    rows: list[_Row] = []
    heads: dict[object, _Head] = {}
    last: object = None
    for job in jobs:
        key = shape_of(job)
        # Mostly the very objects of the job before: comparing them is cheaper than hashing them.
        head = rows[-1].head if key == last else heads.get(key)
        if head is None:
            head = heads[key] = yield from _head(names, job, now)
        last = key
        rows.append(_Row(job, head, job.args.decode()))
    return rows


def _head(names: Names, job: NewJob, now: int) -> Steps[_Head]:
    tenant_id = yield from names.tenant(job.tenant)
    lane_id = yield from names.lane((tenant_id, job.queue, job.priority, job.share), now)
    task_id = yield from names.task(tenant_id, job.task, now)
    run_at = now + 1000 * job.delay_ms if job.run_at is None else to_us(job.run_at)
    expires_at = None if job.expires_in_ms is None else now + 1000 * job.expires_in_ms
    unique = job.unique
    stored = (
        tenant_id,
        lane_id,
        task_id,
        run_at,
        expires_at,
        unique.key if unique else None,
        to_json(job.tags) if job.tags else None,
        *plain_of(job),
        *[text and text.decode() for text in json_of(job)],
    )
    return _Head(tenant_id, lane_id, task_id, run_at, expires_at, _FLAGS[unique.free_at] if unique else 0, stored)


def _store(rows: Sequence[_Row], now: int) -> Steps[bool]:
    """Write new jobs and their places; True if an id was known, and then nothing has been written."""
    if not rows:
        return False
    ids = join_ids([row.job.id for row in rows])
    head = rows[0].head
    if all(row.head is head for row in rows):
        return (yield from _store_alike(ids, head, [row.job.args for row in rows], now))
    reply = yield Step(q.insert_jobs, {"ids": ids, "rows": _json_rows(rows), "now": now}, True)
    if reply.clash:
        return True
    later = sum(row.head.run_at > now for row in rows)
    params = {"places": to_json([_place(row.head) for row in rows]), "now": now}
    if later < len(rows):
        yield from make_ready(q.place_ready, ids, params)
    if later:
        yield Step(q.place_waiting, {**params, "ids": ids})
    return False


def _store_alike(ids: bytes, head: _Head, args: list[bytes], now: int) -> Steps[bool]:
    """Write new jobs that differ only in id and arguments; True if an id was known."""
    params: dict[str, Any] = dict(zip(_STORED, head.stored, strict=True))
    params["ids"], params["now"], params["flags"] = ids, now, head.flags
    params["texts"] = texts = b"".join(args)
    params["cuts"] = _cuts(args)
    if not texts.isascii():
        # The engine would store any bytes as text, and fail when they are read. One by one: a character that is cut
        # between two texts is whole in the sum.
        for text in args:
            text.decode()
    reply = yield Step(q.enqueue_alike, params, True)
    if reply.clash:
        return True
    if head.run_at > now:
        yield Step(q.place_waiting, {"ids": ids, "places": to_json([_place(head)] * len(args)), "now": now})
        return False
    params["rows"] = zeros(len(args))
    yield from make_ready(q.place_alike, ids, params)
    return False


def _cuts(texts: Sequence[bytes]) -> str:
    """Return the place of each of some joined texts as an integer: offset << 31 | length."""
    lengths = list(map(len, texts))
    ends = accumulate(lengths, initial=0)
    return to_json([end << 31 | length for end, length in zip(ends, lengths, strict=False)])


def _json_rows(rows: Sequence[_Row]) -> str:
    return to_json([(row.args, *row.head.stored) for row in rows])


def _place(head: _Head) -> tuple[int, int, int, int | None, int]:
    return head.lane_id, head.task_id, head.run_at, head.expires_at, head.flags


def _store_carefully(rows: Sequence[_Row], now: int) -> Steps[list[Enqueued]]:
    """Leave out replays and held unique keys, then store the rest."""
    answers: list[Enqueued | None] = [None] * len(rows)
    fresh = yield from _leave_out_replays(rows, answers)
    keyed = [index for index in fresh if rows[index].job.unique]
    if any(_replaces(rows[index]) for index in keyed):
        # One by one: each must find those before it stored, to return their ids or to cancel them.
        for index in keyed:
            yield from _take_unique_keys(rows, answers, [index], now)
            if answers[index] is None:
                yield from _store([rows[index]], now)
        fresh = [index for index in fresh if rows[index].job.unique is None]
    else:
        yield from _take_unique_keys(rows, answers, keyed, now)
    yield from _store([rows[index] for index in fresh if answers[index] is None], now)
    return [answer or Enqueued(row.job.id, True) for row, answer in zip(rows, answers, strict=True)]


def _replaces(row: _Row) -> bool:
    return row.job.unique is not None and row.job.unique.on_conflict == "replace"


def _leave_out_replays(rows: Sequence[_Row], answers: list[Enqueued | None]) -> Steps[list[int]]:
    """Answer ids that are known, stored before or twice in this request; return the indexes of the others."""
    params = {"ids": join_ids([row.job.id for row in rows]), "rows": _json_rows(rows)}
    reply = yield Step(q.read_conflicts, params)
    known: dict[int, int] = dict(msgspec.json.decode(reply.rows[0][0]))
    first: dict[UUID, _Row] = {}
    fresh = []
    for index, row in enumerate(rows):
        twin = first.setdefault(row.job.id, row)
        same = known.get(index, 1) and twin.head[:3] == row.head[:3] and twin.args == row.args
        if not same:
            raise Conflict(f"the id {row.job.id} is stored with different content")
        if index in known or twin is not row:
            answers[index] = Enqueued(row.job.id, True, True)
        else:
            fresh.append(index)
    return fresh


def _take_unique_keys(
    rows: Sequence[_Row], answers: list[Enqueued | None], indexes: list[int], now: int
) -> Steps[None]:
    """Take the keys of these rows; a row whose key another job holds is answered as its ``on_conflict`` says."""
    if not indexes:
        return
    wanted = [rows[index] for index in indexes]
    keys = [_key(row, now) for row in wanted]
    params = {"ids": join_ids([row.job.id for row in wanted]), "keys": to_json(keys), "now": now}
    yield Step(q.take_unique_keys, params)
    reply = yield Step(q.read_unique_holders, {"keys": params["keys"]})
    holders = {index: UUID(hex=holder) for index, holder in msgspec.json.decode(reply.rows[0][0])}
    for number, (index, row) in enumerate(zip(indexes, wanted, strict=True)):
        holder, unique = holders[number], row.job.unique
        if holder == row.job.id or unique is None:
            continue
        if unique.on_conflict == "raise":
            raise NotUnique(unique.key, str(holder))
        if unique.on_conflict == "replace" and (yield from _cancel(holder, now)):
            tenant_id, key, free_at, until = keys[number]
            found = {"tenant_id": tenant_id, "key": key, "free_at": free_at, "until": until}
            yield Step(q.give_unique_key, {**found, "job_id": row.job.id.bytes})
        else:
            answers[index] = Enqueued(holder, False)


def _key(row: _Row, now: int) -> tuple[int, str, str, int | None]:
    unique = row.job.unique
    if unique is None:
        raise AssertionError("only rows with a unique key come here")
    until = None if unique.period_ms is None else now + 1000 * unique.period_ms
    return row.head.tenant_id, unique.key, unique.free_at, until


def _cancel(job_id: UUID, now: int) -> Steps[bool]:
    """Cancel a job that is ready or waiting; False if it is neither."""
    for cancel in (cancel_ready, cancel_waiting):
        if (yield from cancel(job_id.bytes, Reason.CANCELLED_BY_USER, now)):
            return True
    return False
