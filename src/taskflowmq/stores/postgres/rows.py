"""Rows to core values and back. Shapes only: nothing here decides or talks to the database."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import datetime
from operator import attrgetter
from typing import Any

import msgspec

from taskflowmq.core.attempts import AttemptView
from taskflowmq.core.errors import InvalidJob
from taskflowmq.core.filter_match import JobFacts
from taskflowmq.core.ids import unix_ms
from taskflowmq.core.job import (
    ClaimedJob,
    Counters,
    HeldJob,
    JobKind,
    JobView,
    NewJob,
    Reason,
    State,
    have_one_shape,
)
from taskflowmq.core.rows import JobRow, shown_args, shown_error
from taskflowmq.core.transitions import Transition, fingerprint_of
from taskflowmq.core.unique_keys import shown_key
from taskflowmq.core.validation import clean_text
from taskflowmq.ports.store.workers import WorkerView
from taskflowmq.stores.common.fields import KEPT, KEPT_JSON, VIEWED, json_of, plain_of
from taskflowmq.stores.common.workers import command_of
from taskflowmq.stores.postgres.names import Lane, NameRows

Row = Any
_LONGEST_PROBLEM = 2_000
#: The separator between the arguments of jobs; JSON never holds it, neither in texts nor between them.
_CUT = b"\x1f"
#: JSON that jsonb refuses has an escape by number (half of a surrogate pair, NUL) or a number beyond every range.
_ESCAPE = b"\\u"
#: A large exponent after every digit is replaced by 0, both letters by e, both signs by -, and all else by a point: two
#: plain searches, which take a quarter of the time of a regular expression.
_KINDS = bytes(
    ord("0" if char in "0123456789" else "e" if char in "eE" else "-" if char in "+-" else ".")
    for char in map(chr, range(256))
)
_LARGE_EXPONENTS = (b"0e0000", b"0e-0000")
#: Up to this many bytes, and with exponents below 1,000, no number has more digits than PostgreSQL takes (16,383 behind
#: the point).
_SHORT_ARGS = 10_000
#: What of a job is JSON already, and what is plain; its unique key has names of its own.
_JSON_FIELDS = ("args", *KEPT_JSON)
_PLAIN_FIELDS = tuple(name for name in NewJob.__struct_fields__ if name not in {*_JSON_FIELDS, "id", "tags", "unique"})
_plain = attrgetter(*_PLAIN_FIELDS)
_KEPT = tuple(map(attrgetter, KEPT))


def _column(jobs: Sequence[NewJob], pick: Callable[[NewJob], Any], default: Any = None) -> list[Any] | None:
    """Return one column, or None when every value is the default: unnest pads a missing array with nulls."""
    values = [pick(job) for job in jobs]
    return values if any(value is not default and value != default for value in values) else None


def array_literal(words: Sequence[str]) -> str | None:
    """Write text[] as PostgreSQL reads it; None for no words."""
    if not words:
        return None
    return "{" + ",".join('"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"' for word in words) + "}"


def enqueue_args(now: datetime | None, jobs: Sequence[NewJob], names: NameRows) -> list[Any]:
    """Return the parameters of ``enqueue_jobs`` for jobs in id order."""
    tenants, tasks, lanes = names
    return [
        now,
        [job.id for job in jobs],
        [tenants[job.tenant] for job in jobs],
        [lanes[job.tenant, job.queue, job.priority, job.share] for job in jobs],
        [tasks[job.tenant, job.task] for job in jobs],
        [job.args for job in jobs],
        _column(jobs, lambda job: job.delay_ms, 0),
        _column(jobs, lambda job: job.run_at),
        _column(jobs, lambda job: job.expires_in_ms),
        _column(jobs, lambda job: array_literal(job.tags)),
        unix_ms(jobs[0].id),
        unix_ms(jobs[-1].id),
        *[_column(jobs, pick) for pick in _KEPT],
    ]


def are_alike(jobs: Sequence[NewJob]) -> bool:
    """Tell whether jobs are ready at once, ask for no key, and differ only in id and arguments (``insert_alike``)."""
    first = jobs[0]
    if first.delay_ms > 0 or first.run_at is not None or first.unique is not None:
        return False
    return have_one_shape(jobs)


def alike_args(now: datetime | None, jobs: Sequence[NewJob], names: NameRows) -> list[Any]:
    """Return the parameters of ``insert_alike`` for jobs in id order."""
    first = jobs[0]
    args = _CUT.join([job.args for job in jobs])
    if args.count(_CUT) >= len(jobs):
        raise InvalidJob.at("/args", "are not JSON: they hold the character U+001F")
    ids = "{" + ",".join([f"{job.id.int:032x}" for job in jobs]) + "}"
    plain = is_plainly_storable(args, max([len(job.args) for job in jobs]))
    bounds = [unix_ms(first.id), unix_ms(jobs[-1].id)]
    return [now, bounds, ids, args.decode(), plain, *_common_args(first, names)]


def one_args(now: datetime | None, job: NewJob, names: NameRows) -> list[Any]:
    """Return the parameters of ``insert_one``."""
    plain = is_plainly_storable(job.args, len(job.args))
    return [now, unix_ms(job.id), job.id, job.args.decode(), plain, *_common_args(job, names)]


def _common_args(job: NewJob, names: NameRows) -> tuple[Any, ...]:
    return (
        names.tenants[job.tenant],
        names.lanes[job.tenant, job.queue, job.priority, job.share],
        names.tasks[job.tenant, job.task],
        job.expires_in_ms,
        array_literal(job.tags),
        *plain_of(job),
        *[text and text.decode() for text in json_of(job)],
    )


def is_plainly_storable(args: bytes, longest: int) -> bool:
    """Tell whether every reader accepts every JSON text in ``args``, so that the server need not check them.

    Args:
        args: JSON texts, one behind the other.
        longest: the bytes of the longest of them.
    """
    if longest > _SHORT_ARGS or _ESCAPE in args:
        return False
    kinds = args.translate(_KINDS)
    return not any(large in kinds for large in _LARGE_EXPONENTS)


def _raw(data: bytes | None) -> msgspec.Raw | None:
    return None if data is None else msgspec.Raw(data)


def ascii_json(data: bytes) -> bytes:
    """Return the same JSON in ASCII, which every encoding has: a task's description must not stop a worker."""
    return data if data.isascii() else json.dumps(msgspec.json.decode(data)).encode()


