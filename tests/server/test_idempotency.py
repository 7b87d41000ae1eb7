"""One request, one job: whatever is lost on the way back, a repeat finds the first answer (F7, F8, I1)."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
import pytest
from tests.listening import serving
from tests.server.conftest import KEY, Connect

from taskflowmq import TaskFlow
from taskflowmq.core.errors import StoreUnavailable
from taskflowmq.core.job import Enqueued, IdempotencyKey, NewJob

SEED = 20_261_122
ROUNDS = 25


def _key(key: str = "k") -> dict[str, str]:
    return {"Idempotency-Key": key}


async def test_a_repeat_answers_the_same_job_with_the_same_status(
    client: httpx.AsyncClient, stored: Callable[[], Any]
) -> None:
    body = {"task": "greet", "args": {"name": "Ada", "times": 2}}
    first = await client.post("/api/v1/jobs", json=body, headers=_key())
    reordered = {"args": {"times": 2, "name": "Ada"}, "task": "greet"}
    second = await client.post("/api/v1/jobs", json=reordered, headers=_key())
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json()["id"] == second.json()["id"]
    assert await stored() == 1


async def test_another_body_under_the_same_key_is_refused(client: httpx.AsyncClient, stored: Callable[[], Any]) -> None:
    await client.post("/api/v1/jobs", json={"task": "anything", "args": {"value": 1}}, headers=_key())
    other = await client.post("/api/v1/jobs", json={"task": "anything", "args": {"value": 2}}, headers=_key())
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_mismatch")
    assert other.json()["errors"][0]["pointer"] == "/Idempotency-Key"
    assert await stored() == 1


async def test_the_key_of_another_route_is_another_key(reader: httpx.AsyncClient, stored: Callable[[], Any]) -> None:
    one = await reader.post("/api/v1/jobs", json={"task": "anything"}, headers=_key())
    bulk = await reader.post("/api/v1/jobs/bulk", json={"jobs": [{"task": "anything"}]}, headers=_key())
    assert (one.status_code, bulk.status_code) == (201, 201)
    assert bulk.json()["ids"] != [one.json()["id"]]
    assert await stored() == 2


async def test_the_key_of_another_caller_is_another_key(connect: Connect, stored: Callable[[], Any]) -> None:
    """An API key must not learn of, or block, what another one has sent."""
    keys = (KEY, KEY[::-1])
    client = await connect(api_keys=keys)
    for path, body in (("", {"task": "anything"}), ("/bulk", {"jobs": [{"task": "anything"}]})):
        answers = []
        for caller in (*keys, *keys):
            headers = {**_key(), "Authorization": f"Bearer {caller}"}
            answers.append(await client.post(f"/api/v1/jobs{path}", json=body, headers=headers))
        assert [answer.status_code for answer in answers] == [201] * 4
        first, second, again, too = [answer.json() for answer in answers]
        assert (first, second) == (again, too)
        assert first != second
    assert await stored() == 4


async def test_a_bulk_is_repeated_whole(reader: httpx.AsyncClient, stored: Callable[[], Any]) -> None:
    body = {"jobs": [{"task": "anything", "args": {"value": n}} for n in range(10)]}
    first = await reader.post("/api/v1/jobs/bulk", json=body, headers=_key())
    second = await reader.post("/api/v1/jobs/bulk", json=body, headers=_key())
    assert first.json() == second.json()
    assert await stored() == 10


async def test_a_repeat_of_a_unique_hit_is_a_hit_again(client: httpx.AsyncClient) -> None:
    body = {"task": "anything", "unique_key": "held"}
    await client.post("/api/v1/jobs", json=body)
    answers = [await client.post("/api/v1/jobs", json=body, headers=_key()) for _ in range(2)]
    assert [(answer.status_code, answer.json()["created"]) for answer in answers] == [(200, False)] * 2
    bulk = {"jobs": [body, {"task": "anything"}, {"task": "anything", "unique_key": "x"}] * 2}
    first, second = [(await client.post("/api/v1/jobs/bulk", json=bulk, headers=_key("b"))).json() for _ in range(2)]
    assert first == second
    assert first["created"] == 3


@pytest.mark.parametrize("key", ["", " ", "x" * 256, "caf\u00e9"])
async def test_a_key_that_is_no_key_is_refused(key: str, client: httpx.AsyncClient, stored: Callable[[], Any]) -> None:
    answer = await client.post("/api/v1/jobs", json={"task": "anything"}, headers={"Idempotency-Key": key.encode()})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/Idempotency-Key"
    assert await stored() == 0


async def test_repeats_at_the_same_time_store_one_job(client: httpx.AsyncClient, stored: Callable[[], Any]) -> None:
    posts = [client.post("/api/v1/jobs", json={"task": "anything"}, headers=_key()) for _ in range(20)]
    answers = await asyncio.gather(*posts)
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert len({answer.json()["id"] for answer in answers if answer.status_code == 201}) == 1
    assert await stored() == 1


@asynccontextmanager
async def _cutting_proxy(target: str, cut_after: Callable[[], int]) -> AsyncIterator[str]:
    """Pass requests on whole and answers only for so many bytes, then hang up."""
    url = urlsplit(target)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        up_reader, up_writer = await asyncio.open_connection(url.hostname, url.port)
        with contextlib.closing(up_writer):
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
            up_writer.write(head + await reader.readexactly(length))
            answer = await up_reader.readuntil(b"\r\n\r\n")
            with contextlib.suppress(ConnectionError):
                writer.write(answer[: cut_after()])
                await writer.drain()

    async with serving(serve) as port:
        yield f"http://127.0.0.1:{port}"


@pytest.mark.slow
async def test_an_answer_that_is_cut_off_is_asked_for_again(live: str, stored: Callable[[], Any]) -> None:
    rng = random.Random(SEED)
    ids = []
    async with (
        _cutting_proxy(live, lambda: rng.randrange(0, 60)) as proxy,
        httpx.AsyncClient(limits=httpx.Limits(max_keepalive_connections=0)) as broken,
        httpx.AsyncClient() as whole,
    ):
        for number in range(ROUNDS):
            body = {"task": "anything", "args": {"value": number}}
            headers = _key(str(uuid4()))
            with pytest.raises(httpx.TransportError):
                await broken.post(f"{proxy}/api/v1/jobs", json=body, headers=headers)
            answers = [await whole.post(f"{live}/api/v1/jobs", json=body, headers=headers) for _ in range(2)]
            assert [answer.status_code for answer in answers] == [201, 201]
            assert answers[0].json()["args"] == {"value": number}
            assert answers[0].json()["id"] == answers[1].json()["id"]
            ids.append(answers[0].json()["id"])
    assert len(set(ids)) == ROUNDS
    assert await stored() == ROUNDS


async def test_a_commit_whose_answer_is_lost_in_the_store_is_stored_once(
    app: TaskFlow, client: httpx.AsyncClient, stored: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = random.Random(SEED)
    monkeypatch.setattr("taskflowmq.client.session.RETRY_PAUSES_S", (0.0,) * 50)
    intake, lost = app.store.intake, []
    enqueue = intake.enqueue

    async def forgetful(jobs: Sequence[NewJob], *, idempotency: IdempotencyKey | None = None) -> list[Enqueued]:
        answers = await enqueue(jobs, idempotency=idempotency)
        if rng.random() < 0.3:
            lost.append(len(jobs))
            raise StoreUnavailable("the answer was lost after the commit")
        return answers

    monkeypatch.setattr(intake, "enqueue", forgetful)
    bodies = [{"task": "anything", "args": {"value": n}, "unique_key": f"u{n}" if n % 3 else None} for n in range(60)]
    keys = [_key(f"k{n}") if n % 2 else {} for n in range(60)]
    answers = await asyncio.gather(
        *(client.post("/api/v1/jobs", json=body, headers=key) for body, key in zip(bodies, keys, strict=True))
    )
    assert lost, "the fault never struck"
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 60
    assert await stored() == 60
