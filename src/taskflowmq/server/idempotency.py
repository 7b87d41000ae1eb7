"""The ``Idempotency-Key`` header: a repeat of the same request answers with the first jobs (F7).

The key alone does not make requests the same: the fingerprint covers method, path and the body in canonical form,
so that another order of fields is the same request and another value is not.
"""

from __future__ import annotations

import hashlib

import msgspec

from taskflowmq.core.job import IdempotencyKey
from taskflowmq.server.problems import bad_parameter

HEADER = b"idempotency-key"
MAX_LENGTH = 255

_canonical = msgspec.json.Encoder(order="deterministic")


def idempotency_of(header: bytes | None, method: str, path: str, body: msgspec.Struct) -> IdempotencyKey | None:
    """Return the key of a request with its fingerprint, or None without the header.

    Raises:
        Problem: 422, the header is empty, too long or not printable ASCII.
    """
    if header is None:
        return None
    key = header.decode("latin-1").strip()
    if not 0 < len(key) <= MAX_LENGTH or not key.isascii() or not key.isprintable():
        raise bad_parameter("Idempotency-Key", f"must be 1…{MAX_LENGTH} printable ASCII characters")
    digest = hashlib.sha256(f"{method} {path}\n".encode())
    digest.update(_canonical.encode(body))
    return IdempotencyKey(key, digest.hexdigest())
