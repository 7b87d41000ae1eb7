"""Page cursors: opaque, bound to the filter that they continue, refused when broken."""

from __future__ import annotations

import base64
import binascii
from hashlib import blake2b
from uuid import UUID

import msgspec

from taskflowmq.core.job import JobFilter
from taskflowmq.server.edge.problems import bad_parameter

_CHECK_BYTES = 4
_ID_BYTES = 16


def write_cursor(query: JobFilter, last: UUID) -> str:
    """Return a cursor that continues a list below ``last``."""
    raw = last.bytes + _check(query, last.bytes)
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def read_cursor(query: JobFilter, cursor: str) -> UUID:
    """Return the id below which a list continues.

    Raises:
        Problem: 422, the cursor is not one of ours or belongs to another filter.
    """
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise bad_parameter("cursor", "is not a cursor of this API") from error
    if len(raw) != _ID_BYTES + _CHECK_BYTES or raw[_ID_BYTES:] != _check(query, raw[:_ID_BYTES]):
        raise bad_parameter("cursor", "is damaged, or belongs to a list with a different filter")
    return UUID(bytes=raw[:_ID_BYTES])


def _check(query: JobFilter, raw_id: bytes) -> bytes:
    return blake2b(raw_id + msgspec.json.encode(query), digest_size=_CHECK_BYTES).digest()
