"""The example of a saved view."""

from __future__ import annotations

from typing import Any

VIEW_REQUEST: dict[str, Any] = {
    "name": "Mail that fails",
    "filter": "state:dead,retrying queue:mail",
    "range": "24h",
    "columns": ["attempt", "ended"],
}
VIEW: dict[str, Any] = {
    "id": "019ab2c5-01f7-7c11-9d02-3b8a6de41c70",
    "key": None,
    "kind": "own",
    **VIEW_REQUEST,
    "sort": "newest",
    "owner": "key:9f2c41d7",
    "created_at": "2026-11-22T06:00:00Z",
    "changed_at": "2026-11-22T06:00:00Z",
}
VIEW_AT: dict[str, Any] = {"view_id": VIEW["id"]}
_BUILT_IN: dict[str, Any] = {
    **dict.fromkeys(VIEW),
    "key": "dead-letters",
    "kind": "built_in",
    "name": "Dead letters",
    "filter": "state:dead",
    "sort": "newest",
}
VIEWS: dict[str, Any] = {"items": [_BUILT_IN, VIEW]}
