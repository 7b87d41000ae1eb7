"""The answer of a probe in JSON."""

from __future__ import annotations

import msgspec


class Health(msgspec.Struct, kw_only=True):
    """The response of a probe."""

    status: str
