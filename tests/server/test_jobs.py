"""Storing, reading and steering jobs: the promises of each route."""

from __future__ import annotations

from uuid import uuid4

import httpx
import pytest
from tests.server.conftest import KEY, Connect

from taskflowmq import TaskFlow
from taskflowmq.core.validation import MAX_NAME_LENGTH


async def test_a_stored_job_is_answered_whole_and_found_again(client: httpx.AsyncClient) -> None:
    body = {
        "task": "greet",
        "args": {"name": "Ada"},
        "priority": -5,
        "max_attempts": 7,
        "timeout": 2.5,
        "tags": ["a", "b"],
        "meta": {"order": 1},
    }
    answer = await client.post("/api/v1/jobs", json=body)
    assert answer.status_code == 201
    job = answer.json()
    assert job["created"] is True
    assert (job["state"], job["queue"], job["priority"], job["timeout"]) == ("pending", "greetings", -5, 2.5)
    assert (job["args"], job["tags"], job["meta"]) == ({"name": "Ada"}, ["a", "b"], {"order": 1})
    assert job["created_at"].endswith("Z")
    found = (await client.get(f"/api/v1/jobs/{job['id']}")).json()
    assert found["attempts"] == []
    assert {key: found[key] for key in job if key != "created"} == {k: v for k, v in job.items() if k != "created"}


async def test_a_delayed_job_is_scheduled(client: httpx.AsyncClient) -> None:
    job = (await client.post("/api/v1/jobs", json={"task": "anything", "delay": 60})).json()
    assert job["state"] == "scheduled"
    assert job["run_at"] > job["created_at"]


async def test_a_time_with_an_offset_is_answered_in_utc(client: httpx.AsyncClient) -> None:
    body = {"task": "anything", "run_at": "2031-01-01T12:00:00+02:00"}
    job = (await client.post("/api/v1/jobs", json=body)).json()
    assert job["run_at"] == "2031-01-01T10:00:00Z"


async def test_a_unique_key_answers_with_its_holder(client: httpx.AsyncClient) -> None:
    body = {"task": "anything", "unique_key": "one"}
    first = await client.post("/api/v1/jobs", json=body)
    second = await client.post("/api/v1/jobs", json=body)
    assert (first.status_code, second.status_code) == (201, 200)
    assert second.json()["created"] is False
    assert second.json()["id"] == first.json()["id"]
    assert second.json()["unique_key"] == "one"


async def test_bulk_answers_ids_in_order(client: httpx.AsyncClient) -> None:
    jobs = [{"task": "anything", "args": {"value": n}, "unique_key": "same" if n in (1, 3) else None} for n in range(5)]
    answer = await client.post("/api/v1/jobs/bulk", json={"jobs": jobs})
    assert answer.status_code == 201
    ids, created = answer.json()["ids"], answer.json()["created"]
    assert created == 4
    assert ids[1] == ids[3]
    for number in (0, 1, 2, 4):
        assert (await client.get(f"/api/v1/jobs/{ids[number]}")).json()["args"] == {"value": number}


