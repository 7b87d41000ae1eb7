"""Examples of the operations on saved views."""

from __future__ import annotations

from typing import Any

from taskflowmq.server.openapi.example import Example

_REQUEST: dict[str, Any] = {
    "name": "Mail that fails",
    "filter": "state:dead,retrying queue:mail",
    "range": "24h",
    "columns": ["attempt", "ended"],
}
_VIEW: dict[str, Any] = {
    "id": "019ab2c5-01f7-7c11-9d02-3b8a6de41c70",
    "key": None,
    "kind": "own",
    **_REQUEST,
    "sort": "newest",
    "owner": "key:9f2c41d7",
    "created_at": "2026-11-22T06:00:00Z",
    "changed_at": "2026-11-22T06:00:00Z",
}
_AT: dict[str, Any] = {"view_id": _VIEW["id"]}
_BUILT_IN: dict[str, Any] = {
    **dict.fromkeys(_VIEW),
    "key": "dead-letters",
    "kind": "built_in",
    "name": "Dead letters",
    "filter": "state:dead",
    "sort": "newest",
}
_VIEWS: dict[str, Any] = {"items": [_BUILT_IN, _VIEW]}

#: Operation → its example.
VIEW_EXAMPLES = {
    "listViews": Example(response=_VIEWS),
    "createView": Example(status=201, request=_REQUEST, response=_VIEW),
    "changeView": Example(parameters=_AT, request={"range": "7d"}, response={**_VIEW, "range": "7d"}),
    "deleteView": Example(status=204, parameters=_AT),
}
