"""One example per operation: shown in OpenAPI, and tried by the tests against its own schema."""

from __future__ import annotations

from typing import Any

import msgspec

from taskflowmq.core.permissions import GRANTED, Role, listed
from taskflowmq.server.openapi.example import Example
from taskflowmq.server.openapi.example_act import ACT
from taskflowmq.server.openapi.example_inspection import INSPECTION_EXAMPLES
from taskflowmq.server.openapi.example_playground import PLAYGROUND_EXAMPLES
from taskflowmq.server.openapi.example_search import SEARCH_EXAMPLES
from taskflowmq.server.openapi.example_system import SYSTEM_EXAMPLES
from taskflowmq.server.openapi.example_view import VIEW_EXAMPLES
from taskflowmq.server.openapi.example_wait import WAIT
from taskflowmq.wire.feed import JobMoved
from taskflowmq.wire.job import JobOut
from taskflowmq.wire.listing import JobRowOut

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
_ROW: dict[str, Any] = {
    **{name: _JOB[name] for name in JobRowOut.__struct_fields__ if name in _JOB},
    "args_preview": '{"message":"hello","seconds":0.1}',
    "lease_no": 0,
}
_SEARCHED: dict[str, Any] = {"next": None, "looked_at": 1, "looked_until": None, "complete": True}
_OTHER_ID = "019ab2c4-7d1e-7b02-8f11-9a6d3c20b5ef"


def _done(answer: str) -> dict[str, Any]:
    return {"id": _ID, "ok": True, "answer": answer, "code": None, "detail": None}


_QUEUE: dict[str, Any] = {
    "name": "default",
    "paused": False,
    "paused_at": None,
    "paused_by": None,
    "reason": None,
    "states": {"scheduled": 0, "pending": 3, "running": 1, "retrying": 0},
    "oldest_ready_age": 0.2,
    "retention": {"completed": 86400.0},
    "rate_in": 1.2,
    "rate_out": 1.5,
    "wait_p50": 0.012,
    "wait_p95": 0.26,
    "slots": 50,
    "eta": 10.0,
}
_PERCENTILES = {"p50": 0.012, "p95": 0.26, "p99": 0.57}
_COUNTS = {"started": 24, "completed": 21, "failed": 3, "retried": 2, "dead": 1, "cancelled": 0}
_PAUSED: dict[str, Any] = {
    **_QUEUE,
    "paused": True,
    "paused_at": "2026-11-22T06:00:00Z",
    "paused_by": "key:9f2c41d7",
    "reason": "mail provider is down",
}
_LINE: dict[str, Any] = {
    "round": 1,
    "attempt": 1,
    "lease_no": 1,
    "seq": 3,
    "at": "2026-11-22T06:00:02.104000Z",
    "level": "warning",
    "message": "page 3 is empty",
    "fields": {"page": 3},
}
_SHORT_ID = "AZqyxH0eejCcRFHwt6Lm2A"
_MOVED: dict[str, Any] = {name: _DONE.get(name) for name in JobMoved.__struct_fields__} | {"lease_no": 1, "gone": False}
_EVENTS: list[tuple[str, Any]] = [
    ("hello", {"version": "0.1.0", "interval_ms": 250, "now": "2026-11-22T06:00:00Z"}),
    ("jobs", [_MOVED, {"id": "019ab2c4-7d1e-7b02-8f11-9a6d3c20b5ef", "gone": True}]),
    ("page", {"page": f"state=dead&top={_SHORT_ID}", "new": ["019ab2c5-0b7c-7c21-8a90-3e1f5d7b9c24"], "exact": True}),
    ("resync", {"reason": "many_changes"}),
    ("bye", {"after_ms": 1170}),
]
_LIVING: dict[str, Any] = {
    "id": _WORKER,
    "supervisor": _SUPERVISOR,
    "host": "worker-1",
    "pid": 4711,
    "version": "0.1.0",
    "release": "shop-2.4.1",
    "state": "living",
    "started_at": "2026-11-22T05:59:00Z",
    "lease_until": "2026-11-22T06:00:25Z",
    "ended_at": None,
    "slots": 50,
    "busy": 1,
    "running": 1,
    "jobs": [{"id": _ID, "task": "test", "started_at": "2026-11-22T06:00:00.004000Z"}],
    "load": {"cpu": 0.42, "cpu_seconds": 23.7, "rss": 84_000_000, "at": "2026-11-22T05:59:55Z"},
    "command": None,
    "info": {
        "queues": [],
        "tenants": ["default"],
        "tasks": ["failing-job", "test"],
        "concurrency": 50,
        "isolated": False,
        "commands": ["drain", "resume", "stop"],
        "notes": {},
    },
}


