"""Who may call: keys, loopback, foreign pages, and what stays open (S1, S20, S22, S23)."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from tests.server.conftest import KEY, Connect

from taskflowmq.server.app import make_framework
from taskflowmq.server.edge.auth import Guard
from taskflowmq.server.edge.keyring import Keyring
from taskflowmq.server.edge.policy import POLICIES
from taskflowmq.server.edge.problems import Problem
from taskflowmq.server.settings import ServerSettings, UnsafeServer, keys_from

OTHER_KEY = "bY5-nH8mK1pQ4rT7wZ0aD3fG6jL9cV2xEs_U"


def _routes() -> list[tuple[str, str]]:
    return [
        (method, route.path_format.replace("{job_id}", "1").replace("{name}", "q"))
        for route in make_framework().routes
        for method in route.methods
        if method not in ("HEAD", "OPTIONS")
    ]


async def test_every_route_but_the_probes_needs_the_key(app: Any, connect: Connect) -> None:
    client = await connect(peer="203.0.113.9", api_keys=(KEY,))
    open_routes = set()
    for method, path in _routes():
        answer = await client.request(method, path, json={} if method == "POST" else None)
        if answer.status_code != 401:
            open_routes.add(f"{method} {path}")
        else:
            assert answer.headers["www-authenticate"] == "Bearer"
            assert answer.json()["code"] == "unauthorised"
    assert open_routes == {
        "GET /health/live", "GET /health/ready", "DELETE /api/v1/session", "POST /api/v1/session"
    }  # fmt: skip


@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": f"Bearer {KEY}"},
        {"authorization": f"bearer {KEY}"},
        {"x-api-key": KEY},
        {"x-api-key": OTHER_KEY},
    ],
)
async def test_each_key_opens_in_both_headers(headers: dict[str, str], connect: Connect) -> None:
    client = await connect(api_keys=(KEY, OTHER_KEY))
    assert (await client.get("/api/v1/jobs", headers=headers)).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": "Bearer "},
        {"authorization": KEY},
        {"authorization": f"Basic {KEY}"},
        {"x-api-key": KEY[:-1]},
        {"x-api-key": KEY + "x"},
        {"x-api-key": ""},
        {"cookie": f"key={KEY}"},
    ],
)
async def test_anything_else_does_not(headers: dict[str, str], connect: Connect) -> None:
    client = await connect(api_keys=(KEY,))
    assert (await client.get("/api/v1/jobs", headers=headers)).status_code == 401


async def test_a_key_in_the_address_does_not_count(connect: Connect) -> None:
    client = await connect(api_keys=(KEY,))
    assert (await client.get("/api/v1/jobs", params={"api_key": KEY})).status_code == 401


async def test_without_keys_only_this_machine_is_served(connect: Connect) -> None:
    assert (await (await connect(peer="::1")).get("/api/v1/jobs")).status_code == 200
    assert (await (await connect(peer="203.0.113.9")).get("/api/v1/jobs")).status_code == 401
    behind_proxy = await connect()
    assert (await behind_proxy.get("/api/v1/jobs", headers={"x-forwarded-for": "203.0.113.9"})).status_code == 401


@pytest.mark.parametrize(
    "field",
    "forwarded x-forwarded-for X-Forwarded-Host x-real-ip via cf-ray CF-Connecting-IP cdn-loop true-client-ip "
    "x-envoy-external-address x-amzn-trace-id fly-client-ip x-original-url".split(),
)
async def test_any_sign_of_a_proxy_ends_trust_without_keys_and_says_what_to_set(field: str, connect: Connect) -> None:
    client = await connect()
    for path in ("/api/v1/jobs", "/metrics"):
        answer = await client.get(path, headers={field: "1"})
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthorised")
        assert "TASKFLOW_API_KEYS" in answer.json()["detail"]
        assert field.lower() in answer.json()["detail"]
    assert (await client.get("/health/live", headers={field: "1"})).status_code == 200
    with_keys = await connect(api_keys=(KEY,))
    assert (await with_keys.get("/metrics", headers={field: "1"})).status_code == 401
    assert (await with_keys.get("/api/v1/jobs", headers={field: "1", "x-api-key": KEY})).status_code == 200


def test_the_older_protocol_is_a_sign_of_a_proxy() -> None:
    """nginx's default adds no field, names 127.0.0.1 as the host, and speaks HTTP/1.0."""
    headers = {b"host": b"127.0.0.1:8000", b"connection": b"close"}
    scope = {"method": "GET", "client": ("127.0.0.1", 1), "http_version": "1.1"}
    guard = Guard(Keyring(()))
    assert guard.admit(scope, POLICIES["/api/v1/jobs"], headers).actor == "local"
    with pytest.raises(Problem, match=r"proxy \(HTTP/1\.0\)"):
        guard.admit({**scope, "http_version": "1.0"}, POLICIES["/api/v1/jobs"], headers)


