"""The API's description: what Litestar derives from the routes, completed with errors, keys and examples."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Litestar

from taskflowmq.server.edge.policy import POLICIES, Access
from taskflowmq.server.openapi.examples import EXAMPLES
from taskflowmq.wire.health import Health
from taskflowmq.wire.job import BulkBody, BulkOut, JobBody, JobDetail, JobPage, Submitted
from taskflowmq.wire.problem import MEDIA_TYPE, ProblemBody
from taskflowmq.wire.queue import QueueList, QueueOut, StatsOut
from taskflowmq.wire.task import TaskList
from taskflowmq.wire.worker import WorkerList

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
    JobBody, BulkBody, Submitted, BulkOut, JobPage, JobDetail, StatsOut, TaskList, QueueList, QueueOut, WorkerList,
    Health, ProblemBody,
)  # fmt: skip
_STORING = frozenset({"createJob", "createJobs"})
#: Routes take their body as bytes, which our own strict decoder reads, so the framework cannot describe it.
_BODIES = {"createJob": JobBody, "createJobs": BulkBody}
#: Which errors an operation can answer with, beyond 401, 422 and 503, which nearly all have.
_ERRORS: dict[str, tuple[int, ...]] = {
    "createJob": (400, 409, 413, 415),
    "createJobs": (400, 409, 413, 415),
    "getJob": (404,),
    "retryJob": (404, 409),
    "cancelJob": (404, 409),
    "deleteJob": (404, 409),
    "pauseQueue": (404,),
    "resumeQueue": (404,),
    "metrics": (404,),
}


def describe(app: Litestar) -> dict[str, Any]:
    """Return the OpenAPI 3.1 document of the application."""
    document: dict[str, Any] = app.openapi_schema.to_schema()
    components = document.setdefault("components", {})
    # msgspec describes exactly what it decodes, also bounds inside unions and that unknown fields are refused.
    _, schemas = msgspec.json.schema_components(_SHAPES, ref_template="#/components/schemas/{name}")
    components["schemas"] = schemas
    components["securitySchemes"] = {
        "bearer": {"type": "http", "scheme": "bearer"},
        "apiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
    }
    for path, item in document["paths"].items():
        for operation in item.values():
            if isinstance(operation, dict) and "operationId" in operation:
                _complete(path, operation)
    return document


def _complete(path: str, operation: dict[str, Any]) -> None:
    name = operation["operationId"]
    operation["security"] = [] if POLICIES[path].access is Access.OPEN else [{"bearer": []}, {"apiKey": []}]
    if name in _STORING:
        operation.setdefault("parameters", []).extend((_KEY_HEADER, _TRACE_HEADER))
    if name in _BODIES:
        schema = {"$ref": f"#/components/schemas/{_BODIES[name].__name__}"}
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    _add_errors(name, operation["responses"])
    _add_examples(name, operation)
    if name == "createJob":
        _add_found(operation["responses"])


def _add_errors(name: str, responses: dict[str, Any]) -> None:
    responses.pop("400", None)
    common = (503,) if name == "ready" else () if name == "live" else (401, 422, 503)
    for status in sorted({*common, *_ERRORS.get(name, ())}):
        content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemBody"}}}
        responses[str(status)] = {"description": "Problem; `code` identifies it", "content": content}


def _add_found(responses: dict[str, Any]) -> None:
    """A unique hit answers like a creation, with another status."""
    responses["200"] = {**responses["201"], "description": "A live job holds the unique key; the response is that job"}


def _add_examples(name: str, operation: dict[str, Any]) -> None:
    example = EXAMPLES[name]
    if example.request is not None:
        operation["requestBody"]["content"]["application/json"]["example"] = example.request
    for parameter in operation.get("parameters", ()):
        if parameter["name"] in example.parameters:
            parameter["example"] = example.parameters[parameter["name"]]
    for response in (operation["responses"].get(str(example.status), {}),):
        for content in response.get("content", {}).values():
            content["example"] = example.response
