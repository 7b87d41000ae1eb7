"""Jobs, rows, attempts, errors and log lines as they are shown: without the fields that :mod:`redaction` hides."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol, TypeVar

import msgspec

from taskflowmq.core.attempts import AttemptView
from taskflowmq.core.errors import BadFilter, InvalidJob
from taskflowmq.core.feed import JobProbe
from taskflowmq.core.filter_terms import PAYLOAD_KEYS, Term, Word
from taskflowmq.core.hidden_values import MASK, HiddenValues
from taskflowmq.core.job import JobView
from taskflowmq.core.job_logs import MAX_MESSAGE, LogLine
from taskflowmq.core.patterns import glob
from taskflowmq.core.redaction import Hider, Redaction
from taskflowmq.core.rows import SHOWN, ErrorHead, JobRow
from taskflowmq.core.unique_keys import without_digest

#: How the remark on a result ends that was too large, and was stored as the beginning of its JSON.
CUT = "; cut"


class _Payload(Protocol):
    """The JSON that the terms of a filter read of a job."""

    @property
    def task(self) -> str: ...
    @property
    def raw_args(self) -> bytes | None: ...
    @property
    def raw_meta(self) -> bytes | None: ...
    @property
    def raw_error(self) -> bytes | None: ...


P = TypeVar("P", bound=_Payload)
#: Characters of the message of an error, and of its traceback, that workers store.
MAX_ERROR_MESSAGE, MAX_TRACEBACK = 8_000, 16_000


def shown_job(redaction: Redaction, view: JobView) -> JobView:
    """Return a job as it is shown; the same object if nothing of it is hidden."""
    hider = redaction.of(view.task)
    if hider is None:
        return view
    values = HiddenValues()
    changed: dict[str, Any] = {
        "raw_args": hider.json("args", view.raw_args, values),
        "raw_meta": hider.json("meta", view.raw_meta, values),
        "raw_result": _shown_result(hider, view, values),
        "raw_progress": hider.json("progress", view.raw_progress),
        "raw_error": view.raw_error,
    }
    if changed["raw_args"] is not view.raw_args and view.unique_key is not None:
        changed["unique_key"] = without_digest(view.unique_key, MASK)
    if values:
        changed["raw_progress"] = shown_texts(changed["raw_progress"], values)
        changed["raw_error"] = shown_error_json(changed["raw_error"], values)
        key: str | None = changed.get("unique_key", view.unique_key)
        changed["unique_key"] = None if key is None else values.replaced(key)
        changed["result_error"] = None if view.result_error is None else values.replaced(view.result_error)
    changed = {name: value for name, value in changed.items() if value is not getattr(view, name)}
    return msgspec.structs.replace(view, **changed) if changed else view


def _shown_result(hider: Hider, view: JobView, values: HiddenValues) -> bytes | None:
    """Return a result as it is shown; of one that was too large, the beginning of its JSON is stored as a text."""
    shown = hider.json("result", view.raw_result, values)
    if shown is None or shown is not view.raw_result or not (view.result_error or "").endswith(CUT):
        return shown
    text = msgspec.json.decode(shown)
    hidden = hider.text("result", text, values) if isinstance(text, str) else text
    return shown if hidden == text else msgspec.json.encode(hidden)


def shown_row(
    redaction: Redaction, row: JobRow, payload: JobView | None = None, *, reads_payload: bool = True
) -> JobRow:
    """Return a row as it is shown.

    Args:
        redaction: the rules.
        row: as it is stored.
        payload: its job, for the values that its error must not hold; None: those in the shown arguments are known.
        reads_payload: whether there is time to find them; otherwise the message is hidden if there may be any.
    """
    hider = redaction.of(row.task)
    if hider is None:
        return row
    values = HiddenValues()
    args = hider.text("args", row.args_preview, values)
    unread = False
    if payload is not None and not reads_payload:
        unread = hider.may_hide("args", payload.raw_args) or hider.may_hide("meta", payload.raw_meta)
    elif payload is not None:
        values = hidden_values(hider, payload.raw_args, payload.raw_meta)
    progress = shown_texts(hider.json("progress", row.raw_progress), values)
    error = row.error
    if unread and error is not None:
        error = ErrorHead(error.type, MASK)
    elif values and error is not None:
        error = ErrorHead(error.type, values.replaced(error.message)[:SHOWN])
    if args is row.args_preview and progress is row.raw_progress and error is row.error:
        return row
    return msgspec.structs.replace(row, args_preview=args, raw_progress=progress, error=error)


def shown_probe(redaction: Redaction, probe: JobProbe) -> JobProbe:
    """Return what moves of a job as it is shown. Its task is not known, so the rules of all tasks hold."""
    if redaction.any is None or probe.raw_progress is None:
        return probe
    progress = redaction.any.json("progress", probe.raw_progress)
    return probe if progress is probe.raw_progress else msgspec.structs.replace(probe, raw_progress=progress)


def shown_attempt(values: HiddenValues, attempt: AttemptView) -> AttemptView:
    """Return an attempt as it is shown.

    Args:
        values: the hidden values of its job, of :func:`hidden_values`.
        attempt: the attempt.
    """
    error = shown_error_json(attempt.raw_error, values)
    return attempt if error is attempt.raw_error else msgspec.structs.replace(attempt, raw_error=error)


def shown_line(hider: Hider, values: HiddenValues, line: LogLine) -> LogLine:
    """Return a stored line as it is shown; arguments as for :func:`shown_attempt`."""
    fields = shown_texts(hider.json("log", line.raw_fields), values)
    message = values.replaced(line.message, is_cut=len(line.message) >= MAX_MESSAGE)
    if fields is line.raw_fields and message == line.message:
        return line
    return msgspec.structs.replace(line, message=message, raw_fields=fields)


def hidden_values(
    hider: Hider | None, args: bytes, meta: bytes | None = None, result: bytes | None = None
) -> HiddenValues:
    """Return the texts and numbers of a job's payload that are hidden."""
    values = HiddenValues()
    if hider is not None:
        hider.json("args", args, values)
        hider.json("meta", meta, values)
        hider.json("result", result, values)
    return values