@pytest.mark.parametrize("host", ["evil.example:8000", "localhost.evil.example", "127.0.0.1.evil.example", "[::1", "0"])
async def test_without_keys_a_name_that_is_not_this_machine_s_is_refused(host: str, connect: Connect) -> None:
    client = await connect()
    for method, path in (("GET", "/api/v1/jobs"), ("POST", "/api/v1/queues/q/pause"), ("GET", "/metrics")):
        answer = await client.request(method, path, headers={"host": host, "origin": f"http://{host}"})
        assert (answer.status_code, answer.json()["code"]) == (403, "foreign_host")
    with_keys = await connect(api_keys=(KEY,))
    assert (await with_keys.get("/metrics", headers={"host": host})).status_code == 401
    assert (await with_keys.get("/api/v1/jobs", headers={"host": host, "x-api-key": KEY})).status_code == 200


@pytest.mark.parametrize("host", ["localhost:8000", "LOCALHOST", "127.0.0.1", "[::1]:8000", "taskflow.localhost"])
async def test_the_names_of_this_machine_are_served(host: str, connect: Connect) -> None:
    assert (await (await connect()).get("/api/v1/jobs", headers={"host": host})).status_code == 200


async def test_metrics_need_this_machine_or_a_key(connect: Connect) -> None:
    local = await connect(api_keys=(KEY,))
    assert (await local.get("/metrics")).status_code == 200
    assert (await local.get("/metrics", headers={"x-forwarded-for": "203.0.113.9"})).status_code == 401
    far = await connect(peer="203.0.113.9", api_keys=(KEY,))
    assert (await far.get("/metrics")).status_code == 401
    assert (await far.get("/metrics", headers={"x-api-key": KEY})).status_code == 200


@pytest.mark.parametrize(
    "origin",
    ["https://evil.example", "null", "http://localhost.evil.example", "http://localhost:81", "http://[", "", "\x7f"],
)
async def test_pages_of_other_origins_change_nothing(origin: str, connect: Connect) -> None:
    client: httpx.AsyncClient = await connect()
    path = "/api/v1/queues/q/pause?create=true"
    answer = await client.post(path, headers={"origin": origin})
    assert (answer.status_code, answer.json()["code"]) == (403, "foreign_origin")
    assert "access-control-allow-origin" not in answer.headers
    assert (await client.get("/api/v1/queues")).json()["items"] == []
    own = await client.post(path, headers={"origin": "http://localhost"})
    assert own.status_code == 200


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.org", "", "localhost.evil.example"])
def test_a_server_without_keys_refuses_other_hosts_than_loopback(host: str) -> None:
    with pytest.raises(UnsafeServer, match="TASKFLOW_API_KEYS"):
        ServerSettings(host=host).check()
    assert ServerSettings(host=host, api_keys=(KEY,)).check().host == host


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.1", "::1", "localhost", "::ffff:127.0.0.1"])
def test_loopback_needs_no_key(host: str) -> None:
    assert ServerSettings(host=host).check().host == host


@pytest.mark.parametrize(
    "key", ["secret", "x" * 40, "changeme-changeme-changeme-changeme-1", KEY[:31], "ab" * 20, KEY + "é", KEY + " x"]
)
def test_weak_keys_refuse_to_boot_and_are_not_repeated(key: str) -> None:
    with pytest.raises(UnsafeServer, match="TASKFLOW_API_KEYS") as caught:
        ServerSettings(api_keys=(key,)).check()
    assert key not in str(caught.value) or len(key) < 8


def test_keys_come_from_a_list_and_a_file(tmp_path: Any) -> None:
    path = tmp_path / "keys"
    path.write_text(f"{OTHER_KEY}\n\n")
    found = keys_from({"TASKFLOW_API_KEYS": f" {KEY}, ", "TASKFLOW_API_KEYS_FILE": str(path)})
    assert found == (KEY, OTHER_KEY)


@pytest.mark.parametrize("environ", [{"TASKFLOW_API_KEYS": ""}, {"TASKFLOW_API_KEYS": " ,"}])
def test_an_empty_list_of_keys_is_a_mistake(environ: dict[str, str]) -> None:
    with pytest.raises(UnsafeServer, match="TASKFLOW_API_KEYS"):
        keys_from(environ)


def test_a_key_file_that_is_missing_is_a_mistake() -> None:
    with pytest.raises(UnsafeServer, match="TASKFLOW_API_KEYS_FILE"):
        keys_from({"TASKFLOW_API_KEYS_FILE": "/nowhere/keys"})
