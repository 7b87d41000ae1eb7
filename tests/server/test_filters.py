"""GET /jobs?q=: filters by text, their errors, and who may ask."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from taskflowmq import TaskFlow
from taskflowmq.core.permissions import Role
from taskflowmq.server.api.services import Services
from taskflowmq.server.api.v1.job_filter import read_filter
from taskflowmq.server.edge.principal import Principal
from taskflowmq.server.edge.problems import Problem
from taskflowmq.server.edge.request_context import RequestContext
from taskflowmq.server.settings import ServerSettings


async def put(reader: httpx.AsyncClient, **body: Any) -> str:
    answer = await reader.post("/api/v1/jobs", json={"task": "anything", **body})
    assert answer.status_code == 201, answer.text
    made: str = answer.json()["id"]
    return made


async def found(reader: httpx.AsyncClient, q: str, **query: Any) -> list[str]:
    answer = await reader.get("/api/v1/jobs", params={"q": q, "view": "row", **query})
    assert answer.status_code == 200, answer.text
    return [row["id"] for row in answer.json()["items"]]


async def test_a_filter_finds_jobs_beside_the_other_parameters(app: TaskFlow, reader: httpx.AsyncClient) -> None:
    first = await put(reader, args={"value": {"user": {"id": 42}}}, tags=["vip"])
    second = await put(reader, args={"value": {"user": {"id": "42"}}}, queue="mail")
    third = await put(reader, args={"value": "a word"}, delay=600)
    assert await found(reader, "args.value.user.id:42") == [first]
    assert await found(reader, 'args.value.user.id:"42"') == [second]
    assert await found(reader, "-tag:vip task:any*", sort="oldest") == [second, third]
    assert await found(reader, "word", state="scheduled") == [third]
    assert await found(reader, "queue:mail", queue="mail", tag="vip") == []
    assert await found(reader, "created:-1h..", limit=2) == [third, second]
    await app.worker().arun_until_idle()
    assert await found(reader, "state:completed attempt:1 run:>=0s wait:<1h") == [second, first]


@pytest.mark.parametrize(
    ("q", "position", "hint", "says"),
    [
        ("queue:mail stat:dead", 11, "state", "there is no key 'stat'; did you mean 'state'?"),
        ("state:failed", 6, "dead", "'failed' is not a state"),
        ("workflow:1", 0, None, "there is no key 'workflow'; keys are: state,"),
        ("wait:30s", 5, ">30s", "is not a comparison with a duration"),
        ('tag:"open', 4, None, "this quote is not closed"),
    ],
)
@pytest.mark.parametrize("view", ["row", "full"])
async def test_a_wrong_filter_is_never_an_empty_list(
    reader: httpx.AsyncClient, q: str, position: int, hint: str | None, says: str, view: str
) -> None:
    answer = await reader.get("/api/v1/jobs", params={"q": q, "view": view})
    assert answer.status_code == 422
    problem = answer.json()
    [error] = problem["errors"]
    assert (problem["code"], error["pointer"], error["position"], error.get("hint")) == (
        "invalid_parameter", "/q", position, hint,
    )  # fmt: skip
    assert says in error["detail"]
    assert error["detail"] in problem["detail"]


async def test_a_cursor_continues_the_same_filter_only(reader: httpx.AsyncClient) -> None:
    jobs = [await put(reader, tags=["vip"]) for _ in range(3)]
    page = (await reader.get("/api/v1/jobs", params={"q": "tag:vip*", "limit": 2})).json()
    assert [job["id"] for job in page["items"]] == jobs[:0:-1]
    assert await found(reader, "tag:vip*", cursor=page["next"]) == jobs[:1]
    # The same terms, written otherwise.
    assert await found(reader, "  TAG:vip* ", cursor=page["next"]) == jobs[:1]
    for other in ("tag:vip", "-tag:vip*", "tag:vip* -tag:x"):
        refused = await reader.get("/api/v1/jobs", params={"q": other, "cursor": page["next"]})
        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/cursor")


@pytest.mark.parametrize("q", ["args.x:1", "-meta.x:1", "error:E", "word"])
def test_who_may_not_read_payloads_may_not_search_them(app: TaskFlow, q: str) -> None:
    services = Services(app, ServerSettings(), None)
    blind = Principal("key:x", Role.VIEWER, frozenset({"jobs:read"}))
    context = RequestContext(blind, "default", "request", {})
    with pytest.raises(Problem, match="payload:read") as refused:
        read_filter(services, context, {"q": q})
    assert refused.value.status == 403
    assert read_filter(services, context, {"q": "state:dead attempt:3 tag:x*"}).terms