def _told(do: str) -> dict[str, Any]:
    return {**_LIVING, "state": "draining", "command": {"do": do, "at": "2026-11-22T06:00:00Z", "by": "local"}}


_REQUEST: dict[str, Any] = {
    "task": "test",
    "args": {"message": "hello", "seconds": 0.1},
    "timeout": 30,
    "tags": ["welcome"],
    "meta": {"customer": 42},
}


_FINGERPRINT = "8f14e45fceea167a"
_NOON = "2026-11-22T12:00:00Z"
_GROUP: dict[str, Any] = {
    "fingerprint": _FINGERPRINT,
    "type": "DemoFailure",
    "message": "no luck with order <number>",
    "task": "failing-job",
    "state": "open",
    "reopened": False,
    "count": 12,
    "first_at": "2026-11-22T05:31:00Z",
    "last_at": "2026-11-22T06:00:00Z",
    "trend": [*[0] * 22, 5, 7],
    "dead": 4,
    "resolved_at": None,
    "muted_until": None,
    "changed_at": None,
    "changed_by": None,
}


_SESSION: dict[str, Any] = {
    "actor": "key:9f2c41d7",
    "role": "viewer",
    "permissions": listed(GRANTED[Role.VIEWER]),
    "tenant": "default",
    "expires_at": "2026-11-22T18:00:00Z",
}

_TASK: dict[str, Any] = {
    "name": "test",
    "args_schema": {
        "type": "object",
        "properties": {"message": {"type": "string"}},
        "examples": [{"message": "hello"}],
    },
    "options": {"queue": "default", "priority": 0, "max_attempts": 3, "timeout": None, "unique": None},
    "seen_at": "2026-11-22T06:00:00Z",
}

_BULK: dict[str, Any] = {
    "id": "019ab2c5-1f00-7000-8000-6b1d2c3e4f50",
    "action": "delete",
    "state": "running",
    "q": "state:dead task:send_*",
    "reason": "provider was down, mails were sent by hand",
    "actor": "key:9f2c41d7",
    "rate": None,
    "created_at": "2026-11-22T06:00:00Z",
    "undo_until": "2026-11-22T06:00:08Z",
    "started_at": "2026-11-22T06:00:08.100000Z",
    "finished_at": None,
    "total": 3412,
    "collected": True,
    "done": 1499,
    "failed": 1,
    "outcomes": {"deleted": 1499, "changed": 1},
    "problem": None,
    "params": None,
}
_ENDED = {"finished_at": "2026-11-22T06:00:09Z"}
_BULK_ID = {"bulk_id": _BULK["id"]}

_ACCEPTED: dict[str, Any] = {
    **_BULK,
    "state": "waiting",
    "started_at": None,
    "total": 0,
    "collected": False,
    "done": 0,
    "failed": 0,
    "outcomes": {},
}

