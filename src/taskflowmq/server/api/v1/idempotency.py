"""The ``Idempotency-Key`` header: a repeat of the same request answers with the first jobs (F7).

A key belongs to its caller and to the route: another caller's key of the same name is another key. The key alone does
not make requests the same: the fingerprint covers the body in canonical form, so that another order of fields is the
same request and another value is not.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec

from taskflowmq.core.job import IdempotencyKey
from taskflowmq.server.edge.problems import bad_parameter
from taskflowmq.server.edge.request_context import context_of

HEADER = b"idempotency-key"
MAX_LENGTH = 255

_canonical = msgspec.json.Encoder(order="deterministic")


def idempotency_of(scope: Mapping[str, Any], body: msgspec.Struct) -> IdempotencyKey | None:
    """Return the key of a request with its fingerprint, or None without the header.

    Raises:
        Problem: 422, the header is empty, too long or not printable ASCII.
    """
    if HEADER not in context_of(scope).headers:
        return None
    repeat = Repeat(scope)
    repeat.add(body)
    return repeat.key()


class Repeat:
    """The key of one request, whose body is added in parts.

    Args:
        scope: the request, after the gate has let it in.

    Raises:
        Problem: 422, the header is empty, too long or not printable ASCII.
    """

    def __init__(self, scope: Mapping[str, Any]) -> None:
        context = context_of(scope)
        header: bytes | None = context.headers.get(HEADER)
        self._key: str | None = None
        if header is None:
            return
        key = header.decode("latin-1").strip()
        if not 0 < len(key) <= MAX_LENGTH or not key.isascii() or not key.isprintable():
            raise bad_parameter("Idempotency-Key", f"must be 1…{MAX_LENGTH} printable ASCII characters")
        route = f"{scope['method']} {scope['path']}"
        # No blank is in a caller's name or in a route's second half, so no key of one caller reads like another's.
        self._key = f"{context.actor} {route} {key}"
        self._digest = hashlib.sha256(f"{route}\n".encode())

    @property
    def is_keyed(self) -> bool:
        """Whether the request has the header: without it no part need be added."""
        return self._key is not None

    def add(self, part: msgspec.Struct) -> None:
        """Add a part of the body to the fingerprint."""
        if self._key is not None:
            self._digest.update(_canonical.encode(part))

    def key(self) -> IdempotencyKey | None:
        """Return the key with its fingerprint, or None without the header."""
        return None if self._key is None else IdempotencyKey(self._key, self._digest.hexdigest())
