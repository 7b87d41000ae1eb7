"""Examples of the operations on stacks and profiles."""

from __future__ import annotations

from typing import Any

from taskflowmq.server.openapi.example import Example

_JOB = "019ab2c4-7d1e-7a30-9c44-51f0b7a2e6d8"
_AT: dict[str, Any] = {"job_id": _JOB}
_ASKED: dict[str, Any] = {
    "id": "5f0c1d9e-2b64-4a38-9f0e-7d2c8a41b6e3",
    "job_id": _JOB,
    "state": "waiting",
    "detail": "the worker has not answered yet",
    "asked_at": "2026-11-22T06:00:00Z",
    "asked_by": "key:9f2c41d7",
    "worker": "019ab2c4-0000-7000-8000-0d2f5a3b9c11",
    "answered_at": None,
    "answer": None,
}
_ANSWERED: dict[str, Any] = {
    **_ASKED,
    "state": "answered",
    "detail": "the worker has answered",
    "answered_at": "2026-11-22T06:00:00.420000Z",
}
_BODY: dict[str, Any] = {
    "host": "worker-1",
    "pid": 4711,
    "body": "thread",
    "age": 42.5,
    "rss": 98_566_144,
    "cpu_seconds": 17.2,
    "note": None,
}
_FRAMES: list[dict[str, Any]] = [
    {"file": "/srv/shop/tasks.py", "line": 31, "function": "report", "code": "rows = load(day)"},
    {"file": "/srv/shop/tasks.py", "line": 12, "function": "load", "code": "return cursor.fetchall()"},
]
_STACK: dict[str, Any] = {
    **_BODY,
    "stacks": [{"name": "taskflow-1", "kind": "thread", "waits": False, "frames": _FRAMES, "left_out": 0}],
}
_PROFILE: dict[str, Any] = {
    **_BODY,
    "seconds": 5.0,
    "samples": 480,
    "interval_ms": 10.42,
    "overhead": 0.003,
    "frames": [{**frame, "code": None} for frame in _FRAMES],
    "paths": [{"frames": [0, 1], "samples": 470, "waits": False}, {"frames": [0], "samples": 10, "waits": False}],
    "left_out": 0,
    "ended": False,
}

#: Operation → its example.
INSPECTION_EXAMPLES = {
    "askStack": Example(status=202, parameters=_AT, request={"reason": "it hangs"}, response=_ASKED),
    "getStack": Example(parameters=_AT, response={**_ANSWERED, "answer": _STACK}),
    "askProfile": Example(
        status=202, parameters=_AT, request={"seconds": 5, "reason": "it is slow"}, response={**_ASKED, "seconds": 5}
    ),
    "getProfile": Example(parameters=_AT, response={**_ANSWERED, "seconds": 5, "answer": _PROFILE}),
}