async def test_pages_cover_all_jobs_once_newest_first(client: httpx.AsyncClient) -> None:
    jobs = [{"task": "anything", "args": {"value": n}} for n in range(25)]
    ids = (await client.post("/api/v1/jobs/bulk", json={"jobs": jobs})).json()["ids"]
    seen: list[str] = []
    cursor: str | None = None
    while True:
        query = {"limit": "10", **({"cursor": cursor} if cursor else {})}
        page = (await client.get("/api/v1/jobs", params=query)).json()
        seen += [job["id"] for job in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert seen == sorted(ids, reverse=True)


async def test_filters_by_state_queue_and_task(reader: httpx.AsyncClient) -> None:
    await reader.post("/api/v1/jobs", json={"task": "greet", "args": {"name": "x"}})
    await reader.post("/api/v1/jobs", json={"task": "anything", "delay": 60})

    async def tasks(**query: str) -> list[str]:
        return [job["task"] for job in (await reader.get("/api/v1/jobs", params=query)).json()["items"]]

    assert await tasks(state="scheduled") == ["anything"]
    assert await tasks(state="scheduled,pending") == ["anything", "greet"]
    assert await tasks(queue="greetings") == ["greet"]
    assert await tasks(task="anything") == ["anything"]
    assert await tasks(created_before="2001-01-01T00:00:00Z") == []
    assert await tasks(created_after="2001-01-01T00:00:00Z") == ["anything", "greet"]


async def test_wait_answers_when_the_job_has_ended(app: TaskFlow, reader: httpx.AsyncClient) -> None:
    job = (await reader.post("/api/v1/jobs", json={"task": "greet", "args": {"name": "Ada"}})).json()
    async with app.worker():
        done = (await reader.get(f"/api/v1/jobs/{job['id']}", params={"wait": "30"})).json()
    assert (done["state"], done["result"], done["result_truncated"]) == ("completed", "hello Ada", False)
    assert [attempt["outcome"] for attempt in done["attempts"]] == ["completed"]


async def test_wait_answers_the_unfinished_job_when_the_time_is_over(reader: httpx.AsyncClient) -> None:
    job = (await reader.post("/api/v1/jobs", json={"task": "anything"})).json()
    answer = await reader.get(f"/api/v1/jobs/{job['id']}", params={"wait": "0.05"})
    assert (answer.status_code, answer.json()["state"]) == (200, "pending")


async def test_a_dead_job_is_listed_and_retried_in_a_new_round(app: TaskFlow, reader: httpx.AsyncClient) -> None:
    job = (await reader.post("/api/v1/jobs", json={"task": "hopeless"})).json()
    await app.worker().arun_until_idle()
    (dead,) = (await reader.get("/api/v1/jobs/dead")).json()["items"]
    assert (dead["id"], dead["state"], dead["reason"]) == (job["id"], "dead", "discarded")
    assert dead["error"]["message"] == "no chance"
    again = await reader.post(f"/api/v1/jobs/{job['id']}/retry")
    assert (again.status_code, again.json()["state"], again.json()["round"]) == (200, "pending", 2)
    assert (await reader.get("/api/v1/jobs/dead")).json()["items"] == []


async def test_a_scheduled_job_is_made_due_by_retry(reader: httpx.AsyncClient) -> None:
    job = (await reader.post("/api/v1/jobs", json={"task": "anything", "delay": 600})).json()
    again = await reader.post(f"/api/v1/jobs/{job['id']}/retry")
    assert (again.status_code, again.json()["state"]) == (200, "pending")


async def test_cancel_then_nothing_more_can_be_done_but_delete(reader: httpx.AsyncClient) -> None:
    job = (await reader.post("/api/v1/jobs", json={"task": "anything"})).json()
    path = f"/api/v1/jobs/{job['id']}"
    assert (await reader.delete(path)).status_code == 409
    cancelled = await reader.post(f"{path}/cancel")
    assert (cancelled.status_code, cancelled.json()["state"]) == (202, "cancelled")
    assert cancelled.json()["reason"] == "cancelled_by_user"
    for answer in (await reader.post(f"{path}/cancel"), await reader.post(f"{path}/retry")):
        assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert (await reader.delete(path)).status_code == 204
    assert (await reader.get(path)).status_code == 404


async def test_jobs_that_do_not_exist_are_404(reader: httpx.AsyncClient) -> None:
    for job_id in (str(uuid4()), "no-uuid", "..", "%00"):
        path = f"/api/v1/jobs/{job_id}"
        answers = [
            await reader.get(path),
            await reader.post(f"{path}/retry"),
            await reader.post(f"{path}/cancel"),
            await reader.delete(path),
        ]
        for answer in answers:
            assert answer.status_code in (404, 405), (path, answer.text)
            assert answer.headers["content-type"] == "application/problem+json"


async def test_counts_by_state_and_queue(reader: httpx.AsyncClient) -> None:
    await reader.post("/api/v1/jobs", json={"task": "greet", "args": {"name": "x"}})
    await reader.post("/api/v1/jobs", json={"task": "anything", "delay": 60})
    stats = (await reader.get("/api/v1/jobs/stats")).json()
    assert (stats["states"]["pending"], stats["states"]["scheduled"]) == (1, 1)
    assert stats["queues"]["greetings"]["pending"] == 1
    assert stats["queues"]["greetings"]["oldest_ready_age"] >= 0
    assert stats["exact"] is True


async def test_queues_pause_and_resume_even_with_a_slash_in_the_name(reader: httpx.AsyncClient) -> None:
    missing = await reader.post("/api/v1/queues/eu%2Fmail/pause")
    assert (missing.status_code, missing.json()["code"]) == (404, "queue_not_found")
    assert (await reader.post("/api/v1/queues/eu%2Fmail/resume")).status_code == 404
    assert (await reader.get("/api/v1/queues")).json()["items"] == []
    paused = await reader.post("/api/v1/queues/eu%2Fmail/pause?create=true")
    assert (paused.status_code, paused.json()["name"], paused.json()["paused"]) == (200, "eu/mail", True)
    names = {queue["name"]: queue["paused"] for queue in (await reader.get("/api/v1/queues")).json()["items"]}
    assert names == {"eu/mail": True}
    resumed = await reader.post("/api/v1/queues/eu%2Fmail/resume")
    assert (resumed.status_code, resumed.json()["paused"]) == (200, False)


async def test_tasks_show_the_schema_of_their_arguments(reader: httpx.AsyncClient) -> None:
    tasks = {task["name"]: task for task in (await reader.get("/api/v1/tasks")).json()["items"]}
    assert set(tasks) == {"anything", "greet", "hopeless"}
    assert tasks["greet"]["args_schema"]["required"] == ["name"]


async def test_workers_are_listed_while_they_live(app: TaskFlow, reader: httpx.AsyncClient) -> None:
    async with app.worker(concurrency=7):
        (worker,) = (await reader.get("/api/v1/workers")).json()["items"]
    assert worker["ended_at"] is None
    assert worker["info"]["concurrency"] == 7
    (worker,) = (await reader.get("/api/v1/workers")).json()["items"]
    assert worker["ended_at"] is not None


TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


async def test_a_job_carries_who_asked_and_in_which_trace(connect: Connect, app: TaskFlow) -> None:
    client = await connect(api_keys=(KEY,))
    headers = {"X-API-Key": KEY, "traceparent": TRACE}
    one = (await client.post("/api/v1/jobs", json={"task": "anything"}, headers=headers)).json()["id"]
    body = {"jobs": [{"task": "anything"}]}
    (two,) = (await client.post("/api/v1/jobs/bulk", json=body, headers=headers)).json()["ids"]
    for job_id in (one, two):
        carried = (await app.jobs.aget(job_id)).headers
        assert carried["traceparent"] == TRACE
        assert carried["actor"].startswith("key:")
        assert KEY not in carried["actor"]


async def test_a_malformed_trace_context_is_ignored(client: httpx.AsyncClient, app: TaskFlow) -> None:
    for given in ("nonsense", "00-" + "0" * 32 + "-00f067aa0ba902b7-01"):
        answer = await client.post("/api/v1/jobs", json={"task": "anything"}, headers={"traceparent": given})
        assert answer.status_code == 201
        assert (await app.jobs.aget(answer.json()["id"])).headers == {"actor": "local"}


async def test_what_answers_get_answers_head(live: str) -> None:
    async with httpx.AsyncClient(base_url=live) as client:
        for path in ("/health/live", "/health/ready", "/api/v1/jobs", "/docs"):
            whole, head = await client.get(path), await client.head(path)
            assert (head.status_code, head.content) == (200, b""), path
            assert head.headers["content-length"] == whole.headers["content-length"]
        assert (await client.head("/nowhere")).status_code == 404


async def test_a_queue_counts_each_live_state_also_where_there_is_nothing(client: httpx.AsyncClient) -> None:
    await client.post("/api/v1/jobs", json={"task": "anything", "queue": "q"})
    nothing_else = {"scheduled": 0, "pending": 1, "running": 0, "retrying": 0}
    (queue,) = (await client.get("/api/v1/queues")).json()["items"]
    assert queue["states"] == nothing_else
    counted = (await client.get("/api/v1/jobs/stats")).json()["queues"]["q"]
    assert {state: counted[state] for state in nothing_else} == nothing_else


async def test_queues_are_read_in_pages(client: httpx.AsyncClient) -> None:
    made = sorted(f"{name}{n}" for name in ("b", "B", "a-", "a.") for n in range(3))
    jobs = [{"task": "anything", "queue": queue} for queue in made]
    assert (await client.post("/api/v1/jobs/bulk", json={"jobs": jobs})).status_code == 201
    names, cursor, pages = [], None, 0
    while pages == 0 or cursor is not None:
        answer = (
            await client.get("/api/v1/queues", params={"limit": 5, "cursor": cursor} if cursor else {"limit": 5})
        ).json()
        names += [queue["name"] for queue in answer["items"]]
        cursor, pages = answer["next"], pages + 1
    assert (names, pages) == (made, 3)
    assert (await client.get("/api/v1/queues")).json()["next"] is None
    for wrong in ({"limit": 0}, {"limit": 1001}, {"cursor": "no name"}):
        assert (await client.get("/api/v1/queues", params=wrong)).status_code == 422


@pytest.mark.parametrize("kind", ["task", "queue"])
async def test_names_are_bounded_where_they_are_stored_and_where_they_filter(
    client: httpx.AsyncClient, kind: str
) -> None:
    long = "n" * (MAX_NAME_LENGTH + 1)
    stored = await client.post("/api/v1/jobs", json={"task": "anything"} | {kind: long})
    listed = await client.post("/api/v1/jobs/bulk", json={"jobs": [{"task": "anything"} | {kind: long}]})
    found = await client.get("/api/v1/jobs", params={kind: long})
    assert [answer.status_code for answer in (stored, listed, found)] == [422, 422, 422]
    for answer, pointer in ((stored, f"/{kind}"), (listed, f"/jobs/0/{kind}"), (found, f"/{kind}")):
        (error,) = answer.json()["errors"]
        assert error["pointer"] == pointer
        assert str(MAX_NAME_LENGTH) in error["detail"]
    assert (await client.get("/api/v1/jobs", params={kind: long[1:]})).json()["items"] == []
