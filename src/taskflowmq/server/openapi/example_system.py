"""The example of the description of an installation."""

from __future__ import annotations

from typing import Any

from taskflowmq.server.openapi.example import Example

_SYSTEM: dict[str, Any] = {
    "as_of": "2026-11-22T06:00:00Z",
    "server": {
        "version": "0.2.0",
        "python": "3.12.8",
        "host": "ops-1",
        "pid": 4711,
        "started_at": "2026-11-21T18:02:11Z",
    },
    "store": {
        "url": "postgresql://taskflow@db/shop",
        "engine": "PostgreSQL",
        "engine_version": "16.4",
        "schema_version": 17,
        "pending": [],
        "bytes": 734003200,
        "free_bytes": None,
        "log_bytes": None,
        "xid_age": 1204311,
        "tables": [{"name": "job", "bytes": 412090368, "rows": 1204000, "dead_rows": 311}],
    },
    "duties": [
        {
            "name": "pruner",
            "runs_on": "one",
            "ran_at": "2026-11-22T05:59:31Z",
            "ran_by": {"host": "worker-1", "pid": 4711, "program": "taskflow worker"},
            "failed_at": None,
            "problem": None,
        }
    ],
    "nodes": [{"host": "worker-1", "workers": 2, "slots": 100, "running": 12, "versions": ["0.2.0"]}],
    "settings": [
        {"name": "TASKFLOW_PORT", "value": "8080", "source": "environment", "secret": False},
    ],
    "checks": [{"name": "schema", "verdict": "OK", "detail": "version 17", "fix": None}],
    "feed": {"streams": 3, "most_streams": 200, "current": True},
}

SYSTEM_EXAMPLES: dict[str, Example] = {"getSystem": Example(response=_SYSTEM)}
