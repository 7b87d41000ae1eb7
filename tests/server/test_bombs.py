"""Bodies made to cost: each is answered with a small 4xx, in little memory, and others are served meanwhile (F43)."""

from __future__ import annotations

import asyncio
import json
import time
import tracemalloc
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from pydantic import BaseModel
from tests.server.conftest import Connect

from taskflowmq import TaskFlow
from taskflowmq.client import codec
from taskflowmq.core.errors import InvalidJob
from taskflowmq.core.validation import MAX_BULK, check_storable

MIB = 1024 * 1024
JSON = {"content-type": "application/json"}
#: What somebody else may wait while one body is served, in seconds of processor time, so that the load of the machine
#: does not count. Seen: at most 0.13.
LONGEST_WAIT = 0.5
LONGEST_ANSWER = 1.0
MOST_MEMORY = 160 * MIB
ONE, MANY = "/api/v1/jobs", "/api/v1/jobs/bulk"


class Model(BaseModel):
    numbers: list[int]


def one(inside: bytes) -> bytes:
    return b'{"task":"anything","args":{"value":' + inside + b"}}"


def many(inside: bytes) -> bytes:
    return b'{"jobs":[' + inside + b"]}"


def names(count: int) -> bytes:
    return b'{"task":"anything","args":{' + b",".join(b'"%x":1' % n for n in range(count)) + b"}}"


#: id → (path, body)
BOMBS: dict[str, tuple[str, Callable[[], bytes]]] = {
    "unknown names": (ONE, lambda: names(95_000)),
    "unknown names in a list": (MANY, lambda: many(names(1_200_000))),
    "empty lists": (ONE, lambda: one(b"[" + b"[]," * 340_000 + b"[]]")),
    "empty lists in a list": (MANY, lambda: many(one(b"[" + b"[]," * 5_000_000 + b"[]]"))),
    "a string, then depth": (MANY, lambda: many(one(b'["' + b"A" * 15 * MIB + b'",' + b"[" * 3_000))),
    "escapes, then depth": (MANY, lambda: many(one(b'["' + b"\\n" * 7 * MIB + b'",' + b"[" * 3_000))),
    "depth alone": (MANY, lambda: many(one(b"[" * 15 * MIB))),
    "600,000 jobs, then NaN": (MANY, lambda: many(b'{"task":"anything"},' * 600_000 + one(b"NaN"))),
    "NaN at the end": (ONE, lambda: one(b"[" + b"0," * 500_000 + b"NaN]")),
    "jobs that are numbers": (MANY, lambda: many(b"1," * 7_000_000 + b"1")),
    "jobs twice": (MANY, lambda: b'{"jobs":[' + b'{"task":"anything"},' * 9_999 + b'{}],"jobs":[{},{}]}'),
    "tags": (MANY, lambda: many(b'{"task":"anything","tags":[' + b'"ab",' * 3_000_000 + b'"ab"]}')),
    "meta": (MANY, lambda: many(b'{"task":"anything","meta":{"m":[' + b"[]," * 5_000_000 + b"[]]}}")),
    "meta of a megabyte with null": (
        ONE,
        lambda: b'{"task":"anything","meta":{"m":[null' + b",[]" * 340_000 + b"]}}",
    ),
    "a field of megabytes": (MANY, lambda: many(b'{"' + b" - at `$" * 1_900_000 + b'":1}')),
    "a task of megabytes": (MANY, lambda: many(b'{"task":"' + b"x" * 15 * MIB + b'"}')),
    "a number of a million digits": (ONE, lambda: one(b"9" * 1_000_000)),
    "a long key above many values": (
        ONE,
        lambda: one(b'{"' + b"k" * 100_000 + b'":[' + b"1," * 70_000 + b'"\\u0000"]}'),
    ),
    "keys twice, to the end": (MANY, lambda: many(b"{" + b'"task":"anything",' * 800_000 + b'"task":1}')),
    "wrong numbers of a model": (
        ONE,
        lambda: b'{"task":"model","args":{"m":{"numbers":[' + b'"x",' * 60_000 + b"0]}}}",
    ),
}  # fmt: skip


@pytest.fixture
async def app(app: TaskFlow) -> TaskFlow:
    @app.task(name="model")
    async def model(m: Model) -> None: ...

    return app