def told_without(values: HiddenValues, error: InvalidJob) -> InvalidJob:
    """Return what is wrong with a job without hidden values: checks may repeat what they have refused."""
    fields = tuple(one._replace(detail=values.replaced(one.detail)) for one in error.errors)
    return InvalidJob(values.replaced(error.detail), fields)


def shown_error_json(raw: bytes | None, values: HiddenValues) -> bytes | None:
    """Return an error, ``{"type", "message", "traceback"}``, without hidden values; the same object if it has none."""
    if raw is None or not values:
        return raw
    try:
        error = msgspec.json.decode(raw)
    except (msgspec.DecodeError, ValueError):  # stored by a program that is not ours
        return raw
    if not isinstance(error, dict):
        return raw
    shown = {name: _shown_part(name, value, values) for name, value in error.items()}
    return raw if shown == error else msgspec.json.encode(shown)


def _shown_part(name: str, value: Any, values: HiddenValues) -> Any:
    """Return a part of an error as it is shown."""
    if not isinstance(value, str):
        return value
    if name == "type":
        return values.replaced_known(value)
    return values.replaced(value, is_cut=name == "message" and len(value) >= MAX_ERROR_MESSAGE)


def shown_payload(redaction: Redaction, job: P) -> P:
    """Return what a filter reads of a job as its reader sees it, so that no filter finds what is hidden."""
    hider = redaction.of(job.task)
    if hider is None:
        return job
    values = HiddenValues()
    args, meta = hider.json("args", job.raw_args, values), hider.json("meta", job.raw_meta, values)
    error = shown_error_json(job.raw_error, values)
    if args is job.raw_args and meta is job.raw_meta and error is job.raw_error:
        return job
    replaced: P = msgspec.structs.replace(job, raw_args=args, raw_meta=meta, raw_error=error)  # type: ignore[type-var]
    return replaced


def check_terms(
    redaction: Redaction, terms: Iterable[Term], task: str | None = None, *, instead: str = "use other terms"
) -> None:
    """Refuse a filter by a field that is hidden: it would find nothing, and its reader would not know why.

    Args:
        redaction: the rules.
        terms: of the filter.
        task: the only task whose jobs are meant; None: any.
        instead: what the reader can do.

    Raises:
        BadFilter: names the rule.
    """
    terms = tuple(terms)
    named = [
        (glob(word.text) if word.pattern else word.text.__eq__)
        for term in terms if term.key == "task" and not term.negated and len(term.values) == 1
        for word in term.values if isinstance(word, Word)
    ]  # fmt: skip
    for term in terms:
        if term.key not in PAYLOAD_KEYS:
            continue
        for rule in redaction.rules:
            of_others = rule.task and "*" not in rule.task and (
                (task is not None and task != rule.task) or not all(fits(rule.task) for fits in named)
            )  # fmt: skip
            if not of_others and Hider((rule,)).rule_for(term.key, term.path) is not None:
                path = ".".join((term.key, *term.path))
                why = f"{path} is redacted by the rule {rule}, so jobs are not found by it: {instead}"
                raise BadFilter("redacted", why, 0, 0)


def shown_texts(raw: bytes | None, values: HiddenValues) -> bytes | None:
    """Return JSON without hidden values in its texts; the same object if it has none."""
    if raw is None or not values:
        return raw
    found = msgspec.json.decode(raw)
    shown = _without_values(found, values)
    return raw if shown == found else msgspec.json.encode(shown)


def _without_values(value: Any, values: HiddenValues) -> Any:
    if isinstance(value, str):
        return values.replaced(value, is_cut=len(value) >= MAX_MESSAGE)
    if isinstance(value, dict):
        return {name: _without_values(one, values) for name, one in value.items()}
    if isinstance(value, list):
        return [_without_values(one, values) for one in value]
    return value