EXAMPLES: dict[str, Example] = {
    "countJobs": Example(request={"q": "state:dead task:send_*"}, response={"value": 3412, "exact": True}),
    "createBulk": Example(
        status=202,
        request={"action": "delete", "q": _BULK["q"], "reason": _BULK["reason"]},
        response=_ACCEPTED,
    ),
    "listBulks": Example(response={"items": [_BULK], "next": None}),
    "getBulk": Example(parameters=_BULK_ID, response=_BULK),
    "stopBulk": Example(
        parameters=_BULK_ID, request={"reason": "wrong filter"}, response={**_BULK, **_ENDED, "state": "stopped"}
    ),
    "undoBulk": Example(
        parameters=_BULK_ID,
        request={"reason": "wrong filter"},
        response={**_BULK, **_ENDED, "state": "undone", "started_at": None, "done": 0, "failed": 0, "outcomes": {}},
    ),
    "bulkResults": Example(
        parameters={**_BULK_ID, "failed": True},
        response={"items": [{"id": _ID, "outcome": "changed", "ok": False}], "next": None},
    ),
    "createJob": Example(status=201, request=_REQUEST, response={**_JOB, "created": True}),
    "createJobs": Example(
        status=201,
        request={"jobs": [_REQUEST, {"task": "test", "args": {"message": "later"}, "delay": 60}]},
        response={"ids": [_ID, _OTHER_ID], "created": 2},
    ),
    "listJobs": Example(
        parameters={"state": "pending,running", "queue": "default", "sort": "newest", "view": "row", "limit": 50},
        response={"items": [_ROW], **_SEARCHED},
    ),
    "listDeadJobs": Example(parameters={"limit": 50}, response={"items": [_DEAD], **_SEARCHED}),
    "exportJobs": Example(
        parameters={"state": "dead", "queue": "default", "format": "csv"},
        response='"id","task","state"\r\n"019ab2c4-7d1e-7a30-9c44-51f0b7a2e6d8","test","dead"\r\n',
    ),
    "jobStats": Example(
        response={
            "states": {"pending": 3, "running": 1, "completed": 120, "dead": 1},
            "queues": {"default": {"scheduled": 0, "pending": 3, "running": 1, "retrying": 0, "oldest_ready_age": 0.2}},
            "as_of": "2026-11-22T06:00:00Z",
            "exact": True,
        }
    ),
    "whyJobWaits": Example(parameters={"job_id": _ID}, response=WAIT),
    "jobLogs": Example(
        parameters={"job_id": _ID, "level": "info", "q": "page"},
        response={"items": [_LINE], "next": "1.3", "more": False, "total": 3, "dropped": 0},
    ),
    "getJob": Example(
        parameters={"job_id": _ID, "wait": 10},
        response={
            **_DONE,
            "next_attempt_at": None,
            "attempts": [
                {
                    "round": 1,
                    "attempt": 1,
                    "lease_no": 1,
                    "worker": _WORKER,
                    "host": "worker-1",
                    "pid": 4711,
                    "waited": 0.004,
                    "started_at": "2026-11-22T06:00:00.004000Z",
                    "finished_at": "2026-11-22T06:00:00.105000Z",
                    "outcome": "completed",
                    "error": None,
                }
            ],
            "attempts_total": 1,
            "attempt_counts": {"completed": 1},
            "links": {"replay_of": None, "replays": [_OTHER_ID]},
        },
    ),
    "retryJob": Example(
        parameters={"job_id": _ID},
        request={"reason": "fixed in 1.4.2"},
        response={**_JOB, "task": "failing-job", "args": {"message": "no luck"}, "round": 2},
    ),
    "replayJob": Example(
        status=201,
        parameters={"job_id": _ID},
        request={"args": {"message": "hello again"}, "queue": "default", "reason": "wrong message"},
        response={**_JOB, "id": _OTHER_ID, "args": {"message": "hello again"}, "created": True},
    ),
    "changeJob": Example(
        parameters={"job_id": _ID},
        request={"run_at": "2026-11-23T07:00:00Z", "reason": "after the night run"},
        response={**_JOB, "state": "scheduled", "run_at": "2026-11-23T07:00:00Z"},
    ),
    "cancelJob": Example(
        status=202,
        parameters={"job_id": _ID},
        request={"reason": "fixed in 1.4.2"},
        response={
            **_JOB,
            "state": "cancelled",
            "reason": "cancelled_by_user",
            "finished_at": "2026-11-22T06:00:05Z",
        },
    ),
    "deleteJob": Example(status=204, parameters={"job_id": _ID}),
    "getSession": Example(response=_SESSION),
    "createSession": Example(request={"api_key": "hT7c-Kq2vWm9…"}, response=_SESSION),
    "deleteSession": Example(status=204),
    "retryJobs": Example(
        request={"ids": [_ID, _OTHER_ID]},
        response={
            "items": [
                _done("new_round"),
                {"id": _OTHER_ID, "ok": False, "answer": None, "code": "not_found", "detail": "No such job"},
            ]
        },
    ),
    "cancelJobs": Example(request={"ids": [_ID]}, response={"items": [_done("requested")]}),
    "deleteJobs": Example(request={"ids": [_ID]}, response={"items": [_done("deleted")]}),
    "listTasks": Example(response={"items": [_TASK]}),
    "getTask": Example(
        parameters={"name": "test"},
        response={
            **_TASK,
            "recent": [{"id": _ID, "created_at": "2026-11-22T06:00:00Z", "args": {"message": "hello", "seconds": 0.1}}],
        },
    ),
    "listQueues": Example(response={"items": [_QUEUE], "next": None}),
    "pauseQueue": Example(
        parameters={"name": "default"}, request={"reason": "mail provider is down"}, response=_PAUSED
    ),
    "purgeQueue": Example(
        status=202,
        parameters={"name": "default"},
        request={"confirm": "default", "states": ["pending", "scheduled"], "reason": "sent twice"},
        response={**_ACCEPTED, "action": "purge", "q": "queue:default state:pending,scheduled", "reason": "sent twice"},
    ),
    "resumeQueue": Example(parameters={"name": "default"}, request={"reason": "the provider is back"}, response=_QUEUE),
    "listWorkers": Example(response={"items": [_LIVING]}),
    "drainWorker": Example(
        status=202, parameters={"worker_id": _WORKER}, request={"reason": "new kernel"}, response=_told("drain")
    ),
    "resumeWorker": Example(
        status=202, parameters={"worker_id": _WORKER}, request={"reason": "new kernel"}, response=_LIVING
    ),
    "stopWorker": Example(
        status=202, parameters={"worker_id": _WORKER}, request={"reason": "new kernel"}, response=_told("stop")
    ),
    "listAudit": Example(
        parameters={"action": "queue.pause", "object": "queue:mail", "limit": 50},
        response={
            "items": [ACT],
            "next": None,
        },
    ),
    "followEvents": Example(
        parameters={"stats": True, "ids": _SHORT_ID, "page": [f"state=dead&top={_SHORT_ID}"]},
        response="".join(f"event: {name}\ndata: {msgspec.json.encode(data).decode()}\n\n" for name, data in _EVENTS),
    ),
    "statsSeries": Example(
        parameters={"from": "2026-11-22T05:58:00Z", "to": "2026-11-22T06:00:00Z", "step": 60, "by": "queue"},
        response={
            "from": "2026-11-22T05:58:00Z",
            "to": "2026-11-22T06:00:00Z",
            "step": 60,
            "at": ["2026-11-22T05:58:00Z", "2026-11-22T05:59:00Z"],
            "series": [
                {
                    "name": "default",
                    **{name: [count, 0] for name, count in _COUNTS.items()},
                    "arrived": [26, 0],
                    "backlog": [0, 2],
                    "wait": {part: [seconds, None] for part, seconds in _PERCENTILES.items()},
                    "run": {part: [seconds, None] for part, seconds in _PERCENTILES.items()},
                }
            ],
            "left_out": 0,
            "releases": [{"name": "shop-2.4.1", "first_at": "2026-11-22T05:58:31Z", "last_at": "2026-11-22T05:58:33Z"}],
        },
    ),
    "statsSummary": Example(
        parameters={"minutes": 60},
        response={
            "minutes": 60,
            "seconds": 3634.5,
            **_COUNTS,
            "throughput": 0.0061,
            "failing": 0.125,
            "wait": _PERCENTILES,
            "run": _PERCENTILES,
            "ready": 3,
            "oldest_ready_age": 0.2,
            "workers": 1,
            "slots": 50,
            "busy": 1,
            "failing_tasks": [
                {
                    "task": "failing-job",
                    "failed": 3,
                    "attempts": 3,
                    "share": 1.0,
                    "dead": 1,
                    "job_id": _ID,
                    "error": {"type": "DemoFailure", "message": "no luck"},
                }
            ],
        },
    ),
    "listErrors": Example(
        parameters={"state": "open", "sort": "last", "limit": 50},
        response={"items": [_GROUP], "next": None, "counts": {"open": 1, "resolved": 4, "muted": 0, "new": 1}},
    ),
    "getError": Example(
        parameters={"fingerprint": _FINGERPRINT},
        response={
            **_GROUP,
            "sample": {
                "job_id": _ID,
                "state": "dead",
                "attempt": 3,
                "outcome": "failed",
                "finished_at": "2026-11-22T06:00:00Z",
                "worker": _WORKER,
                "host": "worker-1",
                "error": {
                    "type": "DemoFailure",
                    "message": "no luck with order 4711",
                    "traceback": "Traceback (most recent call last): …",
                },
            },
        },
    ),
    "resolveError": Example(
        parameters={"fingerprint": _FINGERPRINT},
        request={"reason": "fixed in 1.4.2"},
        response={**_GROUP, "state": "resolved", "resolved_at": _NOON, "changed_at": _NOON, "changed_by": "local"},
    ),
    "muteError": Example(
        parameters={"fingerprint": _FINGERPRINT},
        request={"until": "2026-11-29T12:00:00Z", "reason": "known, waits for the provider"},
        response={
            **_GROUP,
            "state": "muted",
            "muted_until": "2026-11-29T12:00:00Z",
            "changed_at": _NOON,
            "changed_by": "local",
        },
    ),
    "reopenError": Example(
        parameters={"fingerprint": _FINGERPRINT},
        request={"reason": "not fixed"},
        response={**_GROUP, "changed_at": _NOON, "changed_by": "local"},
    ),
    **INSPECTION_EXAMPLES,
    **VIEW_EXAMPLES,
    **PLAYGROUND_EXAMPLES,
    **SEARCH_EXAMPLES,
    **SYSTEM_EXAMPLES,
    "live": Example(response={"status": "ok"}),
    "ready": Example(response={"status": "ok"}),
    "metrics": Example(response='taskflow_queue_size{queue="default",state="pending"} 3.0\n'),
}
