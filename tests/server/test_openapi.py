"""The description of the API is the API: its examples fit its schemas, and are accepted by the routes."""

from __future__ import annotations

import re
from typing import Any

import httpx
import msgspec
import pytest

from taskflowmq.server.openapi.docs_page import static
from taskflowmq.server.openapi.examples import EXAMPLES
from taskflowmq.wire import health, job, queue, task, worker

#: operation → the type of its answer.
ANSWERS: dict[str, Any] = {
    "createJob": job.Submitted,
    "createJobs": job.BulkOut,
    "listJobs": job.JobPage,
    "listDeadJobs": job.JobPage,
    "jobStats": queue.StatsOut,
    "getJob": job.JobDetail,
    "retryJob": job.JobOut,
    "cancelJob": job.JobOut,
    "listTasks": task.TaskList,
    "listQueues": queue.QueueList,
    "pauseQueue": queue.QueueOut,
    "resumeQueue": queue.QueueOut,
    "listWorkers": worker.WorkerList,
    "live": health.Health,
    "ready": health.Health,
}
REQUESTS: dict[str, Any] = {"createJob": job.JobBody, "createJobs": job.BulkBody}


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
            assert [content["example"] for content in answer["content"].values()] == [example.response], name
        if name not in ("live", "ready"):
            assert {"401", "422", "503"} <= set(operation["responses"]), name
            assert operation["security"], name


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
        assert set(EXAMPLES[name].response) == set(kind.__struct_fields__), name


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
