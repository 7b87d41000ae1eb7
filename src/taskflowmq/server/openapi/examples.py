"""One example per operation: shown in OpenAPI, and tried by the tests against its own schema."""

from __future__ import annotations

from typing import Any

import msgspec

from taskflowmq.wire.job import JobOut

_ID = "019ab2c4-7d1e-7a30-9c44-51f0b7a2e6d8"
_WORKER = "019ab2c4-0000-7000-8000-0d2f5a3b9c11"
_SUPERVISOR = "019ab2c3-ffff-7000-8000-77e1c0a4d912"

_JOB: dict[str, Any] = {
    **dict.fromkeys(JobOut.__struct_fields__),
    "id": _ID,
    "task": "test",
    "args": {"message": "hello", "seconds": 0.1},
    "queue": "default",
    "priority": 0,
    "state": "pending",
    "round": 1,
    "attempt": 0,
    "max_attempts": 3,
    "crashes": 0,
    "losses": 0,
    "created_at": "2026-11-22T06:00:00Z",
    "run_at": "2026-11-22T06:00:00Z",
    "timeout": 30.0,
    "result_truncated": False,
    "tags": ["welcome"],
    "meta": {"customer": 42},
    "tenant": "default",
}
_DONE: dict[str, Any] = {
    **_JOB,
    "state": "completed",
    "attempt": 1,
    "started_at": "2026-11-22T06:00:00.004000Z",
    "finished_at": "2026-11-22T06:00:00.105000Z",
    "result": {"message": "hello", "seconds": 0.1},
    "worker": _WORKER,
}
_DEAD: dict[str, Any] = {
    **_DONE,
    "task": "failing-job",
    "args": {"message": "no luck"},
    "state": "dead",
    "reason": "attempts_exhausted",
    "attempt": 3,
    "result": None,
    "error": {"type": "DemoFailure", "message": "no luck", "traceback": "Traceback (most recent call last): …"},
}
_QUEUE: dict[str, Any] = {
    "name": "default",
    "paused": False,
    "paused_at": None,
    "states": {"scheduled": 0, "pending": 3, "running": 1, "retrying": 0},
    "oldest_ready_age": 0.2,
    "retention": {"completed": 86400.0},
}
_PAUSED: dict[str, Any] = {**_QUEUE, "paused": True, "paused_at": "2026-11-22T06:00:00Z"}
_REQUEST: dict[str, Any] = {
    "task": "test",
    "args": {"message": "hello", "seconds": 0.1},
    "timeout": 30,
    "tags": ["welcome"],
    "meta": {"customer": 42},
}


class Example(msgspec.Struct, frozen=True, kw_only=True):
    """An example of one operation."""

    status: int = 200
    response: Any = None
    request: Any = None
    parameters: dict[str, Any] = {}


EXAMPLES: dict[str, Example] = {
    "createJob": Example(status=201, request=_REQUEST, response={**_JOB, "created": True}),
    "createJobs": Example(
        status=201,
        request={"jobs": [_REQUEST, {"task": "test", "args": {"message": "later"}, "delay": 60}]},
        response={"ids": [_ID, "019ab2c4-7d1e-7b02-8f11-9a6d3c20b5ef"], "created": 2},
    ),
    "listJobs": Example(
        parameters={"state": "pending,running", "queue": "default", "limit": 50},
        response={"items": [_JOB], "next": None},
    ),
    "listDeadJobs": Example(parameters={"limit": 50}, response={"items": [_DEAD], "next": None}),
    "jobStats": Example(
        response={
            "states": {"pending": 3, "running": 1, "completed": 120, "dead": 1},
            "queues": {"default": {"scheduled": 0, "pending": 3, "running": 1, "retrying": 0, "oldest_ready_age": 0.2}},
            "as_of": "2026-11-22T06:00:00Z",
            "exact": True,
        }
    ),
    "getJob": Example(
        parameters={"job_id": _ID, "wait": 10},
        response={
            **_DONE,
            "attempts": [
                {
                    "attempt": 1,
                    "lease_no": 1,
                    "worker": _WORKER,
                    "started_at": "2026-11-22T06:00:00.004000Z",
                    "finished_at": "2026-11-22T06:00:00.105000Z",
                    "outcome": "completed",
                    "error": None,
                }
            ],
            "attempts_total": 1,
            "attempt_counts": {"completed": 1},
        },
    ),
    "retryJob": Example(
        parameters={"job_id": _ID},
        response={**_JOB, "task": "failing-job", "args": {"message": "no luck"}, "round": 2},
    ),
    "cancelJob": Example(
        status=202,
        parameters={"job_id": _ID},
        response={
            **_JOB,
            "state": "cancelled",
            "reason": "cancelled_by_user",
            "finished_at": "2026-11-22T06:00:05Z",
        },
    ),
    "deleteJob": Example(status=204, parameters={"job_id": _ID}),
    "listTasks": Example(
        response={
            "items": [
                {
                    "name": "test",
                    "args_schema": {"type": "object", "properties": {"message": {"type": "string"}}},
                    "options": {
                        "queue": "default",
                        "priority": 0,
                        "max_attempts": 3,
                        "timeout": None,
                        "unique": None,
                    },
                    "seen_at": "2026-11-22T06:00:00Z",
                }
            ]
        }
    ),
    "listQueues": Example(response={"items": [_QUEUE], "next": None}),
    "pauseQueue": Example(parameters={"name": "default"}, response=_PAUSED),
    "resumeQueue": Example(parameters={"name": "default"}, response=_QUEUE),
    "listWorkers": Example(
        response={
            "items": [
                {
                    "id": _WORKER,
                    "supervisor": _SUPERVISOR,
                    "host": "worker-1",
                    "pid": 4711,
                    "version": "0.1.0",
                    "started_at": "2026-11-22T05:59:00Z",
                    "lease_until": "2026-11-22T06:00:25Z",
                    "ended_at": None,
                    "running": 1,
                    "info": {"queues": [], "concurrency": 50},
                }
            ]
        }
    ),
    "live": Example(response={"status": "ok"}),
    "ready": Example(response={"status": "ok"}),
    "metrics": Example(response='taskflow_queue_size{queue="default",state="pending"} 3.0\n'),
}