def jobs_as_json(jobs: Sequence[NewJob]) -> str:
    """Write jobs as ``taskflow.enqueue_v1`` takes them."""
    return msgspec.json.encode([_job_as_dict(job) for job in jobs]).decode()


def _job_as_dict(job: NewJob) -> dict[str, Any]:
    """Return every field that differs from its default, by its name; new fields are included by themselves."""
    item = {name: value for name, value in zip(_PLAIN_FIELDS, _plain(job), strict=True) if value is not None}
    item["id"] = str(job.id)
    for name in _JSON_FIELDS:
        text = getattr(job, name)
        if text is not None:
            item[name] = msgspec.Raw(text)
    if job.tags:
        item["tags"] = job.tags
    unique = job.unique
    if unique is not None:
        item |= {"unique_key": unique.key, "free_at": unique.free_at, "on_conflict": unique.on_conflict}
        if unique.period_ms is not None:
            item["period_ms"] = unique.period_ms
    return item


def clean(text: str | None) -> str | None:
    """Return text that can be stored: the description of an error must not cause another."""
    return None if text is None else clean_text(text, _LONGEST_PROBLEM)


def changes_as_json(changes: Sequence[Transition]) -> str:
    """Write transitions as ``taskflow.settle_many`` takes them."""
    return msgspec.json.encode([change_as_dict(change) for change in changes]).decode()


def change_as_dict(change: Transition) -> dict[str, Any]:
    """Return one transition as ``taskflow.settle_v1`` takes it."""
    counters = change.counters
    item = {
        "job_id": str(change.job_id),
        "lease_no": counters.lease_no,
        "goes": change.to,
        "reason": change.reason,
        "delay_ms": change.delay_ms,
        "ended": change.ended,
        "round": counters.round,
        "attempt": counters.attempt,
        "crashes": counters.crashes,
        "losses": counters.losses,
        "result": _raw(change.result),
        "result_error": clean(change.result_error),
        "error": _raw(change.error),
        "fingerprint": fingerprint_of(change),
    }
    return {name: value for name, value in item.items() if value is not None}


def claimed_job(row: Row, tasks: dict[int, str], lanes: dict[int, Lane], tenants: dict[int, str]) -> ClaimedJob:
    """Build a claimed job from a row of ``claim_jobs``, whose last columns come in the order of its last fields."""
    # By position and in one slice: access by name for each of them costs more than all the rest.
    lane, waited, tags = lanes[row[0]], row[6], row[7]
    return ClaimedJob(
        row[2],
        tasks[row[3]],
        row[5],
        lane.queue,
        lane.priority,
        tenants[row[4]],
        waited if waited > 0 else 0.0,  # negative after the clock stepped back
        tuple(tags) if tags else (),
        *row[8:],
    )


