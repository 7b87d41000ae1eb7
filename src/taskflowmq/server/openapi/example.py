"""What an example of an operation is."""

from __future__ import annotations

from typing import Any

import msgspec


class Example(msgspec.Struct, frozen=True, kw_only=True):
    """An example of one operation."""

    status: int = 200
    response: Any = None
    request: Any = None
    parameters: dict[str, Any] = {}
