"""The description of the API is the API: its examples fit its schemas, and are accepted by the routes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum
from typing import Any

import httpx
import msgspec
import pytest

from taskflowmq.core.job import Ended, Reason, State
from taskflowmq.core.workers import WorkerState
from taskflowmq.server.openapi.docs_page import static
from taskflowmq.server.openapi.examples import EXAMPLES
from taskflowmq.wire import (
    audit,
    bulk,
    demo,
    error_group,
    feed,
    health,
    history,
    inspection,
    job,
    job_log,
    listing,
    playground,
    queue,
    selection,
    session,
    suggest,
    task,
    view,
    waiting,
    worker,
)
from taskflowmq.wire.kinds import AttemptOutcome

#: operation → the type of its answer.
ANSWERS: dict[str, Any] = {
    "createJob": job.Submitted,
    "createJobs": job.BulkOut,
    "listJobs": listing.JobRowPage,
    "listDeadJobs": listing.JobPage,
    "jobStats": queue.StatsOut,
    "getJob": job.JobDetail,
    "whyJobWaits": waiting.WhyOut,
    "jobLogs": job_log.LogsOut,
    "askStack": inspection.StackOut,
    "getStack": inspection.StackOut,
    "askProfile": inspection.ProfileOut,
    "getProfile": inspection.ProfileOut,
    "replayJob": job.Submitted,
    "changeJob": job.JobOut,
    "retryJob": job.JobOut,
    "cancelJob": job.JobOut,
    "retryJobs": selection.SelectionOut,
    "cancelJobs": selection.SelectionOut,
    "deleteJobs": selection.SelectionOut,
    "countJobs": bulk.CountOut,
    "createBulk": bulk.BulkOperation,
    "purgeQueue": bulk.BulkOperation,
    "listBulks": bulk.BulkList,
    "getBulk": bulk.BulkOperation,
    "stopBulk": bulk.BulkOperation,
    "undoBulk": bulk.BulkOperation,
    "bulkResults": bulk.BulkResultPage,
    "listTasks": task.TaskList,
    "getTask": task.TaskDetail,
    "listQueues": queue.QueueList,
    "pauseQueue": queue.QueueOut,
    "resumeQueue": queue.QueueOut,
    "listWorkers": worker.WorkerList,
    "drainWorker": worker.WorkerOut,
    "resumeWorker": worker.WorkerOut,
    "stopWorker": worker.WorkerOut,
    "listAudit": audit.AuditList,
    "enqueueDemoJob": demo.DemoJobOut,
    "suggestValues": suggest.SuggestionList,
    "listViews": view.ViewList,
    "createView": view.ViewOut,
    "changeView": view.ViewOut,
    "startPlaygroundRun": playground.PlaygroundRunOut,
    "listPlaygroundRuns": playground.PlaygroundRunList,
    "getPlaygroundRun": playground.PlaygroundRunDetail,
    "stopPlaygroundRun": playground.PlaygroundRunOut,
    "getSession": session.SessionOut,
    "createSession": session.SessionOut,
    "statsSeries": history.SeriesOut,
    "statsSummary": history.SummaryOut,
    "live": health.Health,
    "ready": health.Health,
}
REQUESTS: dict[str, Any] = {
    "createJob": job.JobBody,
    "createJobs": job.BulkBody,
    "replayJob": job.ReplayBody,
    "changeJob": job.JobChangeBody,
    "retryJobs": selection.SelectionBody,
    "cancelJobs": selection.SelectionBody,
    "deleteJobs": selection.SelectionBody,
    "createSession": session.SessionBody,
    "pauseQueue": queue.PauseBody,
    "askProfile": inspection.ProfileBody,
    "countJobs": bulk.CountBody,
    "createBulk": bulk.BulkRequest,
    "purgeQueue": bulk.PurgeBody,
    "muteError": error_group.MuteBody,
    "createView": view.ViewBody,
    "changeView": view.ViewChange,
    "startPlaygroundRun": playground.PlaygroundBody,
    **dict.fromkeys(
        (
            "retryJob",
            "cancelJob",
            "resumeQueue",
            "drainWorker",
            "resumeWorker",
            "stopWorker",
            "stopBulk",
            "undoBulk",
            "resolveError",
            "reopenError",
            "stopPlaygroundRun",
        ),
        audit.ReasonBody,
    ),
}


@pytest.fixture
async def document(reader: httpx.AsyncClient) -> dict[str, Any]:
    answer = await reader.get("/api/v1/openapi.json")
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


def _operations(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        operation["operationId"]: operation
        for path in document["paths"].values()
        for operation in path.values()
        if "operationId" in operation
    }


async def test_every_operation_has_an_example_and_its_errors(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")
    operations = _operations(document)
    assert set(operations) == set(EXAMPLES)
    for name, operation in operations.items():
        example = EXAMPLES[name]
        answer = operation["responses"][str(example.status)]
        if example.response is not None:
            assert next(content["example"] for content in answer["content"].values()) == example.response, name
            assert all(content["example"] for content in answer["content"].values()), name
        if name not in ("live", "ready"):
            assert {"401", "422", "503"} <= set(operation["responses"]), name
            assert bool(operation["security"]) is (name not in ("createSession", "deleteSession")), name


@pytest.mark.parametrize("name", ANSWERS)
def test_answers_fit_their_schema_and_come_back_the_same(name: str) -> None:
    raw = msgspec.json.encode(EXAMPLES[name].response)
    decoded = msgspec.json.decode(raw, type=ANSWERS[name])
    assert msgspec.json.decode(msgspec.json.encode(decoded)) == EXAMPLES[name].response


@pytest.mark.parametrize("name", REQUESTS)
def test_requests_fit_their_schema(name: str) -> None:
    msgspec.json.decode(msgspec.json.encode(EXAMPLES[name].request), type=REQUESTS[name])


def test_no_answer_has_a_field_that_its_example_hides() -> None:
    for name, kind in ANSWERS.items():
        assert set(EXAMPLES[name].response) == set(kind.__struct_encode_fields__), name


#: Event → the type of its data.
EVENTS: dict[str, Any] = {
    "hello": feed.HelloEvent,
    "jobs": list[feed.JobMoved],
    "page": feed.PageEvent,
    "resync": feed.ResyncEvent,
    "bye": feed.ByeEvent,
}


def test_the_events_of_the_example_fit_their_schemas() -> None:
    events = [event.split("\n") for event in EXAMPLES["followEvents"].response.strip().split("\n\n")]
    found = {name.removeprefix("event: "): data.removeprefix("data: ") for name, data in events}
    assert found.keys() == EVENTS.keys()
    moved, gone = msgspec.json.decode(found["jobs"])
    found["jobs"] = msgspec.json.encode([moved]).decode()
    for name, kind in {**EVENTS, "gone": feed.JobGone}.items():
        raw = msgspec.json.encode(gone) if name == "gone" else found[name].encode()
        assert msgspec.json.decode(msgspec.json.encode(msgspec.json.decode(raw, type=kind))) == msgspec.json.decode(raw)


#: Response → its properties that are not always present, and why.
ABSENT = {
    "BulkParams": {"delay", "priority", "queue", "run_at"},  # a part of a request
    "ProblemBody": {"errors"},  # only if the problem has fields
    "FieldProblem": {"position", "hint"},  # only of filters
    "TaskOptions": {"redact"},  # only if there are rules
    "WorkerInfo": {"tenants", "tasks", "isolated", "commands", "notes"},  # written by workers, of other versions too
}


def _named(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for shape, schema in document["components"]["schemas"].items():
        for name, found in schema.get("properties", {}).items():
            yield shape, name, found


async def test_what_an_answer_always_has_is_required(document: dict[str, Any]) -> None:
    requests = {one.__name__ for one in REQUESTS.values()} | {"PlaygroundMix"}  # a part of one
    found: dict[str, set[str]] = {}
    for shape, name, _ in _named(document):
        if shape not in requests and name not in document["components"]["schemas"][shape]["required"]:
            found.setdefault(shape, set()).add(name)
    assert found == ABSENT


async def test_times_and_ids_say_their_format(document: dict[str, Any]) -> None:
    kinds: dict[str, dict[str, Any]] = {}
    for shape, name, schema in _named(document):
        if (name.endswith("_at") and name != "looked_at") or name.endswith("_until") or name == "as_of":
            kinds[f"{shape}.{name}"] = schema
            assert '"format":"date-time"' in msgspec.json.encode(schema).decode(), (shape, name)
        if name in ("id", "worker", "supervisor"):
            assert '"format":"uuid"' in msgspec.json.encode(schema).decode(), (shape, name)
    assert {"JobOut.created_at", "JobBody.run_at", "WorkerOut.lease_until", "TaskOut.seen_at"} <= set(kinds)


async def test_no_object_is_described_as_empty(document: dict[str, Any]) -> None:
    """A generator of types makes ``Record<string, never>`` of an object without properties."""

    def walk(schema: Any) -> Iterator[dict[str, Any]]:
        if isinstance(schema, dict):
            if schema.get("type") == "object":
                yield schema
            schema = list(schema.values())
        if isinstance(schema, list):
            for one in schema:
                yield from walk(one)

    found = list(walk(document["components"]["schemas"]))
    assert all(one.get("properties") or one.get("additionalProperties") for one in found)
    assert document["components"]["schemas"]["JobOut"]["properties"]["args"]["additionalProperties"] is True


@pytest.mark.parametrize(
    ("shape", "words"),
    [("State", State), ("Reason", Reason), ("AttemptOutcome", AttemptOutcome), ("WorkerState", WorkerState)],
)
async def test_the_words_of_core_are_enumerated(document: dict[str, Any], shape: str, words: type[StrEnum]) -> None:
    schema = document["components"]["schemas"][shape]
    assert (schema["type"], set(schema["enum"])) == ("string", {one.value for one in words})


def test_an_attempt_ends_as_core_says_or_completes() -> None:
    assert {one.value for one in AttemptOutcome} == {"running", "completed", *(one.value for one in Ended)}


async def test_no_parameter_is_null(document: dict[str, Any]) -> None:
    for name, operation in _operations(document).items():
        for parameter in operation.get("parameters", ()):
            assert "type" in parameter["schema"], (name, parameter["name"])


async def test_references_lead_somewhere(document: dict[str, Any]) -> None:
    for reference in re.findall(r'"\$ref":"#/components/schemas/(\w+)"', msgspec.json.encode(document).decode()):
        assert reference in document["components"]["schemas"]
    assert document["components"]["schemas"]["JobBody"]["additionalProperties"] is False


async def test_the_page_needs_no_other_host_and_no_script(reader: httpx.AsyncClient) -> None:
    page = await reader.get("/docs")
    assert page.headers["content-type"].startswith("text/html")
    assert "script" not in page.headers["content-security-policy"]
    assert "<script" not in page.text
    assert not re.findall(r"(?:src|href)=\"(?:https?:)?//", page.text + static("docs.css"))
    for name in EXAMPLES:
        assert f'id="{name}"' in page.text
    assert (await reader.get("/docs/docs.css")).headers["content-type"].startswith("text/css")
