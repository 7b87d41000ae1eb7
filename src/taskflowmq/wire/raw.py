"""JSON that passes through as it is stored."""

from __future__ import annotations

from typing import Any

import msgspec


def as_json(raw: bytes | None) -> Any:
    """Return stored JSON as a value that is written as it is; None stays null."""
    return None if raw is None else msgspec.Raw(raw)
