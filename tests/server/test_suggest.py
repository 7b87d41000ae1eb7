"""GET /search/suggest: values of each field, what they cost, and who may read them."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from tests.server.conftest import KEY, Connect

from taskflowmq import TaskFlow
from taskflowmq.client.suggestions import KEPT_LEAST_S, KEPT_MOST_S, Suggestions
from taskflowmq.core.suggest import SAMPLED, SuggestField
from taskflowmq.server.edge import keyring
from taskflowmq.server.edge.principal import Principal, principal_of

SUGGEST = "/api/v1/search/suggest"


async def suggested(client: httpx.AsyncClient, field: str, prefix: str = "", **more: Any) -> dict[str, Any]:
    answer = await client.get(SUGGEST, params={"field": field, "prefix": prefix, **more})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def pairs(answer: dict[str, Any]) -> list[tuple[str, int]]:
    return [(one["value"], one["count"]) for one in answer["items"]]


async def test_each_field_has_its_values(app: TaskFlow, client: httpx.AsyncClient) -> None:
    for n in range(3):
        await app.asend("anything", {"value": {"user": {"id": n}}}, tags=["eu", f"n{n}"], queue="mail", delay=600)
    await app.asend("greet", {"name": "Ada"}, queue="post", delay=600)
    await app.asend("hopeless", max_attempts=1)
    await app.worker().arun_until_idle()
    tags = await suggested(client, "tag")
    assert pairs(tags)[0] == ("eu", 3)
    assert (tags["counted"], tags["looked_at"], tags["more"]) == ("newest_jobs", 5, False)
    assert pairs(await suggested(client, "args", "args.v")) == [("args.value.user.id", 3)]
    assert pairs(await suggested(client, "task", "t")) == [("anything", 3), ("greet", 1)]
    queues = await suggested(client, "queue", "MA")
    assert (pairs(queues), queues["counted"], queues["looked_at"]) == ([("mail", 3)], "live_jobs", None)
    errors = await suggested(client, "error", "disc")
    assert (pairs(errors), errors["counted"]) == ([("Discard", 1)], "failed_attempts")
    workers = await suggested(client, "worker")
    assert (workers["counted"], " · " in workers["items"][0]["hint"]) == ("running_jobs", True)
    assert len((await suggested(client, "tag", limit=1))["items"]) == 1


async def test_what_is_wrong_is_named(client: httpx.AsyncClient) -> None:
    for wrong, pointer in (
        ({"field": "colour"}, "/field"),
        ({}, "/field"),
        ({"field": "tag", "limit": "0"}, "/limit"),
        ({"field": "tag", "limit": "51"}, "/limit"),
        ({"field": "tag", "prefix": "x" * 201}, "/prefix"),
    ):
        answer = await client.get(SUGGEST, params=wrong)
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer), wrong


async def test_payload_needs_its_permission(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    def without(*given: Any) -> Principal:
        made = principal_of(*given)
        return Principal(made.actor, made.role, made.permissions - {"payload:read"}, None)

    monkeypatch.setattr(keyring, "principal_of", without)
    client = await connect(api_keys=(f"viewer:{KEY}",))
    for field in SuggestField:
        answer = await client.get(SUGGEST, params={"field": field}, headers={"x-api-key": KEY})
        needs = field in (SuggestField.ERROR, SuggestField.ARGS)
        assert (answer.status_code == 403) is needs, field


class Clock:
    """Monotonic seconds that a test sets."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


class Counting:
    """The store's jobs; counts the questions, and lets each take some time."""

    def __init__(self, jobs: Any, clock: Clock, takes: float) -> None:
        self._jobs, self._clock, self.takes = jobs, clock, takes
        self.asked: list[int] = []

    async def list_rows(self, query: Any, *, limit: int, before: Any) -> Any:
        self.asked.append(limit)
        self._clock.now += self.takes
        return await self._jobs.list_rows(query, limit=limit, before=before)


@pytest.mark.parametrize(("takes", "kept"), [(0.001, KEPT_LEAST_S), (0.2, 20.0), (10.0, KEPT_MOST_S)])
async def test_what_was_read_is_kept_by_what_it_took(app: TaskFlow, takes: float, kept: float) -> None:
    await app.asend("anything", tags=["eu"])
    clock = Clock()
    jobs = Counting(app.store.jobs, clock, takes)
    store: Any = type("Store", (), {"jobs": jobs})()
    suggestions = Suggestions(store, clock)
    for _ in range(3):
        assert (await suggestions.values("default", SuggestField.TAG)).looked_at == 1
        await suggestions.values("default", SuggestField.ARGS)
    assert jobs.asked == [1_000]
    clock.now += kept - 0.01
    await suggestions.values("default", SuggestField.TAG)
    assert len(jobs.asked) == 1
    clock.now += 0.02
    await suggestions.values("default", SuggestField.TAG)
    assert len(jobs.asked) == 2
    assert (await suggestions.values("other", SuggestField.TAG)).looked_at == 0


async def test_a_sample_is_the_newest_jobs_and_no_more(app: TaskFlow, monkeypatch: pytest.MonkeyPatch) -> None:
    from taskflowmq.client import suggestions as module

    monkeypatch.setattr(module, "SAMPLED", 5)
    monkeypatch.setattr(module, "MAX_PAGE", 2)
    for n in range(8):
        await app.asend("anything", tags=[f"t{n}"])
    clock = Clock()
    jobs = Counting(app.store.jobs, clock, 0.0)
    store: Any = type("Store", (), {"jobs": jobs})()
    found = await Suggestions(store, clock).values("default", SuggestField.TAG)
    assert ({one.value for one in found.items}, found.looked_at) == ({"t7", "t6", "t5", "t4", "t3"}, 5)
    assert jobs.asked == [2, 2, 1]
    # A slow store is looked at less.
    slow = Counting(app.store.jobs, clock, 1.0)
    few = await Suggestions(type("Store", (), {"jobs": slow})(), clock).values("default", SuggestField.TAG)  # type: ignore[arg-type]
    assert (few.looked_at, len(slow.asked)) == (2, 1)
    assert SAMPLED == 2_000
