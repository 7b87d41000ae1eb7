"""Sessions of browsers: signing in and out, what ends a session, and what no other page can do with its cookie."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from tests.server.conftest import KEY, Connect
from tests.server.test_dashboard import BROWSER, boot_of

from taskflowmq import TaskFlow
from taskflowmq.core.permissions import GRANTED, Role
from taskflowmq.server.edge.cookies import cookie_field, cookie_name, find_cookies
from taskflowmq.server.edge.keyring import SESSION_S, Keyring
from taskflowmq.server.edge.problems import Problem
from taskflowmq.server.edge.sign_ins import COUNT_FOR_S, FIRST_WAIT_S, FREE, MOST_SOURCES, SignIns
from taskflowmq.server.edge.source import source_of
from taskflowmq.server.settings import ApiKey, ServerSettings, UnsafeServer

VIEWER = "bY5-nH8mK1pQ4rT7wZ0aD3fG6jL9cV2xEs_U"
KEYS = (KEY, f"viewer:{VIEWER}")
PATH = "/api/v1/session"
OWN = {"sec-fetch-site": "same-origin"}


@pytest.fixture
async def client(connect: Connect) -> httpx.AsyncClient:
    """A browser elsewhere, of a server with keys."""
    made: httpx.AsyncClient = await connect(peer="203.0.113.9", api_keys=KEYS)
    return made


async def sign_in(client: httpx.AsyncClient, key: str = KEY, **headers: str) -> httpx.Response:
    return await client.post(PATH, json={"api_key": key}, headers={**OWN, **headers})


async def test_a_browser_signs_in_reads_changes_and_signs_out(client: httpx.AsyncClient) -> None:
    assert (await client.get(PATH)).status_code == 401
    before = datetime.now(UTC)
    answer = await sign_in(client, f" {KEY} ")
    assert answer.status_code == 200
    session = answer.json()
    assert (session["role"], session["tenant"]) == ("owner", "default")
    assert set(session["permissions"]) == GRANTED[Role.OWNER]
    assert session["actor"].startswith("key:")
    left = datetime.fromisoformat(session["expires_at"]) - before
    assert timedelta(hours=11, minutes=59) < left <= timedelta(hours=12, seconds=1)
    assert (await client.get(PATH)).json() == session
    assert (await client.get("/api/v1/jobs")).status_code == 200
    paused = await client.post("/api/v1/queues/q/pause?create=true", headers=OWN)
    assert paused.status_code == 200
    boot = boot_of((await client.get("/", headers=BROWSER)).text)
    assert (boot["actor"], boot["role"], boot["sign_in"]) == (session["actor"], "owner", False)
    gone = await client.delete(PATH, headers=OWN)
    assert (gone.status_code, gone.content) == (204, b"")
    assert (await client.get("/api/v1/jobs")).status_code == 401
    assert boot_of((await client.get("/", headers=BROWSER)).text)["sign_in"] is True


async def test_the_cookie_is_of_this_server_alone_and_no_script_reads_it(connect: Connect) -> None:
    plain = await connect(api_keys=KEYS)
    field = (await sign_in(plain)).headers["set-cookie"]
    assert field.startswith("taskflow_session=")
    assert field.partition("; ")[2] == "Path=/; Max-Age=43200; HttpOnly; SameSite=Lax"
    behind = await connect(api_keys=KEYS, tls_proxy=True)
    field = (await sign_in(behind)).headers["set-cookie"]
    assert field.startswith("__Host-taskflow_session=")
    assert field.partition("; ")[2] == "Path=/; Max-Age=43200; HttpOnly; SameSite=Lax; Secure"
    assert (await behind.delete(PATH)).headers["set-cookie"].startswith("__Host-taskflow_session=; Path=/; Max-Age=0;")
    assert cookie_field("/ops/queue", "x", 1, secure=True).startswith("__Secure-taskflow_session=x; Path=/ops/queue; ")
    # A cookie of the plain name may come from another host of the domain.
    value = field.partition("=")[2].partition(";")[0]
    for name, status in ((cookie_name("", secure=True), 200), (cookie_name("", secure=False), 401)):
        assert (await behind.get("/api/v1/jobs", headers={"cookie": f"{name}={value}"})).status_code == status


async def test_a_session_may_do_what_its_key_may(client: httpx.AsyncClient) -> None:
    assert (await sign_in(client, VIEWER)).json()["role"] == "viewer"
    assert (await client.get("/api/v1/jobs")).status_code == 200
    refused = await client.post("/api/v1/queues/q/pause?create=true", headers=OWN)
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    # A key that is sent counts alone, and a wrong one is not made good by a cookie.
    assert (await client.get(PATH, headers={"x-api-key": KEY})).json()["role"] == "owner"
    assert (await client.get(PATH, headers={"x-api-key": KEY + "x"})).status_code == 401


@pytest.mark.parametrize(
    ("headers", "passes"),
    [
        ({"sec-fetch-site": "same-origin"}, True),
        ({"sec-fetch-site": "same-origin", "origin": "http://localhost"}, True),
        ({"origin": "http://localhost"}, True),
        ({}, False),
        ({"sec-fetch-site": "none"}, False),
        ({"sec-fetch-site": "same-site"}, False),
        ({"sec-fetch-site": "cross-site"}, False),
        ({"sec-fetch-site": "cross-site", "origin": "http://localhost"}, False),
        ({"sec-fetch-site": "same-site", "origin": "http://other.localhost"}, False),
        ({"origin": "http://localhost:81"}, False),
        ({"origin": "https://evil.example"}, False),
        ({"origin": "null"}, False),
        ({"origin": ""}, False),
        ({"origin": "http://["}, False),
        ({"sec-fetch-site": ""}, False),
    ],
)
async def test_a_cookie_changes_something_only_from_our_own_page(
    headers: dict[str, str], passes: bool, app: TaskFlow, client: httpx.AsyncClient, stored: Callable[[], Any]
) -> None:
    await sign_in(client)
    job = await app.asend("greet", {"name": "Ada"})
    tried = [
        await client.post("/api/v1/jobs", json={"task": "greet", "args": {"name": "x"}}, headers=headers),
        await client.post("/api/v1/jobs/bulk", json={"jobs": [{"task": "anything"}]}, headers=headers),
        await client.post("/api/v1/queues/q/pause?create=true", headers=headers),
        await client.post(f"/api/v1/jobs/{job.id}/cancel", headers=headers),
        await client.delete(f"/api/v1/jobs/{job.id}", headers=headers),
    ]
    codes = [answer.status_code for answer in tried]
    assert codes == ([201, 201, 200, 202, 204] if passes else [403] * 5)
    if not passes:
        assert {answer.json()["code"] for answer in tried} == {"foreign_origin"}
        assert await stored() == 1
    # The same with a key needs neither.
    assert (await client.post("/api/v1/jobs", json={"task": "anything"}, headers={"x-api-key": KEY})).status_code == 201


@pytest.mark.parametrize(
    "kind", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain", "text/json", ""]
)
async def test_what_a_form_can_send_is_refused_even_from_our_own_page(
    kind: str, client: httpx.AsyncClient, stored: Callable[[], Any]
) -> None:
    await sign_in(client)
    body = b'{"task": "anything"}'
    for path in ("/api/v1/jobs", "/api/v1/jobs/bulk", PATH):
        answer = await client.post(path, content=body, headers={**OWN, "content-type": kind})
        assert (answer.status_code, answer.json()["code"]) == (415, "not_json")
    assert await stored() == 0


async def test_no_other_page_signs_a_browser_in_or_out(client: httpx.AsyncClient) -> None:
    for headers in ({"sec-fetch-site": "cross-site"}, {"origin": "https://evil.example"}, {"origin": "null"}):
        answer = await client.post(PATH, json={"api_key": VIEWER}, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "foreign_origin")
        assert "set-cookie" not in answer.headers
        assert (await client.delete(PATH, headers=headers)).status_code == 403
    # A program is no page.
    assert (await client.post(PATH, json={"api_key": VIEWER})).status_code == 200


async def test_a_session_ends_with_its_key_its_role_and_its_time() -> None:
    now = [1_800_000_000.0]
    first = Keyring((ApiKey(KEY, Role.ADMIN), ApiKey(VIEWER, Role.VIEWER)), now=lambda: now[0])
    known = first.find(KEY.encode())
    assert known is not None
    text, principal = first.issue(known)
    assert (principal.role, principal.expires_at) == (Role.ADMIN, now[0] + SESSION_S)
    assert first.read(text) == principal
    # Another server of the same keys, after a change of the role.
    demoted = Keyring((ApiKey(KEY, Role.VIEWER),), now=lambda: now[0]).read(text)
    assert demoted is not None
    assert demoted.permissions == GRANTED[Role.VIEWER]
    assert Keyring((ApiKey(VIEWER, Role.OWNER),), now=lambda: now[0]).read(text) is None
    assert Keyring(()).read(text) is None
    now[0] += SESSION_S
    assert first.read(text) is None


def test_no_part_of_a_session_can_be_changed() -> None:
    keyring = Keyring((ApiKey(KEY, Role.VIEWER), ApiKey(VIEWER, Role.OWNER)))
    viewer, owner = keyring.find(KEY.encode()), keyring.find(VIEWER.encode())
    assert viewer is not None
    assert owner is not None
    text, _ = keyring.issue(viewer)
    name, expires, signature = text.split(".")
    made = [
        f"{owner.name}.{expires}.{signature}",
        f"{name}.{int(expires) + 1}.{signature}",
        f"{name}.{expires}0.{signature}",
        f"{name}.{expires}.{signature[:-1]}",
        f"{name}.{expires}.{signature}=",
        f"{name}.{expires}.",
        f"{name}.{expires}",
        f"{name}.{expires}.{signature}.owner",
        f"owner.{text}",
        f"{name}..{signature}",
        "",
        "..",
        "." * 200,
        "\xe9" * 40,
        f"{name}.{expires}.\xe9",
        text + " " * 200,
    ]
    assert [keyring.read(one) for one in made] == [None] * len(made)
    assert keyring.read(text) is not None


async def test_a_browser_with_several_cookies_of_the_name_uses_the_one_that_counts(client: httpx.AsyncClient) -> None:
    value = (await sign_in(client)).headers["set-cookie"].partition("=")[2].partition(";")[0]
    client.cookies.clear()
    for cookies, status in (
        (f"a=b; taskflow_session=wrong; taskflow_session={value}", 200),
        (f"taskflow_session={value};theme=dark", 200),
        (f"xtaskflow_session={value}", 401),
        (f'taskflow_session="{value}"', 401),
        ("taskflow_session=; " * 5 + f"taskflow_session={value}", 401),
        ("taskflow_session", 401),
    ):
        answer = await client.get(PATH, headers={"cookie": cookies})
        assert answer.status_code == status, cookies
    # HTTP/2 may send them apart.
    apart = [("cookie", "a=b"), ("cookie", f"taskflow_session={value}")]
    assert (await client.get(PATH, headers=apart)).status_code == 200
    assert find_cookies(b"", "x") == []


async def test_failed_sign_ins_are_limited_by_address(
    connect: Connect, caplog: pytest.LogCaptureFixture, app: TaskFlow
) -> None:
    client = await connect(peer="203.0.113.9", api_keys=KEYS)
    with caplog.at_level(logging.WARNING, "taskflowmq.server"):
        failed = [await sign_in(client, "wrong" * 8) for _ in range(FREE)]
    assert [answer.status_code for answer in failed] == [401] * FREE
    assert "set-cookie" not in failed[0].headers
    assert [record.getMessage() for record in caplog.records] == ["request from 203.0.113.9 refused: sign_in_failed"]
    limited = await sign_in(client)
    assert (limited.status_code, limited.json()["code"]) == (429, "too_many_sign_ins")
    assert 0 < int(limited.headers["retry-after"]) <= FIRST_WAIT_S
    # What has signed in continues, and programs send their key.
    assert (await client.get("/api/v1/jobs", headers={"x-api-key": KEY})).status_code == 200


def test_waits_double_and_are_forgotten_and_a_source_that_did_not_fail_never_waits() -> None:
    now = [0.0]
    sign_ins = SignIns(clock=lambda: now[0])

    def wait(source: str = "a") -> int:
        try:
            sign_ins.check(source)
        except Problem as problem:
            return int(dict(problem.headers)["Retry-After"])
        return 0

    waits = []
    for _ in range(FREE + 3):
        sign_ins.fail("a")
        waits.append(wait())
        now[0] += waits[-1]
    assert waits == [0] * (FREE - 1) + [15, 30, 60, 120]
    assert (wait("b"), wait("a")) == (0, 0)
    for _ in range(20):
        sign_ins.fail("a")
    assert wait() == COUNT_FOR_S
    now[0] += COUNT_FOR_S + 1
    sign_ins.fail("a")
    assert wait() == 0
    for _ in range(FREE):
        sign_ins.fail("a")
    sign_ins.succeed("a")
    assert wait() == 0
    for _ in range(FREE):
        sign_ins.fail("first")
    for number in range(MOST_SOURCES):
        sign_ins.fail(str(number))
    assert wait("first") == 0


@pytest.mark.parametrize(
    ("peer", "forwarded", "source"),
    [
        ("203.0.113.9", None, "203.0.113.9"),
        ("203.0.113.9", "198.51.100.1", "203.0.113.9"),
        ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "1.1.1.1, 198.51.100.1, 10.0.0.2", "198.51.100.1"),
        ("10.0.0.1", "1.1.1.1, nonsense", "an unknown address"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", ", ,", "10.0.0.1"),
        ("2001:db8:1:2:3::4", None, "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.9", None, "203.0.113.9"),
        (None, "198.51.100.1", "an unknown address"),
    ],
)
def test_only_trusted_proxies_say_where_a_request_comes_from(
    peer: str | None, forwarded: str | None, source: str
) -> None:
    trusted = ServerSettings(trusted_proxies=("10.0.0.0/8",)).trusted_networks()
    headers = {} if forwarded is None else {b"x-forwarded-for": forwarded.encode()}
    assert source_of({"client": None if peer is None else (peer, 1)}, headers, trusted) == source


def test_trusted_proxies_that_are_none_are_refused() -> None:
    with pytest.raises(UnsafeServer, match="TASKFLOW_TRUSTED_PROXIES"):
        ServerSettings(trusted_proxies=("proxy.example",)).check()


async def test_without_keys_there_is_nothing_to_sign_in_with(connect: Connect) -> None:
    local = await connect()
    assert (await local.get(PATH)).json() | {"permissions": []} == {
        "actor": "local", "role": "owner", "permissions": [], "tenant": "default", "expires_at": None
    }  # fmt: skip
    answer = await sign_in(local)
    assert (answer.status_code, answer.json()["code"]) == (409, "no_api_keys")
    far = await connect(peer="203.0.113.9")
    answer = await sign_in(far)
    assert answer.status_code == 401
    assert "TASKFLOW_API_KEYS" in answer.json()["detail"]
    foreign = await local.post("/api/v1/queues/q/pause?create=true", headers={"sec-fetch-site": "cross-site"})
    assert (foreign.status_code, foreign.json()["code"]) == (403, "foreign_origin")


@pytest.mark.parametrize(
    "body", [{}, {"api_key": ""}, {"api_key": None}, {"api_key": KEY, "role": "owner"}, {"api_key": "x" * 600}, []]
)
async def test_a_malformed_sign_in_is_described_and_repeats_no_key(body: Any, client: httpx.AsyncClient) -> None:
    answer = await client.post(PATH, json=body, headers=OWN)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_job"), answer.text
    assert KEY not in answer.text
    assert "xxxx" not in answer.text


async def test_a_key_of_odd_characters_is_wrong_and_nothing_else(client: httpx.AsyncClient) -> None:
    for text in (b'{"api_key": "\\ud800"}', b'{"api_key": "\\u0000"}', '{"api_key": "é"}'.encode()):
        answer = await client.post(PATH, content=text, headers={**OWN, "content-type": "application/json"})
        assert answer.status_code in (400, 401, 422)
