"""Examples of the operations of the playground."""

from __future__ import annotations

from typing import Any

from taskflowmq.server.openapi.example import Example

_REQUEST: dict[str, Any] = {
    "rate": 50,
    "seconds": 30,
    "mix": {"quick": 6, "slow": 2, "cpu": 1, "retried": 1},
    "fail": 0.02,
    "reason": "how many slots does a busy hour need",
}
_RUN: dict[str, Any] = {
    "id": "019ab2c5-2a10-7000-8000-4d1f6a2b9c80",
    "tag": "playground-4d1f6a2b9c80",
    "state": "enqueuing",
    "rate": 50.0,
    "seconds": 30.0,
    "mix": _REQUEST["mix"],
    "fail": 0.02,
    "started_at": "2026-11-22T06:00:00Z",
    "actor": "local",
    "stopped_by": None,
    "as_of": "2026-11-22T06:00:10Z",
    "elapsed": 10.2,
    "asked": 1500,
    "enqueued": 510,
    "rate_reached": 50.0,
    "waiting": 21,
    "running": 14,
    "completed": 472,
    "failed": 61,
    "dead": 3,
    "cancelled": 0,
    "gone": 0,
    "throughput": 48.2,
    "wait": {"p50": 0.0027, "p95": 0.0124, "p99": 0.0397},
    "run": {"p50": 0.0124, "p95": 2.3, "p99": 2.9},
    "problem": None,
}
_STOPPED = {**_RUN, "state": "waiting", "stopped_by": "local"}
_POINTS: dict[str, Any] = {
    "seconds": [0.0, 5.1, 10.2],
    "enqueued": [0, 255, 510],
    "completed": [0, 229, 472],
    "failed": [0, 30, 61],
    "dead": [0, 0, 3],
    "waiting": [0, 12, 21],
    "running": [0, 14, 14],
}
_WORKER = {"id": "019ab2c4-0000-7000-8000-0d2f5a3b9c11", "host": "worker-1", "pid": 4711, "jobs": 475}
_AT: dict[str, Any] = {"run_id": _RUN["id"]}

#: Operation → its example.
PLAYGROUND_EXAMPLES = {
    "startPlaygroundRun": Example(status=201, request=_REQUEST, response=_RUN),
    "listPlaygroundRuns": Example(response={"items": [_RUN], "served": True}),
    "getPlaygroundRun": Example(parameters=_AT, response={**_RUN, "points": _POINTS, "workers": [_WORKER]}),
    "stopPlaygroundRun": Example(parameters=_AT, request={"reason": "enough"}, response=_STOPPED),
}
