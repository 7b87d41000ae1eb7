"""Between Python values and what SQLite holds: ids are 16 bytes, times are whole microseconds, JSON is text.

Batches travel as one JSON text and one blob of ids (see steps.py); their rows are decoded here, outside of the
write lock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from msgspec.structs import FieldInfo, fields

from taskflowmq.core.attempts import AttemptView
from taskflowmq.core.filter_match import JobFacts
from taskflowmq.core.job import ClaimedJob, Counters, JobView, Reason, State
from taskflowmq.core.rows import JobRow, shown_args, shown_error
from taskflowmq.core.unique_keys import shown_key
from taskflowmq.stores.common.fields import KEPT, KEPT_JSON, VIEWED, plain_of

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_US = timedelta(microseconds=1)
_MINUTE_US = 60_000_000
_FIRST_US = (datetime.min.replace(tzinfo=UTC) - EPOCH) // _US
_LAST_US = (datetime.max.replace(tzinfo=UTC) - EPOCH) // _US
_encode = msgspec.json.Encoder().encode


def to_us(at: datetime) -> int:
    """Return an aware time in microseconds since 1970."""
    return (at - EPOCH) // _US


def from_us(us: int) -> datetime:
    """Return the aware UTC time of a number of microseconds since 1970.

    A number beyond the calendar becomes its nearest end: one bad row must not make every list fail.
    """
    try:
        return EPOCH + timedelta(0, 0, us)
    except OverflowError:
        return EPOCH + timedelta(0, 0, min(max(us, _FIRST_US), _LAST_US))


def minute_of(us: int) -> int:
    """Return the start of the minute that a time is in."""
    return us // _MINUTE_US * _MINUTE_US


def maybe_time(us: int | None) -> datetime | None:
    """Return a time, or None for None."""
    return None if us is None else from_us(us)


def join_ids(ids: Iterable[UUID]) -> bytes:
    """Return ids as one blob; statements cut it with ``substr(:ids, 16 * key + 1, 16)``."""
    return b"".join([job_id.int.to_bytes(16, "big") for job_id in ids])


def to_json(rows: Any) -> str:
    """Return a value as JSON text for json_each."""
    return _encode(rows).decode()


def zeros(count: int) -> str:
    """Return a JSON array of that length, for statements that need only positions from json_each."""
    return f"[{'0,' * (count - 1)}0]" if count else "[]"


def maybe_bytes(text: str | None) -> bytes | None:
    """Return stored JSON text as bytes, or None for None."""
    return None if text is None else text.encode()


def tags_of(text: str | None) -> tuple[str, ...]:
    """Return stored tags."""
    return tuple(msgspec.json.decode(text)) if text else ()


class ClaimRow(msgspec.Struct, array_like=True, gc=False):
    """One row of read_claimable_jobs, in the order of its columns; what the store only keeps follows."""

    seq: int
    id: UUID
    task_id: int
    round: int
    attempt: int
    crashes: int
    losses: int
    lease_no: int
    flags: int
    ready_at: int
    tenant_id: int
    created_at: int
    run_at: int
    expires_at: int | None
    args_bytes: int
    tags: str | None


def _stored_as(field: FieldInfo) -> Any:
    return str | None if field.name in KEPT_JSON else field.type


#: With what the store only keeps, under its own names.
_KeptRow: Any = msgspec.defstruct(
    "_KeptRow",
    [(field.name, _stored_as(field)) for field in fields(ClaimedJob) if field.name in KEPT],
    bases=(ClaimRow,),
    array_like=True,
    gc=False,
)
decode_claim: Callable[[str], list[ClaimRow]] = msgspec.json.Decoder(list[_KeptRow]).decode


def claimed_jobs(
    rows: Sequence[Any],
    joined: bytes,
    lane: tuple[str, int],
    names: tuple[Mapping[int, str], Mapping[int, str]],
    now: int,
) -> Iterator[ClaimedJob]:
    """Build the jobs that a worker receives of one lane, charged and under their new fences.

    Args:
        rows: as :func:`decode_claim` gives them.
        joined: their arguments, which were read as one text.
        lane: its queue and priority.
        names: of tasks and of tenants, by number.
        now: the time of the claim.
    """
    queue, priority = lane
    tasks, tenants = names
    end, made_us, created_at = 0, 0, EPOCH
    for row in rows:
        start, end = end, end + row.args_bytes
        if row.created_at != made_us:  # jobs of one list have the same
            made_us, created_at = row.created_at, from_us(row.created_at)
        waited = now - row.ready_at
        yield ClaimedJob(  # type: ignore[call-arg]  # how many plain_of gives is seen at run time only
            row.id,
            tasks[row.task_id],
            joined[start:end],
            queue,
            priority,
            tenants[row.tenant_id],
            waited / 1_000_000 if waited > 0 else 0.0,  # negative after the clock stepped back
            tags_of(row.tags) if row.tags else (),
            row.round,
            row.attempt + 1,
            row.crashes,
            row.losses,
            row.lease_no + 1,
            created_at,
            created_at if row.run_at == made_us else from_us(row.run_at),
            None if row.expires_at is None else from_us(row.expires_at),
            *plain_of(row),
            # One by one: in a loop it takes as long as half of the rest.
            row.meta.encode() if row.meta else None,
            row.headers.encode() if row.headers else None,
        )


_VIEWED = tuple((name, KEPT.index(own), own in KEPT_JSON) for name, own in VIEWED)


def job_view(row: Sequence[Any]) -> JobView:
    """Build what a reader sees from one row of get_job or get_jobs."""
    (job_id, tenant, task, queue, priority, args, state, reason, *counts) = row[:13]
    (created_at, run_at, started_at, finished_at, expires_at) = row[13:18]
    (result, result_error, error, progress, worker, cancel_at, unique_key, tags, fingerprint, *kept) = row[18:]
    return JobView(
        id=UUID(bytes=job_id),
        tenant=tenant,
        task=task,
        queue=queue,
        priority=priority,
        raw_args=args.encode(),
        state=State(state),
        reason=None if reason is None else Reason(reason),
        counters=Counters(*counts),
        created_at=from_us(created_at),
        run_at=from_us(run_at),
        started_at=maybe_time(started_at),
        finished_at=maybe_time(finished_at),
        expires_at=maybe_time(expires_at),
        raw_result=maybe_bytes(result),
        result_error=result_error,
        raw_error=maybe_bytes(error),
        raw_progress=maybe_bytes(progress),
        worker=None if worker is None else str(UUID(bytes=worker)),
        cancel_requested_at=maybe_time(cancel_at),
        unique_key=shown_key(unique_key),
        tags=tags_of(tags),
        fingerprint=fingerprint,
        **_viewed(kept),
    )


def job_row(row: Sequence[Any]) -> JobRow:
    """Build a line of a list from a row of get_rows."""
    (job_id, task, queue, priority, args, state, reason, round_no, attempt, lease_no, max_attempts) = row[:11]
    (created_at, run_at, started_at, finished_at, error, progress, worker, cancel_at, tags) = row[11:]
    return JobRow(
        id=UUID(bytes=job_id),
        task=task,
        args_preview=shown_args(args),
        queue=queue,
        priority=priority,
        state=State(state),
        reason=None if reason is None else Reason(reason),
        round=round_no,
        attempt=attempt,
        max_attempts=max_attempts,
        lease_no=lease_no,
        created_at=from_us(created_at),
        run_at=from_us(run_at),
        started_at=maybe_time(started_at),
        finished_at=maybe_time(finished_at),
        worker=None if worker is None else str(UUID(bytes=worker)),
        raw_progress=maybe_bytes(progress),
        tags=tags_of(tags),
        error=None if error is None else shown_error(error),
        cancel_requested_at=maybe_time(cancel_at),
    )


def job_facts(row: Sequence[Any]) -> JobFacts:
    """Build what a filter decides by from a row of read_facts."""
    (job_id, task, queue, priority, state, attempt, created_at, run_at, started_at, finished_at, worker, *rest) = row
    tags, args, meta, error, fingerprint = rest
    return JobFacts(
        UUID(bytes=job_id),
        task,
        queue,
        priority,
        State(state),
        attempt,
        from_us(created_at),
        from_us(run_at),
        maybe_time(started_at),
        maybe_time(finished_at),
        None if worker is None else str(UUID(bytes=worker)),
        tags_of(tags),
        maybe_bytes(args),
        maybe_bytes(meta),
        maybe_bytes(error),
        fingerprint,
    )


def _viewed(kept: Sequence[Any]) -> dict[str, Any]:
    return {name: maybe_bytes(kept[at]) if is_json else kept[at] for name, at, is_json in _VIEWED}


def attempt_view(row: Sequence[Any]) -> AttemptView:
    """Build one attempt from a row of list_attempts."""
    round_no, attempt, lease_no, worker, host, pid, started_at, finished_at, outcome, error, _ = row
    return AttemptView(
        round=round_no,
        attempt=attempt,
        lease_no=lease_no,
        worker=None if worker is None else str(UUID(bytes=worker)),
        host=host,
        pid=pid,
        started_at=maybe_time(started_at),
        finished_at=maybe_time(finished_at),
        outcome=outcome,
        raw_error=maybe_bytes(error),
    )
