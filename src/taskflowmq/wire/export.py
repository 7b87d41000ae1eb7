"""Jobs as a file: CSV for spreadsheets, or one JSON object a line as REST answers with it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Any

import msgspec

from taskflowmq.core.csv_cells import cell
from taskflowmq.core.job import JobView
from taskflowmq.wire.job import job_out

_ENCODER = msgspec.json.Encoder()
_ONE_LINE = bytes.maketrans(b"\r\n", b"  ")
#: Jobs that are read and written at once.
PART = 500


class ExportFormat(StrEnum):
    """The format of an export."""

    CSV = "csv"
    JSONL = "jsonl"


MEDIA_TYPES = {
    ExportFormat.CSV: "text/csv; charset=utf-8; header=present",
    ExportFormat.JSONL: "application/jsonl; charset=utf-8",
}
#: The columns of a CSV file. An error has three, so that a spreadsheet can count by its type.
COLUMNS = (
    "id", "task", "queue", "priority", "state", "reason", "round", "attempt", "max_attempts", "crashes", "losses",
    "created_at", "run_at", "started_at", "finished_at", "expires_at", "timeout", "args", "result",
    "result_truncated", "result_error", "error_type", "error_message", "error_traceback", "progress", "worker",
    "cancel_requested_at", "tags", "meta", "unique_key", "fingerprint", "tenant",
)  # fmt: skip
#: Columns that hold JSON as it is stored.
_RAW = {name: f"raw_{name}" for name in ("args", "result", "progress", "meta")}
_ERROR_PARTS = ("type", "message", "traceback")


def export_head(wanted: ExportFormat) -> bytes:
    """Return what a file begins with: the names of the columns, or nothing."""
    return _csv([COLUMNS]) if wanted is ExportFormat.CSV else b""


def export_part(wanted: ExportFormat, views: Iterable[JobView]) -> bytes:
    """Return jobs as lines of a file."""
    if wanted is ExportFormat.CSV:
        return _csv(map(_row, views))
    # Stored JSON may have lines; inside of JSON, a line break is a space.
    return b"".join(_ENCODER.encode(job_out(view)).translate(_ONE_LINE) + b"\n" for view in views)


def _row(view: JobView) -> list[object]:
    error = view.error or {}
    values: dict[str, Any] = {f"error_{part}": error.get(part) for part in _ERROR_PARTS}
    for name in COLUMNS:
        if name in _RAW:
            raw: bytes | None = getattr(view, _RAW[name])
            values[name] = None if raw is None else raw.decode()
        elif name not in values:
            values[name] = getattr(view, name)
    return [cell(values[name]) for name in COLUMNS]


def _csv(rows: Iterable[Sequence[object]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode(errors="replace")
