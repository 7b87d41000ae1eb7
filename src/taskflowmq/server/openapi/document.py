"""The API's description: what Litestar derives from the routes, completed with errors, keys and examples."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Litestar

from taskflowmq.server.edge.policy import POLICIES, Access
from taskflowmq.server.openapi.examples import EXAMPLES
from taskflowmq.wire.audit import ActOut, AuditList, ReasonBody
from taskflowmq.wire.bulk import (
    BulkList,
    BulkOperation,
    BulkRequest,
    BulkResultPage,
    CountBody,
    CountOut,
    DryRunOut,
    PurgeBody,
)
from taskflowmq.wire.demo import DemoJobOut
from taskflowmq.wire.error_group import ErrorGroupDetail, ErrorGroupList, ErrorGroupOut, MuteBody
from taskflowmq.wire.feed import (
    ByeEvent,
    HelloEvent,
    JobEvent,
    JobGone,
    JobInspectionEvent,
    JobLogEvent,
    JobMoved,
    PageEvent,
    ResyncEvent,
)
from taskflowmq.wire.health import Health
from taskflowmq.wire.history import SeriesOut, SummaryOut
from taskflowmq.wire.inspection import ProfileAnswerOut, ProfileBody, ProfileOut, StackAnswerOut, StackOut
from taskflowmq.wire.job import BulkBody, BulkOut, JobBody, JobChangeBody, JobDetail, ReplayBody, Submitted
from taskflowmq.wire.job_log import LogNews, LogsOut
from taskflowmq.wire.listing import JobPage, JobRowPage
from taskflowmq.wire.playground import PlaygroundBody, PlaygroundRunDetail, PlaygroundRunList, PlaygroundRunOut
from taskflowmq.wire.problem import MEDIA_TYPE, ProblemBody
from taskflowmq.wire.queue import PauseBody, QueueList, QueueOut, StatsOut
from taskflowmq.wire.selection import SelectionBody, SelectionOut
from taskflowmq.wire.session import SessionBody, SessionOut
from taskflowmq.wire.suggest import SuggestionList
from taskflowmq.wire.system import (
    CheckOut,
    DutyOut,
    DutyProcessOut,
    FeedOut,
    NodeOut,
    ServerOut,
    SettingOut,
    StoreOut,
    SystemOut,
    TableOut,
)
from taskflowmq.wire.task import TaskDetail, TaskList
from taskflowmq.wire.view import ViewBody, ViewChange, ViewList, ViewOut
from taskflowmq.wire.waiting import WhyOut
from taskflowmq.wire.worker import WorkerList, WorkerOut

_KEY_HEADER = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "A key you choose. Repeating the request within 24 h returns the first response; "
    "the same key with a different body returns 422.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
}
_TRACE_HEADER = {
    "name": "traceparent",
    "in": "header",
    "required": False,
    "description": "W3C trace context of the caller, continued by the jobs; a malformed value is ignored",
    "schema": {"type": "string"},
}
_SHAPES = (
    JobBody, BulkBody, ReplayBody, JobChangeBody, Submitted,
    BulkOut, JobPage, JobRowPage, JobDetail, WhyOut, StatsOut, TaskList, TaskDetail,
    LogsOut, LogNews,
    StackOut, StackAnswerOut, ProfileOut, ProfileAnswerOut, ProfileBody,
    QueueList, QueueOut, PauseBody,
    WorkerList, WorkerOut, Health, ProblemBody,
    SessionBody, SessionOut, SeriesOut, SummaryOut,
    SelectionBody, SelectionOut, ReasonBody, ActOut, AuditList,
    CountBody, CountOut, BulkRequest, PurgeBody, BulkOperation, DryRunOut, BulkList, BulkResultPage,
    ErrorGroupList, ErrorGroupDetail, ErrorGroupOut, MuteBody, ViewList, ViewOut, ViewBody, ViewChange,
    SuggestionList, DemoJobOut,
    PlaygroundBody, PlaygroundRunOut, PlaygroundRunList, PlaygroundRunDetail,
    SystemOut, ServerOut, StoreOut, TableOut, DutyOut, DutyProcessOut, NodeOut, SettingOut, CheckOut, FeedOut,
    HelloEvent, JobMoved, JobGone, PageEvent, JobEvent, JobLogEvent, JobInspectionEvent, ResyncEvent, ByeEvent,
)  # fmt: skip
_STORING = frozenset({"createJob", "createJobs"})
#: Operations that an Idempotency-Key makes repeatable.
_KEYED = _STORING | {"createBulk", "purgeQueue", "replayJob"}
#: Operations whose body is a reason at most.
_REASONED = (
    "retryJob",
    "cancelJob",
    "askStack",
    "resumeQueue",
    "drainWorker",
    "resumeWorker",
    "stopWorker",
    "stopBulk",
    "undoBulk",
    "resolveError",
    "reopenError",
    "stopPlaygroundRun",
)
#: Routes take their body as bytes, which our own strict decoder reads, so the framework cannot describe it.
_BODIES = {
    "createJob": JobBody,
    "createJobs": BulkBody,
    "createSession": SessionBody,
    "retryJobs": SelectionBody,
    "cancelJobs": SelectionBody,
    "deleteJobs": SelectionBody,
    "pauseQueue": PauseBody,
    "replayJob": ReplayBody,
    "changeJob": JobChangeBody,
    "askProfile": ProfileBody,
    "countJobs": CountBody,
    "createBulk": BulkRequest,
    "purgeQueue": PurgeBody,
    **dict.fromkeys(_REASONED, ReasonBody),
    "muteError": MuteBody,
    "createView": ViewBody,
    "changeView": ViewChange,
    "startPlaygroundRun": PlaygroundBody,
}
#: Operations whose body may be left out.
_BODY_OPTIONAL = frozenset({"pauseQueue", "replayJob", "askProfile", *_REASONED})
#: Which errors an operation can answer with, beyond 401, 422 and 503, which nearly all have.
_ERRORS: dict[str, tuple[int, ...]] = {
    "createJob": (400, 409, 413, 415),
    "createJobs": (400, 409, 413, 415),
    "retryJobs": (400, 413, 415),
    "cancelJobs": (400, 413, 415),
    "deleteJobs": (400, 413, 415),
    "countJobs": (400, 413, 415),
    "createBulk": (400, 413, 415),
    "purgeQueue": (400, 404, 413, 415),
    "getBulk": (404,),
    "stopBulk": (400, 404, 409, 413, 415),
    "undoBulk": (400, 404, 409, 413, 415),
    "bulkResults": (404,),
    "getJob": (404,),
    "whyJobWaits": (404,),
    "jobLogs": (404,),
    "askStack": (400, 404, 409, 413, 415),
    "getStack": (404,),
    "askProfile": (400, 404, 409, 413, 415),
    "getProfile": (404,),
    "replayJob": (400, 404, 409, 413, 415),
    "changeJob": (400, 404, 409, 413, 415),
    "retryJob": (400, 404, 409, 413, 415),
    "cancelJob": (400, 404, 409, 413, 415),
    "deleteJob": (404, 409),
    "getTask": (404,),
    "drainWorker": (400, 404, 409, 413, 415),
    "resumeWorker": (400, 404, 409, 413, 415),
    "stopWorker": (400, 404, 409, 413, 415),
    "pauseQueue": (400, 404, 413, 415),
    "resumeQueue": (400, 404, 413, 415),
    "getError": (404,),
    "resolveError": (400, 404, 413, 415),
    "muteError": (400, 404, 413, 415),
    "reopenError": (400, 404, 413, 415),
    "createView": (400, 409, 413, 415),
    "changeView": (400, 404, 409, 413, 415),
    "deleteView": (404,),
    "enqueueDemoJob": (404, 429),
    "startPlaygroundRun": (400, 404, 409, 413, 415),
    "listPlaygroundRuns": (404,),
    "getPlaygroundRun": (404,),
    "stopPlaygroundRun": (400, 404, 409, 413, 415),
    "createSession": (400, 409, 413, 415, 429),
    "metrics": (404,),
}


def describe(app: Litestar) -> dict[str, Any]:
    """Return the OpenAPI 3.1 document of the application."""
    document: dict[str, Any] = app.openapi_schema.to_schema()
    components = document.setdefault("components", {})
    # msgspec describes exactly what it decodes, also bounds inside unions and that unknown fields are refused.
    _, schemas = msgspec.json.schema_components(_SHAPES, ref_template="#/components/schemas/{name}")
    components["schemas"] = _say_all(schemas)
    components["securitySchemes"] = {
        "bearer": {"type": "http", "scheme": "bearer"},
        "apiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
        "session": {"type": "apiKey", "in": "cookie", "name": "taskflow_session"},
    }
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if isinstance(operation, dict) and "operationId" in operation:
                _complete(path, method, operation)
    return document


def _is_open(path: str, method: str) -> bool:
    policy = POLICIES[path]
    return policy.access is Access.OPEN if method == "get" else policy.signs_in


def _complete(path: str, method: str, operation: dict[str, Any]) -> None:
    name = operation["operationId"]
    operation["security"] = [] if _is_open(path, method) else [{"bearer": []}, {"apiKey": []}, {"session": []}]
    if name in _KEYED:
        operation.setdefault("parameters", []).append(_KEY_HEADER)
    if name in _STORING:
        operation.setdefault("parameters", []).append(_TRACE_HEADER)
    if name in _BODIES:
        schema = {"$ref": f"#/components/schemas/{_BODIES[name].__name__}"}
        operation["requestBody"] = {
            "required": name not in _BODY_OPTIONAL,
            "content": {"application/json": {"schema": schema}},
        }
    operation["responses"].get("204", {}).pop("content", None)
    _say_any_of(operation["responses"])
    _add_errors(name, operation["responses"])
    _add_examples(name, operation)
    if name == "createJob":
        _add_found(operation["responses"])
    if name == "createBulk":
        _split_dry_run(operation["responses"])
    if name == "exportJobs":
        line = msgspec.json.encode(EXAMPLES["getJob"].response).decode()
        operation["responses"]["200"]["content"]["application/jsonl"] = {"schema": {"type": "string"}, "example": line}


def _say_any_of(responses: dict[str, Any]) -> None:
    """Let an answer match several of its shapes: an empty page is one of jobs and one of rows."""
    for response in responses.values():
        for content in response.get("content", {}).values():
            if "oneOf" in content["schema"]:
                content["schema"]["anyOf"] = content["schema"].pop("oneOf")


def _say_all(schema: Any) -> Any:
    """Say what is implied, for generators of types: that an object without named properties may have any, and that the
    members of an enumeration are strings.
    """
    if isinstance(schema, list):
        return [_say_all(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    found = {name: _say_all(part) for name, part in schema.items()}
    if "enum" in found:
        found.setdefault("type", "string")
    if found.get("type") == "object" and not found.keys() & {"properties", "additionalProperties"}:
        found["additionalProperties"] = True
    return found


def _say_no_null(schema: dict[str, Any]) -> None:
    """Remove null from the type of a parameter: it is left out, and there is no null in a query string."""
    types = [one for one in schema.get("oneOf", ()) if one != {"type": "null"}]
    if len(types) == 1:
        del schema["oneOf"]
        schema.update(types[0])


def _add_errors(name: str, responses: dict[str, Any]) -> None:
    responses.pop("400", None)
    common = (503,) if name == "ready" else () if name == "live" else (401, 403, 422, 503)
    # 431: a head that is too long is refused before its path is read.
    for status in sorted({431, *common, *_ERRORS.get(name, ())}):
        content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemBody"}}}
        responses[str(status)] = {"description": "Problem; `code` identifies it", "content": content}


def _add_found(responses: dict[str, Any]) -> None:
    """A unique hit answers like a creation, with another status."""
    responses["200"] = {**responses["201"], "description": "A live job holds the unique key; the response is that job"}


def _split_dry_run(responses: dict[str, Any]) -> None:
    """A dry run answers with another status, and what it would act on."""
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/DryRunOut"}}}
    responses["200"] = {"description": "With `dry_run`: what the operation would act on", "content": content}
    responses["202"]["content"]["application/json"]["schema"] = {"$ref": "#/components/schemas/BulkOperation"}


def _add_examples(name: str, operation: dict[str, Any]) -> None:
    example = EXAMPLES[name]
    if example.request is not None:
        operation["requestBody"]["content"]["application/json"]["example"] = example.request
    for parameter in operation.get("parameters", ()):
        _say_no_null(parameter["schema"])
        if parameter["name"] in example.parameters:
            parameter["example"] = example.parameters[parameter["name"]]
    for response in (operation["responses"].get(str(example.status), {}),):
        for content in response.get("content", {}).values():
            content["example"] = example.response
