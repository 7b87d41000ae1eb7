"""The page and its files: what is served to whom, in which form, and under which policy."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from tests.server.conftest import GZIPPED, KEY, Connect
from tests.server.wire import exchange, request, statuses

from taskflowmq import TaskFlow
from taskflowmq.server.dashboard.files import Files
from taskflowmq.server.dashboard.page import Boot, Features, fill
from taskflowmq.server.dashboard.zone import local_zone
from taskflowmq.server.edge.negotiation import best_coding, takes_html, wants_html
from taskflowmq.server.edge.room import READS_AT_ONCE
from taskflowmq.server.settings import ServerSettings, UnsafeServer
from taskflowmq.testing.waiting import wait_until

SOURCE = Path(__file__).parents[2] / "dashboard" / "index.html"
BROWSER = {"accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
SCRIPT = "assets/app-1a2b3c4d.js"


def boot_of(page: str) -> dict[str, Any]:
    """Return what a page tells its script."""
    found = re.findall(r'<script id="boot" type="application/json">(.*?)</script>', page, re.DOTALL)
    assert len(found) == 1
    boot: dict[str, Any] = msgspec.json.decode(found[0])
    return boot


async def test_a_browser_gets_the_page_at_every_path_that_is_no_other(reader: httpx.AsyncClient) -> None:
    for path in ("/", "/jobs", "/jobs/0193?tab=logs&tab=x&unknown=1", "/queues/my%20queue?x=%22", "/?state=dead"):
        answer = await reader.get(path, headers=BROWSER)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
        assert answer.headers["cache-control"] == "private, no-cache"
        assert answer.headers["vary"] == "Accept, Cookie"
        assert answer.text.count('"/assets/app-1a2b3c4d.js"') == 1
        assert '"./' not in answer.text
        boot = boot_of(answer.text)
        assert (boot["base"], boot["api"], boot["tenant"], boot["store"]) == ("", "/api/v1", "default", "SQLite")
        assert (boot["actor"], boot["role"], boot["sign_in"]) == ("local", "owner", False)
        assert {"jobs:write", "system:read"} < set(boot["permissions"])
        assert boot["features"] == {"playground": False, "public": False, "resets_at": None}


async def test_what_does_not_ask_for_html_gets_a_problem(reader: httpx.AsyncClient) -> None:
    for accept in ("*/*", "application/json", "", "text/html;q=0"):
        answer = await reader.get("/jobs", headers={"accept": accept})
        assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
    assert (await reader.get("/", headers={"accept": "*/*"})).status_code == 200
    assert (await reader.get("/", headers={"accept": "application/json"})).json()["code"] == "not_found"
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        answer = await reader.request(method, "/jobs", headers=BROWSER)
        assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/nope",
        "/api",
        "/api/v2/jobs",
        "/health",
        "/health/nope",
        "/metrics/",
        "/docs/nope",
        "//evil.example",
        "/%5Cevil.example",
        "/jobs%0A",
        "/%2F/evil.example",
    ],
)
async def test_beside_the_api_a_miss_is_a_problem_for_browsers_too(path: str, live: str) -> None:
    fields = ("Accept: text/html",)
    answer = await exchange(live, request("GET", path, *fields))
    assert statuses(answer) == [404], answer
    assert b"application/problem+json" in answer
    assert b"location" not in answer.lower()


async def test_files_are_kept_for_ever_and_a_miss_is_bare(reader: httpx.AsyncClient) -> None:
    answer = await reader.get(f"/{SCRIPT}", headers={"accept-encoding": "identity"})
    assert (answer.status_code, answer.text) == (200, "plain script")
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers.get_list("content-security-policy") == [
        "default-src 'none'; script-src 'self'; connect-src 'self'; frame-ancestors 'none'"
    ]
    for path in ("/assets/nope.js", "/assets/", f"/{SCRIPT}.br", f"/{SCRIPT}/", "/assets/index.html"):
        missing = await reader.get(path, headers=BROWSER)
        assert (missing.status_code, missing.content) == (404, b"")
        assert missing.headers["cache-control"] == "no-store"
    for name, kind in (("theme.js", "text/javascript; charset=utf-8"), ("icon.svg", "image/svg+xml")):
        answer = await reader.get(f"/{name}?v=1")
        assert (answer.status_code, answer.headers["content-type"]) == (200, kind)
        assert answer.headers["cache-control"] == "no-cache"
        again = await reader.get(f"/{name}", headers={"if-none-match": answer.headers["etag"]})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", answer.headers["etag"])
    assert (await reader.get("/index.html", headers={"accept": "*/*"})).status_code == 404


@pytest.mark.parametrize(
    ("accepted", "sent"),
    [
        ("gzip, deflate, br, zstd", "br"),
        ("gzip", "gzip"),
        ("br;q=0.2, gzip;q=0.9", "gzip"),
        ("br;q=0, *;q=0.5", "gzip"),
        ("*", "br"),
        ("identity", None),
        ("", None),
        ("br;q=0, gzip;q=0", None),
        ("br;q=nan", None),
    ],
)
async def test_a_file_is_sent_in_the_best_coding_that_the_client_takes(
    accepted: str, sent: str | None, live: str
) -> None:
    answer = await exchange(live, request("GET", f"/{SCRIPT}", f"Accept-Encoding: {accepted}"))
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"vary: Accept-Encoding" in head
    assert (b"content-encoding: " + (sent or "").encode() in head) is (sent is not None)
    assert b"content-type: text/javascript" in head
    assert body == {None: b"plain script", "br": b"br script", "gzip": GZIPPED}[sent]


async def test_head_is_get_without_the_body(live: str) -> None:
    for path in ("/", "/jobs", f"/{SCRIPT}", "/theme.js"):
        answer = await exchange(live, request("HEAD", path, "Accept: text/html"))
        head, _, body = answer.partition(b"\r\n\r\n")
        assert (statuses(answer), body) == ([200], b"")
        assert re.search(rb"content-length: [1-9]", head)


@pytest.mark.parametrize(
    "target",
    [
        "/assets/../index.html",
        "/assets/%2e%2e/index.html",
        "/assets/..%2Findex.html",
        "/assets/..%5Cindex.html",
        "/assets/%00",
        "/assets//etc/passwd",
        "/assets/%2Fetc%2Fpasswd",
        "/assets/....//index.html",
        "/assets/../../settings.py",
        "/assets/app-1a2b3c4d.js%00.css",
    ],
)
async def test_no_path_leaves_the_folder(target: str, live: str) -> None:
    answer = await exchange(live, request("GET", target))
    assert statuses(answer) == [404]
    assert answer.endswith(b"\r\n\r\n")


async def test_each_page_has_one_policy_with_a_nonce_of_its_own(reader: httpx.AsyncClient) -> None:
    answers = [await reader.get("/jobs", headers=BROWSER) for _ in range(2)]
    nonces = [boot_of(answer.text)["nonce"] for answer in answers]
    assert nonces[0] != nonces[1]
    assert min(map(len, nonces)) >= 22
    for answer, nonce in zip(answers, nonces, strict=True):
        assert answer.headers.get_list("content-security-policy") == [
            (
                "default-src 'none'; script-src 'self'; "
                f"style-src 'self' 'nonce-{nonce}'; img-src 'self' data:; font-src 'self'; connect-src 'self'; "
                "worker-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
            )
        ]
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["x-content-type-options"] == "nosniff"
    problem = await reader.get("/api/v1/nope")
    assert problem.headers.get_list("content-security-policy") == ["default-src 'none'; frame-ancestors 'none'"]
    assert len((await reader.get("/docs")).headers.get_list("content-security-policy")) == 1


async def test_page_and_files_need_no_key_and_say_nothing_to_guests(connect: Connect) -> None:
    client = await connect(peer="203.0.113.9", api_keys=(KEY,))
    for path in ("/", "/jobs"):
        boot = boot_of((await client.get(path, headers=BROWSER)).text)
        assert (boot["actor"], boot["role"], boot["permissions"], boot["sign_in"]) == (None, None, [], True)
    assert (await client.get(f"/{SCRIPT}")).status_code == 200
    assert (await client.post("/jobs", headers=BROWSER)).status_code == 401
    known = boot_of((await client.get("/", headers={**BROWSER, "x-api-key": KEY})).text)
    assert (known["role"], known["sign_in"]) == ("owner", False)
    assert known["actor"].startswith("key:")
    wrong = boot_of((await client.get("/", headers={**BROWSER, "x-api-key": KEY + "x"})).text)
    assert wrong["sign_in"] is True


async def test_a_page_names_its_own_scripts_after_those_of_the_program(connect: Connect) -> None:
    preload = '<link rel="modulepreload" crossorigin href="/ops/queue/assets/jobs-9c0d1e2f.js">'
    client = await connect(prefix="/ops/queue", api_keys=(KEY,))
    signed_in = {**BROWSER, "Authorization": f"Bearer {KEY}"}
    page = (await client.get("/ops/queue/jobs?state=dead", headers=signed_in)).text
    assert page.count(preload) == 1
    assert page.index(preload) + len(preload) + 1 == page.index("</head>")
    for path, headers in (("/jobs", BROWSER), ("/jobs/1", signed_in), ("/", signed_in), ("/jobs/", signed_in)):
        assert "modulepreload" not in (await client.get(f"/ops/queue{path}", headers=headers)).text, path


async def test_without_keys_a_stranger_s_page_asks_to_sign_in(connect: Connect) -> None:
    for client, fields in (
        (await connect(peer="203.0.113.9"), {}),
        (await connect(), {"x-forwarded-for": "203.0.113.9"}),
        (await connect(), {"host": "evil.example"}),
    ):
        assert boot_of((await client.get("/", headers={**BROWSER, **fields})).text)["sign_in"] is True


async def test_the_page_says_the_environment_and_who_may_frame_it(connect: Connect) -> None:
    client = await connect(environment="</script><!--", frame_ancestors="'self' https://ops.example")
    answer = await client.get("/", headers=BROWSER)
    assert boot_of(answer.text)["environment"] == "</script><!--"
    assert answer.headers["content-security-policy"].endswith("; frame-ancestors 'self' https://ops.example")


@pytest.mark.parametrize(
    "ancestors",
    ["", "https://a; script-src *", "'self', x", "https://a\r\nx: y", "'unsafe-inline'", "x" * 2000, "*.a b*"],
)
def test_frame_ancestors_that_are_none_are_refused(ancestors: str) -> None:
    with pytest.raises(UnsafeServer, match="TASKFLOW_FRAME_ANCESTORS"):
        ServerSettings(frame_ancestors=ancestors).check()


@pytest.mark.parametrize("ancestors", ["'none'", "'self'", "https://ops.example:8443 http://*.corp.example", "https:"])
def test_frame_ancestors_are_a_list_of_origins(ancestors: str) -> None:
    assert ServerSettings(frame_ancestors=ancestors).check().frame_ancestors == ancestors


async def test_a_server_without_a_build_says_what_to_run_and_finds_the_build(connect: Connect, built: Path) -> None:
    folder = built.parent / "later"
    client = await connect(files=Files(folder))
    answer = await client.get("/jobs", headers=BROWSER)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "3")
    assert "make web" in answer.text
    assert 'http-equiv="refresh"' in answer.text
    nonce = re.findall(r'<style nonce="(.+)">', answer.text)
    assert f"'nonce-{nonce[0]}'" in answer.headers["content-security-policy"]
    assert (await client.get(f"/{SCRIPT}")).status_code == 404
    assert (await client.get("/api/v1/jobs")).status_code == 200
    await asyncio.to_thread(built.rename, folder)
    assert (await client.get("/jobs", headers=BROWSER)).status_code == 200
    assert (await client.get(f"/{SCRIPT}")).status_code == 200


def test_a_new_build_is_found_and_a_fresh_one_is_read_again(built: Path) -> None:
    now = (built / "index.html").stat().st_mtime
    files = Files(built, now=lambda: now)
    first = files.build()
    assert first is not None
    (built / SCRIPT).write_bytes(b"the rest was written late")
    now += 60
    second = files.build()
    assert second is not None
    assert second.files[SCRIPT].plain == b"the rest was written late"
    assert files.build() is second
    (built / "assets" / "more.css").write_text("")
    os.utime(built / "assets", (now - 30, now - 30))
    third = files.build()
    assert third is not None
    assert set(third.files) - set(second.files) == {"assets/more.css"}
    (built / "index.html").unlink()
    assert files.build() is None


def test_the_source_of_the_page_has_what_is_filled_in() -> None:
    boot = Boot(
        base="/ops/queue", api="/ops/queue/api/v1", version="1", nonce="n", tenant="<&>", actor=None, role=None,
        permissions=(), features=Features(), zone="UTC", store="SQLite", environment=None,
        requires_reason=False, sign_in=True,
    )  # fmt: skip
    page = fill(SOURCE.read_text(), boot).decode()
    assert boot_of(page)["tenant"] == "<&>"
    assert "<&>" not in page
    assert '"/ops/queue/theme.js"' in page
    assert '"./' not in page
    assert "<base" not in page


async def test_pages_are_answered_while_reads_wait(app: TaskFlow, connect: Connect) -> None:
    client = await connect()
    release = asyncio.Event()
    listing: Callable[..., Any] = app.store.jobs.list_jobs
    began = 0

    async def slow(*given: Any, **named: Any) -> Any:
        nonlocal began
        began += 1
        await release.wait()
        return await listing(*given, **named)

    app.store.jobs.list_jobs = slow  # type: ignore[method-assign]
    waiting = [asyncio.create_task(client.get("/api/v1/jobs")) for _ in range(6)]
    await wait_until(lambda: began == READS_AT_ONCE, what="as many reads as the store is asked at once")
    assert (await client.get("/jobs", headers=BROWSER)).status_code == 200
    assert (await client.get(f"/{SCRIPT}")).status_code == 200
    release.set()
    assert {answer.status_code for answer in await asyncio.gather(*waiting)} == {200}


def test_media_types_and_codings_are_weighed() -> None:
    assert wants_html(b"text/html")
    assert not wants_html(b"*/*")
    assert not wants_html(b"")
    assert takes_html(b"")
    assert takes_html(b"text/*")
    assert not takes_html(b"text/html;q=0, */*")
    assert not takes_html(b"application/json")
    assert not wants_html(b"text/html;q=2")
    assert best_coding(b"gzip", ()) is None
    assert not wants_html(b"x," * 5_000 + b"text/html")


def test_the_zone_has_its_name(tmp_path: Path) -> None:
    named = tmp_path / "zoneinfo" / "Europe" / "Berlin"
    named.parent.mkdir(parents=True)
    named.touch()
    (tmp_path / "localtime").symlink_to(named)
    assert local_zone("", tmp_path / "localtime") == "Europe/Berlin"
    assert local_zone(":America/New_York") == "America/New_York"
    assert [local_zone(name, tmp_path / "none") for name in ("", "CET-1CEST", "../x", "/etc/localtime")] == ["UTC"] * 4
