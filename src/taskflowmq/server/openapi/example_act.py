"""The example of an act of the audit."""

from __future__ import annotations

from typing import Any

ACT: dict[str, Any] = {
    "seq": 42,
    "at": "2026-11-22T06:00:00Z",
    "actor": "key:9f2c41d7",
    "role": "operator",
    "via": "rest",
    "action": "queue.pause",
    "object": "queue:mail",
    "query": None,
    "count": None,
    "reason": "mail provider is down",
    "request_id": "1f0c5a9e2b7d4c36",
    "before": {"paused": None, "retention": {}},
    "after": {"paused": {"by": "key:9f2c41d7", "reason": "mail provider is down"}},
}