def _counters(row: Row) -> Counters:
    return Counters(row["round"], row["attempt"], row["crashes"], row["losses"], row["lease_no"])


def held_job(row: Row) -> HeldJob:
    """Build a held job from a row of ``list_held_jobs``."""
    return HeldJob(
        row["job_id"], row["max_attempts"], _counters(row), JobKind(row["tenant"], row["queue"], row["task"])
    )


def worker_view(row: Row) -> WorkerView:
    """Build a worker from a row of ``list_workers``."""
    return WorkerView(
        id=row["id"],
        supervisor=row["supervisor"],
        host=row["host"],
        pid=row["pid"],
        version=row["version"],
        started_at=row["started_at"],
        lease_until=row["lease_until"],
        ended_at=row["ended_at"],
        info=row["info"],
        running=row["running"],
        lease_over=row["lease_over"],
        load=row["load"],
        load_at=row["load_at"],
        command=command_of(row["command"]),
        command_at=row["command_at"],
        command_by=row["command_by"],
        release=row["release"],
    )


def job_view(row: Row) -> JobView:
    """Build a job from a row of ``get_job`` or ``get_jobs``."""
    return JobView(
        id=row["id"],
        tenant=row["tenant"],
        task=row["task"],
        queue=row["queue"],
        priority=row["priority"],
        raw_args=row["args"],
        state=State(row["state"]),
        reason=Reason(row["reason"]) if row["reason"] else None,
        counters=_counters(row),
        created_at=row["created_at"],
        run_at=row["run_at"],
        started_at=row["started_at"],
        finished_at=row["finished_at"],
        expires_at=row["expires_at"],
        raw_result=row["result"],
        result_error=row["result_error"],
        raw_error=row["error"],
        raw_progress=row["progress"],
        worker=str(row["worker_id"]) if row["worker_id"] else None,
        cancel_requested_at=row["cancel_requested_at"],
        unique_key=shown_key(row["unique_key"]),
        tags=tuple(row["tags"] or ()),
        fingerprint=row["fingerprint"],
        **{name: row[own] for name, own in VIEWED},
    )


def job_row(row: Row) -> JobRow:
    """Build a line of a list from a row of ``get_rows``."""
    error = row["error"]
    return JobRow(
        id=row["id"],
        task=row["task"],
        args_preview=shown_args(_text(row["args"])),
        queue=row["queue"],
        priority=row["priority"],
        state=State(row["state"]),
        reason=Reason(row["reason"]) if row["reason"] else None,
        round=row["round"],
        attempt=row["attempt"],
        max_attempts=row["max_attempts"],
        lease_no=row["lease_no"],
        created_at=row["created_at"],
        run_at=row["run_at"],
        started_at=row["started_at"],
        finished_at=row["finished_at"],
        worker=str(row["worker_id"]) if row["worker_id"] else None,
        raw_progress=row["progress"],
        tags=tuple(row["tags"] or ()),
        error=None if error is None else shown_error(_text(error)),
        cancel_requested_at=row["cancel_requested_at"],
    )


def job_facts(row: Row) -> JobFacts:
    """Build what a filter decides by from a row of ``read_facts``."""
    (job_id, task, queue, priority, state, attempt, created_at, run_at, started_at, finished_at, worker, *rest) = row
    tags, args, meta, error, fingerprint = rest
    return JobFacts(
        job_id,
        task,
        queue,
        priority,
        State(state),
        attempt,
        created_at,
        run_at,
        started_at,
        finished_at,
        str(worker) if worker else None,
        tuple(tags) if tags else (),
        args,
        meta,
        error,
        fingerprint,
    )


def _text(cut: bytes) -> str:
    # A database with the encoding SQL_ASCII counts bytes, and may have cut a character.
    return cut.decode("utf-8", "ignore")


def attempt_view(row: Row) -> AttemptView:
    """Build an attempt from a row of ``list_attempts``."""
    return AttemptView(
        round=row["round"],
        attempt=row["attempt"],
        lease_no=row["lease_no"],
        worker=str(row["worker_id"]) if row["worker_id"] else None,
        host=row["host"],
        pid=row["pid"],
        started_at=row["started_at"],
        finished_at=row["finished_at"],
        outcome=row["outcome"],
        raw_error=row["error"],
    )
