"""Examples of the search for values of a filter, and of the public demonstration."""

from __future__ import annotations

from taskflowmq.server.openapi.example import Example

#: Operation → its example.
SEARCH_EXAMPLES = {
    "enqueueDemoJob": Example(
        status=201, response={"id": "019ab2c4-7d1e-7a30-9c44-51f0b7a2e6d8", "task": "report.build", "left": 9}
    ),
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