@asynccontextmanager
async def longest_wait() -> AsyncIterator[Callable[[], float]]:
    """Measure for how long at most nothing else could be served."""
    worst, before = 0.0, time.thread_time()

    def look() -> float:
        nonlocal worst, before
        now = time.thread_time()
        worst, before = max(worst, now - before), now
        return worst

    async def tick() -> None:
        while True:
            await asyncio.sleep(0.001)
            look()

    ticking = asyncio.create_task(tick())
    await asyncio.sleep(0)  # it begins
    try:
        yield look
    finally:
        ticking.cancel()


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] * (name == "unknown names in a list")) for name in BOMBS]
)
@pytest.mark.slow
async def test_a_bomb_is_refused_soon_and_briefly(
    name: str, reader: httpx.AsyncClient, stored: Callable[[], Any]
) -> None:
    path, make = BOMBS[name]
    body = make()
    began = time.thread_time()
    async with longest_wait() as waited:
        answer = await reader.post(path, content=body, headers=JSON)
        waited()
    assert answer.status_code in (400, 422), answer.text[:300]
    assert len(answer.content) < 20_000
    assert len(answer.json().get("errors", ())) <= 20
    assert time.thread_time() - began < LONGEST_ANSWER
    assert waited() < LONGEST_WAIT
    assert await stored() == 0


@pytest.mark.slow
@pytest.mark.parametrize("name", BOMBS)
async def test_a_bomb_takes_little_memory(name: str, reader: httpx.AsyncClient) -> None:
    path, make = BOMBS[name]
    body = make()
    tracemalloc.start()
    try:
        await reader.post(path, content=body, headers=JSON)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < MOST_MEMORY, f"{peak / MIB:.0f} MiB"


async def test_many_wrong_names_are_counted_and_twenty_are_shown(client: httpx.AsyncClient) -> None:
    answer = await client.post(ONE, content=names(50_000), headers=JSON)
    problem = answer.json()
    assert len(problem["errors"]) == 20
    assert "50000 wrong arguments" in problem["detail"]


async def test_a_model_of_many_wrong_fields_says_how_many_more(client: httpx.AsyncClient) -> None:
    answer = await client.post(ONE, json={"task": "model", "args": {"m": {"numbers": ["x"] * 1_000}}})
    problem = answer.json()
    assert [error["pointer"] for error in problem["errors"]] == [f"/args/m/numbers/{n}" for n in range(20)]
    assert "and 980 more" in problem["detail"]


async def test_others_are_served_while_the_largest_list_is_stored(connect: Connect, stored: Callable[[], Any]) -> None:
    client = await connect()
    text = "x" * 1_500
    body = json.dumps({"jobs": [{"task": "anything", "args": {"value": [n, text]}} for n in range(MAX_BULK)]}).encode()
    assert len(body) < 16 * MIB
    async with longest_wait() as waited:
        answer = await client.post(MANY, content=body, headers={**JSON, "Idempotency-Key": "k"})
    assert answer.status_code == 201, answer.text[:300]
    assert await stored() == MAX_BULK
    assert waited() < LONGEST_WAIT


async def test_a_job_of_a_list_is_no_longer_than_a_job_alone(reader: httpx.AsyncClient) -> None:
    answer = await reader.post(
        MANY, content=many(b'{"task":"anything","args":{"value":"%s"}}' % (b"x" * 2 * MIB)), headers=JSON
    )
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/jobs/0"


def test_a_pointer_below_a_long_key_is_cut() -> None:
    with pytest.raises(InvalidJob) as refused:
        check_storable({"k" * 200_000: {"j" * 200_000: [0, "\x00"]}}, "/args")
    (error,) = refused.value.errors
    assert error.pointer == f"/args/{'k' * 80}/{'j' * 80}/1"


def test_an_error_is_bounded_whoever_makes_it() -> None:
    error = InvalidJob("d" * 10_000, tuple(codec.FieldError("/p" * 10_000, "e" * 10_000) for _ in range(1_000)))
    assert len(error.detail) == 2_000
    assert len(error.errors) == 20
    assert len(error.errors[0].pointer) == 300
    assert len(error.errors[0].detail) == 500


def test_a_value_that_cannot_be_encoded_is_found_without_recursion() -> None:
    value: Any = object()
    for _ in range(500):
        value = [value]
    with pytest.raises(InvalidJob, match="cannot be stored"):
        codec.encode({"x": value}, "/args")
