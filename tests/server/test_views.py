"""Saved views over REST: own ones, shared ones, and who may change which."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from tests.server.conftest import KEY, Connect

from taskflowmq.core.permissions import Role

VIEWS = "/api/v1/views"
KEYS = {role: f"{KEY[:-4]}{role:.4}" for role in Role}
MAIL: dict[str, Any] = {
    "name": "Mail",
    "filter": "state:dead queue:mail",
    "sort": "oldest",
    "range": "24h",
    "columns": ["queue", "ended"],
}


@pytest.fixture
async def server(connect: Connect) -> httpx.AsyncClient:
    """A client of a server with one key per role."""
    made: httpx.AsyncClient = await connect(
        peer="203.0.113.9", api_keys=tuple(f"{role}:{key}" for role, key in KEYS.items())
    )
    return made


def as_(role: Role) -> dict[str, str]:
    return {"x-api-key": KEYS[role]}


async def names(client: httpx.AsyncClient, role: Role) -> list[str]:
    items = (await client.get(VIEWS, headers=as_(role))).json()["items"]
    return [one["name"] for one in items if one["kind"] != "built_in"]


async def test_a_view_is_saved_changed_and_deleted(client: httpx.AsyncClient) -> None:
    made = await client.post(VIEWS, json={**MAIL, "reason": "each morning"})
    assert made.status_code == 201
    view = made.json()
    assert {name: view[name] for name in MAIL} == MAIL
    assert (view["kind"], view["owner"], view["key"]) == ("own", "local", None)
    path = f"{VIEWS}/{view['id']}"
    renamed = (await client.patch(path, json={"name": "Post", "range": None})).json()
    assert {**renamed, "changed_at": ""} == {**view, "name": "Post", "range": None, "changed_at": ""}
    shared = (await client.patch(path, json={"shared": True})).json()
    assert (shared["kind"], shared["name"]) == ("shared", "Post")
    assert (await client.delete(path, params={"reason": "old"})).status_code == 204
    for gone in (await client.delete(path), await client.patch(path, json={"name": "x"})):
        assert (gone.status_code, gone.json()["code"]) == (404, "view_not_found")
    acts = (await client.get("/api/v1/audit", params={"object": f"view:{view['id']}"})).json()["items"]
    assert [one["action"] for one in acts] == ["view.delete", "view.change", "view.change", "view.create"]
    assert [one["reason"] for one in acts] == ["old", None, None, "each morning"]
    assert (acts[1]["before"]["shared"], acts[1]["after"]["shared"]) == (False, True)


async def test_built_in_views_come_first_and_stay(client: httpx.AsyncClient) -> None:
    await client.post(VIEWS, json={"name": "AAA"})
    items = (await client.get(VIEWS)).json()["items"]
    assert [one["key"] for one in items] == ["failing-now", "dead-letters", "running-long", "waiting-long", None]
    for one in items[:-1]:
        assert (await client.get("/api/v1/jobs", params={"q": one["filter"]})).status_code == 200
        assert (await client.patch(f"{VIEWS}/{one['key']}", json={"name": "x"})).status_code == 404
        assert (await client.delete(f"{VIEWS}/{one['key']}")).status_code == 404


async def test_views_are_of_their_owner_until_they_are_shared(server: httpx.AsyncClient) -> None:
    viewer, admin = as_(Role.VIEWER), as_(Role.ADMIN)
    own = (await server.post(VIEWS, json={"name": "Mine"}, headers=viewer)).json()
    ours = (await server.post(VIEWS, json={"name": "Ours", "shared": True}, headers=admin)).json()
    assert await names(server, Role.VIEWER) == ["Mine", "Ours"]
    assert await names(server, Role.ADMIN) == ["Ours"]
    mine, shared = f"{VIEWS}/{own['id']}", f"{VIEWS}/{ours['id']}"
    assert (await server.patch(mine, json={"name": "x"}, headers=admin)).status_code == 404
    assert (await server.delete(mine, headers=as_(Role.OWNER))).status_code == 404
    refused = [
        await server.post(VIEWS, json={"name": "New", "shared": True}, headers=viewer),
        await server.patch(mine, json={"shared": True}, headers=viewer),
        await server.patch(shared, json={"name": "x"}, headers=viewer),
        await server.patch(shared, json={"shared": False}, headers=as_(Role.OPERATOR)),
        await server.delete(shared, headers=viewer),
    ]
    for answer in refused:
        assert (answer.status_code, "views:share" in answer.json()["detail"]) == (403, True)
    assert (await server.patch(mine, json={"name": "Mine too", "shared": False}, headers=viewer)).status_code == 200
    assert (await server.delete(shared, headers=as_(Role.OWNER))).status_code == 204
    assert await names(server, Role.VIEWER) == ["Mine too"]


async def test_what_is_wrong_is_named(client: httpx.AsyncClient) -> None:
    view = (await client.post(VIEWS, json=MAIL)).json()
    again = await client.post(VIEWS, json={**MAIL, "filter": ""})
    assert (again.status_code, again.json()["code"]) == (409, "conflict")
    assert "an own view is named 'Mail' already" in again.json()["detail"]
    for wrong, pointer in (
        ({"name": ""}, "/name"),
        ({"name": "x", "filter": "quue:mail"}, "/filter"),
        ({"name": "x", "sort": "size"}, "/sort"),
        ({"name": "x", "range": "25h"}, "/range"),
        ({"name": "x", "columns": ["colour"]}, "/columns/0"),
        ({"name": "x", "colour": 1}, "/colour"),
        ({"name": "x", "reason": "two\nlines"}, "/reason"),
        ({}, "/name"),
    ):
        for answer in (
            await client.post(VIEWS, json=wrong),
            await client.patch(f"{VIEWS}/{view['id']}", json=wrong) if wrong else None,
        ):
            if answer is not None:
                assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer), wrong
    assert (await client.get(f"{VIEWS}/{view['id']}")).status_code == 405
