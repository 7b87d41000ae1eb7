"""Example of the search for values of a filter."""

from __future__ import annotations

from taskflowmq.server.openapi.example import Example

#: Operation → its example.
SEARCH_EXAMPLES = {
    "suggestValues": Example(
        parameters={"field": "args", "prefix": "args.us", "limit": 8},
        response={
            "field": "args",
            "items": [{"value": "args.user.id", "count": 412, "hint": None}],
            "counted": "newest_jobs",
            "looked_at": 2000,
            "more": False,
        },
    ),
}
